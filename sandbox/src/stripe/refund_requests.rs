//! Requests to refund: checked first, carried out afterwards. Never more than was captured is given back, whoever
//! asks, because each request is checked and booked under the account's lock.

use serde_json::json;

use super::book::{Book, Origin, Timer};
use super::cards::Reaction;
use super::charges::Charge;
use super::currencies::at_least_one;
use super::errors::{Answered, ApiError};
use super::params::{MetadataChange, Params};
use super::refunds::{Refund, Status};
use super::transfers::check_taken_back;

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

/// A checked request to refund.
pub struct Create {
    payment_intent: Option<String>,
    charge: Option<String>,
    amount: Option<i64>,
    reason: Option<String>,
    reverse_transfer: bool,
    refund_fee: bool,
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
            reverse_transfer: params.boolean("reverse_transfer")?.unwrap_or_default(),
            refund_fee: params.boolean("refund_application_fee")?.unwrap_or_default(),
            metadata: params.metadata()?,
        })
    }

    /// Gives the money back, or says why it cannot be.
    pub fn run(self, book: &mut Book, origin: &Origin) -> Answered {
        let charge_id = self.find_charge(book)?;
        let Some(charge) = book.charges.get(&charge_id) else {
            return Err(ApiError::missing_reference("charge", &charge_id, "charge"));
        };
        check_undisputed(book, charge)?;
        let amount = check_amount(charge, self.amount)?;
        check_taken_back(book, charge, amount, self.reverse_transfer, self.refund_fee)?;
        let before = json!({ "amount_refunded": charge.amount_refunded, "refunded": false });
        let (status, later) = match charge.method.reaction {
            Reaction::RefundLate => (Status::Pending, Some(true)),
            Reaction::RefundFails => (Status::Succeeded, Some(false)),
            Reaction::Approve
            | Reaction::Decline(_)
            | Reaction::Authenticate(_)
            | Reaction::Debit(_)
            | Reaction::Wallet(_) => (Status::Succeeded, None),
        };
        let mut refund = Refund::of(charge, amount, status);
        refund.reason = self.reason;
        self.metadata.apply(&mut refund.metadata);
        let id = refund.id.clone();
        book.add_refund(refund);
        book.take_back(&charge_id, amount, self.reverse_transfer, self.refund_fee);
        book.emit_refund("refund.created", &id, origin);
        if let Some(charge) = book.charges.get(&charge_id).map(Charge::render) {
            book.emit("charge.refunded", &charge, Some(&before), origin);
        }
        match later {
            Some(succeeded) => book.later(Timer::Refund {
                refund: id.clone(),
                succeeded,
            }),
            None => book.emit_refund("refund.updated", &id, origin),
        }
        book.show_refund(&id)
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

fn check_undisputed(book: &Book, charge: &Charge) -> Result<(), ApiError> {
    match book.dispute_about(&charge.id) {
        Some(dispute) if dispute.status.withholds() => Err(ApiError::invalid(format!(
            "Charge {} has been charged back; cannot issue a refund.",
            charge.id
        ))
        .code("charge_disputed")),
        Some(_) | None => Ok(()),
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
    if left <= 0 {
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
