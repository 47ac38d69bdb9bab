//! Refunds: never more than was captured, whoever asks, because each one is checked and booked under the account's lock.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::book::{Book, Origin, Timer, created};
use super::cards::Reaction;
use super::charges::Charge;
use super::currencies::at_least_one;
use super::errors::{Answered, ApiError};
use super::params::{MetadataChange, Params};
use crate::clock;

const CREATE_PARAMS: &[&str] = &[
    "amount",
    "charge",
    "payment_intent",
    "reason",
    "metadata",
    "refund_application_fee",
    "reverse_transfer",
    "instructions_email",
    "origin",
    "currency",
    "customer",
];

/// A refund.
#[derive(Debug, Clone)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// The charge it gives back.
    pub charge: String,
    /// The intent of that charge.
    pub intent: String,
    /// When it was made.
    pub created: i64,
    /// Amount in minor units.
    pub amount: i64,
    /// The caller's own data.
    pub metadata: BTreeMap<String, String>,
    currency: String,
    reason: Option<String>,
    status: &'static str,
    failure_reason: Option<&'static str>,
}

impl Refund {
    /// The `refund` object.
    pub fn render(&self) -> Value {
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "balance_transaction": null, "charge": self.charge,
            "created": self.created, "currency": self.currency, "failure_reason": self.failure_reason,
            "destination_details": { "type": "card", "card": {
                "reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund",
            } },
            "metadata": self.metadata, "payment_intent": self.intent, "reason": self.reason, "receipt_number": null,
            "source_transfer_reversal": null, "status": self.status, "transfer_reversal": null,
        })
    }
}

/// A checked request to refund.
pub struct Create {
    payment_intent: Option<String>,
    charge: Option<String>,
    amount: Option<i64>,
    reason: Option<String>,
    metadata: MetadataChange,
}

impl Create {
    /// Checks the parameters.
    pub fn parse(params: Params<'_>) -> Result<Self, ApiError> {
        let params = params.only(CREATE_PARAMS)?;
        let amount = params.integer("amount")?;
        if let Some(amount) = amount {
            at_least_one(amount, "amount")?;
        }
        let (payment_intent, charge) = (params.text("payment_intent")?, params.text("charge")?);
        if payment_intent.is_none() && charge.is_none() {
            return Err(ApiError::invalid(
                "One of the following params should be provided for this request: payment_intent or charge.",
            )
            .code("parameter_missing"));
        }
        Ok(Self {
            payment_intent: payment_intent.map(str::to_owned),
            charge: charge.map(str::to_owned),
            amount,
            reason: params
                .one_of("reason", &["duplicate", "fraudulent", "requested_by_customer"])?
                .map(str::to_owned),
            metadata: params.metadata()?,
        })
    }

    /// Gives the money back, or says why it cannot be.
    pub fn run(self, book: &mut Book, origin: &Origin) -> Answered {
        let charge_id = self.find_charge(book)?;
        let Some(charge) = book.charges.get_mut(&charge_id) else {
            return Err(ApiError::missing_reference("charge", &charge_id, "charge"));
        };
        let amount = check_amount(charge, self.amount)?;
        let before = json!({ "amount_refunded": charge.amount_refunded, "refunded": false });
        charge.amount_refunded += amount;
        let (status, later) = match charge.method.reaction {
            Reaction::RefundLate => ("pending", Some(true)),
            Reaction::RefundFails => ("succeeded", Some(false)),
            Reaction::Approve | Reaction::Decline(_) | Reaction::Authenticate(_) | Reaction::Debit(_) => {
                ("succeeded", None)
            }
        };
        let mut refund = Refund {
            id: clock::object_id("re_3"),
            charge: charge.id.clone(),
            intent: charge.intent.clone(),
            created: created(),
            amount,
            metadata: BTreeMap::new(),
            currency: charge.currency.clone(),
            reason: self.reason,
            status,
            failure_reason: None,
        };
        self.metadata.apply(&mut refund.metadata);
        let charge_object = charge.render();
        let (id, object) = (refund.id.clone(), refund.render());
        book.refunds.insert(&id, refund);
        book.emit("refund.created", &object, None, origin);
        book.emit("charge.refunded", &charge_object, Some(&before), origin);
        match later {
            Some(succeeded) => book.later(Timer::Refund {
                refund: id,
                succeeded,
            }),
            None => book.emit("refund.updated", &object, None, origin),
        }
        Ok(object)
    }

