//! Answers that no provider gives on purpose: proxies' pages, redirects, cut bodies. And what a request looks
//! like on the wire.

use std::time::Duration;

use channels::{Channels, ChannelsConfig, ChannelsError};
use domain::channel::CallError;

use crate::{
    answering::Answering,
    setting::{credentials, new_intent},
    stand::channels_at,
};

async fn create_at(answer: &str) -> (CallError, String) {
    let server = Answering::with(&[answer.to_owned()]).await;
    let (result, _) = channels_at(&server.base_url)
        .create_intent(&credentials("sk_test_wire"), &new_intent(None))
        .await;
    (result.unwrap_err(), server.requests().await.remove(0))
}

#[tokio::test]
async fn pages_of_proxies_and_cut_answers_are_unknown() {
    let answers = [
        "HTTP/1.1 502 Bad Gateway\ncontent-type: text/html\ncontent-length: 13\nconnection: close\n\n<html></html>",
        "HTTP/1.1 504 Gateway Timeout\ncontent-length: 0\nconnection: close\n\n",
        "HTTP/1.1 404 Not Found\ncontent-length: 13\nconnection: close\n\n<html></html>",
        "HTTP/1.1 302 Found\nlocation: http://127.0.0.1:1/\ncontent-length: 0\nconnection: close\n\n",
        "HTTP/1.1 200 OK\ncontent-length: 500\nconnection: close\n\n{\"id\":\"pi_1\"",
        "HTTP/1.1 200 OK\ncontent-length: 2\nconnection: close\n\n{}",
        "HTTP/1.1 200 OK\ncontent-length: 0\nconnection: close\n\n",
        "",
    ];
    for answer in answers {
        let (error, _) = create_at(answer).await;
        assert!(
            matches!(error, CallError::Unknown { .. }),
            "{answer:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_rate_limit_tells_how_long_to_wait() {
    let answer = "HTTP/1.1 429 Too Many Requests\nretry-after: 7\ncontent-length: 0\nconnection: close\n\n";
    let (error, _) = create_at(answer).await;
    let CallError::Limited { retry_after, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(retry_after, Duration::from_secs(7));
}

#[tokio::test]
async fn a_request_carries_key_version_and_mark() {
    let (_, request) = create_at("HTTP/1.1 200 OK\ncontent-length: 0\nconnection: close\n\n").await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /v1/payment_intents http/1.1"), "{head}");
    for line in [
        "authorization: bearer sk_test_wire",
        "stripe-version: 20",
        "idempotency-key: pay_",
        "content-type: application/x-www-form-urlencoded",
        "user-agent: sluice/",
    ] {
        assert!(head.contains(line), "{line} is not in {head}");
    }
    for part in [
        "amount=1999",
        "currency=usd",
        "sluice_payment_id",
        "description=One+book+%26+a+pen",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
    assert!(!body.contains("confirm="), "{body}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    runtime::install_crypto();
    for address in [
        "",
        "api.stripe.com",
        "ftp://api.stripe.com",
        "https://api.stripe.com/v1",
        "https://a/?b",
    ] {
        let config = ChannelsConfig {
            stripe_api_base: address.into(),
            ..ChannelsConfig::default()
        };
        let refused = Channels::new(&config).unwrap_err();
        assert!(
            matches!(refused, ChannelsError::Address(_)),
            "{address}: {refused}"
        );
    }
}
