//! Where the certificates of PayPal's events come from, over real HTTP, and what comes of those that do not.

use std::time::Duration;

use channels::{
    CallbackKeys, CallbackRefused, CallbackVerifier, CallbacksConfig, Credentials, SignatureRefused,
};
use chrono::{DateTime, Utc};
use domain::{callback::CallbackHead, channel::Channel, secret::Secret};
use futures::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::answering::Answering;

const CERT_URL: &str = "paypal-cert-url";

/// An event with a right signature, whose certificate is to be had from a server of the test's.
struct Event {
    vectors: Value,
    headers: HeaderMap,
    body: Vec<u8>,
    now: DateTime<Utc>,
    keys: CallbackKeys,
}

impl Event {
    fn new() -> Self {
        runtime::install_crypto();
        let vectors: Value =
            serde_json::from_str(include_str!("../fixtures/paypal_signatures.json")).unwrap();
        let case = &vectors["cases"][0];
        let headers = case["headers"].as_object().unwrap().iter().map(|(name, value)| {
            let name: HeaderName = name.to_ascii_lowercase().parse().unwrap();
            (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
        });
        let webhook = case["webhook_id"].as_str().unwrap();
        let json = format!(r#"{{"client_id":"c","client_secret":"s","webhook_ids":["{webhook}"]}}"#);
        let credentials = Credentials::read(Channel::Paypal, &Secret::new(json)).unwrap();
        Self {
            headers: headers.collect(),
            body: case["body"].as_str().unwrap().into(),
            now: DateTime::from_timestamp(case["now"].as_i64().unwrap(), 0).unwrap(),
            keys: credentials.callback_keys(),
            vectors,
        }
    }

    /// Names a certificate at this address.
    fn at(&mut self, base: &str, name: &str) {
        let url = format!("{base}/v1/notifications/certs/{name}");
        self.headers
            .insert(CERT_URL, HeaderValue::from_str(&url).unwrap());
    }

    fn verifier(&self, base: &str) -> CallbackVerifier {
        CallbackVerifier::new(&CallbacksConfig {
            paypal_certificate_base: Some(base.to_owned()),
            paypal_trust_roots: Some(self.vectors["trusted_root_pem"].as_str().unwrap().to_owned()),
            timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_millis(200),
        })
        .unwrap()
    }

    fn certificate(&self, name: &str) -> String {
        self.vectors["certificates"][name].as_str().unwrap().to_owned()
    }

    async fn verified(&self, verifier: &CallbackVerifier) -> Result<CallbackHead, CallbackRefused> {
        verifier
            .verify(&self.keys, &self.headers, &self.body, self.now)
            .await
    }
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len() + body.matches('\n').count();
    format!("HTTP/1.1 {status}\ncontent-length: {length}\nconnection: close\n\n{body}")
}

#[tokio::test]
async fn a_certificate_is_fetched_once_for_many_and_kept() {
    let mut event = Event::new();
    let server = Answering::with(&[answer("200 OK", &event.certificate("certificate_1"))]).await;
    event.at(&server.base_url, "CERT-1");
    let verifier = event.verifier(&server.base_url);
    assert_eq!(
        verifier.check_headers(Channel::Paypal, &event.headers, event.now),
        Ok(())
    );
    for _ in 0..2 {
        let all = join_all((0..20).map(|_| event.verified(&verifier))).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
    }
    assert_eq!(server.requests().await.len(), 1);
}

#[tokio::test]
async fn strangers_push_no_certificate_out_that_has_proven_a_signature() {
    const INVENTED: usize = 40;
    let mut event = Event::new();
    let certificate = answer("200 OK", &event.certificate("certificate_1"));
    let server = Answering::with(&vec![certificate; INVENTED + 1]).await;
    event.at(&server.base_url, "CERT-1");
    let verifier = event.verifier(&server.base_url);
    assert!(event.verified(&verifier).await.is_ok());
    let genuine = std::mem::replace(&mut event.body, b"{}".to_vec());
    for number in 0..INVENTED {
        event.at(&server.base_url, &format!("INVENTED-{number}"));
        let refused = event.verified(&verifier).await;
        assert_eq!(
            refused,
            Err(CallbackRefused::Signature(SignatureRefused::NoMatch))
        );
    }
    event.body = genuine;
    event.at(&server.base_url, "CERT-1");
    assert!(event.verified(&verifier).await.is_ok(), "it is fetched again");
    assert_eq!(server.requests().await.len(), INVENTED + 1);
}

#[tokio::test]
async fn what_cannot_be_fetched_now_is_not_refused_for_good() {
    let mut event = Event::new();
    let too_large = "A".repeat(70_000);
    let redirect = "HTTP/1.1 302 Found\nlocation: /v1/notifications/certs/CERT-2\ncontent-length: 0\nconnection: close\n\n";
    let server = Answering::with(&[
        answer("500 Oh no", ""),
        answer("404 Not Found", ""),
        redirect.to_owned(),
        answer("200 OK", &too_large),
        answer("200 OK", "no certificate"),
        answer("200 OK", &event.certificate("certificate_1")),
    ])
    .await;
    event.at(&server.base_url, "CERT-1");
    let verifier = event.verifier(&server.base_url);
    for _ in 0..5 {
        let refused = event.verified(&verifier).await.unwrap_err();
        let CallbackRefused::Unavailable(why) = &refused else {
            panic!("{refused:?}")
        };
        assert!(!why.contains("CERT-1"), "{why}");
    }
    assert!(event.verified(&verifier).await.is_ok(), "PayPal sent it again");
    let seen = server.requests().await;
    assert!(
        seen.iter()
            .all(|request| request.starts_with("GET /v1/notifications/certs/CERT-1 ")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn nobody_listening_and_nobody_answering_are_unavailable() {
    let mut event = Event::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    event.at(&base, "CERT-1");
    let verifier = event.verifier(&base);
    let silent = event.verified(&verifier).await;
    assert!(
        matches!(silent, Err(CallbackRefused::Unavailable(_))),
        "{silent:?}"
    );
    drop(listener);
    let gone = event.verified(&verifier).await;
    assert!(matches!(gone, Err(CallbackRefused::Unavailable(_))), "{gone:?}");
}

#[tokio::test]
async fn a_certificate_of_somebody_else_proves_nothing() {
    let mut event = Event::new();
    let server = Answering::with(&[
        answer("200 OK", &event.certificate("certificate_2")),
        answer("200 OK", &event.certificate("certificate_1")),
    ])
    .await;
    event.at(&server.base_url, "CERT-2");
    let verifier = event.verifier(&server.base_url);
    let refused = event.verified(&verifier).await;
    let not_paypals = SignatureRefused::Certificate("it is not one of PayPal's");
    assert_eq!(refused, Err(CallbackRefused::Signature(not_paypals)));
    event.at(&server.base_url, "CERT-1");
    assert!(event.verified(&verifier).await.is_ok());
    server.requests().await;
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_never_asked() {
    let mut event = Event::new();
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}", server.local_addr().unwrap());
    event.at(&elsewhere, "CERT-1");
    let malformed = SignatureRefused::MalformedHeader(CERT_URL);
    for verifier in [CallbackVerifier::default(), event.verifier("http://127.0.0.1:9")] {
        let checked = verifier.check_headers(Channel::Paypal, &event.headers, event.now);
        assert_eq!(checked, Err(malformed));
        assert_eq!(
            event.verified(&verifier).await,
            Err(CallbackRefused::Signature(malformed))
        );
    }
    let asked = tokio::time::timeout(Duration::from_millis(100), server.accept()).await;
    assert!(asked.is_err(), "somebody asked");
}

#[test]
fn bad_settings_stop_the_start() {
    let with = |base: Option<&str>, roots: Option<&str>| {
        CallbackVerifier::new(&CallbacksConfig {
            paypal_certificate_base: base.map(str::to_owned),
            paypal_trust_roots: roots.map(str::to_owned),
            ..CallbacksConfig::default()
        })
        .is_ok()
    };
    assert!(with(None, None) && with(Some("http://127.0.0.1:4010/paypal/"), None));
    for (base, roots) in [
        (Some("nowhere"), None),
        (Some("file:///etc"), None),
        (None, Some("")),
        (None, Some("junk")),
    ] {
        assert!(!with(base, roots), "{base:?} {roots:?}");
    }
}
