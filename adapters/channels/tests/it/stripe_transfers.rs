//! Money that is sent to connected accounts: sent once, found by what it pays, and what a refusal or a lost answer tells.

use domain::{
    channel::{CallError, ChannelTransfer, NewTransfer},
    currency::Currency,
    id::{IdempotencyKey, MerchantId, WithdrawalId},
    money::Money,
};
use serde_json::json;

use crate::{
    answering::{Answering, answer},
    setting::{Setting, credentials},
    stand::channels_at,
};

const CREATE: &str = "POST /v1/transfers";
const LIST: &str = "GET /v1/transfers";

/// Money for an account, for a withdrawal that nobody has asked for yet.
pub fn to(account: &str, amount_minor: i64) -> NewTransfer {
    let key = IdempotencyKey::try_from("withdrawal-1".to_owned()).unwrap();
    NewTransfer {
        withdrawal_id: WithdrawalId::derive(MerchantId::random(), &key),
        money: Money {
            amount_minor,
            currency: Currency::USD,
        },
        channel_account_id: account.into(),
    }
}

async fn send(setting: &Setting, new: &NewTransfer) -> Result<ChannelTransfer, CallError> {
    let (sent, exchange) = setting.channels.create_transfer(&setting.credentials, new).await;
    assert_eq!(exchange.operation.name(), "create_transfer");
    sent
}

async fn find(setting: &Setting, new: &NewTransfer) -> Result<Option<ChannelTransfer>, CallError> {
    setting.channels.find_transfer(&setting.credentials, new).await.0
}

