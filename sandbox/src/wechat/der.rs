//! Just enough of PEM and DER to take the public key and the serial number out of what a merchant hands in.
//!
//! Nothing here judges a certificate: at the provider the merchant's certificate was issued by the provider itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
/// The explicit version at the head of a certificate.
const VERSION: u8 = 0xa0;

/// The bytes of the first block with this label.
pub fn pem(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (block, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let block: String = block.split_ascii_whitespace().collect();
    STANDARD.decode(block).ok()
}

/// The `RSAPublicKey` inside a `SubjectPublicKeyInfo`.
pub fn public_key(info: &[u8]) -> Option<Vec<u8>> {
    let (info, _) = element(info, SEQUENCE)?;
    let (_algorithm, rest) = element(info, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first octet counts the unused bits of the last one.
    let (unused, key) = bits.split_first()?;
    element(key, SEQUENCE)?;
    (*unused == 0).then(|| key.to_vec())
}

/// The `RSAPublicKey` of a certificate, and its serial number in the upper-case hex that WeChat Pay writes.
pub fn certificate(certificate: &[u8]) -> Option<(Vec<u8>, String)> {
    let (signed, _) = element(certificate, SEQUENCE)?;
    let (body, _) = element(signed, SEQUENCE)?;
    let (_version, rest) = element(body, VERSION)?;
    let (serial, rest) = element(rest, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (_validity, rest) = element(rest, SEQUENCE)?;
    let (_subject, info) = element(rest, SEQUENCE)?;
    // A leading zero octet only says that the number is positive.
    let digits = serial.strip_prefix(&[0]).unwrap_or(serial);
    Some((public_key(info)?, hex::encode_upper(digits)))
}

/// The content of the element at the head, which must bear this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (octets, rest) = rest.split_at_checked(long & 0x7f)?;
            let length = octets.iter().try_fold(0_usize, |length, octet| {
                length.checked_mul(256)?.checked_add(usize::from(*octet))
            })?;
            (length, rest)
        }
    };
    if *found != tag {
        return None;
    }
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{certificate, element, pem, public_key};

    #[test]
    fn a_certificate_holds_the_same_key_as_the_public_key_beside_it() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/fixtures/wechat.json")).unwrap();
        let merchant = &vectors["merchant"];
        let text = |name: &str| merchant[name].as_str().unwrap();
        let (key, serial) = certificate(&pem(text("cert"), "CERTIFICATE").unwrap()).unwrap();
        assert_eq!(serial, text("serial"));
        assert_eq!(Some(key), public_key(&pem(text("spki"), "PUBLIC KEY").unwrap()));
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        assert_eq!(element(&[0x30, 0x02, 0x01], 0x30), None);
        assert_eq!(element(&[0x30, 0x84, 0xff, 0xff, 0xff], 0x30), None);
        assert_eq!(public_key(&[]), None);
        assert_eq!(pem("-----BEGIN PUBLIC KEY-----", "PUBLIC KEY"), None);
    }
}
