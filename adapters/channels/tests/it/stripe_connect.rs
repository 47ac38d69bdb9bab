//! An account that is paid through the merchant's own: every call names it, and nobody else sees what it holds.

use channels::{Cancellation, Confirmation, translate_callback};
use domain::{
    callback::CallbackEvent,
    channel::{CallError, Channel, IntentRef, IntentStatus, NewIntent, RefundRef},
};
use serde_json::{Value, json};

use crate::{
    answering::{Answering, answer},
    setting::{Setting, credentials, job, lost, named, new_intent, new_refund, refund_named},
    stand::channels_at,
};

const SELLER: &str = "acct_seller";

fn for_the_seller() -> NewIntent {
    NewIntent {
        connected_account: Some(SELLER.into()),
        ..new_intent(None)
    }
}

fn of_the_seller(id: &str) -> IntentRef {
    IntentRef {
        connected_account: Some(SELLER.into()),
        ..named(id)
    }
}

fn of(intent: IntentRef) -> RefundRef {
    RefundRef {
        intent,
        ..refund_named("re_1")
    }
}

#[tokio::test]
async fn every_call_names_the_account_that_is_paid() {
    let gone = answer("500 Internal Server Error", &json!({}));
    let answers = vec![gone; 8];
    let server = Answering::with(&answers).await;
    let (channels, credentials) = (channels_at(&server.base_url), credentials("sk_test_wire"));
    let (new, intent) = (for_the_seller(), of_the_seller("pi_1"));
    let confirmation = Confirmation {
        payment_id: new.payment_id,
        job_id: job(1),
        intent: intent.clone(),
        payment_method: None,
        return_url: None,
    };
    let cancellation = Cancellation {
        payment_id: new.payment_id,
        job_id: job(2),
        intent: intent.clone(),
    };
    let refund = of(intent.clone());
    let new_refund = domain::channel::NewRefund {
        refund_id: refund.refund_id,
        payment_id: new.payment_id,
        intent: intent.clone(),
        money: new.money,
        reason: None,
        callback_url: "https://pay.example/callbacks".into(),
        destination: None,
    };
    let outcomes = [
        channels.create_intent(&credentials, &new).await.1,
        channels.retrieve_intent(&credentials, &intent).await.1,
        channels.find_intent(&credentials, &lost(&new)).await.1,
        channels.confirm_intent(&credentials, &confirmation).await.1,
        channels.cancel_intent(&credentials, &cancellation).await.1,
        channels.create_refund(&credentials, &new_refund).await.1,
        channels.retrieve_refund(&credentials, &refund).await.1,
        channels
            .find_refund(&credentials, &intent, refund.refund_id)
            .await
            .1,
    ];
    assert!(
        outcomes.iter().all(|exchange| exchange.outcome == "unknown"),
        "{outcomes:?}"
    );
    let requests = server.requests().await;
    assert_eq!(requests.len(), outcomes.len());
    for request in requests {
        let head = request.to_ascii_lowercase();
        assert!(head.contains("\r\nstripe-account: acct_seller\r\n"), "{request}");
    }
}

#[tokio::test]
async fn the_merchants_own_account_is_not_named() {
    let server = Answering::with(&[answer("500 Internal Server Error", &json!({}))]).await;
    let channels = channels_at(&server.base_url);
    channels
        .create_intent(&credentials("sk_test_wire"), &new_intent(None))
        .await
        .0
        .unwrap_err();
    let request = server.requests().await.remove(0);
    assert!(
        !request.to_ascii_lowercase().contains("stripe-account"),
        "{request}"
    );
}

#[tokio::test]
async fn accounts_do_not_see_each_others_objects() {
    let setting = Setting::new().await;
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let new = NewIntent {
        payment_method: Some("pm_card_visa".into()),
        ..for_the_seller()
    };
    let intent = channels.create_intent(credentials, &new).await.0.unwrap();
    assert_eq!(intent.status, IntentStatus::Succeeded);
    let mut refund = new_refund(&intent, 500);
    for (account, is_theirs) in [(Some(SELLER), true), (None, false), (Some("acct_another"), false)] {
        let account = account.map(str::to_owned);
        let known = IntentRef {
            connected_account: account.clone(),
            ..named(&intent.id)
        };
        let shown = channels.retrieve_intent(credentials, &known).await.0;
        let search = channels::LostIntent {
            connected_account: account,
            ..lost(&new)
        };
        let found = channels.find_intent(credentials, &search).await.0.unwrap();
        assert_eq!(found.is_some(), is_theirs);
        refund.intent = known;
        let refunded = channels.create_refund(credentials, &refund).await.0;
        if is_theirs {
            assert_eq!(shown, Ok(intent.clone()));
            assert!(refunded.is_ok(), "{refunded:?}");
        } else {
            for refused in [shown.map(drop), refunded.map(drop)] {
                assert!(
                    matches!(&refused, Err(CallError::Refused { code, .. }) if code == "resource_missing"),
                    "{refused:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_account_that_is_not_connected_is_refused() {
    let setting = Setting::new().await;
    let new = NewIntent {
        connected_account: Some("nobody".into()),
        ..new_intent(None)
    };
    let refused = setting.channels.create_intent(&setting.credentials, &new).await.0;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == "account_invalid"),
        "{refused:?}"
    );
}

#[test]
fn an_event_of_a_connected_account_says_the_same_and_whose_it_is() {
    let plain = include_str!("../fixtures/stripe_events/succeeded.json");
    let mut connected: Value = serde_json::from_str(plain).unwrap();
    connected["account"] = SELLER.into();
    let read = |body: &str| translate_callback(Channel::Stripe, None, body.as_bytes()).unwrap();
    let (news, own) = (read(&connected.to_string()), read(plain));
    assert!(matches!(news.event, CallbackEvent::Intent { .. }), "{news:?}");
    assert_eq!(news.event, own.event);
    assert_eq!((news.account.as_deref(), own.account), (Some(SELLER), None));
}
