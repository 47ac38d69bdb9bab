//! Requests to create and to update intents: checked first, carried out afterwards.

use std::collections::BTreeMap;

use super::book::{Book, Origin};
use super::choice::MethodChoice;
use super::currencies::{chargeable, currency};
use super::errors::{Answered, ApiError};
use super::intents::{Intent, Status, TEXTS};
use super::params::{MetadataChange, Params};
use super::transfers::destination;
use super::wallets::Wallet;

/// Parameters of creation and update besides [`TEXTS`]. From `shipping` on they are taken and have no effect.
const CREATE_PARAMS: &[&str] = &[
    "amount",
    "currency",
    "automatic_payment_methods",
    "allowed_payment_method_types",
    "payment_method",
    "payment_method_data",
    "metadata",
    "confirm",
    "capture_method",
    "confirmation_method",
    "return_url",
    "off_session",
    "error_on_requires_action",
    "shipping",
    "payment_method_options",
    "use_stripe_sdk",
    "mandate_data",
    "radar_options",
    "client_secret",
    "payment_method_configuration",
    "excluded_payment_method_types",
    "amount_details",
    "payment_details",
    "transfer_data",
    "application_fee_amount",
];

/// A checked request to create an intent.
pub struct Create {
    intent: Intent,
    metadata: MetadataChange,
    method: MethodChoice,
    confirm: bool,
}

impl Create {
    /// Checks the parameters.
    pub fn parse(params: Params<'_>) -> Result<Self, ApiError> {
        refuse_types(&params)?;
        let params = params.only(&[CREATE_PARAMS, &TEXTS].concat())?;
        params.required_text("amount")?;
        let amount = params.integer("amount")?.unwrap_or_default();
        let currency = currency(params.required_text("currency")?)?;
        chargeable(amount, &currency)?;
        let automatic_methods = automatic_methods(&params)?;
        let allowed = params.list("allowed_payment_method_types")?;
        if automatic_methods.is_some() && !allowed.is_empty() {
            return Err(ApiError::invalid(
                "You may only specify one of these parameters: automatic_payment_methods, allowed_payment_method_types.",
            ));
        }
        let confirm = params.boolean("confirm")?.unwrap_or_default();
        let choice = MethodChoice::parse(&params)?;
        if !confirm && params.has("off_session") {
            return Err(
                ApiError::invalid("off_session can only be used with confirm=true").param("off_session"),
            );
        }
        let mut intent = Intent::open(amount, currency);
        if let Some(capture) = params.one_of("capture_method", &["automatic", "automatic_async", "manual"])? {
            capture.clone_into(&mut intent.capture_method);
        }
        if let Some(confirmation) = params.one_of("confirmation_method", &["automatic", "manual"])? {
            confirmation.clone_into(&mut intent.confirmation_method);
        }
        if automatic_methods.is_some() {
            intent.method_types = vec!["card".into(), "link".into()];
        } else if !allowed.is_empty() {
            intent.method_types = compatible(&allowed, &intent.currency)?;
            intent.is_limited = true;
        }
        if let Some(method) = choice.inline().filter(|_| confirm) {
            intent.allows(method)?;
            choice.lead_back_from(method)?;
        }
        intent.destination = destination(&params, amount)?;
        intent.automatic_methods = automatic_methods;
        intent.texts = texts(&params)?;
        Ok(Self {
            intent,
            metadata: params.metadata()?,
            method: choice,
            confirm,
        })
    }

    /// Creates the intent, and confirms it when asked to.
    pub fn run(self, book: &mut Book, origin: &Origin) -> Answered {
        let Self {
            mut intent,
            metadata,
            method,
            confirm,
        } = self;
        if let Some(destination) = &intent.destination {
            book.check_destination(&destination.account, "transfer_data[destination]")?;
        }
        metadata.apply(&mut intent.metadata);
        let attached = method.attach(book)?;
        if attached.is_some() {
            intent.payment_method = attached;
            intent.status = Status::RequiresConfirmation;
        }
        let id = intent.id.clone();
        book.intents.insert(&id, intent);
        book.emit_intent("payment_intent.created", &id, origin);
        if confirm {
            return book.confirm(&id, None, &method, origin);
        }
        book.show_intent(&id)
    }
}

