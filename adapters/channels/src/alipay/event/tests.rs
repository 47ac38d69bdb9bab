use domain::{channel::Intent, currency::Currency, id::RefundId, money::Money};
use proptest::prelude::*;

use super::*;
use crate::alipay::{
    examples::{VECTORS, credentials},
    form::encode,
};

const TRADE: &str = "00112233445566778899aabbccddeeff";
const REFUND: &str = "ffeeddccbbaa99887766554433221100";

/// A notification about our trade with this status, with other fields changed or added.
fn translate(status: &str, changes: &[(&str, &str)]) -> Result<CallbackEvent, CallbackProblem> {
    let mut fields = vec![
        ("app_id", VECTORS["app_id"].as_str().unwrap()),
        ("seller_id", VECTORS["seller_id"].as_str().unwrap()),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", TRADE),
        ("total_amount", "88.88"),
        ("trade_status", status),
    ];
    for (name, value) in changes {
        fields.retain(|(found, _)| found != name);
        fields.push((name, value));
    }
    translate_callback(&credentials(), encode(fields).as_bytes())
}

fn told(event: Result<CallbackEvent, CallbackProblem>) -> (Intent, IntentStatus) {
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

fn refund() -> RefundId {
    refund_of(REFUND).unwrap()
}

#[test]
fn each_status_has_its_word() {
    let cases = [
        ("WAIT_BUYER_PAY", IntentStatus::RequiresAction, 0),
        ("TRADE_SUCCESS", IntentStatus::Succeeded, 8_888),
        ("TRADE_FINISHED", IntentStatus::Succeeded, 8_888),
        ("TRADE_CLOSED", IntentStatus::Canceled, 0),
    ];
    for (status, expected, received_minor) in cases {
        let (intent, change) = told(translate(status, &[("gmt_refund", ""), ("refund_fee", "")]));
        assert_eq!((&change, &intent.status), (&expected, &expected));
        assert_eq!(intent.id, TRADE);
        assert_eq!(intent.payment_id, payment_of(TRADE));
        let money = Money {
            amount_minor: 8_888,
            currency: Currency::CNY,
        };
        assert_eq!((intent.money, intent.received_minor), (money, received_minor));
    }
    assert_eq!(
        problem(translate("TRADE_PENDING", &[])),
        "the status is not known"
    );
}

#[test]
fn a_refund_of_ours_is_told_by_its_number() {
    let partly = [
        ("refund_fee", "8.88"),
        ("gmt_refund", "2026-11-20 18:30:00.123"),
        ("gmt_payment", "2026-11-20 18:00:03"),
        ("out_biz_no", REFUND),
    ];
    for status in ["TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED"] {
        assert_eq!(
            translate(status, &partly),
            Ok(CallbackEvent::RefundTold(refund()))
        );
    }
}

#[test]
fn a_refund_by_hand_never_makes_a_paid_trade_unpaid() {
    let by_hand = [
        ("refund_fee", "88.88"),
        ("gmt_refund", "2026-11-20 18:30:00.123"),
        ("out_biz_no", "R2"),
    ];
    let (_, change) = told(translate("TRADE_SUCCESS", &by_hand));
    assert_eq!(change, IntentStatus::Succeeded);
    let said = problem(translate("TRADE_CLOSED", &by_hand));
    assert!(said.contains("not ours"), "{said}");
    let silent = problem(translate(
        "TRADE_CLOSED",
        &[("gmt_payment", "2026-11-20 18:00:03")],
    ));
    assert!(silent.contains("was paid"), "{silent}");
}

#[test]
fn news_for_another_account_is_not_taken() {
    for (name, value) in [("app_id", "2021000000009999"), ("seller_id", "2088000000000009")] {
        let event = translate("TRADE_SUCCESS", &[(name, value)]);
        assert_eq!(
            event,
            Err(CallbackProblem::OtherAccount(format!("its {name} is another")))
        );
        assert_eq!(
            problem(translate("TRADE_SUCCESS", &[(name, "")])),
            format!("it has no {name}")
        );
    }
}

#[test]
fn trades_of_other_programs_and_other_news_are_not_ours() {
    for number in ["T20261120000001", "NOPE", "00112233445566778899AABBCCDDEEFF"] {
        let event = translate("TRADE_SUCCESS", &[("out_trade_no", number)]);
        assert_eq!(event, Ok(CallbackEvent::Other));
    }
    let other = translate(
        "",
        &[("notify_type", "servicemarket_order_notify"), ("app_id", "1")],
    );
    assert_eq!(other, Ok(CallbackEvent::Other));
}

#[test]
fn the_amount_is_told_as_it_is_shown() {
    let (intent, _) = told(translate("TRADE_SUCCESS", &[("total_amount", "0.01")]));
    assert_eq!(intent.received_minor, 1);
    for amount in ["-1", "0.001", "x"] {
        let said = problem(translate("TRADE_SUCCESS", &[("total_amount", amount)]));
        assert_eq!(said, "the amount is not one in yuan");
    }
    let (intent, _) = told(translate("TRADE_SUCCESS", &[("trans_currency", "EUR")]));
    assert_eq!(intent.money.currency, Currency::EUR);
    let said = problem(translate("TRADE_SUCCESS", &[("trans_currency", "JPY")]));
    assert!(said.contains("JPY"), "{said}");
}

#[test]
fn the_cases_of_the_official_libraries_are_understood() {
    for case in VECTORS["notify_cases"].as_array().unwrap() {
        let body = case["form_body"].as_str().unwrap();
        let event = translate_callback(&credentials(), body.as_bytes());
        if case["name"] == "business_check_other_app_id" {
            assert!(
                matches!(event, Err(CallbackProblem::OtherAccount(_))),
                "{event:?}"
            );
        } else if case["expect"] != "reject" {
            assert_eq!(event, Ok(CallbackEvent::Other), "{}", case["name"]);
        }
        // The same news about a trade of ours.
        let ours = body
            .replace("T20261120000001", TRADE)
            .replace("out_biz_no=R2", &format!("out_biz_no={REFUND}"));
        let event = translate_callback(&credentials(), ours.as_bytes());
        match case["name"].as_str().unwrap() {
            "valid_full_refund_closed" => assert_eq!(event, Ok(CallbackEvent::RefundTold(refund()))),
            "valid_trade_closed_timeout" => assert_eq!(told(event).1, IntentStatus::Canceled),
            "valid_wait_buyer_pay" => assert_eq!(told(event).1, IntentStatus::RequiresAction),
            "valid_trade_success" | "valid_trade_finished" | "valid_unicode_subject" => {
                assert_eq!(told(event).1, IntentStatus::Succeeded);
            }
            "business_check_amount_mismatch_signed" => assert_eq!(told(event).0.received_minor, 1),
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn junk_is_no_panic(junk in proptest::collection::vec(any::<u8>(), 0..300), value in ".*") {
        let _ = translate_callback(&credentials(), &junk);
        let _ = translate("TRADE_SUCCESS", &[("out_biz_no", &value), ("gmt_refund", &value)]);
        let _ = translate(&value, &[("total_amount", &value)]);
    }
}
