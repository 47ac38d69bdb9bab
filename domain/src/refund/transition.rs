//! The transitions of a refund, and what each does to its payment.

use crate::{
    channel::{ChannelRefund, ChannelRefundStatus},
    ledger::Transfer,
    money::Money,
    notification::NotificationType,
    payment::{Effect, Failure, Payment},
    refund::{Refund, RefundStatus},
};

/// News about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundEvent {
    /// The provider showed us its refund: after a call, a question or a callback.
    Seen(ChannelRefund),
    /// The provider surely has no such refund and we have stopped trying.
    GaveUp(Failure),
    /// We have stopped trying and cannot tell what the provider did.
    LostSight,
}

/// A refund and its payment after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedRefund {
    /// The refund now.
    pub refund: Refund,
    /// The payment now.
    pub payment: Payment,
    /// What has to follow.
    pub effects: Vec<Effect>,
    /// False when the event told nothing new, so that nothing needs to be written.
    pub changed: bool,
    /// Whether the payment changed too.
    pub payment_changed: bool,
    /// Where the refund stood before.
    pub before: RefundStatus,
}

/// The event does not belong to this refund. People have to look at it; refund and payment stay as they are.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum RefundTransitionError {
    /// Another object of the provider than the one this refund knows.
    #[error("{seen} is shown, but the {status} refund belongs to {stored}")]
    OtherRefund {
        /// The refund's status.
        status: RefundStatus,
        /// The provider's object that the refund knows.
        stored: String,
        /// The one that is shown.
        seen: String,
    },
    /// It refunds another intent than the payment's.
    #[error("the refund of intent {seen} is shown, but the payment belongs to {stored:?}")]
    OtherIntent {
        /// The payment's intent.
        stored: Option<String>,
        /// The intent that is refunded.
        seen: String,
    },
    /// Another amount or currency than was asked for.
    #[error("a refund of {seen} is shown, but the {status} refund is about {expected}")]
    OtherMoney {
        /// The refund's status.
        status: RefundStatus,
        /// What the refund is about.
        expected: Money,
        /// What is shown.
        seen: Money,
    },
    /// The refund was given up as surely not made, and is shown as made.
    #[error("{seen} is shown as {change}, but the refund was given up before it was made")]
    GivenUp {
        /// The provider's object.
        seen: String,
        /// What happened to it.
        change: &'static str,
    },
}

impl Refund {
    /// The refund and its payment after `event`, and what has to follow. An event that is late, repeated or outranked
    /// changes nothing.
    ///
    /// # Errors
    /// The event names another refund, intent, amount or currency; or a refund that was given up.
    pub fn apply(self, payment: Payment, event: RefundEvent) -> Result<AppliedRefund, RefundTransitionError> {
        match event {
            RefundEvent::Seen(seen) => {
                self.check_belongs(&payment, &seen)?;
                let (status, failure) = change_of(seen.status);
                Ok(self.known_as(seen.id, payment).climb(status, failure))
            }
            // Whoever gave up did not know of the provider's refund. Once it is known, its own news decide.
            RefundEvent::GaveUp(_) | RefundEvent::LostSight if self.channel_refund_id.is_some() => {
                Ok(self.unchanged(payment))
            }
            RefundEvent::GaveUp(failure) => {
                Ok(self.unchanged(payment).climb(RefundStatus::Failed, Some(failure)))
            }
            RefundEvent::LostSight => Ok(self
                .unchanged(payment)
                .climb(RefundStatus::NeedsReview, Some(Failure::refund_outcome_unknown()))),
        }
    }

