//! Who wrote a callback (<https://developer.paypal.com/api/rest/webhooks/rest/#link-selfverificationmethod>).
//!
//! PayPal signs `transmission id|transmission time|webhook id|checksum of the raw body` with RSA and SHA-256, and says in a
//! header where its certificate is to be had. Everything in the headers is whatever the sender wrote, so the algorithm is not
//! theirs to choose and the address has to be letter for letter one of PayPal's: fetching another would let a stranger send
//! us anywhere, and prove with a certificate of his own whatever he likes.
//!
//! PayPal sends an event again for three days, under its first signature
//! (<https://developer.paypal.com/api/rest/webhooks/#link-deliveryretries>), and a repeat is known by the event's id. One that is
//! older is none that PayPal still sends. It matters because the body itself is not signed, but a checksum of 32 bits, for
//! which anybody finds another body: whoever got hold of one genuine callback could otherwise have it say something else for
//! as long as the certificate is good.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::callback::CallbackHead;
use http::HeaderMap;
use serde::Deserialize;

use super::{CallbackKeys, crc32::crc32};
use crate::callback::{SignatureRefused, header};

const TRANSMISSION_ID: &str = "paypal-transmission-id";
const TRANSMISSION_TIME: &str = "paypal-transmission-time";
const TRANSMISSION_SIG: &str = "paypal-transmission-sig";
const CERT_URL: &str = "paypal-cert-url";
const AUTH_ALGO: &str = "paypal-auth-algo";

/// The only way of signing that is taken.
const ALGORITHM: &str = "SHA256withRSA";
/// The most characters of an id or a time; of a signature, room for a key of 8,192 bits.
const MOST_CHARACTERS: usize = 100;
const MOST_IN_SIGNATURE: usize = 1_400;
/// How long ago a callback may have been signed, in seconds: the three days for which PayPal repeats it, and one more.
const OLDEST_S: u64 = 4 * 24 * 3_600;

/// Where PayPal keeps its certificates: the live system and the one for tests, under both names of each. What one of them
/// signs is no event of the other's webhooks, whose ids are part of what is signed.
const ORIGINS: [&str; 4] = [
    "https://api.paypal.com",
    "https://api-m.paypal.com",
    "https://api.sandbox.paypal.com",
    "https://api-m.sandbox.paypal.com",
];
const PATH: &str = "/v1/notifications/certs/";

/// What a callback's headers say. Nothing of it is proven.
#[derive(Debug)]
pub(super) struct Transmission<'h> {
    id: &'h str,
    time: &'h str,
    /// Where the certificate is to be had: an address that may be asked.
    pub(super) certificate_url: &'h str,
    /// The signature.
    pub(super) signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Head<'b> {
    #[serde(borrow)]
    id: Cow<'b, str>,
    #[serde(borrow)]
    event_type: Cow<'b, str>,
}

/// The addresses that a certificate may be fetched from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sources<'c> {
    /// PayPal's own.
    Paypal,
    /// Those under exactly this address and no others.
    Only(&'c str),
}

impl Sources<'_> {
    /// Whether a certificate may be fetched from this address. Compared as text, so that no two readers of an address can
    /// disagree about its host: PayPal writes neither user, port, query nor anything else than a plain name at the end.
    fn may_give(self, url: &str) -> bool {
        let path = match self {
            Self::Paypal => ORIGINS.iter().find_map(|origin| url.strip_prefix(origin)),
            Self::Only(base) => url.strip_prefix(base),
        };
        let name = path.and_then(|path| path.strip_prefix(PATH));
        name.is_some_and(|name| {
            (1..=MOST_CHARACTERS).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
    }
}

impl<'h> Transmission<'h> {
    /// Reads the headers, which came at the moment `now`.
    pub(super) fn read(
        headers: &'h HeaderMap,
        sources: Sources<'_>,
        now: DateTime<Utc>,
    ) -> Result<Self, SignatureRefused> {
        let id = plain(headers, TRANSMISSION_ID)?;
        let time = plain(headers, TRANSMISSION_TIME)?;
        let signed_at: DateTime<Utc> = time
            .parse()
            .map_err(|_| SignatureRefused::MalformedHeader(TRANSMISSION_TIME))?;
        SignatureRefused::check_age(signed_at, now, OLDEST_S)?;
        let signature = header(headers, TRANSMISSION_SIG)?;
        let certificate_url = header(headers, CERT_URL)?;
        if header(headers, AUTH_ALGO)? != ALGORITHM {
            return Err(SignatureRefused::Algorithm);
        }
        if !sources.may_give(certificate_url) {
            return Err(SignatureRefused::MalformedHeader(CERT_URL));
        }
        let malformed = SignatureRefused::MalformedHeader(TRANSMISSION_SIG);
        if signature.is_empty() || signature.len() > MOST_IN_SIGNATURE {
            return Err(malformed);
        }
        Ok(Self {
            id,
            time,
            certificate_url,
            signature: STANDARD.decode(signature).map_err(|_| malformed)?,
        })
    }

    /// What PayPal signed, if it sent this to one of the webhooks: a text for each of them.
    pub(super) fn signed(&self, keys: &CallbackKeys, body: &[u8]) -> impl Iterator<Item = String> {
        let sum = crc32(body);
        keys.webhook_ids()
            .map(move |webhook| format!("{}|{}|{webhook}|{sum}", self.id, self.time))
    }
}

/// The two facts of an event whose signature is right.
pub(super) fn head(body: &[u8]) -> Result<CallbackHead, SignatureRefused> {
    let Head { id, event_type } = serde_json::from_slice(body).map_err(|_| SignatureRefused::NotAnEvent)?;
    if id.is_empty() || event_type.is_empty() {
        return Err(SignatureRefused::NotAnEvent);
    }
    Ok(CallbackHead {
        event_id: id.into_owned(),
        event_type: event_type.into_owned(),
    })
}

/// A header that becomes a part of what is signed: without the bar that parts it from the next.
fn plain<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, SignatureRefused> {
    let value = header(headers, name)?;
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'|');
    if is_plain && (1..=MOST_CHARACTERS).contains(&value.len()) {
        Ok(value)
    } else {
        Err(SignatureRefused::MalformedHeader(name))
    }
}

#[cfg(test)]
mod tests;
