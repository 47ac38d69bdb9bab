//! What the tests of this channel share: the cases made with WeChat Pay's libraries, credentials, and sealing what a
//! callback encloses.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::secret::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::*;
use crate::credentials::read_fields;

/// The cases and the keys that they were made with.
pub(super) fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/wechat.json")).unwrap()
}

/// Credentials as they are handed in, with WeChat Pay's keys of both modes.
pub(super) fn written() -> Value {
    let vectors = vectors();
    json!({
        "mchid": vectors["mchid"],
        "appid": vectors["appid"],
        "serial_no": vectors["merchant"]["serial"],
        "private_key": vectors["merchant"]["pkcs8"],
        "apiv3_keys": [vectors["apiv3_key"]],
        "verifiers": [
            { "id": vectors["wechat_public_key"]["id"], "public_key": vectors["wechat_public_key"]["spki"] },
            { "certificate": vectors["platform_cert"]["cert"] },
        ],
    })
}

pub(super) fn credentials() -> WechatCredentials {
    let fields = read_fields::<CredentialFields>(&Secret::new(written().to_string()));
    fields.unwrap().try_into().unwrap()
}

/// A resource as WeChat Pay closes it.
pub(super) fn seal(key: &str, associated_data: &str, plain: &str) -> Value {
    let nonce = "fdasfjihihlk";
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).unwrap());
    let mut bytes = plain.as_bytes().to_vec();
    key.seal_in_place_append_tag(
        Nonce::try_assume_unique_for_key(nonce.as_bytes()).unwrap(),
        Aad::from(associated_data),
        &mut bytes,
    )
    .unwrap();
    json!({
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": STANDARD.encode(bytes),
        "nonce": nonce,
        "associated_data": associated_data,
    })
}

#[test]
fn refunds_are_spaced_counted_and_late_as_documented() {
    let rules = CAPABILITIES.refunds;
    assert_eq!((rules.spacing.as_secs(), rules.most), (60, Some(50)));
    assert_eq!(rules.window, Some(Duration::from_secs(31_536_000)));
    assert_eq!(CAPABILITIES.callbacks.taken.status, 200);
    assert_eq!(CAPABILITIES.callbacks.refusal, CallbackRefusal::CodeAndMessage);
}
