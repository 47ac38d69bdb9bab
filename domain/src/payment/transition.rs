//! The transitions of a payment.

use crate::{
    channel::{Destination, Intent, IntentStatus},
    ledger::Transfer,
    money::Money,
    notification::NotificationType,
    payment::{Failure, Payment, PaymentStatus},
};

/// News about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentEvent {
    /// The provider showed us its intent: after a call, a question or a callback. `change` is what happened to it.
    IntentSeen {
        /// The intent as the provider showed it.
        intent: Intent,
        /// What happened to it.
        change: IntentStatus,
    },
    /// The provider surely has no intent for this payment and we have stopped trying.
    GaveUp(Failure),
    /// We have stopped trying and cannot tell what the provider did.
    LostSight,
    /// Its provider is about to be asked to close its intent, which can still be paid until it says so.
    ClosingBegun(Closing),
    /// Its provider does not close the intent now, and whoever wanted that for this reason has given up.
    ClosingRefused(Closing),
    /// It is closed, and the provider surely has no intent that could still be paid.
    Closed(Closing),
}

/// Why a payment is closed before it is paid. Declared from the weaker reason to the stronger: what the merchant wants
/// counts more than what the clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closing {
    /// It was not paid in time.
    Expired,
    /// The merchant wanted it.
    Canceled,
}

impl Closing {
    /// The name used in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    /// The reason of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Expired, Self::Canceled]
            .into_iter()
            .find(|closing| closing.name() == name)
    }

    const fn status(self) -> PaymentStatus {
        match self {
            Self::Canceled => PaymentStatus::Canceled,
            Self::Expired => PaymentStatus::Expired,
        }
    }
}

/// What has to follow a change, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell the merchant.
    Notify(NotificationType),
    /// Write it into the ledger.
    Post(Transfer),
    /// The payer has agreed: have the provider move the money.
    Capture,
    /// It was paid after it had been closed: the merchant's terms say whether it is refunded.
    PaidLate,
}

impl Effect {
    /// What the merchant is told, if this is telling.
    pub const fn told(&self) -> Option<NotificationType> {
        match self {
            Self::Notify(told) => Some(*told),
            Self::Post(_) | Self::Capture | Self::PaidLate => None,
        }
    }
}

/// A payment after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The payment now.
    pub payment: Payment,
    /// What has to follow.
    pub effects: Vec<Effect>,
    /// False when the event told nothing new, so that nothing needs to be written.
    pub changed: bool,
}

/// The event does not belong to this payment. People have to look at it; the payment stays as it is.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum TransitionError {
    /// Another intent than the one this payment was opened with.
    #[error("{event} names intent {seen}, but the {status} payment belongs to intent {stored}")]
    OtherIntent {
        /// The event's name.
        event: &'static str,
        /// The payment's status.
        status: PaymentStatus,
        /// The intent the payment belongs to.
        stored: String,
        /// The intent the event names.
        seen: String,
    },
    /// Another amount or currency than asked for.
    #[error("{event} is about {seen}, but the {status} payment is about {expected}")]
    OtherMoney {
        /// The event's name.
        event: &'static str,
        /// The payment's status.
        status: PaymentStatus,
        /// What the payment asks for.
        expected: Money,
        /// What the event shows.
        seen: Money,
    },
    /// The money goes on to somebody else, or the merchant keeps another share.
    #[error(
        "{event} shows that the money goes on to {seen}, but that of the {status} payment goes to {expected}"
    )]
    OtherDestination {
        /// The event's name.
        event: &'static str,
        /// The payment's status.
        status: PaymentStatus,
        /// Where the payment's money goes.
        expected: String,
        /// Where it goes by the event.
        seen: String,
    },
}

impl Payment {
    /// The payment after `event`, and what has to follow. An event that is late, repeated or outranked changes nothing.
    ///
    /// # Errors
    /// The event names another intent, amount or currency than this payment's.
    pub fn apply(self, event: PaymentEvent) -> Result<Applied, TransitionError> {
        match event {
            PaymentEvent::IntentSeen { intent, change } => {
                self.check_belongs(&intent, &change)?;
                let status = self.status_after(&change);
                let is_approved = change == IntentStatus::Approved;
                let applied = self.with_intent(intent).climb(status, change_to_failure(change));
                Ok(if is_approved { applied.capture() } else { applied })
            }
            // Whoever gave up did not know of the intent. Once it is known, its own news decide.
            PaymentEvent::GaveUp(_) | PaymentEvent::LostSight | PaymentEvent::Closed(_)
                if self.intent_id.is_some() =>
            {
                Ok(self.unchanged())
            }
            PaymentEvent::ClosingBegun(closing) => {
                let may_begin = self.intent_id.is_some() && self.closing < Some(closing);
                Ok(self.with_closing(may_begin, Some(closing)))
            }
            PaymentEvent::ClosingRefused(closing) => {
                let is_its_own = self.closing == Some(closing);
                Ok(self.with_closing(is_its_own, None))
            }
            PaymentEvent::Closed(_) if self.status.is_closed() => Ok(self.unchanged()),
            PaymentEvent::Closed(closing) => {
                let closed = Self {
                    closing: Some(closing),
                    ..self
                };
                Ok(closed.unchanged().climb(closing.status(), None))
            }
            PaymentEvent::GaveUp(failure) => Ok(self.unchanged().climb(PaymentStatus::Failed, Some(failure))),
            PaymentEvent::LostSight => Ok(self
                .unchanged()
                .climb(PaymentStatus::NeedsReview, Some(Failure::outcome_unknown()))),
        }
    }

