//! Signed answers, and signatures that are wrong on purpose: WeChat Pay itself sends some, to see whether they are
//! checked.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::ApiError;
use super::keys::{KeyMode, Keys, signed_text};
use super::numbers;
use crate::clock;
use crate::faults::Stage;

/// The only algorithm.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// How the provider's own probes begin, in place of a signature.
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// How old a stale signature is: twice what clients allow.
const STALE_S: i64 = 600;

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// It is one of the provider's probes.
    Probe,
    /// It belongs to another text.
    Forged,
    /// It is right, but ten minutes old.
    Stale,
    /// It names a key that nobody has.
    UnknownSerial,
    /// There is none.
    Unsigned,
}

/// What becomes of a merchant's next answers.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// What is wrong with them; none for nothing.
    pub signature: Option<Forgery>,
    /// For how many answers; none means until changed.
    pub times: Option<u64>,
}

impl Seal {
    /// What holds for one answer; counts it.
    pub fn next(&mut self) -> Self {
        let now = *self;
        match self.times {
            None => {}
            Some(0 | 1) => *self = Self::default(),
            Some(times) => self.times = Some(times - 1),
        }
        now
    }
}

/// The headers that prove where a text comes from.
pub fn headers(
    keys: &Keys,
    mode: KeyMode,
    body: &[u8],
    forgery: Option<Forgery>,
) -> Vec<(&'static str, String)> {
    if forgery == Some(Forgery::Unsigned) {
        return Vec::new();
    }
    let age_s = if forgery == Some(Forgery::Stale) {
        STALE_S
    } else {
        0
    };
    let (sent_s, nonce) = (clock::now_s() - age_s, numbers::nonce());
    let signed = if forgery == Some(Forgery::Forged) {
        b"another text".as_slice()
    } else {
        body
    };
    let mut signature = keys.sign(mode, &signed_text(sent_s, &nonce, signed));
    if forgery == Some(Forgery::Probe) {
        signature.replace_range(..PROBE.len().min(signature.len()), PROBE);
    }
    let serial = match forgery {
        Some(Forgery::UnknownSerial) => "PUB_KEY_ID_0000000000000000000000000000000000",
        Some(Forgery::Probe | Forgery::Forged | Forgery::Stale | Forgery::Unsigned) | None => {
            keys.serial(mode)
        }
    };
    vec![
        ("wechatpay-timestamp", sent_s.to_string()),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature),
        ("wechatpay-signature-type", SCHEME.to_owned()),
        ("wechatpay-serial", serial.to_owned()),
    ]
}

/// Answers one request, in the mode its merchant verifies in.
#[derive(Debug, Clone)]
pub struct Signatory {
    /// The keys.
    pub keys: Arc<Keys>,
    /// Which of them signs.
    pub mode: KeyMode,
    /// What is wrong with the signature.
    pub forgery: Option<Forgery>,
    /// Told in `Request-ID`.
    pub request_id: String,
}

impl Signatory {
    /// A call's outcome as an answer. Nothing to say is 204.
    pub fn answer(&self, outcome: Result<Value, ApiError>) -> Response<Body> {
        match outcome {
            Ok(Value::Null) => self.signed(StatusCode::NO_CONTENT, Bytes::new()),
            Ok(value) => self.signed(StatusCode::OK, value.to_string().into()),
            Err(error) => self.signed(error.http_status(), error.envelope().to_string().into()),
        }
    }

    fn signed(&self, status: StatusCode, body: Bytes) -> Response<Body> {
        let mut proof = headers(&self.keys, self.mode, &body, self.forgery);
        proof.push(("request-id", self.request_id.clone()));
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            "content-type",
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        headers.insert(
            "cache-control",
            HeaderValue::from_static("no-cache, must-revalidate"),
        );
        for (name, value) in proof {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl Stage for Signatory {
    fn error(&self, status: u16, code: Option<&str>) -> Response<Body> {
        self.answer(Err(ApiError::dialled(status, code)))
    }

    fn rate_limited(&self) -> Response<Body> {
        self.error(429, None)
    }
}
