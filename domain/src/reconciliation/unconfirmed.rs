//! What moved here and is not in the statement, until the provider has been asked about it.

use crate::{
    channel::{ChannelRefund, ChannelRefundStatus, Intent, IntentStatus, StatementKind},
    money::Money,
    reconciliation::{Difference, DifferenceClass, slot::Slot},
};

/// A movement of ours that the statement does not show. Its line may be in the statement of another day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unconfirmed {
    /// What the provider has to be asked.
    pub question: Question,
    money: Money,
    expected: &'static str,
    /// The difference that it is if the provider knows nothing of it.
    missing: Difference,
}

/// What the provider has to be asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// Where this intent stands.
    Intent(String),
    /// Where this refund stands.
    Refund(String),
}

/// What the provider said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The intent as it is.
    Intent(Intent),
    /// The refund as it is.
    Refund(ChannelRefund),
    /// It surely has no such thing.
    Nothing,
}

/// How the provider calls what has happened to a thing that is confirmed.
const SUCCEEDED: &str = "succeeded";
const FAILED: &str = "failed";

impl Unconfirmed {
    /// A movement that the provider can be asked about.
    pub(super) fn of(slot: &Slot<'_>) -> Option<Self> {
        let object_id = slot.object_id?.to_owned();
        let (question, expected) = match slot.kind {
            StatementKind::Payment => (Question::Intent(object_id), SUCCEEDED),
            StatementKind::Refund if slot.is_failed() => (Question::Refund(object_id), FAILED),
            StatementKind::Refund => (Question::Refund(object_id), SUCCEEDED),
            StatementKind::RefundFailed => (Question::Refund(object_id), FAILED),
            StatementKind::Dispute | StatementKind::DisputeWon | StatementKind::Other => return None,
        };
        Some(Self {
            question,
            money: slot.money,
            expected,
            missing: Self::missing_there(slot),
        })
    }

    pub(super) fn missing_there(slot: &Slot<'_>) -> Difference {
        Difference {
            class: DifferenceClass::MissingThere,
            payment_id: Some(slot.payment_id),
            refund_id: slot.refund_id,
            object_id: slot.object_id.map(str::to_owned),
            entry_id: None,
            ours: slot.to_string(),
            theirs: "nothing".to_owned(),
        }
    }

    /// The difference that it is after the provider's answer, if it is one.
    pub fn settle(self, answer: &Answer) -> Option<Difference> {
        match answer {
            Answer::Nothing => Some(self.missing),
            Answer::Intent(intent) => {
                let moved = match intent.status {
                    // What was received is what counts; before that nothing was.
                    IntentStatus::Succeeded => Money {
                        amount_minor: intent.received_minor,
                        ..intent.money
                    },
                    IntentStatus::RequiresAction
                    | IntentStatus::Declined(_)
                    | IntentStatus::Approved
                    | IntentStatus::Processing
                    | IntentStatus::Canceled => intent.money,
                };
                self.hold_against("intent", moved, intent.status.name())
            }
            Answer::Refund(refund) => self.hold_against("refund", refund.money, status_of(refund)),
        }
    }

    fn hold_against(self, what: &str, moved: Money, status: &'static str) -> Option<Difference> {
        let class = if moved.currency != self.money.currency {
            DifferenceClass::Currency
        } else if status != self.expected {
            DifferenceClass::State
        } else if moved != self.money {
            DifferenceClass::Amount
        } else {
            return None;
        };
        Some(Difference {
            class,
            theirs: format!("{what} of {moved}, {status}, not in the statement"),
            ..self.missing
        })
    }
}

const fn status_of(refund: &ChannelRefund) -> &'static str {
    match refund.status {
        ChannelRefundStatus::Processing | ChannelRefundStatus::Stuck => "processing",
        ChannelRefundStatus::Succeeded => SUCCEEDED,
        ChannelRefundStatus::Failed(_) => FAILED,
    }
}
