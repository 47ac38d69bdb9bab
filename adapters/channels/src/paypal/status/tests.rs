//! What every documented status means, and what money says against it.

use domain::{currency::Currency, payment::NextStep};
use serde_json::{Value, json};

use super::*;

const PAYMENT: &str = "pay_1fedc3ad96208c7eaf799d250faf6052";

fn usd(value: &str) -> Value {
    json!({"currency_code": "USD", "value": value})
}

fn order(status: &str, captures: &Value) -> Value {
    json!({
        "id": "5O190127TN364715T", "status": status, "create_time": "2026-11-20T10:00:00Z",
        "purchase_units": [{
            "custom_id": PAYMENT, "amount": usd("88.88"), "payments": {"captures": captures},
        }],
        "links": [
            {"href": "https://api.paypal.com/v2/checkout/orders/5O190127TN364715T", "rel": "self"},
            {"href": "https://www.paypal.com/checkoutnow?token=5O190127TN364715T", "rel": "payer-action"},
        ],
    })
}

fn capture(status: &str, value: &str) -> Value {
    json!({"id": "42311647XV020574X", "status": status, "amount": usd(value), "custom_id": PAYMENT})
}

fn translated(order: Value) -> Result<Intent, Untranslatable> {
    serde_json::from_value::<WireOrder>(order).unwrap().translate()
}

fn status(order_status: &str, captures: &Value) -> Result<IntentStatus, Untranslatable> {
    translated(order(order_status, captures)).map(|intent| intent.status)
}

#[test]
fn an_order_without_captures_says_how_far_its_payer_is() {
    for open in ["CREATED", "SAVED", "PAYER_ACTION_REQUIRED"] {
        let intent = translated(order(open, &json!([]))).unwrap();
        assert_eq!(intent.status, IntentStatus::RequiresAction);
        assert_eq!(intent.payment_id.unwrap().to_string(), PAYMENT);
        let action = intent.next_action.unwrap();
        let url = "https://www.paypal.com/checkoutnow?token=5O190127TN364715T".to_owned();
        assert_eq!(action.step, PayerStep::Redirect { url });
        assert_eq!(
            action.expires_at.unwrap().to_rfc3339(),
            "2026-11-20T13:00:00+00:00"
        );
    }
    let approved = translated(order("APPROVED", &json!([]))).unwrap();
    assert_eq!(
        (approved.status, approved.received_minor),
        (IntentStatus::Approved, 0)
    );
    assert_eq!(approved.next_action, None);
    assert_eq!(status("VOIDED", &json!([])), Ok(IntentStatus::Canceled));
    assert_eq!(status("COMPLETED", &json!([])), Err(Untranslatable::NoCapture));
    assert!(matches!(
        status("PAID", &json!([])),
        Err(Untranslatable::Status { .. })
    ));
}

#[test]
fn a_completed_order_is_what_its_captures_are() {
    for taken in ["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"] {
        let intent = translated(order("COMPLETED", &json!([capture(taken, "88.88")]))).unwrap();
        assert_eq!(
            (intent.status, intent.received_minor),
            (IntentStatus::Succeeded, 8_888)
        );
    }
    let pending = translated(order("COMPLETED", &json!([capture("PENDING", "88.88")]))).unwrap();
    assert_eq!(
        (pending.status, pending.received_minor),
        (IntentStatus::Processing, 0)
    );
    for not in ["DECLINED", "FAILED"] {
        let Ok(IntentStatus::Declined(failure)) = status("COMPLETED", &json!([capture(not, "88.88")])) else {
            panic!("{not}")
        };
        assert_eq!(failure.next_step, NextStep::TryAgainLater);
    }
    let unknown = status("COMPLETED", &json!([capture("HELD", "88.88")]));
    assert!(matches!(
        unknown,
        Err(Untranslatable::Status {
            object: "capture",
            ..
        })
    ));
}

#[test]
fn money_decides_whatever_else_is_said() {
    let again = json!([capture("DECLINED", "88.88"), capture("COMPLETED", "80.00")]);
    for said in ["APPROVED", "CREATED", "VOIDED", "COMPLETED"] {
        let intent = translated(order(said, &again)).unwrap();
        assert_eq!(
            (intent.status, intent.received_minor),
            (IntentStatus::Succeeded, 8_000)
        );
        assert_eq!(
            status(said, &json!([capture("PENDING", "88.88")])),
            Ok(IntentStatus::Processing)
        );
    }
    let declined_once = status("PAYER_ACTION_REQUIRED", &json!([capture("DECLINED", "88.88")]));
    assert_eq!(declined_once, Ok(IntentStatus::RequiresAction));
    let mut yen = capture("COMPLETED", "88");
    yen["amount"]["currency_code"] = "JPY".into();
    assert_eq!(
        status("COMPLETED", &json!([yen])),
        Err(Untranslatable::OtherCurrency)
    );
}

#[test]
fn an_order_for_several_things_or_nothing_is_not_ours() {
    let mut several = order("APPROVED", &json!([]));
    let unit = several["purchase_units"][0].clone();
    several["purchase_units"] = json!([unit, unit]);
    assert_eq!(translated(several), Err(Untranslatable::Units(2)));
    let nothing = json!({"id": "5O190127TN364715T", "status": "CREATED"});
    assert_eq!(translated(nothing), Err(Untranslatable::Units(0)));
}

#[test]
fn every_documented_status_of_a_refund_has_a_meaning() {
    let refund = |status: &str| {
        let wire = json!({
            "id": "1JU08902781691411", "status": status, "amount": usd("8.88"),
            "custom_id": "rfd_1fedc3ad96208c7eaf799d250faf6052",
        });
        serde_json::from_value::<WireRefund>(wire)
            .unwrap()
            .translate(Some("5O1"))
    };
    let pending = refund("PENDING").unwrap();
    assert_eq!(pending.status, ChannelRefundStatus::Processing);
    assert_eq!(pending.intent_id.as_deref(), Some("5O1"));
    assert_eq!(
        (pending.money.amount_minor, pending.money.currency),
        (888, Currency::USD)
    );
    assert!(pending.refund_id.is_some());
    assert_eq!(
        refund("COMPLETED").unwrap().status,
        ChannelRefundStatus::Succeeded
    );
    for failed in ["FAILED", "CANCELLED"] {
        assert!(
            matches!(refund(failed).unwrap().status, ChannelRefundStatus::Failed(_)),
            "{failed}"
        );
    }
    assert!(refund("REVERSED").is_err());
}
