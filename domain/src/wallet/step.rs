//! What is wanted done with a wallet that exists.

use serde::{Deserialize, Serialize};

use crate::{
    fingerprint::Fingerprint,
    id::{HoldId, IdempotencyKey, MerchantId, WalletId, WalletMovementId, WithdrawalId},
    texts::{InvalidText, check_text},
    wallet::{Wallet, WithdrawalStatus},
};

/// What can be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WalletStepKind {
    /// Keep money of it for the merchant.
    Hold,
    /// Take what is kept, or a part of it.
    Capture,
    /// Let go what is kept.
    Release,
    /// Set money of it aside, to be paid out.
    Withdraw,
    /// It was paid out.
    CompleteWithdrawal,
    /// It is not paid out.
    RejectWithdrawal,
    /// It is in review, and people have found out how it ended.
    EndWithdrawal,
    /// Give money of it to another wallet.
    Transfer,
    /// Correct what is in it.
    Adjust,
}

impl WalletStepKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Hold,
        Self::Capture,
        Self::Release,
        Self::Withdraw,
        Self::CompleteWithdrawal,
        Self::RejectWithdrawal,
        Self::EndWithdrawal,
        Self::Transfer,
        Self::Adjust,
    ];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Withdraw => "withdraw",
            Self::CompleteWithdrawal => "complete_withdrawal",
            Self::RejectWithdrawal => "reject_withdrawal",
            Self::EndWithdrawal => "end_withdrawal",
            Self::Transfer => "transfer",
            Self::Adjust => "adjust",
        }
    }
}

/// How a withdrawal ended that its provider told no end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalEnd {
    /// The provider has paid it out.
    Completed,
    /// The provider has not, or has taken it back: the money is free again.
    Failed,
}

impl WithdrawalEnd {
    /// Every end.
    pub const ALL: [Self; 2] = [Self::Completed, Self::Failed];

    /// The name used in the API.
    pub const fn name(self) -> &'static str {
        self.status().name()
    }

    /// Where the withdrawal stands then.
    pub const fn status(self) -> WithdrawalStatus {
        match self {
            Self::Completed => WithdrawalStatus::Completed,
            Self::Failed => WithdrawalStatus::Failed,
        }
    }
}

