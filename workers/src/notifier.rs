//! Sending a signed notification to a merchant's endpoint.
//!
//! The address was chosen by a merchant, so nothing about it is trusted: it may not lead into our own network, redirects
//! are not followed, and of the answer only the beginning is read, within the same time limit.

mod address;

use std::{net::SocketAddr, time::Duration};

use domain::secret::Secret;
use reqwest::{
    Client, Response, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, RETRY_AFTER},
    redirect,
};

use address::is_public;

/// How much of the merchant's answer is kept, in bytes.
const KEPT: usize = 1_024;
/// No merchant can make us wait longer than this between two tries: the longest the retry ladder can hold a job.
const LONGEST_WAIT: Duration = Duration::from_secs(43_200);

/// Sends notifications.
#[derive(Debug, Clone)]
pub struct Notifier {
    client: Client,
    allow_private: bool,
}

/// What to send, where.
pub struct Parcel<'a> {
    /// The merchant's endpoint.
    pub url: &'a str,
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`, in seconds since 1970.
    pub timestamp_s: i64,
    /// The body.
    pub payload: &'a str,
    /// What signs it; several during a rotation.
    pub secrets: &'a [Secret],
}

/// What a merchant answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
    /// `Retry-After`, when it is a number of seconds.
    pub retry_after: Option<Duration>,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum Undelivered {
    /// The address cannot be used.
    #[error("the endpoint {0}")]
    BadEndpoint(&'static str),
    /// The signing secret cannot be used.
    #[error("the endpoint's signing secret cannot be used")]
    BadSecret,
    /// No answer came.
    #[error("{0}")]
    NoAnswer(String),
}

impl Notifier {
    /// A notifier that waits `timeout` for an answer. `allow_private` lets it send into private networks.
    ///
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn new(timeout: Duration, allow_private: bool) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(5)))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent("Sluice")
            .dns_resolver(GuardedResolver { allow_private })
            .build()?;
        Ok(Self {
            client,
            allow_private,
        })
    }

    /// Sends `parcel` once.
    ///
    /// # Errors
    /// No answer came, or nothing could be sent.
    pub async fn send(&self, parcel: &Parcel<'_>) -> Result<Answer, Undelivered> {
        let url = self.check(parcel.url)?;
        let signature = channels::standard_webhooks::sign(
            parcel.secrets,
            parcel.id,
            parcel.timestamp_s,
            parcel.payload.as_bytes(),
        )
        .map_err(|_| Undelivered::BadSecret)?;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", parcel.id)
            .header("webhook-timestamp", parcel.timestamp_s)
            .header("webhook-signature", signature)
            .body(parcel.payload.to_owned());
        let response = request
            .send()
            .await
            .map_err(|error| Undelivered::NoAnswer(describe(&error)))?;
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after: retry_after(response.status(), response.headers()),
            body: beginning(response).await,
        })
    }

    /// A literal address does not pass the resolver, so it is looked at here.
    fn check(&self, text: &str) -> Result<Url, Undelivered> {
        let url = Url::parse(text).map_err(|_| Undelivered::BadEndpoint("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Undelivered::BadEndpoint("is neither http nor https"));
        }
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse();
        match literal {
            Ok(ip) if !self.allow_private && !is_public(ip) => Err(Undelivered::BadEndpoint(
                "is a private, loopback or link-local address",
            )),
            Ok(_) | Err(_) => Ok(url),
        }
    }
}

/// Resolves names, and hides the addresses that may not be reached. It runs at connection time, so that a name cannot
/// be checked as one address and then reached at another.
struct GuardedResolver {
    allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|found| allow_private || is_public(found.ip()))
                .collect();
            if allowed.is_empty() {
                return Err("the endpoint has no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer within the time limit".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

async fn beginning(mut response: Response) -> String {
    let mut kept = Vec::new();
    while kept.len() < KEPT
        && let Ok(Some(chunk)) = response.chunk().await
    {
        kept.extend_from_slice(&chunk);
    }
    kept.truncate(KEPT);
    String::from_utf8_lossy(&kept).replace('\0', "")
}
