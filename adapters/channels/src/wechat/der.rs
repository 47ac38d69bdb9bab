//! The little of PEM and DER that is needed to take keys out of what WeChat Pay gives to merchants.
//!
//! Reads only: the public key of a `SubjectPublicKeyInfo`, and the public key, serial number and end of an X.509 certificate.
//! Judges nothing: a platform certificate is one that the merchant downloaded and handed in, and it is that which makes it
//! trusted, so its issuer is not looked at, and its end only tells people when to fetch the next one. What is not of the expected shape is `None`, never a panic.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, NaiveDateTime, Utc};
use zeroize::Zeroizing;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The explicit `[0]` around a certificate's version.
const VERSION: u8 = 0xa0;

/// `AlgorithmIdentifier` of an RSA key: the object identifier 1.2.840.113549.1.1.1 and NULL (RFC 3279, section 2.3.1).
const RSA: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// What a certificate tells: its serial number, its end and the key that it is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    /// In upper-case hexadecimal digits without leading zeros, as WeChat Pay writes it.
    pub(super) serial: String,
    /// When it ends, if that is written as it should be.
    pub(super) not_after: Option<DateTime<Utc>>,
    /// The `RSAPublicKey` in DER.
    pub(super) rsa_key: Vec<u8>,
}

/// The bytes inside of the first PEM block with this label. They may be a private key, so they are wiped.
pub(super) fn pem(label: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let (_, from_begin) = text.split_once(&begin)?;
    let (inside, _) = from_begin.split_once(&end)?;
    // As long as it will ever get: a buffer that grows leaves copies behind.
    let mut base64 = Zeroizing::new(String::with_capacity(inside.len()));
    base64.extend(
        inside
            .chars()
            .filter(|character| !character.is_ascii_whitespace()),
    );
    STANDARD.decode(base64.as_bytes()).ok().map(Zeroizing::new)
}

/// The `RSAPublicKey` inside of a `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7).
pub(super) fn rsa_key_of_spki(der: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Reader(der);
    let spki = outer.take(SEQUENCE)?;
    if outer.0.is_empty() { rsa_key(spki) } else { None }
}

/// What a certificate tells (RFC 5280, section 4.1).
pub(super) fn certificate(der: &[u8]) -> Option<Certificate> {
    let mut tbs = Reader(Reader(Reader(der).take(SEQUENCE)?).take(SEQUENCE)?);
    if tbs.0.first() == Some(&VERSION) {
        tbs.take(VERSION)?;
    }
    let serial = tbs.take(INTEGER)?;
    let (_signature, _issuer) = (tbs.take(SEQUENCE)?, tbs.take(SEQUENCE)?);
    let not_after = not_after(tbs.take(SEQUENCE)?);
    let _subject = tbs.take(SEQUENCE)?;
    let rsa_key = rsa_key(tbs.take(SEQUENCE)?)?;
    let digits = hex::encode_upper(serial);
    let serial = digits.trim_start_matches('0').to_owned();
    let certificate = Certificate {
        serial,
        not_after,
        rsa_key,
    };
    Some(certificate).filter(|certificate| !certificate.serial.is_empty())
}

/// The second of the two times of a `Validity`.
fn not_after(validity: &[u8]) -> Option<DateTime<Utc>> {
    let mut times = Reader(validity);
    let _not_before = time(&mut times)?;
    time(&mut times)
}

/// A moment as certificates write it (RFC 5280, section 4.1.2.5): of years with two digits, those below 50 are of this
/// century.
fn time(from: &mut Reader<'_>) -> Option<DateTime<Utc>> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let written = match *from.0.first()? {
        UTC_TIME => {
            let written = text(from.take(UTC_TIME)?)?;
            let century = if written < "50" { "20" } else { "19" };
            format!("{century}{written}")
        }
        _ => text(from.take(GENERALIZED_TIME)?)?.to_owned(),
    };
    let moment = NaiveDateTime::parse_from_str(&written, "%Y%m%d%H%M%SZ").ok()?;
    Some(moment.and_utc())
}

