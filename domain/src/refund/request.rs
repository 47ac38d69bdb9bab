//! What a merchant asks for when it wants money given back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    channel::RefundReason,
    currency::Currency,
    fingerprint::Fingerprint,
    id::PaymentId,
    money::Money,
    order::OrderRefund,
    payment::Payment,
    texts::{InvalidText, check_metadata, check_text},
};

/// The request for a refund: facts that never change afterwards. A misspelt field is an error, not a field left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    /// The payment to refund.
    pub payment_id: PaymentId,
    /// How much, in the minor unit of the payment's currency; all that is left when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_minor: Option<i64>,
    /// The payment's currency, for those who want it checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RefundReason>,
    /// Who decided it, by the merchant's own name for that person; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// A note in the merchant's words; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's own notes, given back unchanged; limits as for payments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// What it gives back of the order that the payment has paid. Only Sluice itself says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderRefund>,
}

/// A field of the request cannot be used.
pub type InvalidRefundRequest = InvalidText;

impl RefundRequest {
    /// A request for all that is left of a payment.
    pub const fn all_of(payment_id: PaymentId) -> Self {
        Self {
            payment_id,
            amount_minor: None,
            currency: None,
            reason: None,
            operator: None,
            description: None,
            metadata: BTreeMap::new(),
            order: None,
        }
    }

    /// Checks every field that can be checked without the payment.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidRefundRequest> {
        if let Some(amount_minor) = self.amount_minor {
            // Whatever the currency turns out to be: the bounds are the same for all.
            let currency = self.currency.unwrap_or(Currency::USD);
            Money::chargeable(amount_minor, currency).map_err(|error| InvalidText {
                field: "amount",
                problem: error.to_string(),
            })?;
        }
        check_text("operator", self.operator.as_deref(), 200)?;
        check_text("description", self.description.as_deref(), 500)?;
        check_metadata(&self.metadata)
    }

    /// What is asked for, whether or not `payment` has it: where nothing is said, all of it.
    pub fn asked_of(&self, payment: &Payment) -> Money {
        Money {
            amount_minor: self.amount_minor.unwrap_or(payment.money.amount_minor),
            currency: self.currency.unwrap_or(payment.money.currency),
        }
    }

    /// SHA-256 of the request in one canonical form.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("payment_id", Some(&self.payment_id.to_string()));
        fingerprint.field(
            "amount",
            self.amount_minor.map(|amount| amount.to_string()).as_deref(),
        );
        fingerprint.field("currency", self.currency.map(Currency::code));
        fingerprint.field("reason", self.reason.map(RefundReason::name));
        fingerprint.field("operator", self.operator.as_deref());
        fingerprint.field("description", self.description.as_deref());
        // Requests without it keep the fingerprint that they had before it could be said.
        if let Some(order) = &self.order {
            order.add_to(&mut fingerprint);
        }
        fingerprint.entries(&self.metadata);
        fingerprint.finish()
    }
}
