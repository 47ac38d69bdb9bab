//! Alipay and WeChat Pay through Stripe: the payer leaves for a page, or scans a code.

use domain::{
    channel::{CallError, Intent, IntentStatus, Method, NewIntent, PayerStep},
    currency::Currency,
    money::Money,
};
use serde_json::json;

use crate::setting::{Setting, named, new_intent, new_refund};

fn by(method: Method) -> NewIntent {
    NewIntent {
        method: Some(method),
        return_url: Some("https://merchant.example/back".into()),
        ..new_intent(None)
    }
}

async fn create(setting: &Setting, new: &NewIntent) -> Result<Intent, CallError> {
    setting.channels.create_intent(&setting.credentials, new).await.0
}

async fn shown(setting: &Setting, intent: &Intent) -> Intent {
    let called = setting
        .channels
        .retrieve_intent(&setting.credentials, &named(&intent.id))
        .await;
    called.0.unwrap()
}

/// The payer ends what the wallet's page or code leads to.
async fn wallet(setting: &Setting, intent: &Intent, ending: &str) {
    let path = format!("stripe/wallets/{}/{ending}", intent.id);
    setting.order(&path, &json!({})).await;
}

async fn is_paid_and_refunded(setting: &Setting, intent: &Intent) {
    wallet(setting, intent, "complete").await;
    let paid = shown(setting, intent).await;
    assert_eq!(
        (&paid.status, paid.received_minor),
        (&IntentStatus::Succeeded, 1999)
    );
    let refund = new_refund(&paid, 500);
    let refunded = setting
        .channels
        .create_refund(&setting.credentials, &refund)
        .await;
    assert_eq!(refunded.0.unwrap().money.amount_minor, 500);
}

#[tokio::test]
async fn alipay_is_paid_on_its_page() {
    let setting = Setting::new().await;
    let new = by(Method::Alipay);
    let intent = create(&setting, &new).await.unwrap();
    assert_eq!(intent.status, IntentStatus::RequiresAction);
    let Some(PayerStep::Redirect { url }) = intent.next_action.clone().map(|action| action.step) else {
        panic!("{intent:?}")
    };
    assert!(
        url.starts_with(&setting.sandbox.base_url()) && url.contains(&intent.id),
        "{url}"
    );
    assert_eq!(
        create(&setting, &new).await.unwrap().next_action,
        intent.next_action
    );
    assert_eq!(shown(&setting, &intent).await.next_action, intent.next_action);
    is_paid_and_refunded(&setting, &intent).await;
}

#[tokio::test]
async fn wechat_pay_is_paid_by_its_code() {
    let setting = Setting::new().await;
    let intent = create(&setting, &by(Method::WechatPay)).await.unwrap();
    assert_eq!(intent.status, IntentStatus::RequiresAction);
    let Some(PayerStep::QrCode { content, svg: None }) = intent.next_action.clone().map(|action| action.step)
    else {
        panic!("{intent:?}")
    };
    assert!(content.starts_with("weixin://wxpay/"), "{content}");
    is_paid_and_refunded(&setting, &intent).await;
}

#[tokio::test]
async fn a_wallet_that_is_not_paid_with_is_a_decline() {
    let setting = Setting::new().await;
    for method in [Method::Alipay, Method::WechatPay] {
        let intent = create(&setting, &by(method)).await.unwrap();
        wallet(&setting, &intent, "fail").await;
        let failed = shown(&setting, &intent).await;
        assert!(matches!(failed.status, IntentStatus::Declined(_)), "{failed:?}");
        assert_eq!((failed.received_minor, failed.next_action), (0, None));
    }
}

#[tokio::test]
async fn a_card_alone_is_paid_on_the_merchants_page() {
    let setting = Setting::new().await;
    let intent = create(&setting, &by(Method::Card)).await.unwrap();
    assert_eq!(intent.status, IntentStatus::RequiresAction);
    let step = intent.next_action.map(|action| action.step);
    assert!(matches!(step, Some(PayerStep::ClientSecret { .. })), "{step:?}");
    let at_once = NewIntent {
        method: Some(Method::Card),
        ..new_intent(Some("pm_card_visa"))
    };
    assert_eq!(
        create(&setting, &at_once).await.unwrap().status,
        IntentStatus::Succeeded
    );
}

#[tokio::test]
async fn what_stripe_cannot_do_is_refused() {
    let setting = Setting::new().await;
    let paypal = by(Method::Paypal);
    let nowhere = NewIntent {
        return_url: None,
        ..by(Method::Alipay)
    };
    let zloty = NewIntent {
        money: Money {
            amount_minor: 1999,
            currency: Currency::PLN,
        },
        ..by(Method::WechatPay)
    };
    let card_for_alipay = NewIntent {
        payment_method: Some("pm_card_visa".into()),
        ..by(Method::Alipay)
    };
    for new in [paypal, nowhere, zloty, card_for_alipay] {
        let refused = create(&setting, &new).await;
        assert!(
            matches!(refused, Err(CallError::Refused { .. })),
            "{:?}: {refused:?}",
            new.method
        );
    }
}
