//! The line to a provider: a pooled client with time limits and without redirects, behind the gate of its channel. Answers are
//! read within bounds, whoever gives them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::channel::CallError;
use http::{HeaderMap, header};
use reqwest::{IntoUrl, Method, Request, RequestBuilder, Response, StatusCode, Url, redirect};

use crate::{
    channel::ChannelsError,
    containment::{Account, Gate, Purpose},
    redact::redact,
};

/// The largest answer that is read, in bytes: far more than a page of a hundred objects with all that merchants may note on
/// them.
const MOST_BYTES: usize = 8 << 20;
/// The longest rest that a provider is believed to need.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// How long a provider may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpConfig {
    /// How long one request may take in all.
    pub timeout: Duration,
    /// How long connecting may take. Shorter than `timeout`, so that it is known when a request was never
    /// sent.
    pub connect_timeout: Duration,
}

impl HttpConfig {
    /// A client of its own pool. Connects only when asked something.
    ///
    /// # Errors
    /// TLS is not set up.
    pub fn client(&self) -> Result<reqwest::Client, ChannelsError> {
        // The HTTP client panics when it finds no TLS provider.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ChannelsError::NoTls);
        }
        Ok(reqwest::Client::builder()
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(64)
            .pool_idle_timeout(Duration::from_secs(60))
            .redirect(redirect::Policy::none())
            .build()?)
    }
}

/// An answer, whatever it says. No `Debug`: the body may be what somebody can pay with.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A header's value, if it is text.
    pub(crate) fn text(&self, header: &str) -> Option<String> {
        let value = self.headers.get(header)?;
        value.to_str().ok().map(str::to_owned)
    }

    /// How long the provider asks to be left alone, if it says so in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.text(header::RETRY_AFTER.as_str())?.parse().ok()?;
        Some(Duration::from_secs(seconds).min(LONGEST_REST))
    }

    /// The same, unless it was too long to be read to its end.
    fn whole(self) -> Result<Self, CallError> {
        if self.body.len() <= MOST_BYTES {
            return Ok(self);
        }
        let status = self.status.as_u16();
        Err(CallError::Unknown {
            message: format!("the answer has more than {MOST_BYTES} bytes (HTTP {status})"),
        })
    }
}

/// The way to one provider. Every request of every merchant goes through it, and nothing else counts for the gate.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    client: reqwest::Client,
    gate: Arc<Gate>,
}

impl Line {
    /// A line that connects only when something is sent.
    ///
    /// # Errors
    /// TLS is not set up.
    pub(crate) fn new(config: &HttpConfig, gate: Arc<Gate>) -> Result<Self, ChannelsError> {
        let client = config.client()?;
        Ok(Self { client, gate })
    }

    /// A request to be written and sent.
    pub(crate) fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends a request for a merchant and reads what is answered. A provider that does not answer, or only that it is in
    /// trouble, has failed; whatever else it says, it was there.
    pub(crate) async fn send(
        &self,
        purpose: Purpose,
        account: Account,
        request: RequestBuilder,
    ) -> Result<Answer, CallError> {
        let request = request.build().map_err(unanswered)?;
        let admission = self.gate.enter(purpose, account).await?;
        let answer = self.exchange(request).await;
        match &answer {
            Ok(answer) if !answer.status.is_server_error() => admission.answered(),
            Ok(_) | Err(_) => admission.failed(),
        }
        answer.map_err(unanswered)?.whole()
    }

    async fn exchange(&self, request: Request) -> Result<Answer, reqwest::Error> {
        read(self.client.execute(request).await?).await
    }
}

/// Reads an answer to its end, or a little further than may be.
async fn read(mut response: Response) -> Result<Answer, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            break;
        }
    }
    Ok(Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: body.into(),
    })
}

/// The address of a provider's API, without a slash at its end.
///
/// # Errors
/// It is not one.
pub(crate) fn base_address(text: &str) -> Result<String, ChannelsError> {
    let bad = || ChannelsError::Address(text.to_owned());
    let url: Url = text.parse().map_err(|_| bad())?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_plain || !url.has_host() {
        return Err(bad());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The address of a server whose paths the channel knows itself.
///
/// # Errors
/// It is not one, or has a path.
pub(crate) fn server_address(text: &str) -> Result<String, ChannelsError> {
    let address = base_address(text)?;
    let has_path = text.parse().is_ok_and(|url: Url| url.path() != "/");
    if has_path {
        return Err(ChannelsError::Address(text.to_owned()));
    }
    Ok(address)
}

/// The error with its causes; the first alone says only that a request failed. Without the address, which may name a payer.
pub(crate) fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// What became of a request that got no answer. It surely never left when it could not be built, or no connection made.
fn unanswered(error: reqwest::Error) -> CallError {
    let was_not_sent = error.is_connect() || error.is_builder();
    let message = redact(&describe(error));
    if was_not_sent {
        CallError::NotDone {
            message,
            retry_after: None,
        }
    } else {
        CallError::Unknown { message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering(body: Vec<u8>) -> Response {
        Response::from(http::Response::new(body))
    }

    #[tokio::test]
    async fn an_answer_is_read_within_bounds() {
        let longest = read(answering(vec![b' '; MOST_BYTES])).await.unwrap().whole();
        assert!(longest.is_ok_and(|answer| answer.body.len() == MOST_BYTES));
        let longer = read(answering(vec![b' '; MOST_BYTES + 1])).await.unwrap().whole();
        let Err(CallError::Unknown { message }) = longer else {
            panic!("it was read")
        };
        assert!(message.contains("more than"), "{message}");
    }

    #[test]
    fn a_rest_is_believed_within_bounds() {
        let wait = |written: &str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, written.parse().unwrap())]);
            let answer = Answer {
                status: StatusCode::TOO_MANY_REQUESTS,
                headers,
                body: Bytes::new(),
            };
            answer.retry_after()
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait(&u64::MAX.to_string()), Some(LONGEST_REST));
        for junk in ["", "-1", "soon", "Fri, 27 Nov 2026 12:00:00 GMT"] {
            assert_eq!(wait(junk), None, "{junk}");
        }
    }
}