    fn find_charge(&self, book: &Book) -> Result<String, ApiError> {
        let Some(intent_id) = &self.payment_intent else {
            let charge = self.charge.clone().unwrap_or_default();
            return match book.charges.get(&charge) {
                Some(_) => Ok(charge),
                None => Err(ApiError::missing_reference("charge", &charge, "charge")),
            };
        };
        let intent = book
            .intents
            .get(intent_id)
            .ok_or_else(|| ApiError::missing_reference("payment_intent", intent_id, "payment_intent"))?;
        let charge = intent
            .latest_charge
            .as_ref()
            .and_then(|id| book.charges.get(id))
            .filter(|charge| charge.is_captured());
        match charge {
            Some(charge) if self.charge.as_ref().is_none_or(|wanted| *wanted == charge.id) => {
                Ok(charge.id.clone())
            }
            Some(_) => {
                Err(ApiError::invalid("The charge does not belong to the payment_intent.").param("charge"))
            }
            None => Err(ApiError::invalid(format!(
                "This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            ))
            .param("payment_intent")),
        }
    }
}

fn check_amount(charge: &Charge, wanted: Option<i64>) -> Result<i64, ApiError> {
    if charge.failure.is_some() || !charge.is_captured() {
        return Err(ApiError::invalid(format!(
            "Charge {} has not been captured and cannot be refunded.",
            charge.id
        ))
        .param("charge"));
    }
    let left = charge.refundable();
    if left == 0 {
        return Err(
            ApiError::invalid(format!("Charge {} has already been refunded.", charge.id))
                .code("charge_already_refunded"),
        );
    }
    match wanted.unwrap_or(left) {
        amount if amount > left => Err(ApiError::invalid(format!(
            "Refund amount ({amount}) is greater than unrefunded amount on charge ({left}), both in minor units of {}",
            charge.currency
        ))
        .param("amount")),
        amount => Ok(amount),
    }
}

impl Book {
    /// The refund as an answer.
    pub fn show_refund(&self, id: &str) -> Answered {
        self.refunds
            .get(id)
            .map(Refund::render)
            .ok_or_else(|| ApiError::no_such("refund", id, "id"))
    }

    /// Changes a refund's metadata.
    pub fn update_refund(&mut self, id: &str, change: &MetadataChange, origin: &Origin) -> Answered {
        let Some(refund) = self.refunds.get_mut(id) else {
            return Err(ApiError::no_such("refund", id, "id"));
        };
        change.apply(&mut refund.metadata);
        let object = refund.render();
        self.emit("refund.updated", &object, None, origin);
        Ok(object)
    }

    /// Ends a refund that was left open; a failed one gives its amount back to the charge.
    pub fn end_refund(&mut self, id: &str, succeeded: bool, origin: &Origin) {
        let Some(refund) = self
            .refunds
            .get_mut(id)
            .filter(|refund| refund.status != "failed")
        else {
            return;
        };
        refund.status = if succeeded { "succeeded" } else { "failed" };
        refund.failure_reason = (!succeeded).then_some("expired_or_canceled_card");
        let (object, charge, amount) = (refund.render(), refund.charge.clone(), refund.amount);
        if !succeeded && let Some(charge) = self.charges.get_mut(&charge) {
            charge.amount_refunded -= amount;
        }
        self.emit("refund.updated", &object, None, origin);
        if !succeeded {
            self.emit("refund.failed", &object, None, origin);
        }
    }
}
