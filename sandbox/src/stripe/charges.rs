//! Charges: what each attempt to pay leaves behind, and what refunds are counted against.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::book::{Book, Origin, created};
use super::cards::Decline;
use super::currencies::multiple;
use super::errors::Answered;
use super::errors::ApiError;
use super::intents::Intent;
use super::methods::{Method, billing_details};
use super::transactions::Entry;
use super::transfers::Passed;
use crate::clock;

/// Fields of the object that belong to features the double does not have.
const ALWAYS_NULL: &[&str] = &[
    "application",
    "application_fee",
    "application_fee_amount",
    "customer",
    "description",
    "destination",
    "failure_balance_transaction",
    "on_behalf_of",
    "order",
    "receipt_email",
    "receipt_number",
    "receipt_url",
    "review",
    "shipping",
    "source",
    "source_transfer",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
];

/// A charge, succeeded or failed.
#[derive(Debug, Clone)]
pub struct Charge {
    /// `ch_…`
    pub id: String,
    /// The intent it pays.
    pub intent: String,
    /// Amount in minor units.
    pub amount: i64,
    /// What was captured of it.
    pub amount_captured: i64,
    /// What was refunded of it.
    pub amount_refunded: i64,
    /// Lower-case currency.
    pub currency: String,
    /// The method that was charged.
    pub method: Method,
    /// Why it failed; none for a charge that succeeded.
    pub failure: Option<Decline>,
    /// Its refunds, oldest first.
    pub refunds: Vec<String>,
    /// Disputes about it, oldest first.
    pub disputes: Vec<String>,
    /// When it was made.
    pub created: i64,
    /// The movement of its money; none before capture.
    pub transaction: Option<String>,
    /// What it has sent on, where its money goes elsewhere.
    pub passed: Option<Passed>,
    captured: bool,
    metadata: BTreeMap<String, String>,
}

impl Charge {
    fn attempted(intent: &Intent, method: &Method) -> Self {
        Self {
            id: clock::object_id("ch_3"),
            intent: intent.id.clone(),
            amount: intent.amount,
            amount_captured: 0,
            amount_refunded: 0,
            currency: intent.currency.clone(),
            method: method.clone(),
            failure: None,
            refunds: Vec::new(),
            disputes: Vec::new(),
            created: created(),
            transaction: None,
            passed: None,
            captured: false,
            metadata: intent.metadata.clone(),
        }
    }

    /// A charge the bank refused.
    pub fn declined(intent: &Intent, method: &Method, decline: Decline) -> Self {
        Self {
            failure: Some(decline),
            ..Self::attempted(intent, method)
        }
    }

    /// What can still be refunded.
    pub fn refundable(&self) -> i64 {
        self.amount_captured - self.amount_refunded
    }

    /// Whether money was taken.
    pub fn is_captured(&self) -> bool {
        self.captured
    }

    /// The `charge` object.
    pub fn render(&self) -> Value {
        let paid = self.failure.is_none();
        let outcome = match self.failure {
            None => json!({
                "advice_code": null, "network_advice_code": null, "network_decline_code": null, "type": "authorized",
                "network_status": "approved_by_network", "reason": null, "risk_level": "normal", "risk_score": 12,
                "seller_message": "Payment complete.",
            }),
            Some(decline) => json!({
                "advice_code": null, "network_advice_code": null, "network_decline_code": null, "type": "issuer_declined",
                "network_status": "declined_by_network", "reason": decline.decline_code, "risk_level": "normal", "risk_score": 12,
                "seller_message": "The bank declined the payment.",
            }),
        };
        let mut object = json!({
            "id": self.id, "object": "charge", "amount": self.amount, "amount_captured": self.amount_captured,
            "amount_refunded": self.amount_refunded, "balance_transaction": self.transaction,
            "billing_details": billing_details(),
            "calculated_statement_descriptor": "SANDBOX", "captured": self.captured, "created": self.created,
            "currency": self.currency, "dispute": self.disputes.last(), "disputed": !self.disputes.is_empty(), "failure_code": self.failure.map(|failure| failure.code),
            "failure_message": self.failure.map(|failure| failure.message), "fraud_details": {}, "livemode": false,
            "metadata": self.metadata, "outcome": outcome, "paid": paid, "payment_intent": self.intent,
            "payment_method": self.method.id, "payment_method_details": self.method.charge_details(self.amount),
            "radar_options": {}, "refunded": paid && self.captured && self.refundable() == 0,
            "status": if paid { "succeeded" } else { "failed" },
        });
        for name in ALWAYS_NULL {
            object[*name] = Value::Null;
        }
        object
    }
}

impl Book {
    /// The charge as an answer.
    pub fn show_charge(&self, id: &str) -> Answered {
        self.charges
            .get(id)
            .map(Charge::render)
            .ok_or_else(|| ApiError::no_such("charge", id, "id"))
    }

    /// Adds a charge to its intent.
    pub fn add_charge(&mut self, charge: Charge) {
        if let Some(intent) = self.intents.get_mut(&charge.intent) {
            intent.charges.push(charge.id.clone());
        }
        let id = charge.id.clone();
        self.charges.insert(&id, charge);
    }

    /// Makes a charge that the bank approved, without a word to anybody, and answers its id.
    pub fn charge(&mut self, intent: &str, method: &Method, captured: bool) -> Result<String, ApiError> {
        let charge = Charge::attempted(self.intent(intent)?, method);
        let (id, amount) = (charge.id.clone(), charge.amount);
        self.add_charge(charge);
        if captured {
            self.take(&id, amount);
        }
        Ok(id)
    }

    /// Takes a charge's money, in full or in part.
    pub fn take(&mut self, charge: &str, amount: i64) {
        let Some(charge) = self.charges.get(charge) else {
            return;
        };
        let fee = self.fee_rate.of(amount, multiple(&charge.currency));
        let (id, currency) = (charge.id.clone(), charge.currency.clone());
        let transaction = self.enter(&Entry {
            movement: charge.method.charged(),
            source: &id,
            amount,
            fee,
            currency: &currency,
        });
        if let Some(charge) = self.charges.get_mut(&id) {
            charge.captured = true;
            charge.amount_captured = amount;
            charge.transaction = Some(transaction);
        }
        self.pass_on(&id);
    }

    /// Gives an authorization back: nothing was captured, all of it counts as refunded.
    pub fn release(&mut self, id: &str, origin: &Origin) {
        let Some(charge) = self.charges.get_mut(id) else {
            return;
        };
        charge.amount_refunded = charge.amount;
        self.emit_charge("charge.refunded", id, origin);
    }
}
