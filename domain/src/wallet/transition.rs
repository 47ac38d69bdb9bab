//! What a step does to a wallet, and why it may not.

use chrono::{DateTime, Utc};

use crate::{
    currency::Currency,
    id::{HoldId, IdempotencyKey, WalletMovementId, WithdrawalId},
    ledger::Transfer,
    wallet::{
        Hold, HoldStatus, Wallet, WalletChange, WalletRefused, WalletStep, WalletStepKind, Withdrawal,
        WithdrawalEnd, WithdrawalStatus,
    },
};

/// Everything that a step looks at, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletStanding {
    /// The wallet.
    pub wallet: Wallet,
    /// The hold that the step is about, of this wallet.
    pub hold: Option<Hold>,
    /// The withdrawal that the step is about, of this wallet.
    pub withdrawal: Option<Withdrawal>,
    /// The wallet that is to gain, of the same merchant.
    pub recipient: Option<Wallet>,
}

/// What a step comes to: one transfer of the ledger, and everything that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenStep {
    /// What moves.
    pub transfer: Transfer,
    /// The wallets afterwards, with the lines of their statements: the wallet itself first.
    pub changes: Vec<WalletChange>,
    /// The hold afterwards.
    pub hold: Option<Hold>,
    /// The withdrawal afterwards.
    pub withdrawal: Option<Withdrawal>,
}

/// A step that is not taken as things stand.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum WalletStepRefused {
    /// A wallet does not take what it moves.
    #[error("{name} is refused: {1}.", name = .0.name())]
    Wallet(WalletStepKind, WalletRefused),
    /// The hold is over.
    #[error("The hold is {0}, and {name} is refused.", name = .1.name())]
    HoldOver(HoldStatus, WalletStepKind),
    /// More is to be taken than is kept.
    #[error("The hold is held over {held_minor} minor units, and capture of {needed_minor} is refused.")]
    CaptureTooLarge {
        /// What is kept.
        held_minor: i64,
        /// What was to be taken.
        needed_minor: i64,
    },
    /// The withdrawal is over.
    #[error("The withdrawal is {0}, and {name} is refused.", name = .1.name())]
    WithdrawalOver(WithdrawalStatus, WalletStepKind),
    /// A provider is at work on the withdrawal.
    #[error(
        "A provider was asked to pay the withdrawal out and has not said yet that it did, and {name} is refused: the money \
         could be paid twice.",
        name = .0.name()
    )]
    WithdrawalProcessing(WalletStepKind),
    /// A provider was asked to pay the withdrawal out, and nobody can say whether it did.
    #[error(
        "A provider was asked to pay the withdrawal out, and it is not known whether it did, so {name} is refused: the money \
         could be paid twice. The provider is asked again until it says, and then the withdrawal is completed or failed. What \
         it cannot say, an administrator ends with end_withdrawal.",
        name = .0.name()
    )]
    WithdrawalInReview(WalletStepKind),
    /// How the withdrawal ends is not for people to find out.
    #[error("The withdrawal is {0} and not in review, and {name} is refused.", name = .1.name())]
    WithdrawalNotInReview(WithdrawalStatus, WalletStepKind),
    /// The two wallets are in two currencies.
    #[error("The wallets are in {0} and {1}, and transfer is refused.")]
    CurrencyDiffers(Currency, Currency),
}

/// Why a step does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UntakenStep {
    /// What it is about is not there, or not yet: this.
    NotThere(&'static str),
    /// It is not allowed as things stand.
    Refused(WalletStepRefused),
}

impl From<WalletStepRefused> for UntakenStep {
    fn from(refused: WalletStepRefused) -> Self {
        Self::Refused(refused)
    }
}

impl WalletStepRefused {
    /// A stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Wallet(_, refused) => refused.code(),
            Self::HoldOver(..) => "hold_over",
            Self::CaptureTooLarge { .. } => "capture_too_large",
            Self::WithdrawalOver(..) => "withdrawal_over",
            Self::WithdrawalProcessing(_) => "withdrawal_processing",
            Self::WithdrawalInReview(_) => "withdrawal_in_review",
            Self::WithdrawalNotInReview(..) => "withdrawal_not_in_review",
            Self::CurrencyDiffers(..) => "recipient_currency_differs",
        }
    }
}

