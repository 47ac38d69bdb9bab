//! Which operation a method and path ask for, and how it is carried out on an account's book.

use serde_json::Value;

use super::book::{Book, Origin};
use super::choice::MethodChoice;
use super::errors::{Answered, ApiError};
use super::expand::expand;
use super::intent_requests::refuse_types;
use super::methods::Method;
use super::params::Params;
use super::{connected, endpoints, intent_requests, lists, refund_requests, transfers};

/// What a call asks for, with the id from its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation<'a> {
    /// `POST /v1/payment_intents`
    CreateIntent,
    /// `GET /v1/payment_intents`
    ListIntents,
    /// `GET /v1/payment_intents/{id}`
    ShowIntent(&'a str),
    /// `POST /v1/payment_intents/{id}`
    UpdateIntent(&'a str),
    /// `POST /v1/payment_intents/{id}/confirm`
    ConfirmIntent(&'a str),
    /// `POST /v1/payment_intents/{id}/capture`
    CaptureIntent(&'a str),
    /// `POST /v1/payment_intents/{id}/cancel`
    CancelIntent(&'a str),
    /// `POST /v1/refunds`
    CreateRefund,
    /// `GET /v1/refunds`
    ListRefunds,
    /// `GET /v1/refunds/{id}`
    ShowRefund(&'a str),
    /// `POST /v1/refunds/{id}`
    UpdateRefund(&'a str),
    /// `GET /v1/balance_transactions`
    ListTransactions,
    /// `GET /v1/balance_transactions/{id}`
    ShowTransaction(&'a str),
    /// `GET /v1/disputes`
    ListDisputes,
    /// `GET /v1/disputes/{id}`
    ShowDispute(&'a str),
    /// `GET /v1/charges/{id}`
    ShowCharge(&'a str),
    /// `GET /v1/payment_methods/{id}`
    ShowMethod(&'a str),
    /// `GET /v1/events`
    ListEvents,
    /// `GET /v1/events/{id}`
    ShowEvent(&'a str),
    /// `POST /v1/accounts`
    CreateAccount,
    /// `GET /v1/accounts`
    ListAccounts,
    /// `GET /v1/accounts/{id}`
    ShowAccount(&'a str),
    /// `POST /v1/account_links`
    CreateAccountLink,
    /// `POST /v1/transfers`
    CreateTransfer,
    /// `GET /v1/transfers`
    ListTransfers,
    /// `GET /v1/transfers/{id}`
    ShowTransfer(&'a str),
    /// `POST /v1/transfers/{id}/reversals`
    ReverseTransfer(&'a str),
    /// `POST /v1/webhook_endpoints`
    CreateEndpoint,
    /// `GET /v1/webhook_endpoints`
    ListEndpoints,
    /// `GET /v1/webhook_endpoints/{id}`
    ShowEndpoint(&'a str),
    /// `DELETE /v1/webhook_endpoints/{id}`
    DeleteEndpoint(&'a str),
}

impl<'a> Operation<'a> {
    /// Finds the operation, and its route as fault dials name it.
    pub fn resolve(method: &str, path: &'a str) -> Option<(Self, &'static str)> {
        let segments: Vec<&str> = path
            .strip_prefix("/v1/")?
            .trim_end_matches('/')
            .split('/')
            .collect();
        Some(match (method, segments.as_slice()) {
            ("POST", ["payment_intents"]) => (Self::CreateIntent, "POST /v1/payment_intents"),
            ("GET", ["payment_intents"]) => (Self::ListIntents, "GET /v1/payment_intents"),
            ("GET", ["payment_intents", id]) => (Self::ShowIntent(id), "GET /v1/payment_intents/{id}"),
            ("POST", ["payment_intents", id]) => (Self::UpdateIntent(id), "POST /v1/payment_intents/{id}"),
            ("POST", ["payment_intents", id, "confirm"]) => {
                (Self::ConfirmIntent(id), "POST /v1/payment_intents/{id}/confirm")
            }
            ("POST", ["payment_intents", id, "capture"]) => {
                (Self::CaptureIntent(id), "POST /v1/payment_intents/{id}/capture")
            }
            ("POST", ["payment_intents", id, "cancel"]) => {
                (Self::CancelIntent(id), "POST /v1/payment_intents/{id}/cancel")
            }
            ("POST", ["refunds"]) => (Self::CreateRefund, "POST /v1/refunds"),
            ("GET", ["refunds"]) => (Self::ListRefunds, "GET /v1/refunds"),
            ("GET", ["refunds", id]) => (Self::ShowRefund(id), "GET /v1/refunds/{id}"),
            ("POST", ["refunds", id]) => (Self::UpdateRefund(id), "POST /v1/refunds/{id}"),
            ("GET", ["balance_transactions"]) => (Self::ListTransactions, "GET /v1/balance_transactions"),
            ("GET", ["balance_transactions", id]) => {
                (Self::ShowTransaction(id), "GET /v1/balance_transactions/{id}")
            }
            ("GET", ["disputes"]) => (Self::ListDisputes, "GET /v1/disputes"),
            ("GET", ["disputes", id]) => (Self::ShowDispute(id), "GET /v1/disputes/{id}"),
            ("GET", ["charges", id]) => (Self::ShowCharge(id), "GET /v1/charges/{id}"),
            ("GET", ["payment_methods", id]) => (Self::ShowMethod(id), "GET /v1/payment_methods/{id}"),
            ("GET", ["events"]) => (Self::ListEvents, "GET /v1/events"),
            ("GET", ["events", id]) => (Self::ShowEvent(id), "GET /v1/events/{id}"),
            ("POST", ["accounts"]) => (Self::CreateAccount, "POST /v1/accounts"),
            ("GET", ["accounts"]) => (Self::ListAccounts, "GET /v1/accounts"),
            ("GET", ["accounts", id]) => (Self::ShowAccount(id), "GET /v1/accounts/{id}"),
            ("POST", ["account_links"]) => (Self::CreateAccountLink, "POST /v1/account_links"),
            ("POST", ["transfers"]) => (Self::CreateTransfer, "POST /v1/transfers"),
            ("GET", ["transfers"]) => (Self::ListTransfers, "GET /v1/transfers"),
            ("GET", ["transfers", id]) => (Self::ShowTransfer(id), "GET /v1/transfers/{id}"),
            ("POST", ["transfers", id, "reversals"]) => {
                (Self::ReverseTransfer(id), "POST /v1/transfers/{id}/reversals")
            }
            ("POST", ["webhook_endpoints"]) => (Self::CreateEndpoint, "POST /v1/webhook_endpoints"),
            ("GET", ["webhook_endpoints"]) => (Self::ListEndpoints, "GET /v1/webhook_endpoints"),
            ("GET", ["webhook_endpoints", id]) => (Self::ShowEndpoint(id), "GET /v1/webhook_endpoints/{id}"),
            ("DELETE", ["webhook_endpoints", id]) => {
                (Self::DeleteEndpoint(id), "DELETE /v1/webhook_endpoints/{id}")
            }
            _ => return None,
        })
    }

    /// The id in the path.
    pub fn id(&self) -> Option<&'a str> {
        match self {
            Self::CreateIntent
            | Self::ListIntents
            | Self::CreateRefund
            | Self::ListRefunds
            | Self::ListTransactions
            | Self::ListDisputes
            | Self::ListEvents
            | Self::CreateAccount
            | Self::ListAccounts
            | Self::CreateAccountLink
            | Self::CreateTransfer
            | Self::ListTransfers
            | Self::CreateEndpoint
            | Self::ListEndpoints => None,
            Self::ShowIntent(id)
            | Self::UpdateIntent(id)
            | Self::ConfirmIntent(id)
            | Self::CaptureIntent(id)
            | Self::CancelIntent(id)
            | Self::ShowRefund(id)
            | Self::UpdateRefund(id)
            | Self::ShowTransaction(id)
            | Self::ShowDispute(id)
            | Self::ShowCharge(id)
            | Self::ShowMethod(id)
            | Self::ShowEvent(id)
            | Self::ShowAccount(id)
            | Self::ShowTransfer(id)
            | Self::ReverseTransfer(id)
            | Self::ShowEndpoint(id)
            | Self::DeleteEndpoint(id) => Some(id),
        }
    }
}

/// A failed call: whether its parameters were refused, or the work itself went wrong.
///
/// The difference decides whether the answer is stored under the idempotency key.
#[derive(Debug)]
pub enum Refusal {
    /// Nothing was begun.
    Parameters(ApiError),
    /// The work began and ended like this.
    Work(ApiError),
}

/// Carries the operation out.
pub fn perform(
    operation: Operation<'_>,
    params: Params<'_>,
    book: &mut Book,
    origin: &Origin,
) -> Result<Value, Refusal> {
    let paths = params.list("expand").map_err(Refusal::Parameters)?;
    let work = prepare(operation, params).map_err(Refusal::Parameters)?;
    let mut answer = work(book, origin).map_err(Refusal::Work)?;
    expand(book, &mut answer, &paths).map_err(Refusal::Work)?;
    Ok(answer)
}

/// What is left to do once the parameters are known to be right.
pub type Work<'a> = Box<dyn FnOnce(&mut Book, &Origin) -> Answered + 'a>;

/// Checks the parameters and answers the work they ask for.
fn prepare<'a>(operation: Operation<'a>, params: Params<'a>) -> Result<Work<'a>, ApiError> {
    Ok(match operation {
        Operation::CreateIntent => {
            let create = intent_requests::Create::parse(params)?;
            Box::new(move |book, origin| create.run(book, origin))
        }
        Operation::UpdateIntent(id) => {
            let update = intent_requests::Update::parse(params)?;
            Box::new(move |book, _| update.run(book, id))
        }
        Operation::ConfirmIntent(id) => {
            let choice = confirm_choice(params)?;
            Box::new(move |book, origin| book.confirm(id, Some(&choice), &choice, origin))
        }
        Operation::CaptureIntent(id) => {
            let amount = params
                .only(&[
                    "amount_to_capture",
                    "metadata",
                    "statement_descriptor",
                    "statement_descriptor_suffix",
                    "final_capture",
                ])?
                .integer("amount_to_capture")?;
            Box::new(move |book, origin| book.capture(id, amount, origin))
        }
        Operation::CancelIntent(id) => {
            let reasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
            let reason = params
                .only(&["cancellation_reason"])?
                .one_of("cancellation_reason", &reasons)?;
            Box::new(move |book, origin| book.cancel(id, reason, origin))
        }
        Operation::CreateRefund => {
            let create = refund_requests::Create::parse(params)?;
            Box::new(move |book, origin| create.run(book, origin))
        }
        Operation::UpdateRefund(id) => {
            let change = params.only(&["metadata"])?.metadata()?;
            Box::new(move |book, origin| book.update_refund(id, &change, origin))
        }
        Operation::CreateAccount => {
            let create = connected::Create::parse(params)?;
            Box::new(move |book, _| create.run(book))
        }
        Operation::CreateAccountLink => {
            let create = connected::CreateLink::parse(params)?;
            Box::new(move |book, origin| create.run(book, origin))
        }
        Operation::CreateTransfer => {
            let create = transfers::Create::parse(params)?;
            Box::new(move |book, _| create.run(book))
        }
        Operation::ReverseTransfer(id) => {
            let reverse = transfers::Reverse::parse(params)?;
            Box::new(move |book, origin| reverse.run(book, id, origin))
        }
        Operation::CreateEndpoint => {
            let create = endpoints::Create::parse(params)?;
            Box::new(move |book, _| create.run(book))
        }
        Operation::ShowIntent(id) => {
            params.only(&["client_secret"])?;
            Box::new(move |book, _| book.show_intent(id))
        }
        Operation::ShowRefund(id) => shown(params, move |book| book.show_refund(id))?,
        Operation::ShowTransaction(id) => shown(params, move |book| book.show_transaction(id))?,
        Operation::ShowDispute(id) => shown(params, move |book| book.show_dispute(id))?,
        Operation::ShowCharge(id) => shown(params, move |book| book.show_charge(id))?,
        Operation::ShowEvent(id) => shown(params, move |book| book.show_event(id))?,
        Operation::ShowAccount(id) => shown(params, move |book| book.show_account(id))?,
        Operation::ShowTransfer(id) => shown(params, move |book| book.show_transfer(id))?,
        Operation::ShowEndpoint(id) => shown(params, move |book| book.show_endpoint(id))?,
        Operation::ShowMethod(id) => shown(params, move |book| {
            book.methods
                .get(id)
                .map(Method::render)
                .ok_or_else(|| ApiError::no_such("PaymentMethod", id, "payment_method"))
        })?,
        Operation::DeleteEndpoint(id) => {
            params.only(&[])?;
            Box::new(move |book, _| book.delete_endpoint(id))
        }
        Operation::ListAccounts => lists::accounts(params)?,
        Operation::ListTransfers => lists::transfers(params)?,
        Operation::ListIntents => lists::intents(params)?,
        Operation::ListRefunds => lists::refunds(params)?,
        Operation::ListEvents => lists::events(params)?,
        Operation::ListEndpoints => lists::endpoints(params)?,
        Operation::ListTransactions => lists::transactions(params)?,
        Operation::ListDisputes => lists::disputes(params)?,
    })
}

fn shown<'a>(
    params: Params<'_>,
    show: impl FnOnce(&mut Book) -> Answered + 'a,
) -> Result<Work<'a>, ApiError> {
    params.only(&[])?;
    Ok(Box::new(move |book, _| show(book)))
}

fn confirm_choice(params: Params<'_>) -> Result<MethodChoice, ApiError> {
    let known = [
        "payment_method",
        "payment_method_data",
        "return_url",
        "off_session",
        "error_on_requires_action",
        "client_secret",
        "use_stripe_sdk",
        "receipt_email",
        "setup_future_usage",
        "payment_method_options",
        "capture_method",
        "mandate_data",
        "shipping",
        "radar_options",
        "expected_payment_method_type",
        "referrer",
    ];
    refuse_types(&params)?;
    MethodChoice::parse(&params.only(&known)?)
}
