//! A merchant's endpoint: verifies Standard Webhooks notifications, answers as it is told, remembers all it received.
//!
//! It never decides what a notification means: whoever looks at the record does.

mod verify;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock;
use crate::listener::Wire;
use crate::locking::lock;
use crate::ring_buffer::RingBuffer;
use crate::world::World;
use verify::{secret_key, text_of, verify};

/// How a merchant answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// 200.
    #[default]
    Ok,
    /// `status`, 503 unless given.
    Fail,
    /// Never.
    Hang,
    /// 410.
    Gone,
    /// 302 to `/merchant/{name}-redirected`, where a sender that follows would show up.
    Redirect,
    /// `status` (503) with `Retry-After`.
    RetryAfter,
    /// 200 after `delay_ms`.
    Slow,
}

/// A merchant's behaviour, for the next `times` deliveries or for good.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// What to do.
    pub mode: Mode,
    /// The status of `fail` and `retry_after`.
    pub status: Option<u16>,
    /// Seconds told by `retry_after`.
    pub retry_after_s: u64,
    /// Delay of `slow`.
    pub delay_ms: u64,
    /// For how many deliveries; none means until changed.
    pub times: Option<u64>,
    /// The body of the answer.
    pub body: String,
}

/// One received notification.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// `webhook-id`.
    pub id: Option<String>,
    /// `type` of the payload, or `event_type` where a provider says it like that.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The payload, if it is JSON.
    pub payload: Option<Value>,
    /// The headers that carry the sender's proof: `webhook-*`, `wechatpay-*`, `paypal-*`, `*-signature`, `content-type`, `user-agent`.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
    /// Whether a signature matched; none without a configured secret.
    pub verified: Option<bool>,
    /// Why it did not verify.
    pub problem: Option<&'static str>,
    /// When it came.
    pub received_at: String,
    /// How often this id was received so far, this time included.
    pub attempt: u32,
    /// The status it was answered with; none when no answer was given.
    pub answered: Option<u16>,
}

#[derive(Debug)]
struct Merchant {
    keys: Vec<hmac::Key>,
    behaviour: Behaviour,
    attempts: HashMap<String, u32>,
    log: RingBuffer<Received>,
    total: u64,
    verified: u64,
}

impl Merchant {
    fn keeping(limit: usize) -> Self {
        Self {
            keys: Vec::new(),
            behaviour: Behaviour::default(),
            attempts: HashMap::new(),
            log: RingBuffer::with_capacity(limit),
            total: 0,
            verified: 0,
        }
    }
}

/// All merchants; each appears at its first mention.
#[derive(Debug)]
pub struct Merchants {
    by_name: Mutex<HashMap<String, Merchant>>,
    limit: usize,
}

impl Merchants {
    /// No merchants yet; each will remember the newest `limit` deliveries.
    pub fn keeping(limit: usize) -> Self {
        Self {
            by_name: Mutex::default(),
            limit,
        }
    }

    /// How many deliveries the merchants' logs have dropped.
    pub fn dropped(&self) -> u64 {
        lock(&self.by_name)
            .values()
            .map(|merchant| merchant.log.dropped())
            .sum()
    }

    /// Works on a merchant, who appears now if it was not mentioned before.
    fn with<T>(&self, name: &str, work: impl FnOnce(&mut Merchant) -> T) -> T {
        let mut merchants = lock(&self.by_name);
        work(
            merchants
                .entry(name.to_owned())
                .or_insert_with(|| Merchant::keeping(self.limit)),
        )
    }

    /// Replaces a merchant's secrets. Answers the first secret that cannot be read, if any.
    pub fn set_secrets(&self, name: &str, secrets: &[String]) -> Result<(), String> {
        let keys = secrets
            .iter()
            .map(|secret| secret_key(secret).ok_or_else(|| secret.clone()))
            .collect::<Result<_, _>>()?;
        self.with(name, |merchant| merchant.keys = keys);
        Ok(())
    }

    /// Changes how a merchant answers.
    pub fn behave(&self, name: &str, behaviour: Behaviour) {
        self.with(name, |merchant| merchant.behaviour = behaviour);
    }

    /// What a merchant received, in order of arrival.
    pub fn received(&self, name: &str, wanted: impl Fn(&Received) -> bool) -> Vec<Received> {
        let merchants = lock(&self.by_name);
        let Some(merchant) = merchants.get(name) else {
            return Vec::new();
        };
        merchant
            .log
            .iter()
            .filter(|received| wanted(received))
            .cloned()
            .collect()
    }

    /// Forgets what a merchant received, keeping its secrets and behaviour.
    pub fn forget(&self, name: &str) {
        if let Some(merchant) = lock(&self.by_name).get_mut(name) {
            merchant.log.clear();
            merchant.attempts.clear();
            (merchant.total, merchant.verified) = (0, 0);
        }
    }