    /// A provider only says that an intent was closed; why, whoever closed it has noted here before. What is being closed is
    /// not captured, so that nobody is at work on it when its payer agrees.
    fn status_after(&self, change: &IntentStatus) -> PaymentStatus {
        match change {
            IntentStatus::RequiresAction => PaymentStatus::RequiresAction,
            IntentStatus::Declined(_) => PaymentStatus::Failed,
            IntentStatus::Approved if self.closing.is_some() => PaymentStatus::RequiresAction,
            IntentStatus::Approved | IntentStatus::Processing => PaymentStatus::Processing,
            IntentStatus::Succeeded => PaymentStatus::Succeeded,
            IntentStatus::Canceled => self.closing.unwrap_or(Closing::Canceled).status(),
        }
    }

    fn check_belongs(&self, intent: &Intent, change: &IntentStatus) -> Result<(), TransitionError> {
        let event = change.name();
        if let Some(stored) = self.intent_id.as_ref().filter(|stored| **stored != intent.id) {
            let (stored, seen) = (stored.clone(), intent.id.clone());
            return Err(TransitionError::OtherIntent {
                event,
                status: self.status,
                stored,
                seen,
            });
        }
        if intent.destination.as_deref() != self.request.destination.as_ref() {
            return Err(TransitionError::OtherDestination {
                event,
                status: self.status,
                expected: way(self.request.destination.as_ref()),
                seen: way(intent.destination.as_deref()),
            });
        }
        let paid = *change == IntentStatus::Succeeded;
        let received = Money {
            amount_minor: intent.received_minor,
            ..intent.money
        };
        let wrong = [intent.money, received]
            .into_iter()
            .take(1 + usize::from(paid))
            .find(|seen| *seen != self.money);
        match wrong {
            Some(seen) => Err(TransitionError::OtherMoney {
                event,
                status: self.status,
                expected: self.money,
                seen,
            }),
            None => Ok(()),
        }
    }

    /// The payment as it is, with nothing to follow.
    pub fn unchanged(self) -> Applied {
        Applied {
            payment: self,
            effects: Vec::new(),
            changed: false,
        }
    }

    /// Notes why it is being closed, or that it no longer is. Once it is closed or paid, the reason is history.
    fn with_closing(mut self, is_new: bool, closing: Option<Closing>) -> Applied {
        let changed = is_new && !self.status.is_closed() && self.status != PaymentStatus::Succeeded;
        if changed {
            self.closing = closing;
        }
        Applied {
            payment: self,
            effects: Vec::new(),
            changed,
        }
    }

    /// Learning the intent's id or what it is paid with is a change in itself, whatever the status does.
    fn with_intent(mut self, intent: Intent) -> Applied {
        let learns_action = self.next_action.is_none() && intent.next_action.is_some();
        let changed = self.intent_id.is_none() || learns_action;
        self.intent_id = Some(intent.id);
        if learns_action {
            self.next_action = intent.next_action;
        }
        Applied {
            payment: self,
            effects: Vec::new(),
            changed,
        }
    }
}

impl Applied {
    /// After another event, too; what follows from both.
    ///
    /// # Errors
    /// As for [`Payment::apply`].
    pub fn then(self, event: PaymentEvent) -> Result<Self, TransitionError> {
        let Self {
            payment,
            mut effects,
            changed,
        } = self;
        let after = payment.apply(event)?;
        effects.extend(after.effects);
        Ok(Self {
            payment: after.payment,
            effects,
            changed: changed || after.changed,
        })
    }

    /// The money is there, whatever was thought before.
    fn receive(&mut self, before: PaymentStatus) {
        self.effects
            .push(Effect::Post(Transfer::payment_received(&self.payment)));
        let passed_on = Transfer::destination_charged(&self.payment);
        self.effects.extend(passed_on.map(Effect::Post));
        // What the provider closed by itself, nobody here has given up.
        if before.is_closed() && self.payment.closing.is_some() {
            self.payment.is_late = true;
            self.effects.push(Effect::PaidLate);
        }
    }

    /// The payer has agreed. However often that is told, the money is asked for until it is there; not of a payment that is
    /// closed or being closed.
    fn capture(mut self) -> Self {
        let payment = &self.payment;
        let is_open = payment.closing.is_none() && !payment.status.is_closed();
        if is_open && payment.status != PaymentStatus::Succeeded {
            self.effects.push(Effect::Capture);
            self.changed = true;
        }
        self
    }

    /// Moves up to `status`, or stays when that is not higher.
    fn climb(mut self, status: PaymentStatus, failure: Option<Failure>) -> Self {
        if status > self.payment.status {
            let before = self.payment.status;
            self.payment.status = status;
            self.payment.failure = failure;
            if status == PaymentStatus::Succeeded {
                self.receive(before);
            }
            self.effects
                .extend(NotificationType::announcing(status).map(Effect::Notify));
            self.changed = true;
        }
        self
    }
}

/// Where money goes on to, for people.
fn way(destination: Option<&Destination>) -> String {
    match destination {
        None => "nobody".into(),
        Some(Destination {
            account,
            application_fee_minor,
        }) => {
            let fee = application_fee_minor.unwrap_or_default();
            format!("{account:.64} less {fee}")
        }
    }
}

fn change_to_failure(change: IntentStatus) -> Option<Failure> {
    match change {
        IntentStatus::Declined(failure) => Some(failure),
        IntentStatus::RequiresAction
        | IntentStatus::Approved
        | IntentStatus::Processing
        | IntentStatus::Succeeded
        | IntentStatus::Canceled => None,
    }
}

#[cfg(test)]
mod tests;
