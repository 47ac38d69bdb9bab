//! The payer, who deals with the provider and never with Sluice.

use std::time::Duration;

use e2e::{Answer, sandbox_client::Sandbox};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::journal::{PayerAct, Provider};

/// How long a payer looks at a page that does not load.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a payer does at a provider with a card, or in place of one.
pub async fn pay(sandbox: &Sandbox, through: Provider, intent: &str, with: &'static str) -> Vec<PayerAct> {
    let (path, status) = match through {
        Provider::Stripe => return pay_with_card(sandbox, intent, with).await,
        // What a wallet pays needs nobody.
        Provider::Wallet => return Vec::new(),
        Provider::Alipay => (format!("/sandbox/alipay/trades/{intent}/pay"), "trade_status"),
        Provider::Wechat => (format!("/sandbox/wechat/trades/{intent}/pay"), "trade_state"),
        Provider::Paypal => (format!("/sandbox/paypal/orders/{intent}/approve"), "status"),
    };
    let answer = timeout(PATIENCE, sandbox.act(&path, json!({}))).await;
    let answer = answer.ok().and_then(Result::ok);
    vec![PayerAct {
        intent: intent.to_owned(),
        with,
        said: answer.map(|answer| in_our_words(&answer[status])),
    }]
}

fn in_our_words(status: &Value) -> String {
    match status.as_str().unwrap_or_default() {
        "TRADE_SUCCESS" | "SUCCESS" => "succeeded",
        "APPROVED" => "approved",
        other => other,
    }
    .to_owned()
}

/// What a payer does with a card, the authentication that the bank asks for included.
async fn pay_with_card(sandbox: &Sandbox, intent: &str, card: &'static str) -> Vec<PayerAct> {
    let paid = act(intent, card, timeout(PATIENCE, sandbox.pay(intent, card)).await);
    if paid.said.as_deref() != Some("requires_action") {
        return vec![paid];
    }
    let passed = timeout(PATIENCE, sandbox.authenticate(intent)).await;
    vec![paid, act(intent, "3-D Secure", passed)]
}

fn act<E, F>(intent: &str, with: &'static str, answer: Result<Result<Answer, E>, F>) -> PayerAct {
    let said = answer.ok().and_then(Result::ok).map(|answer| {
        let words =
            ["/error/decline_code", "/error/code", "/status"].map(|pointer| answer.text(pointer).to_owned());
        words
            .into_iter()
            .find(|word| !word.is_empty())
            .unwrap_or_default()
    });
    PayerAct {
        intent: intent.to_owned(),
        with,
        said,
    }
}
