//! The body of a request for a refund, and every reason not to take it that needs no look at the payment.

use std::collections::BTreeMap;

use domain::{
    channel::RefundReason,
    id::{InvalidId, PaymentId},
    refund::RefundRequest,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    fields::{self, error, invalid},
    problem::{FieldError, Problem, ProblemKind},
};

/// The reasons that merchants may give. What was paid late, Sluice knows best.
const REASONS: [RefundReason; 3] = [
    RefundReason::RequestedByCustomer,
    RefundReason::Duplicate,
    RefundReason::Fraudulent,
];

/// The body as a client writes it, on either way to ask: only one of them has the payment in its address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of a refund")]
pub(crate) struct RefundBody {
    payment_id: Option<String>,
    #[serde(default, deserialize_with = "said")]
    amount: Option<Value>,
    #[serde(default, deserialize_with = "no_null")]
    currency: Option<String>,
    reason: Option<String>,
    operator: Option<String>,
    description: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
}

/// A null is an amount of the wrong kind: whoever has none to name leaves it out, and one that got lost on the client's
/// side must not turn into everything.
fn said<'de, D: Deserializer<'de>>(amount: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(amount).map(Some)
}

/// A null is no currency: whoever wants none checked leaves it out, and one that got lost must not count as checked.
fn no_null<'de, D: Deserializer<'de>>(currency: D) -> Result<Option<String>, D::Error> {
    String::deserialize(currency).map(Some)
}

impl RefundBody {
    /// The request about the payment that the body names.
    pub(super) fn into_request(mut self) -> Result<RefundRequest, Problem> {
        let Some(named) = self.payment_id.take() else {
            return Err(misplaced("missing field `payment_id`"));
        };
        let payment_id = named
            .parse()
            .map_err(|wrong: InvalidId| invalid(vec![error("payment_id", wrong.to_string())]))?;
        self.request_about(payment_id)
    }

    /// The request about the payment that the address names.
    pub(super) fn into_request_about(self, payment_id: PaymentId) -> Result<RefundRequest, Problem> {
        if self.payment_id.is_some() {
            return Err(misplaced("the address names the payment already"));
        }
        self.request_about(payment_id)
    }

    fn request_about(self, payment_id: PaymentId) -> Result<RefundRequest, Problem> {
        let amount = self.amount.as_ref().map(fields::amount).transpose();
        let currency = self.currency.as_deref().map(fields::currency).transpose();
        let reason = self.reason.as_deref().map(reason).transpose();
        let (amount_minor, currency, reason) = match (amount, currency, reason) {
            (Ok(amount), Ok(currency), Ok(reason)) => (amount, currency, reason),
            (amount, currency, reason) => {
                let errors = [amount.err(), currency.err(), reason.err()];
                return Err(invalid(errors.into_iter().flatten().collect()));
            }
        };
        let request = RefundRequest {
            amount_minor,
            currency,
            reason,
            operator: self.operator,
            description: self.description,
            metadata: self.metadata.unwrap_or_default(),
            ..RefundRequest::all_of(payment_id)
        };
        request
            .validate()
            .map_err(|refused| invalid(vec![refused.into()]))?;
        Ok(request)
    }
}

fn reason(name: &str) -> Result<RefundReason, FieldError> {
    let found = REASONS.into_iter().find(|reason| reason.name() == name);
    found.ok_or_else(|| {
        let known = REASONS.map(RefundReason::name).join(", ");
        error("reason", format!("must be one of {known}"))
    })
}

fn misplaced(what: &str) -> Problem {
    let errors = vec![error("payment_id", what.to_owned())];
    Problem::fields(ProblemKind::MalformedJson, errors)
}
