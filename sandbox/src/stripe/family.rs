//! What belongs together in an account's book: everything about an intent, about a refund, or all there is.
//!
//! It changes when things were made, and takes them out as if they had never been.

use serde_json::json;

use super::book::Book;
use super::errors::{Answered, ApiError};
use super::refunds::{Refund, Status};

/// What is meant by an injected difference or a new date.
#[derive(Debug, Clone)]
pub enum Target {
    /// An intent, with its charges, their refunds and disputes, and all their transactions.
    Intent(String),
    /// A refund, with its transactions.
    Refund(String),
}

/// The ids of what belongs together.
#[derive(Debug, Default)]
struct Family {
    intents: Vec<String>,
    charges: Vec<String>,
    refunds: Vec<String>,
    disputes: Vec<String>,
    transactions: Vec<String>,
}

impl Family {
    fn add_intent(&mut self, book: &Book, id: &str) {
        self.intents.push(id.to_owned());
        for charge in book.charges_of(id) {
            self.charges.push(charge.id.clone());
            self.transactions.extend(charge.transaction.clone());
            for refund in book.refunds_of(charge) {
                self.add_refund(refund);
            }
            for dispute in charge.disputes.iter().filter_map(|id| book.disputes.get(id)) {
                self.disputes.push(dispute.id.clone());
                self.transactions.extend_from_slice(&dispute.transactions);
            }
        }
    }

    fn add_refund(&mut self, refund: &Refund) {
        self.refunds.push(refund.id.clone());
        self.transactions.extend(refund.transaction.clone());
        self.transactions.extend(refund.failure_transaction.clone());
    }
}

impl Book {
    /// What belongs to the target; everything when there is none.
    fn family(&self, target: Option<&Target>) -> Result<Family, ApiError> {
        let mut family = Family::default();
        match target {
            None => {
                for intent in self.intents.iter() {
                    family.add_intent(self, &intent.id);
                }
            }
            Some(Target::Intent(id)) => family.add_intent(self, &self.intent(id)?.id),
            Some(Target::Refund(id)) => family.add_refund(self.refund(id)?),
        }
        Ok(family)
    }

    /// Makes the target, or everything, look as if it was made at this second; answers how many objects that were.
    pub fn date_back(&mut self, target: Option<&Target>, created: i64) -> Answered {
        let family = self.family(target)?;
        let mut dated = 0;
        let mut date = |place: Option<&mut i64>| {
            if let Some(place) = place {
                *place = created;
                dated += 1;
            }
        };
        for id in &family.intents {
            date(self.intents.get_mut(id).map(|intent| &mut intent.created));
        }
        for id in &family.charges {
            date(self.charges.get_mut(id).map(|charge| &mut charge.created));
        }
        for id in &family.refunds {
            date(self.refunds.get_mut(id).map(|refund| &mut refund.created));
        }
        for id in &family.disputes {
            date(self.disputes.get_mut(id).map(|dispute| &mut dispute.created));
        }
        for id in &family.transactions {
            let transaction = self.transactions.get_mut(id);
            date(transaction.map(|transaction| &mut transaction.created));
        }
        Ok(json!({ "created": created, "objects": dated }))
    }

    /// Takes the target out of the book, without a word to anybody; answers the ids of its transactions.
    pub fn take_out(&mut self, target: &Target) -> Result<Vec<String>, ApiError> {
        let family = self.family(Some(target))?;
        for id in &family.intents {
            self.intents.remove(id);
        }
        for id in &family.charges {
            self.charges.remove(id);
        }
        for id in &family.refunds {
            self.take_out_refund(id);
        }
        for id in &family.disputes {
            self.disputes.remove(id);
        }
        for id in &family.transactions {
            self.transactions.remove(id);
        }
        Ok(family.transactions)
    }

    fn take_out_refund(&mut self, id: &str) {
        let Some(refund) = self.refunds.remove(id) else {
            return;
        };
        if refund.status != Status::Failed
            && let Some(charge) = self.charges.get_mut(&refund.charge)
        {
            charge.amount_refunded -= refund.amount;
        }
    }
}
