//! Payment intents: the object and its cancellation. Creating and updating them is in `intent_requests`, charging
//! them in `attempts`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::book::{Book, Origin, created};
use super::errors::{Answered, ApiError};
use super::methods::Method;
use super::transfers::Destination;
use crate::clock;

/// `status` of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Waits for a payment method.
    RequiresPaymentMethod,
    /// Waits to be confirmed.
    RequiresConfirmation,
    /// Waits for the payer.
    RequiresAction,
    /// Waits for the bank.
    Processing,
    /// Authorized, waits for capture.
    RequiresCapture,
    /// Paid.
    Succeeded,
    /// Given up.
    Canceled,
}

impl Status {
    /// The provider's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// Texts that are stored as sent and shown again, without any effect in the double.
pub const TEXTS: [&str; 9] = [
    "customer",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "on_behalf_of",
    "customer_account",
];

/// A payment intent.
#[derive(Debug, Clone)]
pub struct Intent {
    /// `pi_…`
    pub id: String,
    /// When it was made, in seconds since the epoch.
    pub created: i64,
    /// Amount in minor units.
    pub amount: i64,
    /// What was received so far.
    pub amount_received: i64,
    /// What may still be captured.
    pub amount_capturable: i64,
    /// Lower-case currency.
    pub currency: String,
    /// Where it stands.
    pub status: Status,
    /// The secret the payer's browser uses.
    pub client_secret: String,
    /// `automatic`, `automatic_async` or `manual`.
    pub capture_method: String,
    /// The attached payment method.
    pub payment_method: Option<String>,
    /// The newest charge, failed or not.
    pub latest_charge: Option<String>,
    /// All charges, failed or not, oldest first.
    pub charges: Vec<String>,
    /// Why the last attempt failed.
    pub last_payment_error: Option<Value>,
    /// What the payer must do.
    pub next_action: Option<Value>,
    /// The caller's own data.
    pub metadata: BTreeMap<String, String>,
    /// `automatic` or `manual`.
    pub confirmation_method: String,
    /// How `automatic_payment_methods` treats redirects; none when it is off.
    pub automatic_methods: Option<String>,
    /// Kinds of payment methods.
    pub method_types: Vec<String>,
    /// Whether no other kinds may pay it: it was opened for these alone.
    pub is_limited: bool,
    /// Where its money goes, if not to the account itself.
    pub destination: Option<Destination>,
    /// When it was canceled.
    pub canceled_at: Option<i64>,
    /// Why it was canceled.
    pub cancellation_reason: Option<String>,
    /// Values of [`TEXTS`].
    pub texts: BTreeMap<&'static str, String>,
}

impl Intent {
    /// An intent made now that waits for a payment method, as it is when nothing else is asked for.
    pub fn open(amount: i64, currency: String) -> Self {
        let id = clock::object_id("pi_3");
        Self {
            client_secret: format!("{id}_secret_{}", clock::object_id("")),
            id,
            created: created(),
            amount,
            amount_received: 0,
            amount_capturable: 0,
            currency,
            status: Status::RequiresPaymentMethod,
            capture_method: "automatic_async".to_owned(),
            payment_method: None,
            latest_charge: None,
            charges: Vec::new(),
            last_payment_error: None,
            next_action: None,
            metadata: BTreeMap::new(),
            confirmation_method: "automatic".to_owned(),
            automatic_methods: None,
            method_types: vec!["card".to_owned()],
            is_limited: false,
            destination: None,
            canceled_at: None,
            cancellation_reason: None,
            texts: BTreeMap::new(),
        }
    }

    /// The `payment_intent` object.
    pub fn render(&self) -> Value {
        let automatic = self
            .automatic_methods
            .as_ref()
            .map(|redirects| json!({ "allow_redirects": redirects, "enabled": true }));
        let destination = self.destination.as_ref();
        let fee = destination.and_then(|destination| destination.fee);
        let transfer_data = destination.map(|to| json!({ "destination": to.account }));
        let processing = (self.status == Status::Processing).then(|| json!({ "type": "us_bank_account" }));
        let mut object = json!({
            "id": self.id, "object": "payment_intent", "amount": self.amount, "amount_capturable": self.amount_capturable,
            "amount_details": { "tip": {} }, "amount_received": self.amount_received, "application": null,
            "application_fee_amount": fee, "automatic_payment_methods": automatic, "canceled_at": self.canceled_at,
            "cancellation_reason": self.cancellation_reason, "capture_method": self.capture_method,
            "client_secret": self.client_secret, "confirmation_method": self.confirmation_method, "created": self.created,
            "currency": self.currency, "excluded_payment_method_types": null, "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge, "livemode": false, "metadata": self.metadata, "next_action": self.next_action,
            "payment_method": self.payment_method, "payment_method_configuration_details": null,
            "payment_method_options": { "card": {
                "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic",
            } },
            "payment_method_types": self.method_types, "processing": processing, "review": null, "shipping": null,
            "source": null, "status": self.status.name(), "transfer_data": transfer_data,
        });
        if let Some(fields) = object.as_object_mut() {
            self.render_texts(fields);
        }
        object
    }

    fn render_texts(&self, fields: &mut Map<String, Value>) {
        for name in TEXTS {
            fields.insert(
                name.to_owned(),
                self.texts
                    .get(name)
                    .map_or(Value::Null, |text| text.as_str().into()),
            );
        }
    }

    /// Refuses a payment method that the intent was not opened for.
    pub fn allows(&self, method: &Method) -> Result<(), ApiError> {
        if !self.is_limited || self.method_types.iter().any(|kind| kind == method.kind()) {
            return Ok(());
        }
        let message = format!(
            "The PaymentMethod provided ({}) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of \
             these types: {}.",
            method.kind(),
            self.method_types.join(", ")
        );
        Err(ApiError::invalid(message).param("payment_method"))
    }

    /// 400 `payment_intent_unexpected_state`, showing the intent.
    pub fn unexpected_state(&self, message: String) -> ApiError {
        ApiError::invalid(message)
            .code("payment_intent_unexpected_state")
            .with("payment_intent", self.render())
    }
}

impl Book {
    /// The intent named in a path.
    pub fn intent(&self, id: &str) -> Result<&Intent, ApiError> {
        self.intents
            .get(id)
            .ok_or_else(|| ApiError::no_such("payment_intent", id, "intent"))
    }

    /// The intent as an answer.
    pub fn show_intent(&self, id: &str) -> Answered {
        self.intent(id).map(Intent::render)
    }

    /// Cancels an intent that is not final yet; an authorization is released.
    pub fn cancel(&mut self, id: &str, reason: Option<&str>, origin: &Origin) -> Answered {
        let intent = self.intent(id)?;
        if matches!(
            intent.status,
            Status::Succeeded | Status::Canceled | Status::Processing
        ) {
            return Err(intent.unexpected_state(format!(
                "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of the following \
                 statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action.",
                intent.status.name()
            )));
        }
        let authorization = intent
            .latest_charge
            .clone()
            .filter(|_| intent.status == Status::RequiresCapture);
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::Canceled;
            intent.canceled_at = Some(created());
            intent.cancellation_reason = reason.map(str::to_owned);
            intent.amount_capturable = 0;
            intent.next_action = None;
        }
        if let Some(charge) = authorization {
            self.release(&charge, origin);
        }
        self.emit_intent("payment_intent.canceled", id, origin);
        self.show_intent(id)
    }
}
