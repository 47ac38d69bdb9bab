//! Signatures of webhooks, in PayPal's scheme: RSA over a line that holds the checksum of the body, not the body.
//!
//! The key and its certificates are test material that is published with the sandbox.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};

use super::crc32::crc32;

/// The algorithm told in `PAYPAL-AUTH-ALGO`; there is no other.
pub const ALGORITHM: &str = "SHA256withRSA";

/// The name under which the certificate chain is served.
pub const CERTIFICATE: &str = "CERT-360caa42-fca2a594-7e57ab1e";

/// What is served there: the signing certificate, then its issuer.
pub const CHAIN_PEM: &str = include_str!("keys/chain.pem");

/// The issuer a client has to trust.
pub const ROOT_PEM: &str = include_str!("keys/trusted_root.pem");

const KEY_PEM: &str = include_str!("keys/signing_key.pem");

/// What is signed of one transmission.
#[derive(Debug, Clone, Copy)]
pub struct Transmission<'a> {
    /// `PAYPAL-TRANSMISSION-ID`
    pub id: &'a str,
    /// `PAYPAL-TRANSMISSION-TIME`
    pub time: &'a str,
    /// The webhook it is sent to: known to both sides and therefore in no header.
    pub webhook_id: &'a str,
    /// The body as it is sent.
    pub body: &'a [u8],
}

impl Transmission<'_> {
    /// The line that is signed.
    pub fn signed_line(&self) -> String {
        format!(
            "{}|{}|{}|{}",
            self.id,
            self.time,
            self.webhook_id,
            crc32(self.body)
        )
    }
}

/// Holds the key of the webhooks.
#[derive(Debug)]
pub struct Signer(RsaKeyPair);

impl Signer {
    /// The sandbox's own key.
    ///
    /// # Errors
    /// When the key that was built in cannot be read.
    pub fn built_in() -> io::Result<Self> {
        Self::of(KEY_PEM)
    }

    fn of(pem: &str) -> io::Result<Self> {
        let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(encoded).map_err(io::Error::other)?;
        RsaKeyPair::from_pkcs8(&der)
            .map(Self)
            .map_err(|rejected| io::Error::other(format!("the webhook signing key: {rejected}")))
    }

    /// `PAYPAL-TRANSMISSION-SIG`; none if the system has no randomness, which blinding takes.
    pub fn sign(&self, transmission: Transmission<'_>) -> Option<String> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let line = transmission.signed_line();
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                line.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(STANDARD.encode(signature))
    }

    /// Whether this key signed the transmission.
    pub fn verifies(&self, transmission: Transmission<'_>, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else {
            return false;
        };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0.public())
            .verify(transmission.signed_line().as_bytes(), &signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Signer, Transmission};

    #[test]
    fn signatures_agree_with_the_official_sdk() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/fixtures/paypal.json")).unwrap();
        let signer = Signer::of(vectors["leaf_key"].as_str().unwrap()).unwrap();
        let mut compared = [0, 0];
        for case in vectors["cases"].as_array().unwrap() {
            let header = |name: &str| case["headers"][name].as_str().unwrap();
            let transmission = Transmission {
                id: header("PAYPAL-TRANSMISSION-ID"),
                time: header("PAYPAL-TRANSMISSION-TIME"),
                webhook_id: vectors["webhook_id"].as_str().unwrap(),
                body: case["body"].as_str().unwrap().as_bytes(),
            };
            let signature = header("PAYPAL-TRANSMISSION-SIG");
            let name = case["name"].as_str().unwrap();
            if case["expect"] == "reject" {
                assert!(!signer.verifies(transmission, signature), "{name}");
                compared[0] += 1;
            } else {
                assert_eq!(
                    transmission.signed_line(),
                    case["signed_string"].as_str().unwrap(),
                    "{name}"
                );
                assert_eq!(signer.sign(transmission).as_deref(), Some(signature), "{name}");
                assert!(signer.verifies(transmission, signature), "{name}");
                compared[1] += 1;
            }
        }
        assert_eq!(compared, [2, 7]);
    }

    #[test]
    fn the_built_in_key_signs_what_it_verifies() {
        let signer = Signer::built_in().unwrap();
        let transmission = Transmission {
            id: "t",
            time: "2026-11-20T10:20:00Z",
            webhook_id: "w",
            body: b"{}",
        };
        let signature = signer.sign(transmission).unwrap();
        assert!(signer.verifies(transmission, &signature));
        assert!(!signer.verifies(
            Transmission {
                body: b"{ }",
                ..transmission
            },
            &signature
        ));
        assert!(!signer.verifies(transmission, "not base64"));
    }
}
