//! Every address of the public listener.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    middleware::{from_fn, from_fn_with_state, map_response_with_state},
    routing::{MethodRouter, get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    accounts,
    app::Shared,
    callbacks,
    config::Limits,
    health, observe, openapi, orders, payment_methods, payments,
    problem::{Problem, ProblemKind},
    refunds, server, statistics, wallets,
};

/// Payments: ask for one, list them.
pub(crate) const PAYMENTS: &str = "/api/v1/payments";
/// How payers can pay.
const PAYMENT_METHODS: &str = "/api/v1/payment-methods";
/// Payments by the number of their page.
const PAYMENT_HISTORY: &str = "/api/v1/payments/history";
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
/// Orders: ask for one, list them.
pub(crate) const ORDERS: &str = "/api/v1/orders";
/// One order.
const ORDER: &str = "/api/v1/orders/{id}";
/// What happened to one order.
const ORDER_LOGS: &str = "/api/v1/orders/{id}/logs";
/// Begin a payment of one order.
pub(crate) const ORDER_PAY: &str = "/api/v1/orders/{id}/pay";
/// Call one order off.
pub(crate) const ORDER_CANCEL: &str = "/api/v1/orders/{id}/cancel";
/// Give money of one order back.
pub(crate) const ORDER_REFUND: &str = "/api/v1/orders/{id}/refund";
/// One order was sent.
pub(crate) const ORDER_SHIP: &str = "/api/v1/orders/{id}/ship";
/// The customer has one order.
pub(crate) const ORDER_COMPLETE: &str = "/api/v1/orders/{id}/complete";
/// Wallets: open one, list them.
pub(crate) const WALLETS: &str = "/api/v1/wallets";
/// One wallet.
const WALLET: &str = "/api/v1/wallets/{id}";
/// The statement of one wallet.
const WALLET_TRANSACTIONS: &str = "/api/v1/wallets/{id}/transactions";
/// Holds of one wallet: ask for one, list them.
pub(crate) const WALLET_HOLDS: &str = "/api/v1/wallets/{id}/holds";
/// One hold.
const WALLET_HOLD: &str = "/api/v1/wallets/{id}/holds/{hold}";
/// Take what is held, or a part of it.
pub(crate) const HOLD_CAPTURE: &str = "/api/v1/wallets/{id}/holds/{hold}/capture";
/// Let go what is held.
pub(crate) const HOLD_RELEASE: &str = "/api/v1/wallets/{id}/holds/{hold}/release";
/// Withdrawals of one wallet: ask for one, list them.
pub(crate) const WALLET_WITHDRAWALS: &str = "/api/v1/wallets/{id}/withdrawals";
/// One withdrawal.
const WALLET_WITHDRAWAL: &str = "/api/v1/wallets/{id}/withdrawals/{withdrawal}";
/// One withdrawal was paid out.
pub(crate) const WITHDRAWAL_COMPLETE: &str = "/api/v1/wallets/{id}/withdrawals/{withdrawal}/complete";
/// How one withdrawal ended that is in review.
pub(crate) const WITHDRAWAL_END: &str = "/api/v1/wallets/{id}/withdrawals/{withdrawal}/end";
/// Have one withdrawal paid out to its owner's account.
pub(crate) const WITHDRAWAL_PAY: &str = "/api/v1/wallets/{id}/withdrawals/{withdrawal}/pay";
/// One withdrawal is not paid out.
pub(crate) const WITHDRAWAL_REJECT: &str = "/api/v1/wallets/{id}/withdrawals/{withdrawal}/reject";
/// Withdrawals, whichever wallet they are of.
const WITHDRAWALS: &str = "/api/v1/withdrawals";
/// Give money of one wallet to another.
pub(crate) const WALLET_TRANSFERS: &str = "/api/v1/wallets/{id}/transfers";
/// Correct what is in one wallet.
pub(crate) const WALLET_ADJUSTMENTS: &str = "/api/v1/wallets/{id}/adjustments";
/// The account of one wallet's owner.
pub(crate) const WALLET_ACCOUNT: &str = "/api/v1/wallets/{id}/account";
/// Where that owner tells the provider about itself.
pub(crate) const WALLET_ONBOARDING_LINK: &str = "/api/v1/wallets/{id}/account/onboarding-link";
/// Callbacks from providers.
pub(crate) const CALLBACKS: &str = "/api/v1/webhooks/{channel}/{merchant}";
/// What payments come to.
const PAYMENT_STATISTICS: &str = "/api/v1/statistics/payments";
/// What orders come to.
const ORDER_STATISTICS: &str = "/api/v1/statistics/orders";
/// What a day comes to.
const DAILY_SUMMARY: &str = "/api/v1/statistics/daily-summary";
const OPENAPI: &str = "/api/v1/openapi.json";

