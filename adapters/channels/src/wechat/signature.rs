//! Who wrote a callback or an answer (<https://pay.weixin.qq.com/doc/v3/merchant/4012365342>), and how requests say who
//! wrote them (<https://pay.weixin.qq.com/doc/v3/merchant/4012365336>).
//!
//! Always RSA with SHA-256 over lines that each end with a line feed; an empty body is an empty line. The algorithm is ours
//! to say: a header that names another one is refused, and one that is not there changes nothing. WeChat Pay now and then
//! sends a signature that begins with `WECHATPAY/SIGNTEST/`, to see whether signatures are checked at all: it is refused
//! like any other wrong one, and told apart so that nobody is called for it.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use domain::callback::CallbackHead;
use http::HeaderMap;
use serde::Deserialize;

use super::{
    credentials::{CallbackKeys, WechatCredentials},
    keys::Verifier,
};
use crate::callback::{SignatureRefused, header, unix_seconds};

/// The scheme of the `Authorization` header, and the kind of signatures in both directions.
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
const TIMESTAMP_HEADER: &str = "wechatpay-timestamp";
const NONCE_HEADER: &str = "wechatpay-nonce";
const SIGNATURE_HEADER: &str = "wechatpay-signature";
const KIND_HEADER: &str = "wechatpay-signature-type";
/// The header that names the key: the one that signed, or in a request the one that shall sign the answer.
pub(super) const SERIAL_HEADER: &str = "wechatpay-serial";
/// How the signatures begin that WeChat Pay tests with.
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// How far from our clock the timestamp may be, in seconds, in either direction: five whole minutes are too much already,
/// as in WeChat Pay's own libraries.
const TOLERANCE_S: u64 = 299;

/// What the headers say.
struct Signed<'h> {
    timestamp: &'h str,
    nonce: &'h str,
    serial: &'h str,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    event_type: String,
}

/// Checks what a callback's headers tell before its body is there: that they hold a signature that could be right, made
/// less than five minutes from now.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn check_headers(headers: &HeaderMap, now: DateTime<Utc>) -> Result<(), SignatureRefused> {
    read(headers, now).map(drop)
}

/// Checks that WeChat Pay signed these bytes less than five minutes from now.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn verify_callback(
    headers: &HeaderMap,
    body: &[u8],
    keys: &CallbackKeys,
    now: DateTime<Utc>,
) -> Result<CallbackHead, SignatureRefused> {
    verify(headers, body, &keys.verifiers, now)?;
    let Head { id, event_type } = serde_json::from_slice(body).map_err(|_| SignatureRefused::NotAnEvent)?;
    if id.is_empty() || event_type.is_empty() {
        return Err(SignatureRefused::NotAnEvent);
    }
    Ok(CallbackHead {
        event_id: id,
        event_type,
    })
}

/// Checks that one of these keys, the one that the headers name, signed these bytes.
pub(super) fn verify(
    headers: &HeaderMap,
    body: &[u8],
    verifiers: &[Verifier],
    now: DateTime<Utc>,
) -> Result<(), SignatureRefused> {
    let signed = read(headers, now)?;
    if verifiers.is_empty() {
        return Err(SignatureRefused::NoSecret);
    }
    let mut named = verifiers
        .iter()
        .filter(|key| key.is_named(signed.serial))
        .peekable();
    if named.peek().is_none() {
        return Err(SignatureRefused::UnknownKey);
    }
    let message = [
        signed.timestamp.as_bytes(),
        b"\n",
        signed.nonce.as_bytes(),
        b"\n",
        body,
        b"\n",
    ]
    .concat();
    if named.any(|key| key.signed(&message, &signed.signature)) {
        Ok(())
    } else {
        Err(SignatureRefused::NoMatch)
    }
}

fn read(headers: &HeaderMap, now: DateTime<Utc>) -> Result<Signed<'_>, SignatureRefused> {
    let signature = header(headers, SIGNATURE_HEADER)?;
    // Before anything else, as nothing else about a probe has to be right.
    if signature.starts_with(PROBE) {
        return Err(SignatureRefused::Probe);
    }
    if headers.get(KIND_HEADER).is_some_and(|kind| kind != SCHEME) {
        return Err(SignatureRefused::Algorithm);
    }
    let (timestamp, nonce) = (header(headers, TIMESTAMP_HEADER)?, header(headers, NONCE_HEADER)?);
    let serial = header(headers, SERIAL_HEADER)?;
    let signed_at_s = unix_seconds(timestamp).ok_or(SignatureRefused::MalformedHeader(TIMESTAMP_HEADER))?;
    SignatureRefused::check_timestamp(signed_at_s, now.timestamp(), TOLERANCE_S)?;
    let signature = STANDARD
        .decode(signature)
        .map_err(|_| SignatureRefused::MalformedHeader(SIGNATURE_HEADER))?;
    Ok(Signed {
        timestamp,
        nonce,
        serial,
        signature,
    })
}

/// The `Authorization` header of a request to `target`, which is the path and what follows it; `None` when it cannot be
/// signed.
pub(super) fn authorization(
    credentials: &WechatCredentials,
    method: &str,
    target: &str,
    timestamp_s: i64,
    nonce: &str,
    body: &str,
) -> Option<String> {
    let message = lines(&[method, target, &timestamp_s.to_string(), nonce, body]);
    let signature = credentials.private_key().sign(&message)?;
    let (mchid, serial_no) = (credentials.mchid(), credentials.serial_no());
    Some(format!(
        "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{timestamp_s}\",serial_no=\"{serial_no}\""
    ))
}

/// The texts, each on a line of its own.
pub(super) fn lines(texts: &[&str]) -> String {
    texts.iter().flat_map(|text| [text, "\n"]).collect()
}

#[cfg(test)]
mod tests;
