//! The HTTP client that calls to providers go through: pooled, with time limits, without redirects.

use std::time::Duration;

use domain::channel::CallError;
use reqwest::{Url, redirect};

use crate::channel::ChannelsError;

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

/// Whether the request surely never left: it could not be built, or no connection could be made.
pub(crate) fn was_not_sent(error: &reqwest::Error) -> bool {
    error.is_connect() || error.is_builder()
}

/// What became of a request that got no answer.
pub(crate) fn unanswered(error: reqwest::Error) -> CallError {
    if was_not_sent(&error) {
        CallError::NotDone {
            message: describe(error),
            retry_after: None,
        }
    } else {
        CallError::Unknown {
            message: describe(error),
        }
    }
}
