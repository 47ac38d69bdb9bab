//! Signing what we send to merchants, by the Standard Webhooks rules.
//!
//! A signature is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.payload`. While a merchant replaces
//! its secret, the header holds one signature for each, separated by a space, so that the merchant can switch
//! at any moment. Receivers verify with any library of that standard; [`verify`] is here for our own tools
//! and tests.

use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD},
    },
};
use chrono::{DateTime, Utc};
use domain::secret::Secret;
use http::HeaderMap;
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::callback::{SignatureRefused, header, unix_seconds};

/// The header with the notification's id; the same on every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the moment of this attempt, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// How far from the receiver's clock a timestamp may be, in seconds.
pub const TOLERANCE_S: u64 = 300;

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1";
/// More signatures than this in one header are not looked at.
const MAX_SIGNATURES: usize = 16;
/// How many random bytes a new secret has.
const NEW_SECRET_BYTES: usize = 32;

/// People copy secrets with or without the padding.
const SECRET_BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A signing secret cannot be used. Says nothing about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// It is not the base64 of 24 to 64 bytes.
    #[error("a signing secret is whsec_ followed by the base64 of 24 to 64 bytes")]
    Malformed,
    /// There is none.
    #[error("there is no signing secret")]
    None,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// A new secret: `whsec_` and the base64 of 32 random bytes.
///
/// # Errors
/// The operating system gave no random bytes.
pub fn generate_secret() -> Result<Secret, InvalidSecret> {
    let mut bytes = Zeroizing::new([0; NEW_SECRET_BYTES]);
    SystemRandom::new()
        .fill(bytes.as_mut_slice())
        .map_err(|_| InvalidSecret::NoRandomness)?;
    Ok(Secret::new(format!(
        "{PREFIX}{}",
        STANDARD.encode(bytes.as_slice())
    )))
}

/// Checks that a secret, with or without its `whsec_`, can be signed with.
///
/// # Errors
/// It is not the base64 of 24 to 64 bytes.
pub fn check_secret(secret: &Secret) -> Result<(), InvalidSecret> {
    key(secret).map(drop)
}

/// The value of the signature header: one signature for each secret, in their order.
///
/// # Errors
/// There is no secret, or one of them cannot be used.
pub fn sign(secrets: &[Secret], id: &str, timestamp_s: i64, payload: &[u8]) -> Result<String, InvalidSecret> {
    let signed = signed_content(id, timestamp_s, payload);
    let signature = |secret| {
        Ok(format!(
            "{VERSION},{}",
            STANDARD.encode(hmac::sign(&key(secret)?, &signed))
        ))
    };
    let signatures = secrets
        .iter()
        .map(signature)
        .collect::<Result<Vec<String>, InvalidSecret>>()?;
    if signatures.is_empty() {
        Err(InvalidSecret::None)
    } else {
        Ok(signatures.join(" "))
    }
}

/// Checks, as a receiver does, that one of the secrets signed this payload recently.
///
/// # Errors
/// Says what is wrong with the signature.
pub fn verify(
    headers: &HeaderMap,
    payload: &[u8],
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<(), SignatureRefused> {
    let (id, timestamp) = (header(headers, ID_HEADER)?, header(headers, TIMESTAMP_HEADER)?);
    let signatures = header(headers, SIGNATURE_HEADER)?;
    let signed_at_s = unix_seconds(timestamp).ok_or(SignatureRefused::MalformedHeader(TIMESTAMP_HEADER))?;
    SignatureRefused::check_timestamp(signed_at_s, now.timestamp(), TOLERANCE_S)?;

    let keys: Vec<_> = secrets.iter().filter_map(|secret| key(secret).ok()).collect();
    if keys.is_empty() {
        return Err(SignatureRefused::NoSecret);
    }
    let of_our_version = |part: &str| part.strip_prefix(VERSION)?.strip_prefix(',').map(str::to_owned);
    let candidates: Vec<_> = signatures
        .split(' ')
        .take(MAX_SIGNATURES)
        .filter_map(of_our_version)
        .collect();
    if candidates.is_empty() {
        return Err(SignatureRefused::NoSignature(VERSION));
    }
    let signed = signed_content(id, signed_at_s, payload);
    let tags: Vec<_> = candidates
        .iter()
        .filter_map(|candidate| STANDARD.decode(candidate).ok())
        .collect();
    let matches = tags
        .iter()
        .any(|tag| keys.iter().any(|key| hmac::verify(key, &signed, tag).is_ok()));
    if matches {
        Ok(())
    } else {
        Err(SignatureRefused::NoMatch)
    }
}

fn signed_content(id: &str, timestamp_s: i64, payload: &[u8]) -> Vec<u8> {
    let mut signed = format!("{id}.{timestamp_s}.").into_bytes();
    signed.extend_from_slice(payload);
    signed
}

fn key(secret: &Secret) -> Result<hmac::Key, InvalidSecret> {
    let encoded = secret.expose().strip_prefix(PREFIX).unwrap_or(secret.expose());
    let bytes = Zeroizing::new(
        SECRET_BASE64
            .decode(encoded)
            .map_err(|_| InvalidSecret::Malformed)?,
    );
    if (24..=64).contains(&bytes.len()) {
        Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    } else {
        Err(InvalidSecret::Malformed)
    }
}

#[cfg(test)]
mod tests;