fn rsa_key(spki: &[u8]) -> Option<Vec<u8>> {
    let mut spki = Reader(spki);
    if spki.take(SEQUENCE)? != RSA {
        return None;
    }
    // The first byte of a bit string says how many bits at its end are unused.
    let (unused, key) = spki.take(BIT_STRING)?.split_first()?;
    if *unused != 0 || !spki.0.is_empty() {
        return None;
    }
    Reader(key).take(SEQUENCE)?;
    Some(key.to_vec())
}

/// What is left to read.
struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    /// The content of the next value, which has to have this tag.
    fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let (found, rest) = self.0.split_first()?;
        if *found != tag {
            return None;
        }
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }
}

/// A length in DER, and what comes after it. Three bytes of it are more than any certificate has.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0..=0x7f => Some((usize::from(*first), rest)),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| (length << 8) | usize::from(*digit));
            Some((length, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wechat::tests::vectors;

    #[test]
    fn a_certificate_gives_the_key_that_the_public_key_file_gives() {
        let vectors = vectors();
        for holder in ["platform_cert", "merchant"] {
            let text = |field: &str| vectors[holder][field].as_str().unwrap().to_owned();
            let read = certificate(&pem("CERTIFICATE", &text("cert")).unwrap()).unwrap();
            assert_eq!(read.serial, text("serial"));
            let not_after = read.not_after.unwrap().to_rfc3339();
            assert_eq!(not_after, "2035-01-01T00:00:00+00:00", "{holder}");
            let spki = pem("PUBLIC KEY", &text("spki")).unwrap();
            assert_eq!(Some(read.rsa_key), rsa_key_of_spki(&spki));
        }
    }

    #[test]
    fn ends_are_read_as_certificates_write_them() {
        let end = |written: &[u8]| {
            let from = [&[UTC_TIME, 13][..], b"250101000000Z"].concat();
            not_after(&[&from[..], written].concat()).map(|end| end.to_rfc3339())
        };
        let utc = |text: &[u8]| end(&[&[UTC_TIME, text.len() as u8][..], text].concat());
        let general = |text: &[u8]| end(&[&[GENERALIZED_TIME, text.len() as u8][..], text].concat());
        let this_century = Some("2049-12-31T23:59:59+00:00".to_owned());
        assert_eq!(utc(b"491231235959Z"), this_century);
        assert_eq!(
            utc(b"500101000000Z"),
            Some("1950-01-01T00:00:00+00:00".to_owned())
        );
        assert_eq!(
            general(b"20500101000000Z"),
            Some("2050-01-01T00:00:00+00:00".to_owned())
        );
        for junk in [
            &b""[..],
            b"soon",
            b"491331235959Z",
            b"4912312359Z",
            b"\xff91231235959Z",
        ] {
            assert_eq!(utc(junk), None, "{junk:?}");
            assert_eq!(general(junk), None, "{junk:?}");
        }
        assert_eq!(end(b""), None);
    }

    #[test]
    fn what_is_cut_or_continued_is_none() {
        let vectors = vectors();
        let spki = pem("PUBLIC KEY", vectors["merchant"]["spki"].as_str().unwrap()).unwrap();
        for end in 0..spki.len() {
            assert_eq!(rsa_key_of_spki(&spki[..end]), None, "{end}");
        }
        assert_eq!(rsa_key_of_spki(&[spki.as_slice(), &[0]].concat()), None);
        for text in [
            "",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----é-----END PUBLIC KEY-----",
        ] {
            assert!(pem("PUBLIC KEY", text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk: Vec<u8>, at in 0_usize..700, byte: u8) {
            let _ = (certificate(&junk), rsa_key_of_spki(&junk));
            let vectors = vectors();
            let mut der = pem("CERTIFICATE", vectors["platform_cert"]["cert"].as_str().unwrap()).unwrap();
            der[at] = byte;
            let _ = certificate(&der);
        }
    }
}
