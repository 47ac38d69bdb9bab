//! What a channel's gate learns of its provider, and what it holds back.

use std::time::Duration;

use channels::{Channels, ChannelsConfig, ContainmentConfig, Credentials, capabilities};
use domain::{
    channel::{CallError, Channel, Flow, Intent, NewIntent},
    clock::{Clock, SystemClock},
    secret::Secret,
};
use futures::{FutureExt, StreamExt, future::join_all, stream::FuturesUnordered};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpListener, time::timeout};

use crate::{
    alipay_setting, answering,
    answering::Answering,
    setting,
    stand::{TIMEOUT, channels_at, config_at},
    wechat_setting,
};

/// More than it takes to open a circuit.
const MANY: usize = 12;
const CALLBACK_URL: &str = "https://pay.example/callbacks";

/// An address at which nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

fn alipay() -> Credentials {
    let key = &alipay_setting::VECTORS["alipay_key"]["spki"];
    alipay_setting::credentials(alipay_setting::APP_ID, key)
}

fn paypal(client_id: &str) -> Credentials {
    let json = json!({"client_id": client_id, "client_secret": "secret", "webhook_ids": ["WEBHOOK1"]});
    Credentials::read(Channel::Paypal, &Secret::new(json.to_string())).unwrap()
}

/// A new payment that this channel opens by a request.
fn new_intent(channel: Channel) -> NewIntent {
    match channel {
        Channel::Stripe => setting::new_intent(None),
        Channel::Alipay => alipay_setting::new_intent(Flow::QrCode, CALLBACK_URL),
        Channel::Wechat => wechat_setting::new_intent(Flow::QrCode, CALLBACK_URL),
        Channel::Paypal => NewIntent {
            return_url: Some("https://shop.example/back".into()),
            ..setting::new_intent(None)
        },
        Channel::Wallet => unreachable!("nobody is called"),
    }
}

async fn opened(channels: &Channels, credentials: &Credentials) -> Result<Intent, CallError> {
    let new = new_intent(credentials.channel());
    channels.create_intent(credentials, &new).await.0
}

/// Channels after so many calls that were all answered with this.
async fn answered_with(credentials: &Credentials, answer: String) -> Channels {
    let server = Answering::with(&vec![answer; MANY]).await;
    let channels = channels_at(&server.base_url);
    for _ in 0..MANY {
        let opened = opened(&channels, credentials).await;
        assert!(opened.is_err(), "{opened:?}");
    }
    server.requests().await;
    channels
}

#[tokio::test]
async fn what_is_wrong_with_one_merchant_shuts_nobody_out() {
    let code = r#"{"code_url":"weixin://wxpay/bizpayurl?pr=x"}"#;
    let by_another_key = wechat_setting::signed_by("merchant", SystemClock.now(), "200 OK", code);
    let badly_signed = json!({"alipay_trade_precreate_response": {"code": "10000"}, "sign": "AAAA"});
    let about_the_app = json!({"error": "unsupported_grant_type"});
    let too_many = json!({"error": {"type": "api_error", "message": "Busy."}});
    for (credentials, answer) in [
        (
            setting::credentials("sk_test_1"),
            answering::answer("429 Too Many", &too_many),
        ),
        (alipay(), answering::answer("200 OK", &badly_signed)),
        (wechat_setting::of_the_vectors(), by_another_key),
        (
            paypal("client"),
            answering::answer("400 Bad Request", &about_the_app),
        ),
    ] {
        let channel = credentials.channel();
        let channels = answered_with(&credentials, answer).await;
        assert_eq!(channels.admits(channel), Ok(()), "{channel}");
        assert!(channels.is_healthy(channel), "{channel}");
    }
}

#[tokio::test]
async fn a_provider_that_is_in_trouble_is_left_alone() {
    for credentials in [
        setting::credentials("sk_test_1"),
        alipay(),
        wechat_setting::of_the_vectors(),
        paypal("client"),
    ] {
        let channel = credentials.channel();
        let channels = channels_at(NOWHERE);
        for _ in 0..10 {
            let unsent = opened(&channels, &credentials).await;
            assert!(matches!(unsent, Err(CallError::NotDone { .. })), "{unsent:?}");
        }
        for _ in 10..MANY {
            let left = opened(&channels, &credentials).await;
            assert!(
                matches!(&left, Err(CallError::Limited { message, .. }) if message.contains("circuit is open")),
                "{left:?}"
            );
        }
        assert!(!channels.is_healthy(channel), "{channel}");
    }
    let server = Answering::with(&vec![answering::answer("503 Unavailable", &json!({})); 10]).await;
    let channels = channels_at(&server.base_url);
    for _ in 0..10 {
        opened(&channels, &alipay()).await.unwrap_err();
    }
    server.requests().await;
    assert!(!channels.is_healthy(Channel::Alipay));
}

