//! The world around Sluice: a provider that answers at once, payers who pay at once, and merchants' endpoints that do the same,
//! but for those that never answer.
//!
//! It speaks Stripe's wire format as far as this needs. It is not the sandbox, which keeps books and plays faults: what that
//! costs would be measured, too.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use ring::hmac;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{flights::Flights, http::Pool, stage::Merchant};

/// Connections on which the provider calls back.
const CALLBACK_CONNECTIONS: usize = 64;
const API_VERSION: &str = "2026-09-30.endive";

/// The provider, the payers and the endpoints, at one address.
pub struct Outside {
    /// The payments under way.
    pub flights: Flights,
    /// How long a payer takes from the intent to the payment; none where nobody pays.
    payer_takes: Option<Duration>,
    /// How many intents were opened.
    intents: AtomicU64,
    accounts: OnceLock<Accounts>,
    /// Whether the endpoint of the first merchant hangs.
    hangs: AtomicBool,
}

/// Whom the provider calls back, by the secret key of the account.
struct Accounts {
    callbacks: Pool,
    merchants: BTreeMap<String, Merchant>,
}

impl Outside {
    /// Starts it, on a port of its own.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(payer_takes: Option<Duration>) -> anyhow::Result<(Arc<Self>, SocketAddr)> {
        let outside = Arc::new(Self {
            flights: Flights::default(),
            payer_takes,
            intents: AtomicU64::new(0),
            accounts: OnceLock::new(),
            hangs: AtomicBool::new(false),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let routes = Router::new()
            .route("/v1/payment_intents", post(open_intent))
            .route("/v1/balance", get(async || Json(json!({ "object": "balance" }))))
            .route("/told/{merchant}", post(told))
            .with_state(Arc::clone(&outside));
        tokio::spawn(axum::serve(listener, routes).into_future());
        Ok((outside, address))
    }

    /// Whom to call back, and where.
    ///
    /// # Errors
    /// It was told before.
    pub fn know(&self, ingress: SocketAddr, merchants: &[Merchant]) -> anyhow::Result<()> {
        let by_key = merchants
            .iter()
            .map(|merchant| (merchant.account.clone(), merchant.clone()));
        let accounts = Accounts {
            callbacks: Pool::new(ingress, CALLBACK_CONNECTIONS),
            merchants: by_key.collect(),
        };
        self.accounts
            .set(accounts)
            .ok()
            .context("the accounts are known already")
    }

    /// Has the endpoint of the first merchant hang, or answer again. Its payments are not watched meanwhile.
    pub fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }

    /// Whether this merchant's endpoint hangs.
    pub fn is_deaf(&self, merchant: usize) -> bool {
        merchant == 0 && self.hangs.load(Ordering::Relaxed)
    }

    /// How many intents were opened so far.
    pub fn intents(&self) -> u64 {
        self.intents.load(Ordering::Relaxed)
    }

    async fn pay(&self, after: Duration, account: &str, payment: &str, intent: Value) -> anyhow::Result<()> {
        tokio::time::sleep(after).await;
        let accounts = self.accounts.get().context("nobody to call back")?;
        let merchant = accounts.merchants.get(account).context("a stranger's account")?;
        let body = paid_event(intent).to_string();
        let signature = signature(&merchant.callback_secret, body.as_bytes());
        self.flights.paid(payment);
        // As providers do: again, until it is taken.
        loop {
            let headers = [("stripe-signature", signature.as_str())];
            let sent = accounts
                .callbacks
                .post(&merchant.callback_path, &headers, body.clone())
                .await;
            match sent {
                Ok(200) => return Ok(()),
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
}

async fn open_intent(
    State(outside): State<Arc<Outside>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let fields: BTreeMap<String, String> = form(&body);
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let payment = field("description");
    let intent = intent(
        &field("metadata[sluice_payment_id]"),
        &field("amount"),
        &field("currency"),
    );
    let account = headers.get("authorization").and_then(|shown| shown.to_str().ok());
    let account = account
        .unwrap_or_default()
        .trim_start_matches("Bearer ")
        .to_owned();
    outside.flights.intent(&payment);
    outside.intents.fetch_add(1, Ordering::Relaxed);
    let shown = intent.clone();
    if let Some(after) = outside.payer_takes {
        tokio::spawn(async move {
            if let Err(error) = outside.pay(after, &account, &payment, intent).await {
                eprintln!("payment {payment} cannot be paid: {error:#}");
            }
        });
    }
    (StatusCode::OK, Json(shown))
}

/// What a notification says that is needed here.
#[derive(Deserialize)]
struct Told {
    data: Subject,
}

#[derive(Deserialize)]
struct Subject {
    description: String,
}

async fn told(
    State(outside): State<Arc<Outside>>,
    Path(merchant): Path<usize>,
    Json(told): Json<Told>,
) -> StatusCode {
    if outside.is_deaf(merchant) {
        std::future::pending::<()>().await;
    }
    outside.flights.told(&told.data.description);
    StatusCode::NO_CONTENT
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(body);
    let address = reqwest::Url::parse(&format!("form:?{text}"));
    let pairs = address.map(|form| form.query_pairs().into_owned().collect());
    pairs.unwrap_or_default()
}

fn intent(payment: &str, amount: &str, currency: &str) -> Value {
    let amount: i64 = amount.parse().unwrap_or_default();
    let id = format!("pi_{}", payment.replace('-', ""));
    json!({
        "id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0,
        "amount_details": { "tip": {} }, "amount_received": 0, "application": null, "application_fee_amount": null,
        "automatic_payment_methods": { "enabled": true, "allow_redirects": "always" }, "canceled_at": null,
        "cancellation_reason": null, "capture_method": "automatic_async", "client_secret": format!("{id}_secret_x"),
        "confirmation_method": "automatic", "created": now_s(), "currency": currency,
        "customer": null, "description": null, "last_payment_error": null, "latest_charge": null, "livemode": false,
        "metadata": { "sluice_payment_id": payment }, "next_action": null, "on_behalf_of": null, "payment_method": null,
        "payment_method_options": {}, "payment_method_types": ["card"], "processing": null, "receipt_email": null,
        "review": null, "setup_future_usage": null, "shipping": null, "source": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": "requires_payment_method", "transfer_data": null,
        "transfer_group": null,
    })
}

fn paid_event(mut intent: Value) -> Value {
    intent["status"] = "succeeded".into();
    intent["amount_received"] = intent["amount"].clone();
    let id = intent["id"].as_str().unwrap_or_default().replace("pi_", "evt_");
    json!({
        "id": id, "object": "event", "api_version": API_VERSION, "created": now_s(),
        "data": { "object": intent }, "livemode": false, "pending_webhooks": 1, "type": "payment_intent.succeeded",
        "request": { "id": null, "idempotency_key": null },
    })
}

fn signature(secret: &str, body: &[u8]) -> String {
    let at = now_s();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [format!("{at}.").as_bytes(), body].concat();
    format!("t={at},v1={}", hex::encode(hmac::sign(&key, &signed)))
}

/// Seconds since 1970.
fn now_s() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}