impl WalletStanding {
    /// What `step` comes to when it is asked for under `key`.
    ///
    /// # Errors
    /// It is not taken as things stand, or what it is about is not there.
    pub fn take(
        &self,
        step: &WalletStep,
        key: &IdempotencyKey,
        now: DateTime<Utc>,
    ) -> Result<TakenStep, UntakenStep> {
        let (merchant, kind) = (self.wallet.merchant_id, step.kind());
        match step {
            WalletStep::Hold { amount_minor, reason } => {
                let id = HoldId::derive(merchant, key);
                let hold = Hold::new(&self.wallet, id, *amount_minor, reason.clone(), now);
                self.held(kind, Transfer::hold_reserved(&hold), hold, now)
            }
            WalletStep::Capture { amount_minor, .. } => {
                let hold = self.open_hold(kind)?;
                let captured_minor = amount_minor.unwrap_or(hold.amount_minor);
                if captured_minor > hold.amount_minor {
                    let refused = WalletStepRefused::CaptureTooLarge {
                        held_minor: hold.amount_minor,
                        needed_minor: captured_minor,
                    };
                    return Err(refused.into());
                }
                let hold = Hold {
                    captured_minor,
                    status: HoldStatus::Captured,
                    ..hold
                };
                self.held(kind, Transfer::hold_captured(&hold), hold, now)
            }
            WalletStep::Release { .. } => {
                let hold = Hold {
                    status: HoldStatus::Released,
                    ..self.open_hold(kind)?
                };
                self.held(kind, Transfer::hold_released(&hold), hold, now)
            }
            WalletStep::Withdraw { amount_minor, note } => {
                let id = WithdrawalId::derive(merchant, key);
                let withdrawal = Withdrawal::new(&self.wallet, id, *amount_minor, note.clone(), now);
                self.withdrawn(kind, Transfer::withdrawal_reserved(&withdrawal), withdrawal, now)
            }
            WalletStep::CompleteWithdrawal { reference, .. } => {
                let withdrawal = Withdrawal {
                    status: WithdrawalStatus::Completed,
                    reference: reference.clone(),
                    ..self.open_withdrawal(kind)?
                };
                self.withdrawn(kind, Transfer::withdrawal_completed(&withdrawal), withdrawal, now)
            }
            WalletStep::RejectWithdrawal { reason, .. } => {
                let withdrawal = Withdrawal {
                    status: WithdrawalStatus::Rejected,
                    reason: Some(reason.clone()),
                    ..self.open_withdrawal(kind)?
                };
                self.withdrawn(kind, Transfer::withdrawal_given_up(&withdrawal), withdrawal, now)
            }
            WalletStep::EndWithdrawal { end, reason, .. } => {
                let withdrawal = self.withdrawal_in_review(kind)?;
                let (transfer, reason) = match (end, withdrawal.channel) {
                    (WithdrawalEnd::Failed, _) => {
                        (Transfer::withdrawal_given_up(&withdrawal), Some(reason.clone()))
                    }
                    (WithdrawalEnd::Completed, Some(channel)) => {
                        (Transfer::withdrawal_sent(&withdrawal, channel), None)
                    }
                    (WithdrawalEnd::Completed, None) => (Transfer::withdrawal_completed(&withdrawal), None),
                };
                let withdrawal = Withdrawal {
                    status: end.status(),
                    reason,
                    in_review_since: None,
                    ..withdrawal
                };
                self.withdrawn(kind, transfer, withdrawal, now)
            }
            WalletStep::Transfer {
                amount_minor, note, ..
            } => {
                // Whoever gives what is not there learns nothing of whose wallets there are.
                let has = self.wallet.has(*amount_minor);
                has.map_err(|refused| WalletStepRefused::Wallet(kind, refused))?;
                let recipient = self
                    .recipient
                    .as_ref()
                    .ok_or(UntakenStep::NotThere("wallet to give to"))?;
                let (from, to) = (self.wallet.currency, recipient.currency);
                if from != to {
                    return Err(WalletStepRefused::CurrencyDiffers(from, to).into());
                }
                let id = WalletMovementId::derive(merchant, kind.name(), key);
                let transfer =
                    Transfer::wallet_transferred(&self.wallet, recipient, *amount_minor, id.to_string());
                moved(kind, &[&self.wallet, recipient], transfer, note.clone(), now)
            }
            WalletStep::Adjust {
                amount_minor, reason, ..
            } => {
                let id = WalletMovementId::derive(merchant, kind.name(), key);
                let transfer = Transfer::wallet_adjusted(&self.wallet, *amount_minor, id.to_string());
                moved(kind, &[&self.wallet], transfer, Some(reason.clone()), now)
            }
        }
    }

