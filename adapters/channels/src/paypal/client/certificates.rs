//! PayPal's certificates: fetched from where an event's headers say, if that is a place to ask, and kept for hours.
//!
//! The address comes from whoever sent the event, so a fetch is short, small, without redirects and one of few at a time.
//! What it gives is trusted no more than the address: its chain is checked each time it is used. A chain that has verified a
//! signature is kept apart from those that were merely fetched, so that whoever names one invented address after the other
//! pushes out nothing but what he has put there.

use std::{
    future::ready,
    sync::{Arc, OnceLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::callback::CallbackHead;
use http::HeaderMap;
use reqwest::StatusCode;
use ring::digest;
use tokio::sync::Semaphore;

use super::kept::{Fetched, Kept, Key};
use crate::{
    callback::{CallbackRefused, SignatureRefused},
    channel::ChannelsError,
    http::{HttpConfig, base_address, describe},
    paypal::{
        CallbackKeys,
        certificate::{Chain, Roots},
        signature::{Sources, Transmission, head},
    },
    redact::redact,
};

/// How many certificates are kept of either kind. PayPal uses a handful.
const MOST: usize = 32;
/// For how long. PayPal gives a new certificate a new address.
const KEPT_FOR: Duration = Duration::from_secs(6 * 3_600);
/// How many are fetched at once: strangers can name addresses at PayPal where there is none.
const MOST_FETCHES: usize = 4;
/// The largest file, in bytes.
const MOST_BYTES: usize = 64 * 1_024;

/// Where certificates come from and who vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificatesConfig {
    pub(crate) base: Option<String>,
    pub(crate) roots: Option<String>,
    pub(crate) http: HttpConfig,
}

/// The certificates that are known.
#[derive(Debug)]
pub(crate) struct Certificates {
    base: Option<String>,
    roots: Roots,
    config: HttpConfig,
    /// Made when it is first needed, so that a verifier that never meets PayPal needs no TLS.
    http: OnceLock<reqwest::Client>,
    fetches: Arc<Semaphore>,
    fetched: Kept<Arc<Chain>, CallbackRefused>,
    /// Those that have verified a signature, which only PayPal can bring about.
    proven: Kept<Arc<Chain>, CallbackRefused>,
}

impl Certificates {
    /// None yet.
    ///
    /// # Errors
    /// The address is not one, or the roots cannot be read.
    pub(crate) fn new(config: &CertificatesConfig) -> Result<Self, ChannelsError> {
        let base = config.base.as_deref().map(base_address).transpose()?;
        let roots = match &config.roots {
            Some(pem) => Roots::read(pem).ok_or(ChannelsError::TrustRoots)?,
            None => Roots::of_the_web(),
        };
        Ok(Self::of(base, roots, config.http))
    }

    /// PayPal's own, as the web trusts them.
    pub(crate) fn of_paypal(http: HttpConfig) -> Self {
        Self::of(None, Roots::of_the_web(), http)
    }

    fn of(base: Option<String>, roots: Roots, config: HttpConfig) -> Self {
        Self {
            base,
            roots,
            config,
            http: OnceLock::new(),
            fetches: Arc::new(Semaphore::new(MOST_FETCHES)),
            // The wait for a turn may take as long as the fetch.
            fetched: Kept::new(MOST, 2 * config.timeout),
            proven: Kept::new(MOST, config.timeout),
        }
    }

    /// Checks what the headers of an event tell on their own.
    pub(crate) fn check_headers(
        &self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<(), SignatureRefused> {
        Transmission::read(headers, self.sources(), now).map(drop)
    }

    /// Checks that PayPal signed these bytes for one of the webhooks.
    pub(crate) async fn verify(
        &self,
        keys: &CallbackKeys,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<CallbackHead, CallbackRefused> {
        let transmission = Transmission::read(headers, self.sources(), now)?;
        let mut signed = transmission.signed(keys, body).peekable();
        if signed.peek().is_none() {
            return Err(SignatureRefused::NoSecret.into());
        }
        let key = key(transmission.certificate_url);
        let proven = self.proven.known(&key);
        let is_proven = proven.is_some();
        let chain = match proven {
            Some(chain) => chain,
            None => self.fetched(key, transmission.certificate_url).await?,
        };
        chain.verify(&self.roots, now, signed, &transmission.signature)?;
        if !is_proven {
            self.proven.get(key, || ready(Ok((chain, KEPT_FOR)))).await?;
        }
        Ok(head(body)?)
    }

    fn sources(&self) -> Sources<'_> {
        self.base.as_deref().map_or(Sources::Paypal, Sources::Only)
    }

    async fn fetched(&self, key: Key, url: &str) -> Result<Arc<Chain>, CallbackRefused> {
        let http = self.http()?.clone();
        let (fetches, timeout) = (Arc::clone(&self.fetches), self.config.timeout);
        let address = url.to_owned();
        let fetch = || async move {
            let turn = tokio::time::timeout(timeout, fetches.acquire_owned()).await;
            let Ok(Ok(_turn)) = turn else {
                return Err(unavailable("too many certificates are being fetched"));
            };
            fetch(&http, &address).await
        };
        self.fetched.get(key, fetch).await
    }

    fn http(&self) -> Result<&reqwest::Client, CallbackRefused> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = self
            .config
            .client()
            .map_err(|error| unavailable(&error.to_string()))?;
        Ok(self.http.get_or_init(|| http))
    }
}

/// Fetches a certificate file. Whatever goes wrong, PayPal sends the event again. The address is not quoted: a stranger may
/// have written it.
async fn fetch(http: &reqwest::Client, url: &str) -> Result<Fetched<Arc<Chain>>, CallbackRefused> {
    let mut response = http.get(url).send().await.map_err(failed)?;
    if response.status() != StatusCode::OK {
        let status = response.status().as_u16();
        return Err(unavailable(&format!(
            "the certificate cannot be had (HTTP {status})"
        )));
    }
    let mut pem = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if pem.len() + chunk.len() > MOST_BYTES {
            return Err(unavailable("the certificate is too large"));
        }
        pem.extend_from_slice(&chunk);
    }
    let chain = Chain::read(&pem).map_err(|_| unavailable("what was fetched is no certificate"))?;
    Ok((Arc::new(chain), KEPT_FOR))
}

fn failed(error: reqwest::Error) -> CallbackRefused {
    unavailable(&describe(error))
}

fn unavailable(why: &str) -> CallbackRefused {
    CallbackRefused::Unavailable(redact(why))
}

fn key(url: &str) -> Key {
    let mut key = [0; 32];
    key.copy_from_slice(digest::digest(&digest::SHA256, url.as_bytes()).as_ref());
    key
}
