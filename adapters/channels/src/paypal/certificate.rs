//! Whether a certificate is one that PayPal signs events with. Pure: bytes and a moment in, a verdict out.
//!
//! The chain has to lead to a trusted root at that moment, and the certificate has to name a host of PayPal's. The second
//! matters as much as the first: anybody can buy a certificate with a valid chain.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime, pem::PemObject};
use webpki::{EndEntityCert, KeyUsage, ring::RSA_PKCS1_2048_8192_SHA256};

use crate::callback::SignatureRefused;

/// More certificates than this in one file are not looked at.
const MOST_IN_CHAIN: usize = 6;
/// The domain whose hosts sign PayPal's events.
const DOMAIN: &str = "paypal.com";
/// `2.5.4.3`, the common name, as its bytes follow the tag and length of an object identifier.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];

/// A certificate with those that were sent along to prove it.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    leaf: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
}

/// The authorities that a chain may lead to.
#[derive(Debug, Clone)]
pub(super) struct Roots(Vec<TrustAnchor<'static>>);

impl Roots {
    /// Those that browsers trust.
    pub(super) fn of_the_web() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.to_vec())
    }

    /// Those in a PEM file and no others; none when there is none in it or one cannot be read.
    pub(super) fn read(pem: &str) -> Option<Self> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .ok()?;
        let anchors: Vec<_> = certificates
            .iter()
            .map(|certificate| webpki::anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned()))
            .collect::<Result<_, _>>()
            .ok()?;
        (!anchors.is_empty()).then_some(Self(anchors))
    }
}

impl Chain {
    /// Reads a PEM file: the certificate first.
    pub(super) fn read(pem: &[u8]) -> Result<Self, SignatureRefused> {
        let unreadable = SignatureRefused::Certificate("it cannot be read");
        let mut certificates = CertificateDer::pem_slice_iter(pem)
            .take(MOST_IN_CHAIN)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| unreadable)?
            .into_iter();
        let leaf = certificates.next().ok_or(unreadable)?;
        Ok(Self {
            leaf,
            others: certificates.collect(),
        })
    }

    /// Whether PayPal signed these bytes with the key of this certificate, which has to be one to trust at `now`.
    pub(super) fn verify(
        &self,
        roots: &Roots,
        now: DateTime<Utc>,
        signed: impl Iterator<Item = String>,
        signature: &[u8],
    ) -> Result<(), SignatureRefused> {
        let certificate = EndEntityCert::try_from(&self.leaf)
            .map_err(|_| SignatureRefused::Certificate("it cannot be read"))?;
        let at = u64::try_from(now.timestamp()).unwrap_or(0);
        certificate
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &roots.0,
                &self.others,
                UnixTime::since_unix_epoch(Duration::from_secs(at)),
                KeyUsage::server_auth(),
                None,
                None,
            )
            .map_err(|error| SignatureRefused::Certificate(why(&error)))?;
        if !is_of_paypal(&certificate) {
            return Err(SignatureRefused::Certificate("it is not one of PayPal's"));
        }
        let is_signed = |text: String| {
            certificate
                .verify_signature(RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), signature)
                .is_ok()
        };
        if signed.into_iter().any(is_signed) {
            Ok(())
        } else {
            Err(SignatureRefused::NoMatch)
        }
    }
}

fn why(error: &webpki::Error) -> &'static str {
    match error {
        webpki::Error::CertExpired { .. } => "it, or one that vouches for it, has expired",
        webpki::Error::CertNotValidYet { .. } => "it, or one that vouches for it, is not valid yet",
        webpki::Error::UnknownIssuer => "nobody who is trusted vouches for it",
        _ => "its chain is not valid",
    }
}

/// Whether a certificate names a host of PayPal's, in every way in which it names one.
fn is_of_paypal(certificate: &EndEntityCert<'_>) -> bool {
    let mut alternatives = certificate.valid_dns_names().peekable();
    let names_hosts = alternatives.peek().is_some();
    let common = common_names(certificate.subject());
    let common_fits = common.iter().all(|name| is_paypal_host(name));
    if names_hosts {
        alternatives.any(|name| is_paypal_host(name.as_bytes())) && common_fits
    } else {
        !common.is_empty() && common_fits
    }
}

fn is_paypal_host(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else {
        return false;
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let name = name.to_ascii_lowercase();
    let before = name.strip_suffix(DOMAIN);
    name.bytes().all(is_host) && before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The common names of a subject, as bytes. What cannot be walked through has none that fits.
fn common_names(subject: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    let mut sets = subject;
    // Whether the outer sequence is shown with its own head depends on who shows it.
    if let Some((0x30, inner, [])) = element(subject) {
        sets = inner;
    }
    while let Some((0x31, mut set, rest)) = element(sets) {
        sets = rest;
        while let Some((0x30, attribute, others)) = element(set) {
            set = others;
            let Some((0x06, kind, value)) = element(attribute) else {
                continue;
            };
            if kind == COMMON_NAME {
                names.push(element(value).map_or(&b""[..], |(_, text, _)| text));
            }
        }
    }
    names
}

/// The tag and the content of the first element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&length, rest) = rest.split_first()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_hosts_of_paypal_pass_for_one() {
        for good in [
            "paypal.com",
            "messageverificationcerts.paypal.com",
            "messageverificationcerts.sandbox.paypal.com",
            "API.PayPal.com",
        ] {
            assert!(is_paypal_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "com",
            "evilpaypal.com",
            "paypal.com.evil.example",
            "paypal.com.",
            "paypal.com\0.evil.example",
            "evil.example/.paypal.com",
            "evil.example\0.paypal.com",
            "é.paypal.com",
        ] {
            assert!(!is_paypal_host(bad.as_bytes()), "{bad:?}");
        }
        assert!(!is_paypal_host(b"\xff.paypal.com"));
    }

    #[test]
    fn the_common_names_are_found_with_and_without_the_outer_head() {
        let name = b"a.paypal.com";
        let attribute = |oid: u8| {
            let length = 7 + name.len() as u8;
            [
                &[
                    0x31,
                    length + 2,
                    0x30,
                    length,
                    6,
                    3,
                    0x55,
                    4,
                    oid,
                    0x0c,
                    name.len() as u8,
                ][..],
                name,
            ]
            .concat()
        };
        let sets = [attribute(10), attribute(3)].concat();
        assert_eq!(common_names(&sets), [name]);
        let whole = [&[0x30, sets.len() as u8][..], &sets].concat();
        assert_eq!(common_names(&whole), [name]);
        assert!(common_names(&attribute(10)).is_empty());
        assert!(common_names(b"").is_empty());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let unreadable = SignatureRefused::Certificate("it cannot be read");
        for pem in [
            "",
            "junk",
            "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(Chain::read(pem.as_bytes()).unwrap_err(), unreadable, "{pem}");
            assert!(Roots::read(pem).is_none());
        }
        let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(Roots::read(no_der).is_none());
        let now = DateTime::from_timestamp(1_795_170_000, 0).unwrap();
        let refused = Chain::read(no_der.as_bytes()).unwrap().verify(
            &Roots::of_the_web(),
            now,
            std::iter::empty(),
            &[],
        );
        assert_eq!(refused, Err(unreadable));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_walk_panic(der in proptest::collection::vec(any::<u8>(), 0..80)) {
            common_names(&der);
        }
    }
}
