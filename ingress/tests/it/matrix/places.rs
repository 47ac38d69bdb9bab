//! Every address: what it is about, what is asked there, and what it publishes.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::with;
use crate::{
    wallets::wallet_id_of,
    world::{World, good_body},
};

/// What an address is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Nothing that is anybody's; or whoever asks proves it otherwise.
    Nobody,
    /// Several of something.
    List,
    /// One payment, refund, order or wallet.
    One,
    /// What is wanted done with one payment.
    Wish,
    /// A new payment, which is to be bob's.
    Payment,
    /// A new refund of bob's payment.
    Refund,
    /// A new order, which is to be bob's.
    Order,
    /// A new wallet, which is to be bob's.
    Wallet,
    /// An account for the owner of bob's wallet.
    Account,
    /// What is told to those who wait, and nobody waits here.
    Secret,
    /// What merchants alone say of an order or a withdrawal, and what bob's does not allow as it stands.
    Step,
    /// What merchants alone do with bob's wallet.
    Settlement,
    /// A correction of bob's wallet.
    Correction,
    /// How bob's withdrawal ended, which administrators alone say, and which it does not allow as it stands.
    Verdict,
    /// What a merchant is set up for.
    Setup,
    /// What all payments or orders of a merchant come to.
    Figures,
}

/// The place of an address in the matrix.
pub(super) fn about(method: &str, path: &str) -> About {
    match (method, path) {
        ("post", "/api/v1/webhooks/{channel}/{merchant}")
        | ("get", "/api/v1/openapi.json" | "/healthz" | "/readyz") => About::Nobody,
        (
            "get",
            "/api/v1/payments"
            | "/api/v1/payments/history"
            | "/api/v1/refunds"
            | "/api/v1/orders"
            | "/api/v1/wallets"
            | "/api/v1/withdrawals",
        ) => About::List,
        (
            "get",
            "/api/v1/wallets/{id}"
            | "/api/v1/wallets/{id}/transactions"
            | "/api/v1/wallets/{id}/holds"
            | "/api/v1/wallets/{id}/holds/{hold}"
            | "/api/v1/wallets/{id}/withdrawals"
            | "/api/v1/wallets/{id}/withdrawals/{withdrawal}"
            | "/api/v1/wallets/{id}/account",
        ) => About::One,
        ("post", "/api/v1/wallets/{id}/account") => About::Account,
        ("post", "/api/v1/wallets/{id}/account/onboarding-link") => About::Secret,
        ("post", "/api/v1/wallets/{id}/withdrawals" | "/api/v1/wallets/{id}/transfers") => About::Wish,
        (
            "post",
            "/api/v1/wallets/{id}/holds"
            | "/api/v1/wallets/{id}/holds/{hold}/capture"
            | "/api/v1/wallets/{id}/holds/{hold}/release"
            | "/api/v1/wallets/{id}/withdrawals/{withdrawal}/complete"
            | "/api/v1/wallets/{id}/withdrawals/{withdrawal}/reject",
        ) => About::Settlement,
        ("post", "/api/v1/wallets/{id}/adjustments") => About::Correction,
        ("post", "/api/v1/wallets/{id}/withdrawals/{withdrawal}/end") => About::Verdict,
        ("post", "/api/v1/wallets") => About::Wallet,
        ("get", "/api/v1/orders/{id}" | "/api/v1/orders/{id}/logs") => About::One,
        ("post", "/api/v1/orders/{id}/pay" | "/api/v1/orders/{id}/cancel") => About::Wish,
        ("post", "/api/v1/orders") => About::Order,
        (
            "post",
            "/api/v1/orders/{id}/refund"
            | "/api/v1/orders/{id}/ship"
            | "/api/v1/orders/{id}/complete"
            | "/api/v1/wallets/{id}/withdrawals/{withdrawal}/pay",
        ) => About::Step,
        ("get", "/api/v1/payments/{id}" | "/api/v1/payments/{id}/status" | "/api/v1/refunds/{id}") => {
            About::One
        }
        ("post", "/api/v1/payments/{id}/cancel" | "/api/v1/payments/{id}/confirm") => About::Wish,
        ("post", "/api/v1/payments") => About::Payment,
        ("post", "/api/v1/refunds" | "/api/v1/payments/{id}/refund") => About::Refund,
        ("get", "/api/v1/payment-methods") => About::Setup,
        (
            "get",
            "/api/v1/statistics/payments" | "/api/v1/statistics/orders" | "/api/v1/statistics/daily-summary",
        ) => About::Figures,
        _ => panic!("{method} {path} has no place in the matrix: say who may see and do what there"),
    }
}