fn code(result: Result<ChannelTransfer, CallError>) -> String {
    match result {
        Err(CallError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

/// Money at Stripe, and an account that can be sent some.
async fn funded() -> (Setting, String) {
    let setting = Setting::new().await;
    setting.paid("pm_card_visa").await;
    let account = setting.active_account().await;
    (setting, account)
}

#[tokio::test]
async fn money_is_sent_once_under_the_key_of_its_withdrawal() {
    let (setting, account) = funded().await;
    let new = to(&account, 700);
    let sent = send(&setting, &new).await.unwrap();
    assert_eq!(sent.withdrawal_id, Some(new.withdrawal_id));
    assert_eq!(
        (sent.money, &sent.channel_account_id),
        (new.money, &new.channel_account_id)
    );
    assert_eq!(send(&setting, &new).await, Ok(sent.clone()));
    let calls = setting.calls(CREATE).await;
    assert_eq!(
        calls[0]["idempotency_key"],
        format!("{}/create_transfer", new.withdrawal_id)
    );
    assert_eq!(
        calls[0]["metadata"]["sluice_withdrawal_id"],
        new.withdrawal_id.to_string()
    );
    assert_eq!(calls[1]["replayed"], true);
    let there = setting.shown("stripe/transfers").await;
    assert_eq!(there.len(), 1);
    assert_eq!(there[0]["transfer_group"], new.withdrawal_id.to_string());
    assert_eq!(find(&setting, &new).await, Ok(Some(sent)));
    assert_eq!(find(&setting, &to(&account, 700)).await, Ok(None));
}

#[tokio::test]
async fn what_was_sent_unseen_is_unknown_then_found_and_a_repeat_does_not_send_it_twice() {
    for fault in ["hang_after", "reset_after", "malformed", "error_after"] {
        let (setting, account) = funded().await;
        let new = to(&account, 700);
        setting.fault_once(CREATE, fault).await;
        let lost = send(&setting, &new).await;
        assert!(
            matches!(lost, Err(CallError::Unknown { .. })),
            "{fault}: {lost:?}"
        );
        let found = find(&setting, &new).await.unwrap().unwrap();
        assert_eq!(found.money, new.money, "{fault}");
        let repeated = send(&setting, &new).await;
        // An error that Stripe has kept under the key is answered again.
        if fault != "error_after" {
            assert_eq!(repeated, Ok(found), "{fault}");
        }
        assert_eq!(setting.shown("stripe/transfers").await.len(), 1, "{fault}");
    }
}

/// For a day Stripe answers a repeat with what it said first, whatever has become of the transfer since.
#[tokio::test]
async fn a_repeat_shows_what_was_taken_back_since() {
    let (setting, account) = funded().await;
    let new = to(&account, 700);
    let sent = send(&setting, &new).await.unwrap();
    let path = format!("transfers/{}/reversals", sent.id);
    let key = crate::setting::SECRET_KEY;
    setting.at_stripe(key, &path, "amount=200").await;
    let again = send(&setting, &new).await.unwrap();
    assert_eq!((sent.reversed_minor, again.reversed_minor), (0, 200));
    assert_eq!(again.id, sent.id);
    setting.fault_once("GET /v1/transfers/{id}", "error").await;
    let unseen = send(&setting, &new).await;
    assert!(matches!(unseen, Err(CallError::Unknown { .. })), "{unseen:?}");
}

#[tokio::test]
async fn only_what_surely_was_not_sent_is_told_as_such() {
    let (setting, account) = funded().await;
    for (fault, outcome) in [
        ("hang_before", "unknown"),
        ("reset_before", "unknown"),
        ("error", "unknown"),
        ("rate_limit", "not_done"),
    ] {
        setting.fault_once(CREATE, fault).await;
        let new = to(&account, 10);
        let (_, exchange) = setting.channels.create_transfer(&setting.credentials, &new).await;
        assert_eq!(exchange.outcome, outcome, "{fault}: {exchange:?}");
        assert_eq!(find(&setting, &new).await, Ok(None), "{fault}");
    }
    for fault in ["error", "reset_before", "malformed", "rate_limit"] {
        setting.fault_once(LIST, fault).await;
        let found = find(&setting, &to(&account, 10)).await;
        assert!(found.is_err(), "{fault}: {found:?}");
    }
    // The same key with another amount: an earlier request arrived, so this is no refusal of the transfer.
    let new = to(&account, 20);
    send(&setting, &new).await.unwrap();
    let mut other = new;
    other.money.amount_minor = 21;
    let conflict = send(&setting, &other).await;
    assert!(matches!(conflict, Err(CallError::Unknown { .. })), "{conflict:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_stripes_code() {
    let (setting, account) = funded().await;
    let too_much = send(&setting, &to(&account, 2_000)).await;
    assert_eq!(code(too_much), "balance_insufficient");
    let nobody = send(&setting, &to("acct_nobody", 10)).await;
    assert_eq!(code(nobody), "resource_missing");
    let new = crate::stripe_accounts::new_account();
    let onboarding = setting.open_account(&new).await.unwrap();
    let early = send(&setting, &to(&onboarding.id, 10)).await;
    assert_eq!(code(early), "insufficient_capabilities_for_transfer");
    let mut too_fine = to(&account, 1_234);
    too_fine.money.currency = Currency::KWD;
    let before = setting.calls(CREATE).await.len();
    assert_eq!(code(send(&setting, &too_fine).await), "amount_not_taken");
    let crooked = send(&setting, &to("acct_1&amount=7", 10)).await;
    assert_eq!(code(crooked), "invalid_account_id");
    assert_eq!(setting.calls(CREATE).await.len(), before);
    assert!(setting.shown("stripe/transfers").await.is_empty());
}

#[tokio::test]
async fn every_refusal_of_a_transfer_keeps_its_code_and_nothing_else_is_one() {
    let invalid = |code: &str| json!({"type": "invalid_request_error", "code": code, "message": "No."});
    for (status, error, refused) in [
        (
            "400 Bad Request",
            invalid("balance_insufficient"),
            Some("balance_insufficient"),
        ),
        (
            "402 Payment Required",
            json!({"type": "card_error", "code": "card_declined"}),
            Some("card_declined"),
        ),
        (
            "400 Bad Request",
            json!({"type": "idempotency_error", "message": "Other parameters."}),
            None,
        ),
        ("409 Conflict", invalid("balance_insufficient"), None),
        ("500 Internal Server Error", invalid("balance_insufficient"), None),
        ("503 Service Unavailable", json!({"type": "api_error"}), None),
    ] {
        let server = Answering::with(&[answer(status, &json!({ "error": error }))]).await;
        let called = channels_at(&server.base_url)
            .create_transfer(&credentials("sk_test_wire"), &to("acct_1", 10))
            .await
            .0;
        server.requests().await;
        match (called, refused) {
            (Err(CallError::Refused { code, .. }), Some(expected)) => assert_eq!(code, expected),
            (Err(CallError::Unknown { .. }), None) => {}
            (other, _) => panic!("{status} {error}: {other:?}"),
        }
    }
}
