//! The world around Sluice: a provider that answers at once, payers who pay at once, and merchants' endpoints that do the same,
//! but for those that never answer.
//!
//! It speaks Stripe's wire format as far as this needs. It is not the sandbox, which keeps books and plays faults: what that
//! costs would be measured, too.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use ring::hmac;
use serde::Deserialize;

use crate::{
    flights::Flights,
    http::Pool,
    server::{self, Answer, Request},
    stage::Merchant,
};

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
        let parties = Arc::clone(&outside);
        let address = server::start(move |request| answer(Arc::clone(&parties), request)).await?;
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

    async fn pay(&self, after: Duration, account: &str, name: &str, asked: &Asked) -> anyhow::Result<()> {
        tokio::time::sleep(after).await;
        let accounts = self.accounts.get().context("nobody to call back")?;
        let merchant = accounts.merchants.get(account).context("a stranger's account")?;
        let body = asked.paid_event();
        let signature = signature(&merchant.callback_secret, body.as_bytes());
        self.flights.paid(name);
        // As providers do: again, until it is taken.
        loop {
            let headers = [("stripe-signature", signature.as_str())];
            let sent = accounts
                .callbacks
                .post(&merchant.callback_path, &headers, &body)
                .await;
            match sent {
                Ok(200) => return Ok(()),
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
}

/// The answer to a request that came to one of the parties.
async fn answer(outside: Arc<Outside>, request: Request) -> anyhow::Result<Answer> {
    match request.path.as_str() {
        "/v1/payment_intents" => open_intent(outside, &request),
        "/v1/balance" => Ok(Answer::ok(r#"{"object":"balance"}"#.to_owned())),
        path => match path.strip_prefix("/told/") {
            Some(merchant) => told(&outside, merchant.parse()?, &request.body).await,
            None => bail!("nobody is at {path}"),
        },
    }
}

fn open_intent(outside: Arc<Outside>, request: &Request) -> anyhow::Result<Answer> {
    let form = std::str::from_utf8(&request.body)?;
    let asked = Asked {
        payment: field(form, "metadata[sluice_payment_id]")?.to_owned(),
        amount: field(form, "amount")?.parse()?,
        currency: field(form, "currency")?.to_owned(),
    };
    let name = field(form, "description")?.to_owned();
    let account = request.authorization.trim_start_matches("Bearer ").to_owned();
    outside.flights.intent(&name);
    outside.intents.fetch_add(1, Ordering::Relaxed);
    let opened = asked.intent(false);
    if let Some(after) = outside.payer_takes {
        tokio::spawn(async move {
            if let Err(error) = outside.pay(after, &account, &name, &asked).await {
                eprintln!("payment {name} cannot be paid: {error:#}");
            }
        });
    }
    Ok(Answer::ok(opened))
}

/// A field of a form that needs no decoding.
fn field<'a>(form: &'a str, name: &str) -> anyhow::Result<&'a str> {
    let value = form
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.with_context(|| format!("the intent has no {name}"))
}

/// What a notification says that is needed here.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    data: Subject<'a>,
}

#[derive(Deserialize)]
struct Subject<'a> {
    description: &'a str,
}

async fn told(outside: &Outside, merchant: usize, body: &[u8]) -> anyhow::Result<Answer> {
    if outside.is_deaf(merchant) {
        std::future::pending::<()>().await;
    }
    let told: Told<'_> = serde_json::from_slice(body)?;
    outside.flights.told(told.data.description);
    Ok(Answer::no_content())
}

/// What an intent was asked for.
struct Asked {
    payment: String,
    amount: i64,
    currency: String,
}

impl Asked {
    /// The intent's id.
    fn id(&self) -> String {
        self.payment.replace(['-', '_'], "")
    }

    /// The intent as Stripe shows it.
    fn intent(&self, is_paid: bool) -> String {
        let (id, created) = (self.id(), now_s());
        let Self {
            payment,
            amount,
            currency,
        } = self;
        let (status, received) = if is_paid {
            ("succeeded", *amount)
        } else {
            ("requires_payment_method", 0)
        };
        format!(
            concat!(
                r#"{{"id":"pi_{id}","object":"payment_intent","amount":{amount},"amount_capturable":0,"#,
                r#""amount_details":{{"tip":{{}}}},"amount_received":{received},"application":null,"#,
                r#""application_fee_amount":null,"automatic_payment_methods":{{"allow_redirects":"always","#,
                r#""enabled":true}},"canceled_at":null,"cancellation_reason":null,"#,
                r#""capture_method":"automatic_async","client_secret":"pi_{id}_secret_x","#,
                r#""confirmation_method":"automatic","created":{created},"currency":"{currency}","#,
                r#""customer":null,"description":null,"last_payment_error":null,"latest_charge":null,"#,
                r#""livemode":false,"metadata":{{"sluice_payment_id":"{payment}"}},"next_action":null,"#,
                r#""on_behalf_of":null,"payment_method":null,"payment_method_options":{{}},"#,
                r#""payment_method_types":["card"],"processing":null,"receipt_email":null,"review":null,"#,
                r#""setup_future_usage":null,"shipping":null,"source":null,"statement_descriptor":null,"#,
                r#""statement_descriptor_suffix":null,"status":"{status}","transfer_data":null,"#,
                r#""transfer_group":null}}"#,
            ),
            id = id,
            amount = amount,
            received = received,
            created = created,
            currency = currency,
            payment = payment,
            status = status
        )
    }

    /// The event that tells of its payment.
    fn paid_event(&self) -> String {
        let (id, created, intent) = (self.id(), now_s(), self.intent(true));
        format!(
            concat!(
                r#"{{"id":"evt_{id}","object":"event","api_version":"{version}","created":{created},"#,
                r#""data":{{"object":{intent}}},"livemode":false,"pending_webhooks":1,"#,
                r#""request":{{"id":null,"idempotency_key":null}},"type":"payment_intent.succeeded"}}"#,
            ),
            id = id,
            version = API_VERSION,
            created = created,
            intent = intent
        )
    }
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