    fn check_belongs(&self, payment: &Payment, seen: &ChannelRefund) -> Result<(), RefundTransitionError> {
        let status = self.status;
        if let Some(stored) = self
            .channel_refund_id
            .as_ref()
            .filter(|stored| **stored != seen.id)
        {
            let (stored, seen) = (stored.clone(), seen.id.clone());
            return Err(RefundTransitionError::OtherRefund { status, stored, seen });
        }
        if let Some(intent_id) = seen
            .intent_id
            .as_ref()
            .filter(|id| payment.intent_id.as_ref() != Some(id))
        {
            let (stored, seen) = (payment.intent_id.clone(), intent_id.clone());
            return Err(RefundTransitionError::OtherIntent { stored, seen });
        }
        if seen.money != self.money {
            let (expected, seen) = (self.money, seen.money);
            return Err(RefundTransitionError::OtherMoney {
                status,
                expected,
                seen,
            });
        }
        let was_given_up = status == RefundStatus::Failed && self.channel_refund_id.is_none();
        match seen.status {
            ChannelRefundStatus::Processing | ChannelRefundStatus::Stuck | ChannelRefundStatus::Succeeded
                if was_given_up =>
            {
                let (change, seen) = (seen.status.name(), seen.id.clone());
                Err(RefundTransitionError::GivenUp { seen, change })
            }
            ChannelRefundStatus::Processing
            | ChannelRefundStatus::Stuck
            | ChannelRefundStatus::Succeeded
            | ChannelRefundStatus::Failed(_) => Ok(()),
        }
    }

    const fn unchanged(self, payment: Payment) -> AppliedRefund {
        AppliedRefund {
            before: self.status,
            refund: self,
            payment,
            effects: Vec::new(),
            changed: false,
            payment_changed: false,
        }
    }

    /// Learning the provider's id is a change in itself, whatever the status does.
    fn known_as(mut self, channel_refund_id: String, payment: Payment) -> AppliedRefund {
        let changed = self.channel_refund_id.is_none();
        self.channel_refund_id = Some(channel_refund_id);
        AppliedRefund {
            changed,
            ..self.unchanged(payment)
        }
    }
}

impl AppliedRefund {
    /// Moves up to `status`, or stays when that is not higher.
    fn climb(mut self, status: RefundStatus, failure: Option<Failure>) -> Self {
        let before = self.refund.status;
        if status <= before {
            return self;
        }
        self.refund.status = status;
        self.refund.failure = failure;
        self.changed = true;
        self.move_money(before, status);
        self.effects
            .extend(NotificationType::announcing_refund(status).map(Effect::Notify));
        self
    }

    fn move_money(&mut self, before: RefundStatus, now: RefundStatus) {
        let amount_minor = self.refund.money.amount_minor;
        let transfer = match (before, now) {
            (RefundStatus::Succeeded, RefundStatus::Failed) => {
                self.payment.refunded_minor -= amount_minor;
                Transfer::refund_returned(&self.refund, &self.payment)
            }
            (_, RefundStatus::Failed) => {
                self.payment.refund_reserved_minor -= amount_minor;
                Transfer::refund_voided(&self.refund, &self.payment)
            }
            (_, RefundStatus::Succeeded) => {
                self.payment.refund_reserved_minor -= amount_minor;
                self.payment.refunded_minor += amount_minor;
                Transfer::refund_posted(&self.refund, &self.payment)
            }
            (_, RefundStatus::Pending | RefundStatus::NeedsReview | RefundStatus::Processing) => return,
        };
        let destination = match (before, now) {
            (RefundStatus::Succeeded, RefundStatus::Failed) => {
                Transfer::destination_restored(&self.refund, &self.payment)
            }
            (_, RefundStatus::Succeeded) => Transfer::destination_reversed(&self.refund, &self.payment),
            (_, _) => None,
        };
        self.payment_changed = true;
        self.effects.push(Effect::Post(transfer));
        self.effects.extend(destination.map(Effect::Post));
    }
}

fn change_of(status: ChannelRefundStatus) -> (RefundStatus, Option<Failure>) {
    match status {
        // What is stuck may still arrive: to call it failed would free its amount for a second refund.
        ChannelRefundStatus::Processing | ChannelRefundStatus::Stuck => (RefundStatus::Processing, None),
        ChannelRefundStatus::Succeeded => (RefundStatus::Succeeded, None),
        ChannelRefundStatus::Failed(failure) => (RefundStatus::Failed, Some(failure)),
    }
}

#[cfg(test)]
mod tests;