/// The details of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum WalletStep {
    /// Keep money of it for the merchant.
    Hold {
        /// How much, in minor units.
        amount_minor: i64,
        /// Why; at most 500 characters.
        reason: String,
    },
    /// Take what is kept, or a part of it. The rest is free again.
    Capture {
        /// What is kept.
        hold_id: HoldId,
        /// How much, in minor units; all of it when it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount_minor: Option<i64>,
    },
    /// Let go what is kept.
    Release {
        /// What is kept.
        hold_id: HoldId,
    },
    /// Set money of it aside, to be paid out to its owner.
    Withdraw {
        /// How much, in minor units.
        amount_minor: i64,
        /// What there is to say about it; at most 500 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A withdrawal was paid out.
    CompleteWithdrawal {
        /// Which one.
        withdrawal_id: WithdrawalId,
        /// The number of the payout; at most 200 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// A withdrawal is not paid out.
    RejectWithdrawal {
        /// Which one.
        withdrawal_id: WithdrawalId,
        /// Why; at most 500 characters.
        reason: String,
    },
    /// A withdrawal is in review, and people have found out how it ended.
    EndWithdrawal {
        /// Which one.
        withdrawal_id: WithdrawalId,
        /// How it ended.
        end: WithdrawalEnd,
        /// How that is known; at most 500 characters.
        reason: String,
        /// The administrator who says so: the `sub` of its token.
        administrator: String,
    },
    /// Give money of it to another wallet of the same merchant and currency.
    Transfer {
        /// The wallet that gains.
        to_wallet_id: WalletId,
        /// How much, in minor units.
        amount_minor: i64,
        /// What there is to say about it; at most 500 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Correct what is in it.
    Adjust {
        /// By how much, in minor units; negative to take.
        amount_minor: i64,
        /// Why; at most 500 characters.
        reason: String,
        /// The administrator who does it: the `sub` of its token.
        administrator: String,
    },
}

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletSubject {
    /// A hold.
    Hold(HoldId),
    /// A withdrawal.
    Withdrawal(WithdrawalId),
    /// A movement that is over when it is made.
    Movement(WalletMovementId),
}

impl WalletStep {
    /// What is wanted.
    pub const fn kind(&self) -> WalletStepKind {
        match self {
            Self::Hold { .. } => WalletStepKind::Hold,
            Self::Capture { .. } => WalletStepKind::Capture,
            Self::Release { .. } => WalletStepKind::Release,
            Self::Withdraw { .. } => WalletStepKind::Withdraw,
            Self::CompleteWithdrawal { .. } => WalletStepKind::CompleteWithdrawal,
            Self::RejectWithdrawal { .. } => WalletStepKind::RejectWithdrawal,
            Self::EndWithdrawal { .. } => WalletStepKind::EndWithdrawal,
            Self::Transfer { .. } => WalletStepKind::Transfer,
            Self::Adjust { .. } => WalletStepKind::Adjust,
        }
    }

    /// What it is about, when `merchant` asks for it under `key`.
    pub fn subject(&self, merchant: MerchantId, key: &IdempotencyKey) -> WalletSubject {
        match self {
            Self::Hold { .. } => WalletSubject::Hold(HoldId::derive(merchant, key)),
            Self::Capture { hold_id, .. } | Self::Release { hold_id } => WalletSubject::Hold(*hold_id),
            Self::Withdraw { .. } => WalletSubject::Withdrawal(WithdrawalId::derive(merchant, key)),
            Self::CompleteWithdrawal { withdrawal_id, .. }
            | Self::RejectWithdrawal { withdrawal_id, .. }
            | Self::EndWithdrawal { withdrawal_id, .. } => WalletSubject::Withdrawal(*withdrawal_id),
            Self::Transfer { .. } | Self::Adjust { .. } => {
                WalletSubject::Movement(WalletMovementId::derive(merchant, self.kind().name(), key))
            }
        }
    }

    /// Checks every field that can be checked without the wallet.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        match self {
            Self::Hold { amount_minor, reason } => {
                check_amount(*amount_minor)?;
                check_text("reason", Some(reason), 500)
            }
            Self::Capture { amount_minor, .. } => amount_minor.map_or(Ok(()), check_amount),
            Self::Release { .. } => Ok(()),
            Self::Withdraw { amount_minor, note }
            | Self::Transfer {
                amount_minor, note, ..
            } => {
                check_amount(*amount_minor)?;
                check_text("note", note.as_deref(), 500)
            }
            Self::CompleteWithdrawal { reference, .. } => check_text("reference", reference.as_deref(), 200),
            Self::RejectWithdrawal { reason, .. } => check_text("reason", Some(reason), 500),
            Self::EndWithdrawal {
                reason,
                administrator,
                ..
            } => {
                check_text("reason", Some(reason), 500)?;
                check_text("administrator", Some(administrator), 200)
            }
            Self::Adjust {
                amount_minor,
                reason,
                administrator,
            } => {
                if *amount_minor == 0 {
                    return Err(wrong_amount("what is to be added, or taken when it is negative"));
                }
                check_amount(amount_minor.saturating_abs())?;
                check_text("reason", Some(reason), 500)?;
                check_text("administrator", Some(administrator), 200)
            }
        }
    }

    /// Adds the wish to a fingerprint.
    pub fn add_to(&self, fingerprint: &mut Fingerprint) {
        fingerprint.field("action", Some(self.kind().name()));
        let mut amount = |minor: i64| fingerprint.field("amount_minor", Some(&minor.to_string()));
        match self {
            Self::Hold { amount_minor, reason } => {
                amount(*amount_minor);
                fingerprint.field("reason", Some(reason));
            }
            Self::Capture {
                hold_id,
                amount_minor,
            } => {
                amount_minor.map(&mut amount).unwrap_or_default();
                fingerprint.field("hold_id", Some(&hold_id.to_string()));
            }
            Self::Release { hold_id } => fingerprint.field("hold_id", Some(&hold_id.to_string())),
            Self::Withdraw { amount_minor, note } => {
                amount(*amount_minor);
                fingerprint.field("note", note.as_deref());
            }
            Self::CompleteWithdrawal {
                withdrawal_id,
                reference,
            } => {
                fingerprint.field("withdrawal_id", Some(&withdrawal_id.to_string()));
                fingerprint.field("reference", reference.as_deref());
            }
            Self::RejectWithdrawal {
                withdrawal_id,
                reason,
            } => {
                fingerprint.field("withdrawal_id", Some(&withdrawal_id.to_string()));
                fingerprint.field("reason", Some(reason));
            }
            // Who repeats it does not make it another one.
            Self::EndWithdrawal {
                withdrawal_id,
                end,
                reason,
                ..
            } => {
                fingerprint.field("withdrawal_id", Some(&withdrawal_id.to_string()));
                fingerprint.field("end", Some(end.name()));
                fingerprint.field("reason", Some(reason));
            }
            Self::Transfer {
                to_wallet_id,
                amount_minor,
                note,
            } => {
                amount(*amount_minor);
                fingerprint.field("to_wallet_id", Some(&to_wallet_id.to_string()));
                fingerprint.field("note", note.as_deref());
            }
            // Who repeats it does not make it another one.
            Self::Adjust {
                amount_minor, reason, ..
            } => {
                amount(*amount_minor);
                fingerprint.field("reason", Some(reason));
            }
        }
    }
}

fn check_amount(amount_minor: i64) -> Result<(), InvalidText> {
    if (1..=Wallet::MAX_MINOR).contains(&amount_minor) {
        Ok(())
    } else {
        Err(wrong_amount("greater than zero"))
    }
}

fn wrong_amount(what: &str) -> InvalidText {
    InvalidText {
        field: "amount_minor",
        problem: format!(
            "a whole number of minor units, {what}, at most {}",
            Wallet::MAX_MINOR
        ),
    }
}
