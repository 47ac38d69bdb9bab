//! What each kind of event says, and that none makes the translation panic.

use domain::{
    channel::{ChannelRefundStatus, Intent},
    secret::Secret,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const PAYMENT: &str = "pay_1fedc3ad96208c7eaf799d250faf6052";
const REFUND: &str = "rfd_1fedc3ad96208c7eaf799d250faf6052";
const ORDER: &str = "5O190127TN364715T";
const PAYEE: &str = "MERCHANTPAYEE";

fn credentials(merchant_id: Option<&str>) -> PaypalCredentials {
    let webhook_ids = vec![Secret::new("1JE4291016473214C")];
    let merchant_id = merchant_id.map(Secret::new);
    PaypalCredentials::new(Secret::new("c"), Secret::new("s"), webhook_ids, merchant_id).unwrap()
}

fn translate(event_type: &str, resource: &Value) -> Result<CallbackEvent, CallbackProblem> {
    let body = json!({"id": "WH-1", "event_type": event_type, "resource": resource}).to_string();
    translate_callback(&credentials(Some(PAYEE)), body.as_bytes())
}

fn capture(status: &str) -> Value {
    json!({
        "id": "42311647XV020574X", "status": status, "custom_id": PAYMENT,
        "amount": {"currency_code": "USD", "value": "88.88"},
        "status_details": {"reason": "PENDING_REVIEW"},
        "payee": {"merchant_id": PAYEE, "email_address": "merchant@example.com"},
        "supplementary_data": {"related_ids": {"order_id": ORDER}},
    })
}

fn order() -> Value {
    json!({
        "id": ORDER, "status": "APPROVED", "intent": "CAPTURE",
        "payer": {"email_address": "jane@example.com"},
        "purchase_units": [{
            "custom_id": PAYMENT, "amount": {"currency_code": "HUF", "value": "1999"},
            "payee": {"merchant_id": PAYEE},
        }],
    })
}

fn refund(status: &str) -> Value {
    json!({
        "id": "1JU08902781691411", "status": status, "custom_id": REFUND,
        "amount": {"currency_code": "USD", "value": "8.88"},
        "payer": {"merchant_id": PAYEE},
        "links": [{"href": "https://api.paypal.com/v2/payments/captures/42311647XV020574X", "rel": "up"}],
    })
}

fn intent(event: Result<CallbackEvent, CallbackProblem>) -> (Intent, IntentStatus) {
    match event {
        Ok(CallbackEvent::Intent { intent, change }) => (intent, change),
        other => panic!("{other:?}"),
    }
}

fn problem(event: Result<CallbackEvent, CallbackProblem>) -> String {
    match event {
        Err(CallbackProblem::Unreadable(unreadable)) => unreadable.problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_approval_is_no_money() {
    let (intent, change) = intent(translate("CHECKOUT.ORDER.APPROVED", &order()));
    assert_eq!(change, IntentStatus::Approved);
    assert_eq!((intent.id.as_str(), intent.received_minor), (ORDER, 0));
    assert_eq!(intent.payment_id.unwrap().to_string(), PAYMENT);
    assert_eq!(intent.money.amount_minor, 199_900);
}

#[test]
fn captures_say_what_came() {
    let (completed, change) = intent(translate("PAYMENT.CAPTURE.COMPLETED", &capture("COMPLETED")));
    assert_eq!(change, IntentStatus::Succeeded);
    assert_eq!((completed.id.as_str(), completed.received_minor), (ORDER, 8_888));
    assert_eq!(completed.payment_id.unwrap().to_string(), PAYMENT);
    let (refunded_since, change) = intent(translate("PAYMENT.CAPTURE.COMPLETED", &capture("REFUNDED")));
    assert_eq!(
        (change, refunded_since.received_minor),
        (IntentStatus::Succeeded, 8_888)
    );
    let (pending, change) = intent(translate("PAYMENT.CAPTURE.PENDING", &capture("PENDING")));
    assert_eq!((change, pending.received_minor), (IntentStatus::Processing, 0));
    for denied in ["PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED"] {
        let (declined, change) = intent(translate(denied, &capture("DECLINED")));
        assert_eq!(declined.received_minor, 0);
        let IntentStatus::Declined(failure) = change else {
            panic!("{change:?}")
        };
        assert_eq!(failure.code, "PENDING_REVIEW");
    }
}

#[test]
fn an_event_that_contradicts_itself_is_for_people() {
    for status in ["PENDING", "DECLINED", "FAILED"] {
        let said = problem(translate("PAYMENT.CAPTURE.COMPLETED", &capture(status)));
        assert!(said.contains("disagree"), "{said}");
    }
    let said = problem(translate("PAYMENT.CAPTURE.DENIED", &capture("COMPLETED")));
    assert!(said.contains("disagree"), "{said}");
}

#[test]
fn refunds_of_ours_are_shown_as_they_are() {
    for event_type in [
        "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.REFUND.COMPLETED",
        "PAYMENT.REFUND.FAILED",
    ] {
        for (status, expected) in [
            ("PENDING", ChannelRefundStatus::Processing),
            ("COMPLETED", ChannelRefundStatus::Succeeded),
        ] {
            let Ok(CallbackEvent::Refund(shown)) = translate(event_type, &refund(status)) else {
                panic!("{event_type}")
            };
            assert_eq!(shown.status, expected);
            assert_eq!(shown.refund_id.unwrap().to_string(), REFUND);
            assert_eq!((shown.money.amount_minor, shown.intent_id), (888, None));
        }
    }
    let mut elsewhere = refund("COMPLETED");
    for mark in [json!(PAYMENT), json!("order-7"), Value::Null] {
        elsewhere["custom_id"] = mark;
        assert_eq!(
            translate("PAYMENT.CAPTURE.REFUNDED", &elsewhere),
            Ok(CallbackEvent::Other)
        );
    }
}

#[test]
fn what_others_do_with_the_account_is_no_concern_of_ours() {
    let mut foreign = capture("A STATUS OF NEXT YEAR");
    foreign["custom_id"] = "pay_1".into();
    assert_eq!(
        translate("PAYMENT.CAPTURE.COMPLETED", &foreign),
        Ok(CallbackEvent::Other)
    );
    assert_eq!(
        translate("CHECKOUT.ORDER.APPROVED", &json!({"id": 7})),
        Ok(CallbackEvent::Other)
    );
    for other in [
        "CHECKOUT.ORDER.COMPLETED",
        "PAYMENT.SALE.COMPLETED",
        "BILLING.SUBSCRIPTION.CREATED",
        "",
    ] {
        assert_eq!(
            translate(other, &capture("COMPLETED")),
            Ok(CallbackEvent::Other),
            "{other}"
        );
    }
}

#[test]
fn people_are_called_where_paypal_takes_money_back() {
    let payment_id = Some(PAYMENT.parse().unwrap());
    let dispute = json!({"dispute_id": "PP-D-1", "disputed_transactions": [{"custom": PAYMENT}]});
    for (event_type, resource, payment_id) in [
        ("PAYMENT.CAPTURE.REVERSED", capture("COMPLETED"), payment_id),
        ("CUSTOMER.DISPUTE.CREATED", dispute, payment_id),
        ("CUSTOMER.DISPUTE.RESOLVED", json!({"dispute_id": "PP-D-1"}), None),
        ("PAYMENT.CAPTURE.REVERSED", json!(7), None),
    ] {
        assert_eq!(
            translate(event_type, &resource),
            Ok(CallbackEvent::NeedsPeople { payment_id }),
            "{event_type}"
        );
    }
}

#[test]
fn another_account_is_not_the_merchants() {
    let mut other = capture("COMPLETED");
    other["payee"]["merchant_id"] = "SOMEBODYELSE".into();
    let mut other_order = order();
    other_order["purchase_units"][0]["payee"]["merchant_id"] = "SOMEBODYELSE".into();
    let mut other_refund = refund("COMPLETED");
    other_refund["payer"]["merchant_id"] = "SOMEBODYELSE".into();
    for (event_type, resource) in [
        ("PAYMENT.CAPTURE.COMPLETED", &other),
        ("CHECKOUT.ORDER.APPROVED", &other_order),
        ("PAYMENT.CAPTURE.REFUNDED", &other_refund),
    ] {
        let refused = translate(event_type, resource);
        assert!(
            matches!(refused, Err(CallbackProblem::OtherAccount(_))),
            "{refused:?}"
        );
    }
    // Whoever says nothing of the account has the webhook to tell by; so has a merchant without one.
    let mut silent = capture("COMPLETED");
    silent["payee"] = Value::Null;
    assert!(translate("PAYMENT.CAPTURE.COMPLETED", &silent).is_ok());
    let body =
        json!({"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": other}).to_string();
    assert!(translate_callback(&credentials(None), body.as_bytes()).is_ok());
}

#[test]
fn what_is_ours_and_cannot_be_read_is_a_problem() {
    let mut bad = capture("COMPLETED");
    bad["supplementary_data"] = Value::Null;
    assert!(problem(translate("PAYMENT.CAPTURE.COMPLETED", &bad)).contains("which order"));
    let mut bad = capture("COMPLETED");
    bad["amount"]["value"] = "88.8888".into();
    assert!(problem(translate("PAYMENT.CAPTURE.COMPLETED", &bad)).contains("not an amount"));
    let mut bad = capture("COMPLETED");
    bad["amount"]["currency_code"] = "KWD".into();
    assert!(problem(translate("PAYMENT.CAPTURE.COMPLETED", &bad)).contains("currency"));
    let mut bad = order();
    bad["status"] = "SOMETHING".into();
    assert!(problem(translate("CHECKOUT.ORDER.APPROVED", &bad)).contains("unknown status"));
    let mut bad = refund("COMPLETED");
    bad["amount"] = Value::Null;
    assert!(problem(translate("PAYMENT.REFUND.COMPLETED", &bad)).contains("how much"));
    for junk in ["", "junk", "[]", "{}", r#"{"event_type":7}"#] {
        assert!(
            translate_callback(&credentials(None), junk.as_bytes()).is_err(),
            "{junk}"
        );
    }
}

#[test]
fn the_events_of_the_fixtures_are_foreign() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/paypal_signatures.json")).unwrap();
    for case in vectors["cases"].as_array().unwrap() {
        let event = translate_callback(
            &credentials(Some(PAYEE)),
            case["body"].as_str().unwrap().as_bytes(),
        );
        assert_eq!(event, Ok(CallbackEvent::Other), "{}", case["name"]);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        Just(json!(PAYMENT)),
        Just(json!(REFUND)),
        Just(json!("COMPLETED")),
        ".{0,8}".prop_map(Value::from),
    ];
    let names = prop_oneof![
        Just("id"),
        Just("status"),
        Just("amount"),
        Just("custom_id"),
        Just("value"),
        Just("currency_code"),
        Just("purchase_units"),
        Just("payments"),
        Just("captures"),
        Just("payee"),
        Just("merchant_id"),
        Just("supplementary_data"),
        Just("related_ids"),
        Just("order_id"),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..6).prop_map(|fields| Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name.into(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn no_resource_makes_it_panic(resource in any_json(), at in 0..5_usize) {
        let kinds = [
            "CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DENIED",
            "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.FAILED",
        ];
        let _ = translate(kinds[at], &resource);
    }

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = translate_callback(&credentials(None), &body);
    }
}
