//! What is particular to refunds at Alipay: answers that do not say yes, and trades that a refund closes.

use domain::{
    channel::{CallError, ChannelRefundStatus, IntentStatus, RefundRef},
    money::Money,
};

use crate::alipay_setting::{AlipaySetting, known, new_refund, rest};

#[tokio::test]
async fn a_payment_that_was_given_back_in_full_was_paid() {
    let setting = AlipaySetting::new().await;
    let new = setting.paid().await;
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    let (refund, _) = channels
        .create_refund(credentials, &new_refund(&new, 8_888))
        .await;
    assert_eq!(refund.unwrap().status, ChannelRefundStatus::Succeeded);
    let trades = setting.shown("alipay/trades").await;
    assert_eq!(trades[0]["trade_status"], "TRADE_CLOSED");
    let (shown, _) = channels.retrieve_intent(credentials, &known(&new)).await;
    let shown = shown.unwrap();
    assert_eq!(
        (shown.status, shown.received_minor),
        (IntentStatus::Succeeded, 8_888)
    );
}

#[tokio::test]
async fn a_repeat_that_moves_nothing_is_answered_by_asking() {
    let setting = AlipaySetting::new().await;
    let new = setting.paid().await;
    let refund = new_refund(&new, 8_888);
    for _ in 0..2 {
        let (made, _) = setting
            .channels
            .create_refund(&setting.credentials, &refund)
            .await;
        let made = made.unwrap();
        assert_eq!(made.money, refund.money);
        assert_eq!(made.id, refund.refund_id.as_uuid().simple().to_string());
    }
    assert_eq!(setting.called("alipay.trade.fastpay.refund.query").await, 1);
    assert_eq!(setting.shown("alipay/refunds").await.len(), 1);
}

#[tokio::test]
async fn another_amount_under_the_same_number_is_answered_with_what_was_given_back() {
    let setting = AlipaySetting::new().await;
    let new = setting.paid().await;
    let first = new_refund(&new, 100);
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    channels.create_refund(credentials, &first).await.0.unwrap();
    let mut other = first.clone();
    other.money = Money {
        amount_minor: 200,
        ..first.money
    };
    let (answered, _) = channels.create_refund(credentials, &other).await;
    assert_eq!(answered.unwrap().money, first.money);
}

#[tokio::test]
async fn a_refund_too_soon_after_another_is_not_given_up() {
    let setting = AlipaySetting::new().await;
    let new = setting.paid().await;
    let (channels, credentials) = (&setting.channels, &setting.credentials);
    channels
        .create_refund(credentials, &new_refund(&new, 100))
        .await
        .0
        .unwrap();
    let second = new_refund(&new, 200);
    let (hasty, _) = channels.create_refund(credentials, &second).await;
    assert!(
        matches!(
            hasty,
            Err(CallError::Unknown { .. } | CallError::Limited { .. } | CallError::NotDone { .. })
        ),
        "{hasty:?}"
    );
    rest().await;
    let (made, _) = channels.create_refund(credentials, &second).await;
    assert_eq!(made.unwrap().status, ChannelRefundStatus::Succeeded);
}

#[tokio::test]
async fn a_refund_that_alipay_does_not_show_is_refused_by_its_code() {
    let setting = AlipaySetting::new().await;
    let new = setting.paid().await;
    let refund = new_refund(&new, 100);
    let nobodys = RefundRef {
        refund_id: refund.refund_id,
        id: refund.refund_id.as_uuid().simple().to_string(),
        intent: known(&new),
        money: refund.money,
    };
    let (refused, _) = setting
        .channels
        .retrieve_refund(&setting.credentials, &nobodys)
        .await;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == "ACQ.TRADE_NOT_EXIST"),
        "{refused:?}"
    );
}