    fn open_hold(&self, kind: WalletStepKind) -> Result<Hold, UntakenStep> {
        match &self.hold {
            Some(hold) if hold.status == HoldStatus::Held => Ok(hold.clone()),
            Some(hold) => Err(WalletStepRefused::HoldOver(hold.status, kind).into()),
            None => Err(UntakenStep::NotThere("hold")),
        }
    }

    fn open_withdrawal(&self, kind: WalletStepKind) -> Result<Withdrawal, UntakenStep> {
        match &self.withdrawal {
            Some(withdrawal) if withdrawal.status == WithdrawalStatus::Requested => Ok(withdrawal.clone()),
            Some(withdrawal) => Err(locked(withdrawal, kind).into()),
            None => Err(UntakenStep::NotThere("withdrawal")),
        }
    }

    fn withdrawal_in_review(&self, kind: WalletStepKind) -> Result<Withdrawal, UntakenStep> {
        match &self.withdrawal {
            Some(withdrawal) if withdrawal.is_in_review() => Ok(withdrawal.clone()),
            Some(withdrawal) => Err(WalletStepRefused::WithdrawalNotInReview(withdrawal.status, kind).into()),
            None => Err(UntakenStep::NotThere("withdrawal")),
        }
    }

    fn held(
        &self,
        kind: WalletStepKind,
        transfer: Transfer,
        hold: Hold,
        now: DateTime<Utc>,
    ) -> Result<TakenStep, UntakenStep> {
        let note = Some(hold.reason.clone());
        let taken = moved(kind, &[&self.wallet], transfer, note, now)?;
        Ok(TakenStep {
            hold: Some(Hold {
                updated_at: now,
                ..hold
            }),
            ..taken
        })
    }

    fn withdrawn(
        &self,
        kind: WalletStepKind,
        transfer: Transfer,
        withdrawal: Withdrawal,
        now: DateTime<Utc>,
    ) -> Result<TakenStep, UntakenStep> {
        let note = withdrawal.reason.clone().or_else(|| withdrawal.note.clone());
        let taken = moved(kind, &[&self.wallet], transfer, note, now)?;
        Ok(TakenStep {
            withdrawal: Some(Withdrawal {
                updated_at: now,
                ..withdrawal
            }),
            ..taken
        })
    }
}

/// Why a withdrawal that is not merely requested cannot be ended by hand.
const fn locked(withdrawal: &Withdrawal, kind: WalletStepKind) -> WalletStepRefused {
    match withdrawal.status {
        WithdrawalStatus::Processing if withdrawal.is_in_review() => {
            WalletStepRefused::WithdrawalInReview(kind)
        }
        WithdrawalStatus::Processing => WalletStepRefused::WithdrawalProcessing(kind),
        status @ (WithdrawalStatus::Requested
        | WithdrawalStatus::Completed
        | WithdrawalStatus::Rejected
        | WithdrawalStatus::Failed) => WalletStepRefused::WithdrawalOver(status, kind),
    }
}

fn moved(
    kind: WalletStepKind,
    wallets: &[&Wallet],
    transfer: Transfer,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<TakenStep, UntakenStep> {
    let after = |wallet: &&Wallet| wallet.after(&transfer, note.clone(), now);
    let changes: Result<_, _> = wallets.iter().map(after).collect();
    Ok(TakenStep {
        changes: changes.map_err(|refused| WalletStepRefused::Wallet(kind, refused))?,
        transfer,
        hold: None,
        withdrawal: None,
    })
}