/// The ids of a payment, a refund, an order, a wallet, a hold and a withdrawal.
pub(super) type Ids = [String; 6];

/// What is asked at this address, about these ids; by whoever is added to it.
pub(super) fn question(
    world: &World,
    method: &str,
    path: &str,
    about: About,
    [payment, refund, order, wallet, hold, withdrawal]: &Ids,
) -> RequestBuilder {
    let id = if path.contains("/refunds/") {
        refund
    } else if path.contains("/orders/") {
        order
    } else if path.contains("/wallets/") {
        wallet
    } else {
        payment
    };
    let path = path
        .replace("{id}", id)
        .replace("{hold}", hold)
        .replace("{withdrawal}", withdrawal)
        .replace("{channel}", "stripe")
        .replace("{merchant}", &world.shop.id.to_string());
    let query = if about == About::Setup {
        "?amount=1&currency=USD"
    } else {
        ""
    };
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let request = world.request(method, &format!("{path}{query}"));
    let body = match about {
        About::Nobody | About::List | About::One | About::Setup | About::Figures => return request,
        About::Wish if path.ends_with("/withdrawals") => json!({"amount_minor": 1}),
        About::Wish if path.ends_with("/transfers") => {
            json!({"amount_minor": 1, "to_wallet_id": wallet_id_of(world, "anna")})
        }
        About::Wish => json!({}),
        About::Settlement if path.ends_with("/holds") => json!({"amount_minor": 1, "reason": "a deposit"}),
        About::Settlement if path.ends_with("/reject") => json!({"reason": "not now"}),
        About::Settlement => json!({}),
        About::Correction => json!({"amount_minor": 1, "reason": "a gift"}),
        About::Verdict => json!({"end": "failed", "reason": "taken back"}),
        About::Payment => with(good_body(), json!({"user_id": "bob"})),
        About::Refund if path.contains(payment) => json!({"amount": 1}),
        About::Refund => json!({"payment_id": payment, "amount": 1}),
        About::Order => json!({
            "currency": "USD", "user_id": "bob",
            "items": [{"name": "Tea", "sku": "tea", "unit_price": 500, "quantity": 1}],
        }),
        About::Wallet => json!({"currency": "JPY", "user_id": "bob"}),
        About::Account => json!({"country": "US"}),
        About::Secret => json!({"return_url": "https://a.example", "refresh_url": "https://a.example"}),
        About::Step if path.ends_with("/ship") => json!({"carrier": "DHL", "tracking": "00340"}),
        About::Step => json!({}),
    };
    request.header("idempotency-key", "matrix").json(&body)
}

/// The kind of the jobs that an address publishes.
pub(super) fn queue(path: &str) -> &'static str {
    match path.rsplit('/').next() {
        Some("wallets") => "create_wallet",
        Some("account") => "create_account",
        Some("pay") if path.contains("/wallets/") => "create_transfer",
        Some("orders") => "create_order",
        _ if path.contains("/orders/") => "change_order",
        _ if path.contains("/wallets/") => "change_wallet",
        Some("payments") => "create_intent",
        Some("refund" | "refunds") => "create_refund",
        Some("cancel") => "cancel_payment",
        Some("confirm") => "confirm_payment",
        _ => panic!("what does {path} publish?"),
    }
}