    /// A merchant in short.
    pub fn summary(&self, name: &str) -> Value {
        self.with(name, |merchant| {
            json!({
                "name": name, "secrets": merchant.keys.len(), "behaviour": merchant.behaviour,
                "received": merchant.total, "verified": merchant.verified,
            })
        })
    }

    /// Forgets all merchants.
    pub fn clear(&self) {
        lock(&self.by_name).clear();
    }

    /// Notes a delivery and decides how it is answered.
    fn accept(&self, name: &str, headers: &HeaderMap, body: &[u8]) -> Behaviour {
        self.with(name, |merchant| merchant.receive(headers, body))
    }
}

impl Merchant {
    /// Notes a delivery and decides how it is answered.
    fn receive(&mut self, headers: &HeaderMap, body: &[u8]) -> Behaviour {
        let checked = (!self.keys.is_empty()).then(|| verify(&self.keys, headers, body, clock::now_s()));
        let behaviour = self.next_behaviour(checked.is_some_and(|checked| checked.is_err()));
        let payload: Option<Value> = serde_json::from_slice(body).ok();
        let id = text_of(headers, "webhook-id").map(str::to_owned);
        let attempt = id.as_ref().map_or(1, |id| {
            let attempts = self.attempts.entry(id.clone()).or_default();
            *attempts += 1;
            *attempts
        });
        let received = Received {
            kind: payload
                .as_ref()
                .and_then(|payload| payload.get("type").or(payload.get("event_type"))?.as_str())
                .map(str::to_owned),
            payload,
            body: String::from_utf8_lossy(body).into_owned(),
            verified: checked.map(|checked| checked.is_ok()),
            problem: checked.and_then(Result::err),
            received_at: clock::stamp(),
            attempt,
            headers: proof(headers),
            answered: behaviour.answered(),
            id,
        };
        self.total += 1;
        self.verified += u64::from(received.verified == Some(true));
        self.log.push(received);
        behaviour
    }

    /// The behaviour for one delivery. A merchant that is up refuses what does not verify.
    fn next_behaviour(&mut self, is_forged: bool) -> Behaviour {
        let behaviour = self.behaviour.clone();
        match self.behaviour.times {
            None => {}
            Some(0 | 1) => self.behaviour = Behaviour::default(),
            Some(times) => self.behaviour.times = Some(times - 1),
        }
        if is_forged && behaviour.mode == Mode::Ok {
            return Behaviour {
                mode: Mode::Fail,
                status: Some(401),
                body: "signature refused".into(),
                ..Behaviour::default()
            };
        }
        behaviour
    }
}

impl Behaviour {
    fn answered(&self) -> Option<u16> {
        match self.mode {
            Mode::Ok | Mode::Slow => Some(200),
            Mode::Fail | Mode::RetryAfter => Some(self.status.unwrap_or(503)),
            Mode::Gone => Some(410),
            Mode::Redirect => Some(302),
            Mode::Hang => None,
        }
    }

    fn header(&self, world: &World, name: &str) -> Option<(HeaderName, HeaderValue)> {
        let (header, value) = match self.mode {
            Mode::RetryAfter => (header::RETRY_AFTER, self.retry_after_s.to_string()),
            Mode::Redirect => (
                header::LOCATION,
                format!("{}/merchant/{name}-redirected", world.base_url),
            ),
            Mode::Ok | Mode::Fail | Mode::Hang | Mode::Gone | Mode::Slow => return None,
        };
        Some((header, HeaderValue::from_str(&value).ok()?))
    }
}

/// Serves `/merchant/{name}`.
pub async fn receive(
    State(world): State<Arc<World>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    // A redirect turns POST into GET in most clients: whatever arrives is noted, so that it can be seen.
    let behaviour = world.merchants.accept(&name, &headers, &body);
    tracing::debug!(merchant = name, %method, mode = ?behaviour.mode, "notification received");
    if behaviour.mode == Mode::Slow {
        tokio::time::sleep(Duration::from_millis(behaviour.delay_ms)).await;
    }
    let Some(status) = behaviour.answered() else {
        world.hang(&wire).await;
        return response;
    };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    if let Some((header, value)) = behaviour.header(&world, &name) {
        response.headers_mut().insert(header, value);
    }
    *response.body_mut() = Body::from(behaviour.body);
    response
}

fn proof(headers: &HeaderMap) -> BTreeMap<String, String> {
    let shown = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        name.starts_with("webhook-")
            || name.starts_with("wechatpay-")
            || name.starts_with("paypal-")
            || name.ends_with("-signature")
            || matches!(name, "content-type" | "user-agent")
    });
    shown
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
