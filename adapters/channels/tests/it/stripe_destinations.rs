//! Payments whose money goes on to a connected account: how that is asked for, shown in answers and callbacks, and taken back
//! with refunds.

use channels::translate_callback;
use domain::{
    callback::CallbackEvent,
    channel::{CallError, Channel, ChannelRefundStatus, Destination, Intent, NewIntent, NewRefund},
    currency::Currency,
    money::Money,
};
use serde_json::{Value, json};

use crate::setting::{Setting, lost, named, new_intent, new_refund};

const CREATE: &str = "POST /v1/payment_intents";

fn destination(account: &str, fee: Option<i64>) -> Destination {
    Destination {
        account: account.into(),
        application_fee_minor: fee,
    }
}

fn to(account: &str, fee: Option<i64>) -> NewIntent {
    NewIntent {
        destination: Some(destination(account, fee)),
        ..new_intent(Some("pm_card_visa"))
    }
}

async fn open(setting: &Setting, new: &NewIntent) -> Result<Intent, CallError> {
    setting.channels.create_intent(&setting.credentials, new).await.0
}

fn code<T: std::fmt::Debug>(result: Result<T, CallError>) -> String {
    match result {
        Err(CallError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_money_goes_on_and_every_answer_shows_where() {
    let setting = Setting::new().await;
    let account = setting.active_account().await;
    for fee in [None, Some(301)] {
        let new = to(&account, fee);
        let intent = open(&setting, &new).await.unwrap();
        let expected = Some(Box::new(destination(&account, fee)));
        assert_eq!(intent.destination, expected);
        assert_eq!(open(&setting, &new).await, Ok(intent.clone()));
        let (channels, credentials) = (&setting.channels, &setting.credentials);
        let shown = channels.retrieve_intent(credentials, &named(&intent.id)).await.0;
        assert_eq!(shown.unwrap().destination, expected);
        let found = channels.find_intent(credentials, &lost(&new)).await.0;
        assert_eq!(found.unwrap().unwrap().destination, expected);
    }
    let sent = setting.shown("stripe/transfers").await;
    let sent: Vec<_> = sent
        .iter()
        .map(|sent| (&sent["destination"], &sent["amount"]))
        .collect();
    assert_eq!(sent, [(&json!(account), &json!(1_999)); 2]);
    let plain = open(&setting, &new_intent(None)).await.unwrap();
    assert_eq!(plain.destination, None);
}

#[tokio::test]
async fn a_destination_that_stripe_does_not_take_is_refused_with_its_code() {
    let setting = Setting::new().await;
    assert_eq!(
        code(open(&setting, &to("acct_nobody", None)).await),
        "resource_missing"
    );
    let new = crate::stripe_accounts::new_account();
    let onboarding = setting.open_account(&new).await.unwrap();
    assert_eq!(
        code(open(&setting, &to(&onboarding.id, None)).await),
        "insufficient_capabilities_for_transfer"
    );
    let before = setting.calls(CREATE).await.len();
    let too_fine = NewIntent {
        money: Money {
            amount_minor: 5_000,
            currency: Currency::KWD,
        },
        ..to("acct_1", Some(1_234))
    };
    assert_eq!(code(open(&setting, &too_fine).await), "application_fee_not_taken");
    assert_eq!(setting.calls(CREATE).await.len(), before);
    assert!(setting.shown("stripe/transfers").await.is_empty());
}

#[tokio::test]
async fn a_refund_takes_its_part_of_both_back() {
    let setting = Setting::new().await;
    let account = setting.active_account().await;
    for fee in [None, Some(301)] {
        let intent = open(&setting, &to(&account, fee)).await.unwrap();
        let new = NewRefund {
            destination: Some(destination(&account, fee)),
            ..new_refund(&intent, 500)
        };
        let (refund, _) = setting.channels.create_refund(&setting.credentials, &new).await;
        assert_eq!(refund.unwrap().status, ChannelRefundStatus::Succeeded);
    }
    let sent = setting.shown("stripe/transfers").await;
    assert!(sent.iter().all(|sent| sent["amount_reversed"] == 500), "{sent:?}");
    // Of a payment that went nowhere nothing is asked back, as Stripe refuses that.
    let plain = setting.paid("pm_card_visa").await;
    let new = new_refund(&plain, 500);
    let (refund, _) = setting.channels.create_refund(&setting.credentials, &new).await;
    assert!(refund.is_ok(), "{refund:?}");
    let astray = NewRefund {
        destination: Some(destination(&account, None)),
        ..new_refund(&plain, 5)
    };
    let (refund, _) = setting
        .channels
        .create_refund(&setting.credentials, &astray)
        .await;
    assert_eq!(code(refund), "invalid_request_error");
}

/// What a callback shows of where the money goes.
fn shown(change: impl FnOnce(&mut Value)) -> Option<Destination> {
    let plain = include_str!("../fixtures/stripe_events/succeeded.json");
    let mut event: Value = serde_json::from_str(plain).unwrap();
    change(&mut event["data"]["object"]);
    let news = translate_callback(Channel::Stripe, None, event.to_string().as_bytes()).unwrap();
    match news.event {
        CallbackEvent::Intent { intent, .. } => intent.destination.map(|to| *to),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_callback_shows_where_the_money_goes_and_what_is_kept() {
    assert_eq!(shown(|_| {}), None);
    let to_seller = json!({ "destination": "acct_seller" });
    for (fee, expected) in [(json!(null), None), (json!(301), Some(301))] {
        let seen = shown(|intent| {
            intent["transfer_data"] = to_seller.clone();
            intent["application_fee_amount"] = fee;
        });
        assert_eq!(seen, Some(destination("acct_seller", expected)));
    }
    // A currency that Stripe counts in other units than we do.
    let seen = shown(|intent| {
        intent["transfer_data"] = to_seller.clone();
        intent["currency"] = "isk".into();
        intent["amount"] = 199_900.into();
        intent["amount_received"] = 199_900.into();
        intent["application_fee_amount"] = 30_100.into();
    });
    assert_eq!(seen, Some(destination("acct_seller", Some(301))));
    // The fee of a charge for the account itself is nothing of ours.
    assert_eq!(
        shown(|intent| intent["application_fee_amount"] = 301.into()),
        None
    );
}