#[tokio::test]
async fn what_contacts_nobody_is_done_at_a_shut_gate_and_finds_nothing_out() {
    runtime::install_crypto();
    let channels = Channels::new(&ChannelsConfig {
        containment: ContainmentConfig {
            open_for: Duration::from_millis(200),
            ..ContainmentConfig::default()
        },
        ..config_at(NOWHERE)
    });
    let (channels, alipay) = (channels.unwrap(), alipay());
    for _ in 0..10 {
        opened(&channels, &alipay).await.unwrap_err();
    }
    assert!(channels.admits(Channel::Alipay).is_err());
    let said = capabilities(Channel::Alipay);
    for rule in said.offers[0].flows {
        let new = alipay_setting::new_intent(rule.flow, CALLBACK_URL);
        let opened = channels.create_intent(&alipay, &new).await.0;
        let takes_a_request = said.opens_by_request(Some(rule.flow));
        assert_eq!(opened.is_err(), takes_a_request, "{}: {opened:?}", rule.flow);
    }
    assert!(!said.opens_by_request(None), "the first is taken");

    tokio::time::sleep(Duration::from_millis(250)).await;
    let page = alipay_setting::new_intent(Flow::Web, CALLBACK_URL);
    channels.create_intent(&alipay, &page).await.0.unwrap();
    opened(&channels, &alipay).await.unwrap_err();
    assert!(
        channels.admits(Channel::Alipay).is_err(),
        "one that was to find out has failed"
    );
}

/// A Stripe at which the requests with this key get no answer, and all others are declined.
async fn silent_for(secret_key: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let declined = json!({"error": {"type": "card_error", "code": "card_declined", "message": "Declined."}});
    let declined = answering::answer("402 Payment Required", &declined).replace('\n', "\r\n");
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let declined = declined.clone();
            tokio::spawn(async move {
                if answering::request(&mut stream).await.contains(secret_key) {
                    std::future::pending::<()>().await;
                }
                stream.write_all(declined.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            });
        }
    });
    base_url
}

#[tokio::test]
async fn a_merchant_whose_account_hangs_leaves_the_others_half_of_the_places() {
    const HANGS: &str = "sk_test_hangs";
    runtime::install_crypto();
    let channels = Channels::new(&ChannelsConfig {
        // So long that no place is given back in this test.
        timeout: Duration::from_secs(60),
        containment: ContainmentConfig {
            calls_at_once: 4,
            ..ContainmentConfig::default()
        },
        ..config_at(&silent_for(HANGS).await)
    });
    let channels = channels.unwrap();
    let (hanging, other) = (setting::credentials(HANGS), setting::credentials("sk_test_other"));
    let mut calls: FuturesUnordered<_> = (0..6).map(|_| opened(&channels, &hanging)).collect();
    // Two have got a place and wait for their answers; the others are told that there is none.
    for _ in 0..4 {
        let told = timeout(Duration::from_secs(20), calls.next()).await.unwrap();
        assert!(
            matches!(&told, Some(Err(CallError::Limited { is_own: true, .. }))),
            "{told:?}"
        );
    }
    for _ in 0..5 {
        let both = join_all([opened(&channels, &other), opened(&channels, &other)]);
        for answered in timeout(Duration::from_secs(20), both).await.unwrap() {
            assert!(matches!(answered, Err(CallError::Declined(_))), "{answered:?}");
        }
    }
    assert!(calls.next().now_or_never().is_none(), "they hang as before");
}

/// Both merchants leave before their tokens are there; a third finds a place all the same.
#[tokio::test]
async fn a_token_that_nobody_waits_for_gives_its_place_back() {
    runtime::install_crypto();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channels = Channels::new(&ChannelsConfig {
        containment: ContainmentConfig {
            calls_at_once: 2,
            ..ContainmentConfig::default()
        },
        ..config_at(&format!("http://{}", silent.local_addr().unwrap()))
    });
    let channels = channels.unwrap();
    for client_id in ["one", "two"] {
        let credentials = paypal(client_id);
        let left = timeout(Duration::from_millis(50), opened(&channels, &credentials)).await;
        assert!(left.is_err());
    }
    tokio::time::sleep(TIMEOUT).await;
    let silent = opened(&channels, &paypal("three")).await;
    assert!(matches!(silent, Err(CallError::NotDone { .. })), "{silent:?}");
}