/// Not to be written any more since the version that the double speaks
/// (<https://docs.stripe.com/changelog/endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents>).
pub fn refuse_types(params: &Params<'_>) -> Result<(), ApiError> {
    if params.has("payment_method_types") {
        return Err(ApiError::invalid(
            "payment_method_types is no longer supported. Use allowed_payment_method_types or automatic_payment_methods.",
        )
        .code("payment_method_types_no_longer_supported")
        .param("payment_method_types"));
    }
    Ok(())
}

/// Those of the kinds that can pay in the currency; the others are left out in silence
/// (<https://docs.stripe.com/changelog/dahlia/2026-07-29/allowed-payment-method-types-parameter>).
fn compatible(allowed: &[&str], currency: &str) -> Result<Vec<String>, ApiError> {
    let pays = |kind: &&&str| match Wallet::of_kind(kind) {
        Some(wallet) => wallet.takes(currency),
        None => match **kind {
            "us_bank_account" => currency == "usd",
            kind => ["card", "link"].contains(&kind),
        },
    };
    let kinds: Vec<String> = allowed
        .iter()
        .filter(pays)
        .map(|kind| (*kind).to_owned())
        .collect();
    if kinds.is_empty() {
        return Err(ApiError::invalid(
            "No valid payment method types for this Payment Intent. Please ensure that you have activated payment methods \
             compatible with your chosen currency.",
        ));
    }
    Ok(kinds)
}

fn automatic_methods(params: &Params<'_>) -> Result<Option<String>, ApiError> {
    let Some(automatic) = params.branch("automatic_payment_methods")? else {
        return Ok(None);
    };
    let redirects = automatic
        .one_of("allow_redirects", &["always", "never"])?
        .unwrap_or("always");
    Ok(automatic
        .boolean("enabled")?
        .unwrap_or_default()
        .then(|| redirects.to_owned()))
}

fn texts(params: &Params<'_>) -> Result<BTreeMap<&'static str, String>, ApiError> {
    let mut texts = BTreeMap::new();
    for name in TEXTS {
        if let Some(text) = params.text(name)? {
            texts.insert(name, text.to_owned());
        }
    }
    Ok(texts)
}

/// A checked request to update an intent.
pub struct Update {
    amount: Option<i64>,
    currency: Option<String>,
    metadata: MetadataChange,
    method: MethodChoice,
    texts: BTreeMap<&'static str, String>,
}

impl Update {
    /// Checks the parameters.
    pub fn parse(params: Params<'_>) -> Result<Self, ApiError> {
        refuse_types(&params)?;
        let params = params.only(&[CREATE_PARAMS, &TEXTS].concat())?;
        Ok(Self {
            amount: params.integer("amount")?,
            currency: params.text("currency")?.map(currency).transpose()?,
            metadata: params.metadata()?,
            method: MethodChoice::parse(&params)?,
            texts: texts(&params)?,
        })
    }

    /// Changes the intent.
    pub fn run(self, book: &mut Book, id: &str) -> Answered {
        let intent = book.intent(id)?.clone();
        let open = matches!(
            intent.status,
            Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction
        );
        let changes_payment = self.amount.is_some() || self.currency.is_some() || self.method.is_given();
        if changes_payment && !open {
            return Err(intent.unexpected_state(format!(
                "This PaymentIntent's amount, currency or payment method could not be updated because it has a status of {}.",
                intent.status.name()
            )));
        }
        let (amount, currency) = (
            self.amount.unwrap_or(intent.amount),
            self.currency.unwrap_or(intent.currency),
        );
        chargeable(amount, &currency)?;
        let attached = self.method.attach(book)?;
        if let Some(intent) = book.intents.get_mut(id) {
            intent.amount = amount;
            intent.currency = currency;
            self.metadata.apply(&mut intent.metadata);
            intent.texts.extend(self.texts);
            if attached.is_some() {
                intent.payment_method = attached;
                intent.next_action = None;
                intent.status = Status::RequiresConfirmation;
            }
        }
        book.touch();
        book.show_intent(id)
    }
}
