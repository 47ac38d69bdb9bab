//! The ways to pay with Alipay, and trades that nobody has opened yet.

use channels::{Cancellation, LostIntent};
use domain::channel::{CallError, Flow, IntentRef, IntentStatus, PayerStep};
use serde_json::json;

use crate::{
    alipay_setting::{AlipaySetting, known, new_intent},
    setting::{job, lately},
};

#[tokio::test]
async fn the_browser_opens_a_signed_address_and_the_payer_pays() {
    for (flow, method) in [
        (Flow::Web, "alipay.trade.page.pay"),
        (Flow::MobileWeb, "alipay.trade.wap.pay"),
    ] {
        let setting = AlipaySetting::new().await;
        let (new, intent) = setting.opened(flow).await;
        assert_eq!(intent.status, IntentStatus::RequiresAction);
        let action = intent.next_action.unwrap();
        assert_eq!(action.expires_at, Some(new.expires_at));
        let PayerStep::Redirect { url } = action.step else {
            panic!("{:?}", action.step)
        };
        assert!(url.contains(&format!("method={method}")), "{url}");
        assert_eq!(setting.shown("calls").await.len(), 0, "no call is made");

        let page = reqwest::get(url).await.unwrap();
        let (status, page) = (page.status(), page.text().await.unwrap());
        assert!(status.is_success() && page.contains("cashier"), "{page}");
        assert!(setting.payer(&intent.id, &json!({})).await);
        let (shown, _) = setting
            .channels
            .retrieve_intent(&setting.credentials, &known(&new))
            .await;
        let shown = shown.unwrap();
        assert_eq!(
            (shown.status, shown.received_minor),
            (IntentStatus::Succeeded, 8_888)
        );
    }
}

#[tokio::test]
async fn the_app_hands_over_a_signed_text_and_the_payer_pays() {
    let setting = AlipaySetting::new().await;
    let (new, intent) = setting.opened(Flow::App).await;
    let Some(PayerStep::App { parameters }) = intent.next_action.map(|action| action.step) else {
        panic!("no step for an app")
    };
    let order = json!({"order": parameters["order_string"]});
    setting.order("alipay/app-pay", &order).await;
    let (shown, _) = setting
        .channels
        .retrieve_intent(&setting.credentials, &known(&new))
        .await;
    assert_eq!(shown.unwrap().status, IntentStatus::Succeeded);
}

#[tokio::test]
async fn a_code_is_given_again_and_says_that_it_ends_with_the_payment() {
    let setting = AlipaySetting::new().await;
    let (new, intent) = setting.opened(Flow::QrCode).await;
    let action = intent.next_action.unwrap();
    assert_eq!(action.expires_at, Some(new.expires_at));
    let PayerStep::QrCode { content, svg } = action.step else {
        panic!("{:?}", action.step)
    };
    assert!(content.contains(&intent.id) && svg.is_none());
    let (again, _) = setting.channels.create_intent(&setting.credentials, &new).await;
    assert!(again.unwrap().next_action.is_some());
}

#[tokio::test]
async fn an_intent_that_was_paid_meanwhile_is_answered_as_it_stands() {
    let setting = AlipaySetting::new().await;
    let new = setting.paid().await;
    let (again, _) = setting.channels.create_intent(&setting.credentials, &new).await;
    let again = again.unwrap();
    assert_eq!((again.status, again.next_action), (IntentStatus::Succeeded, None));
}

#[tokio::test]
async fn what_nobody_has_opened_waits_and_is_not_found() {
    let setting = AlipaySetting::new().await;
    let (new, intent) = setting.opened(Flow::Web).await;
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let (shown, _) = channels.retrieve_intent(credentials, &known(&new)).await;
    let shown = shown.unwrap();
    assert_eq!(
        (shown.status, shown.money),
        (IntentStatus::RequiresAction, new.money)
    );
    let lost = LostIntent {
        payment_id: new.payment_id,
        money: new.money,
        connected_account: None,
        period: lately(),
    };
    assert_eq!(channels.find_intent(credentials, &lost).await.0, Ok(None));
    let bare = IntentRef {
        money: None,
        ..known(&new)
    };
    let (refused, _) = channels.retrieve_intent(credentials, &bare).await;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == "ACQ.TRADE_NOT_EXIST"),
        "{refused:?} {}",
        intent.id
    );
}

#[tokio::test]
async fn closing_what_nobody_has_opened_moves_no_money_behind_our_back() {
    let setting = AlipaySetting::new().await;
    let (new, intent) = setting.opened(Flow::QrCode).await;
    let cancellation = Cancellation {
        payment_id: new.payment_id,
        job_id: job(1),
        intent: known(&new),
    };
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let (closed, _) = channels.cancel_intent(credentials, &cancellation).await;
    assert_eq!(closed.unwrap().status, IntentStatus::Canceled);
    // The code can still be scanned. Whoever pays by it has paid late, and that is seen.
    assert!(setting.payer(&intent.id, &json!({})).await);
    let (shown, _) = channels.retrieve_intent(credentials, &known(&new)).await;
    assert_eq!(shown.unwrap().received_minor, 8_888);
    let (again, _) = channels.cancel_intent(credentials, &cancellation).await;
    assert_eq!(again.unwrap().status, IntentStatus::Succeeded);
    assert_eq!(setting.called("alipay.trade.cancel").await, 0);
    assert_eq!(setting.shown("alipay/refunds").await.len(), 0);
}

#[tokio::test]
async fn an_id_that_is_none_of_ours_is_never_asked_about() {
    let setting = AlipaySetting::new().await;
    let foreign = IntentRef {
        id: "T20261120000001".into(),
        ..known(&new_intent(Flow::Web, "https://sluice.example"))
    };
    let (refused, _) = setting
        .channels
        .retrieve_intent(&setting.credentials, &foreign)
        .await;
    assert!(matches!(refused, Err(CallError::Refused { .. })), "{refused:?}");
    assert_eq!(setting.shown("calls").await.len(), 0);
}
