//! Encryption of what only the merchant may read: AES-256-GCM with the APIv3 key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::numbers;

/// How long an APIv3 key is, in bytes.
pub const KEY_BYTES: usize = 32;

/// Encrypts, and answers the fields that notifications and certificates carry. None when the key is not 32 bytes long.
pub fn sealed(key: &str, associated_data: &str, plaintext: &[u8]) -> Option<Value> {
    let nonce = numbers::letters(12);
    let ciphertext = seal(key.as_bytes(), nonce.as_bytes(), associated_data, plaintext)?;
    Some(json!({
        "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": associated_data,
        "ciphertext": STANDARD.encode(ciphertext),
    }))
}

fn seal(key: &[u8], nonce: &[u8], associated_data: &str, plaintext: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut sealed)
        .ok()?;
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use serde_json::Value;

    use super::{seal, sealed};

    fn opened(key: &str, resource: &Value) -> Vec<u8> {
        let text = |name: &str| resource[name].as_str().unwrap_or_default();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes()).unwrap();
        let mut bytes = STANDARD.decode(text("ciphertext")).unwrap();
        let associated = Aad::from(text("associated_data").as_bytes());
        key.open_in_place(nonce, associated, &mut bytes).unwrap().to_vec()
    }

    #[test]
    fn sealing_makes_the_very_bytes_of_the_sdks() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/fixtures/wechat.json")).unwrap();
        let key = vectors["apiv3_key"].as_str().unwrap();
        let cases = vectors["notify_cases"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let body: Value = serde_json::from_str(case["body"].as_str().unwrap()).unwrap();
            let resource = &body["resource"];
            let plaintext = opened(key, resource);
            let seen: Value = serde_json::from_slice(&plaintext).unwrap();
            assert_eq!(seen, case["decrypted"], "{}", case["name"]);
            let text = |name: &str| resource[name].as_str().unwrap_or_default();
            let again = seal(
                key.as_bytes(),
                text("nonce").as_bytes(),
                text("associated_data"),
                &plaintext,
            );
            assert_eq!(
                STANDARD.encode(again.unwrap()),
                text("ciphertext"),
                "{}",
                case["name"]
            );
        }
    }

    #[test]
    fn only_a_key_of_the_right_length_seals() {
        let key = "0123456789abcdef0123456789ABCDEF";
        let resource = sealed(key, "transaction", b"{}").unwrap();
        assert_eq!(opened(key, &resource), b"{}");
        assert!(sealed("short", "transaction", b"{}").is_none());
    }
}
