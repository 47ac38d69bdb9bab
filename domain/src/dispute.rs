//! Disputes: a payer's bank takes money back until it is decided who was right.
//!
//! A dispute is opened by the bank and known by the provider's id. Its money leaves the merchant's balance when it is
//! first seen, and comes back or is gone for good when it is decided; a decision that comes before the opening is both
//! at once.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, ChannelDispute, ChannelDisputeStatus},
    currency::Currency,
    id::{DisputeId, MerchantId, PaymentId},
    ledger::Transfer,
    money::Money,
    notification::NotificationType,
    payment::{Effect, Payment},
};

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// The money is withheld until it is decided.
    Open,
    /// Decided for the merchant: the money is back.
    Won,
    /// Decided for the payer: the money is gone.
    Lost,
}

impl DisputeStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Open, Self::Won, Self::Lost];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// The status of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for DisputeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<ChannelDisputeStatus> for DisputeStatus {
    fn from(status: ChannelDisputeStatus) -> Self {
        match status {
            ChannelDisputeStatus::Open => Self::Open,
            ChannelDisputeStatus::Won => Self::Won,
            ChannelDisputeStatus::Lost => Self::Lost,
        }
    }
}

/// A dispute as PostgreSQL holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Its id, derived from the merchant, the channel and the provider's id.
    pub id: DisputeId,
    /// Whose payment is disputed.
    pub merchant_id: MerchantId,
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider that told of it.
    pub channel: Channel,
    /// The provider's id of it.
    pub channel_dispute_id: String,
    /// How much is disputed.
    pub money: Money,
    /// The provider's word for why.
    pub reason: String,
    /// Where it stands.
    pub status: DisputeStatus,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A dispute as the merchant is told about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeView {
    /// The dispute's id.
    pub id: DisputeId,
    /// The payment that is disputed.
    pub payment_id: PaymentId,
    /// The merchant's id.
    pub merchant_id: MerchantId,
    /// Where it stands.
    pub status: DisputeStatus,
    /// The disputed amount in the currency's minor unit.
    pub amount: i64,
    /// The ISO 4217 code.
    pub currency: Currency,
    /// The provider that told of it.
    pub channel: Channel,
    /// The provider's id of it.
    pub channel_dispute_id: String,
    /// The provider's word for why.
    pub reason: String,
    /// When it was first stored, RFC 3339, UTC.
    pub created_at: DateTime<Utc>,
    /// When it last changed, RFC 3339, UTC.
    pub updated_at: DateTime<Utc>,
}

/// A dispute and its payment after news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedDispute {
    /// The dispute now.
    pub dispute: Dispute,
    /// The payment now.
    pub payment: Payment,
    /// What has to follow.
    pub effects: Vec<Effect>,
    /// False when the news told nothing new, so that nothing needs to be written.
    pub changed: bool,
}

/// The news contradict what is known of this dispute. People have to look at it; dispute and payment stay as they are.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum DisputeTransitionError {
    /// Another amount or currency than before.
    #[error("a dispute about {seen} is shown, but the {status} dispute is about {expected}")]
    OtherMoney {
        /// The dispute's status.
        status: DisputeStatus,
        /// What it is about.
        expected: Money,
        /// What is shown.
        seen: Money,
    },
    /// Another currency than the payment's.
    #[error("a dispute about {seen} is shown, but the payment is about {expected}")]
    OtherCurrency {
        /// What the payment is about.
        expected: Money,
        /// What is shown.
        seen: Money,
    },
    /// It was decided otherwise before.
    #[error("the dispute is shown as {seen}, but it was {decided} before")]
    OtherDecision {
        /// The decision that is known.
        decided: DisputeStatus,
        /// The one that is shown.
        seen: DisputeStatus,
    },
}

