//! Every address of the public listener.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    middleware::{from_fn, from_fn_with_state, map_response_with_state},
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    app::Shared,
    callbacks, health, observe, openapi, payment_methods, payments,
    problem::{Problem, ProblemKind},
    refunds, server, statistics,
};

/// Payments: ask for one, list them.
pub(crate) const PAYMENTS: &str = "/api/v1/payments";
/// How payers can pay.
const PAYMENT_METHODS: &str = "/api/v1/payment-methods";
/// One payment.
const PAYMENT: &str = "/api/v1/payments/{id}";
/// How one payment stands.
const PAYMENT_STATUS: &str = "/api/v1/payments/{id}/status";
/// Give money of one payment back.
pub(crate) const PAYMENT_REFUND: &str = "/api/v1/payments/{id}/refund";
/// Close one payment.
pub(crate) const PAYMENT_CANCEL: &str = "/api/v1/payments/{id}/cancel";
/// Try to pay one payment.
pub(crate) const PAYMENT_CONFIRM: &str = "/api/v1/payments/{id}/confirm";
/// Refunds: ask for one, list them.
pub(crate) const REFUNDS: &str = "/api/v1/refunds";
/// One refund.
const REFUND: &str = "/api/v1/refunds/{id}";
/// Callbacks from providers.
pub(crate) const CALLBACKS: &str = "/api/v1/webhooks/{channel}/{merchant}";
/// What payments come to.
const PAYMENT_STATISTICS: &str = "/api/v1/statistics/payments";
/// What a day's payments come to.
const DAILY_SUMMARY: &str = "/api/v1/statistics/daily-summary";
const OPENAPI: &str = "/api/v1/openapi.json";

/// All routes with what surrounds them: what concerns the connection outermost, then observation, so that it sees every
/// answer, then the time limit, then the net under panics.
pub(crate) fn router(app: Shared) -> Router {
    let limits = app.limits;
    let callback = callbacks::take.layer(DefaultBodyLimit::max(limits.callback_bytes));
    Router::new()
        .route(PAYMENTS, get(payments::list).post(payments::create))
        .route(PAYMENT, get(payments::get))
        .route(PAYMENT_METHODS, get(payment_methods::list))
        .route(PAYMENT_STATUS, get(payments::status))
        .route(PAYMENT_REFUND, post(refunds::create_of_payment))
        .route(PAYMENT_CANCEL, post(payments::cancel))
        .route(PAYMENT_CONFIRM, post(payments::confirm))
        .route(REFUNDS, get(refunds::list).post(refunds::create))
        .route(REFUND, get(refunds::get))
        .route(PAYMENT_STATISTICS, get(statistics::payments))
        .route(DAILY_SUMMARY, get(statistics::daily_summary))
        .route(CALLBACKS, post(callback))
        .route(OPENAPI, get(openapi::document))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(from_fn_with_state(app.clone(), observe::within_time))
        .layer(from_fn(observe::observe))
        .layer(map_response_with_state(app.clone(), server::let_go))
        .with_state(app)
}

async fn no_route() -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        format!("There is nothing at this address; {OPENAPI} lists all of them."),
    )
}

async fn no_method() -> Problem {
    Problem::new(
        ProblemKind::MethodNotAllowed,
        "The Allow header says which methods this address takes.",
    )
}