/// Every address with what it takes. The API's description names the same, which a test checks.
fn addresses(limits: Limits) -> [(&'static str, MethodRouter<Shared>); 43] {
    let callback = callbacks::take.layer(DefaultBodyLimit::max(limits.callback_bytes));
    [
        (PAYMENTS, get(payments::list).post(payments::create)),
        (PAYMENT_HISTORY, get(payments::history)),
        (PAYMENT, get(payments::get)),
        (PAYMENT_METHODS, get(payment_methods::list)),
        (PAYMENT_STATUS, get(payments::status)),
        (PAYMENT_REFUND, post(refunds::create_of_payment)),
        (PAYMENT_CANCEL, post(payments::cancel)),
        (PAYMENT_CONFIRM, post(payments::confirm)),
        (REFUNDS, get(refunds::list).post(refunds::create)),
        (REFUND, get(refunds::get)),
        (ORDERS, get(orders::list).post(orders::create)),
        (ORDER, get(orders::get)),
        (ORDER_LOGS, get(orders::logs)),
        (ORDER_PAY, post(orders::pay)),
        (ORDER_CANCEL, post(orders::cancel)),
        (ORDER_REFUND, post(orders::refund)),
        (ORDER_SHIP, post(orders::ship)),
        (ORDER_COMPLETE, post(orders::complete)),
        (WALLETS, get(wallets::list).post(wallets::create)),
        (WALLET, get(wallets::get)),
        (WALLET_TRANSACTIONS, get(wallets::transactions)),
        (WALLET_HOLDS, get(wallets::holds).post(wallets::hold)),
        (WALLET_HOLD, get(wallets::one_hold)),
        (HOLD_CAPTURE, post(wallets::capture)),
        (HOLD_RELEASE, post(wallets::release)),
        (
            WALLET_WITHDRAWALS,
            get(wallets::withdrawals).post(wallets::withdraw),
        ),
        (WALLET_WITHDRAWAL, get(wallets::one_withdrawal)),
        (WITHDRAWALS, get(wallets::withdrawals_of_all)),
        (WITHDRAWAL_COMPLETE, post(wallets::complete)),
        (WITHDRAWAL_END, post(wallets::end)),
        (WITHDRAWAL_PAY, post(accounts::pay_out)),
        (WITHDRAWAL_REJECT, post(wallets::reject)),
        (WALLET_TRANSFERS, post(wallets::transfer)),
        (WALLET_ADJUSTMENTS, post(wallets::adjust)),
        (WALLET_ACCOUNT, get(accounts::get).post(accounts::create)),
        (WALLET_ONBOARDING_LINK, post(accounts::create_link)),
        (PAYMENT_STATISTICS, get(statistics::payments)),
        (ORDER_STATISTICS, get(statistics::orders)),
        (DAILY_SUMMARY, get(statistics::daily_summary)),
        (CALLBACKS, post(callback)),
        (OPENAPI, get(openapi::document)),
        ("/healthz", get(health::live)),
        ("/readyz", get(health::ready)),
    ]
}

/// All routes with what surrounds them: what concerns the connection outermost, then observation, so that it sees every
/// answer, then the time limit, then the net under panics.
pub(crate) fn router(app: Shared) -> Router {
    let limits = app.limits;
    addresses(limits)
        .into_iter()
        .fold(Router::new(), |routes, (path, methods)| {
            routes.route(path, methods)
        })
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// What is described is held against who may see and do what; an address that is not would be held against nothing.
    #[test]
    fn every_address_is_described() {
        let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        let described = document["paths"].as_object().unwrap().keys();
        let described: BTreeSet<_> = described.map(String::as_str).collect();
        let declared = addresses(Limits::default()).map(|(path, _)| path);
        assert_eq!(BTreeSet::from(declared), described);
    }
}