impl Dispute {
    /// What becomes of a dispute, and of its payment, when the provider shows it as it now is.
    ///
    /// # Errors
    /// It is about another amount than before, or another currency than the payment; or it was decided otherwise.
    pub fn see(
        stored: Option<Self>,
        payment: Payment,
        seen: ChannelDispute,
        now: DateTime<Utc>,
    ) -> Result<AppliedDispute, DisputeTransitionError> {
        let is_new = stored.is_none();
        let status = DisputeStatus::from(seen.status);
        let dispute = match stored {
            Some(stored) => stored.check_same(&seen, status)?,
            None => Self::opened(&payment, seen, now)?,
        };
        let mut applied = AppliedDispute {
            dispute,
            payment,
            effects: Vec::new(),
            changed: false,
        };
        if is_new {
            applied.open();
        }
        if applied.dispute.status == DisputeStatus::Open && status != DisputeStatus::Open {
            applied.decide(status);
        }
        if applied.changed {
            applied.dispute.updated_at = now;
        }
        Ok(applied)
    }

    fn check_same(self, seen: &ChannelDispute, now: DisputeStatus) -> Result<Self, DisputeTransitionError> {
        if seen.money != self.money {
            return Err(DisputeTransitionError::OtherMoney {
                status: self.status,
                expected: self.money,
                seen: seen.money,
            });
        }
        match (self.status, now) {
            (DisputeStatus::Won, DisputeStatus::Lost) | (DisputeStatus::Lost, DisputeStatus::Won) => {
                Err(DisputeTransitionError::OtherDecision {
                    decided: self.status,
                    seen: now,
                })
            }
            (DisputeStatus::Open, _) | (_, DisputeStatus::Open) => Ok(self),
            (DisputeStatus::Won, DisputeStatus::Won) | (DisputeStatus::Lost, DisputeStatus::Lost) => Ok(self),
        }
    }

    fn opened(
        payment: &Payment,
        seen: ChannelDispute,
        now: DateTime<Utc>,
    ) -> Result<Self, DisputeTransitionError> {
        if seen.money.currency != payment.money.currency {
            return Err(DisputeTransitionError::OtherCurrency {
                expected: payment.money,
                seen: seen.money,
            });
        }
        let (merchant_id, channel) = (payment.merchant_id, payment.channel);
        Ok(Self {
            id: DisputeId::derive(merchant_id, channel.name(), &seen.id),
            merchant_id,
            payment_id: payment.id,
            channel,
            channel_dispute_id: seen.id,
            money: seen.money,
            reason: seen.reason,
            status: DisputeStatus::Open,
            created_at: now,
            updated_at: now,
        })
    }
}

impl AppliedDispute {
    fn open(&mut self) {
        self.payment.disputed_minor += self.dispute.money.amount_minor;
        self.follow(
            Transfer::dispute_opened(&self.dispute),
            NotificationType::DisputeOpened,
        );
    }

    fn decide(&mut self, status: DisputeStatus) {
        self.dispute.status = status;
        match status {
            DisputeStatus::Open => {}
            DisputeStatus::Won => {
                self.payment.disputed_minor -= self.dispute.money.amount_minor;
                self.follow(Transfer::dispute_won(&self.dispute), NotificationType::DisputeWon);
            }
            // What is lost stays disputed for ever: it cannot be refunded any more.
            DisputeStatus::Lost => {
                self.follow(
                    Transfer::dispute_lost(&self.dispute),
                    NotificationType::DisputeLost,
                );
            }
        }
    }

    fn follow(&mut self, transfer: Transfer, told: NotificationType) {
        self.effects.push(Effect::Post(transfer));
        self.effects.push(Effect::Notify(told));
        self.changed = true;
    }
}

impl From<&Dispute> for DisputeView {
    fn from(dispute: &Dispute) -> Self {
        Self {
            id: dispute.id,
            payment_id: dispute.payment_id,
            merchant_id: dispute.merchant_id,
            status: dispute.status,
            amount: dispute.money.amount_minor,
            currency: dispute.money.currency,
            channel: dispute.channel,
            channel_dispute_id: dispute.channel_dispute_id.clone(),
            reason: dispute.reason.clone(),
            created_at: dispute.created_at,
            updated_at: dispute.updated_at,
        }
    }
}

#[cfg(test)]
mod tests;
