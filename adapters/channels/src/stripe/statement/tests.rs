//! Lines as Stripe writes them, and lines that cannot be read.

use domain::currency::Currency;
use serde_json::json;

use super::*;

const PAYMENT: &str = "pay_0123456789abcdef0123456789abcdef";
const REFUND: &str = "rfd_0123456789abcdef0123456789abcdef";

fn read(lines: &[Value]) -> Statement {
    let mut statement = Statement::default();
    let lines = Value::from(lines).to_string();
    add(&mut statement, miniserde::json::from_str(&lines).unwrap());
    statement
}

fn line(category: &str, amount: i64, source: Value) -> Value {
    json!({"id": "txn_1", "object": "balance_transaction", "amount": amount, "available_on": 1795774790, "created": 1795169990,
        "currency": "usd", "description": null, "exchange_rate": null, "fee": 0, "fee_details": [], "net": amount,
        "reporting_category": category, "source": source, "status": "pending", "type": "whatever"})
}

fn with(mut line: Value, field: &str, value: Value) -> Value {
    line[field] = value;
    line
}

fn charge() -> Value {
    json!({"id": "ch_1", "object": "charge", "amount": 1999, "payment_intent": "pi_1", "metadata": {"sluice_payment_id": PAYMENT}})
}

fn refund() -> Value {
    let metadata = json!({"sluice_payment_id": PAYMENT, "sluice_refund_id": REFUND});
    json!({"id": "re_1", "object": "refund", "amount": 500, "payment_intent": "pi_1", "metadata": metadata})
}

fn dispute() -> Value {
    json!({"id": "du_1", "object": "dispute", "amount": 1999, "payment_intent": "pi_1", "metadata": {}})
}

fn usd(amount_minor: i64) -> Money {
    Money {
        amount_minor,
        currency: Currency::USD,
    }
}

#[test]
fn a_payment_comes_with_its_mark_and_its_fee() {
    let statement = read(&[with(line("charge", 1999, charge()), "fee", json!(88))]);
    assert_eq!(statement.unreadable, []);
    let entry = StatementEntry {
        id: "txn_1".into(),
        kind: StatementKind::Payment,
        object_id: "ch_1".into(),
        intent_id: Some("pi_1".into()),
        payment_id: Some(PAYMENT.parse().unwrap()),
        refund_id: None,
        money: usd(1999),
        fee_minor: 88,
        at: DateTime::from_timestamp(1_795_169_990, 0).unwrap(),
    };
    assert_eq!(statement.entries, [entry]);
}

#[test]
fn every_category_of_payments_has_a_kind_and_amounts_lose_their_sign() {
    let cases = [
        (line("charge", 1999, charge()), StatementKind::Payment, 1999),
        (line("refund", -500, refund()), StatementKind::Refund, 500),
        (
            line("refund_failure", 500, refund()),
            StatementKind::RefundFailed,
            500,
        ),
        (line("dispute", -1999, dispute()), StatementKind::Dispute, 1999),
        (
            line("dispute_reversal", 1999, dispute()),
            StatementKind::DisputeWon,
            1999,
        ),
        (
            line("payout", -70_000, json!({"id": "po_1", "object": "payout"})),
            StatementKind::Other,
            70_000,
        ),
        (line("fee", -200, Value::Null), StatementKind::Other, 200),
        (
            line("risk_reserved_funds", -200, json!("rsv_1")),
            StatementKind::Other,
            200,
        ),
    ];
    for (line, kind, amount_minor) in cases {
        let statement = read(std::slice::from_ref(&line));
        let [entry] = statement.entries.as_slice() else {
            panic!("{line}: {statement:?}")
        };
        assert_eq!((entry.kind, entry.money), (kind, usd(amount_minor)), "{line}");
    }
}

#[test]
fn what_somebody_began_at_stripe_has_no_mark_but_an_intent() {
    let unmarked = with(refund(), "metadata", json!({}));
    let statement = read(&[line("refund", -500, unmarked), line("dispute", -1999, dispute())]);
    for entry in &statement.entries {
        assert_eq!((entry.payment_id, entry.refund_id), (None, None));
        assert_eq!(entry.intent_id.as_deref(), Some("pi_1"));
    }
    assert_eq!(statement.entries.len(), 2);
}

#[test]
fn amounts_are_read_as_stripe_means_them() {
    let isk = with(
        with(line("charge", 15_000, charge()), "currency", json!("isk")),
        "fee",
        json!(300),
    );
    let won = with(line("dispute_reversal", 1999, dispute()), "fee", json!(-1500));
    let statement = read(&[isk, won]);
    let figures: Vec<_> = statement
        .entries
        .iter()
        .map(|entry| (entry.money.to_string(), entry.fee_minor))
        .collect();
    assert_eq!(
        figures,
        [("ISK 150".to_owned(), 3), ("USD 19.99".to_owned(), -1500)]
    );
}

#[test]
fn an_unreadable_line_that_may_be_ours_is_told_with_all_that_is_known() {
    let cases = [
        (
            with(line("charge", 1999, charge()), "currency", json!("xyz")),
            "the currency \"xyz\" is not taken through Stripe",
        ),
        (
            with(line("charge", 550, charge()), "currency", json!("isk")),
            "550 is not an amount of ISK",
        ),
        (
            with(line("charge", 500, charge()), "fee", json!("ten")),
            "the line is not written as expected",
        ),
        (
            with(line("charge", 500, charge()), "created", json!(i64::MAX)),
            "[number] is no time",
        ),
        (
            with(line("charge", 500, charge()), "reporting_category", Value::Null),
            "the line is not written as expected",
        ),
        (
            line("charge", -500, charge()),
            "-500 is not what a line of the category \"charge\" can move",
        ),
        (line("charge", 0, charge()), "0 is not what a line"),
        (line("refund", i64::MIN, refund()), "[number] is not what a line"),
        (
            line("refund", 500, refund()),
            "500 is not what a line of the category \"refund\"",
        ),
        (
            line("charge_failure", -1999, charge()),
            "the category \"charge_failure\" is not known",
        ),
        (
            line("sk_live_x", 1, refund()),
            "the category \"[key]\" is not known",
        ),
        (
            with(line("dispute", -1, dispute()), "currency", json!("ugx")),
            "the currency \"ugx\" is not taken",
        ),
        (
            line("charge", 1999, json!("ch_1")),
            "the object behind a line of the category \"charge\" is not shown",
        ),
        (
            line("dispute", -1999, Value::Null),
            "the object behind a line of the category \"dispute\" is not shown",
        ),
    ];
    for (line, problem) in cases {
        let statement = read(std::slice::from_ref(&line));
        let [unreadable] = statement.unreadable.as_slice() else {
            panic!("{line}: {statement:?}")
        };
        assert_eq!(statement.entries, []);
        assert!(unreadable.problem.starts_with(problem), "{line}: {unreadable:?}");
        assert_eq!(unreadable.id.as_deref(), Some("txn_1"));
    }
    let statement = read(&[line("refund", 500, refund())]);
    let unreadable = &statement.unreadable[0];
    assert_eq!(unreadable.object_id.as_deref(), Some("re_1"));
    assert_eq!(unreadable.intent_id.as_deref(), Some("pi_1"));
    assert_eq!(unreadable.payment_id, Some(PAYMENT.parse().unwrap()));
    assert_eq!(unreadable.refund_id, Some(REFUND.parse().unwrap()));
}

#[test]
fn what_is_no_line_at_all_is_told_too() {
    let nameless = with(line("charge", 1999, charge()), "id", Value::Null);
    let statement = read(&[json!(7), json!({}), nameless]);
    let problems: Vec<_> = statement
        .unreadable
        .iter()
        .map(|line| line.problem.as_str())
        .collect();
    assert_eq!(problems.len(), 3, "{statement:?}");
    assert_eq!(problems[2], "the line has no id");
    assert_eq!(statement.unreadable[2].payment_id, Some(PAYMENT.parse().unwrap()));
}

#[test]
fn a_foreign_line_spoils_nothing() {
    let foreign_charge = with(
        charge(),
        "metadata",
        json!({"sluice_payment_id": "pay_of_somebody"}),
    );
    let payout = json!({"id": "po_1", "object": "payout", "metadata": {}});
    let statement = read(&[
        with(
            line("charge", 1999, foreign_charge.clone()),
            "currency",
            json!("xyz"),
        ),
        with(line("payout", -5, payout), "currency", json!("bif")),
        with(line("fee", -5, Value::Null), "currency", json!("bif")),
        line("charge_failure", -5, foreign_charge),
        line("charge", 1999, charge()),
    ]);
    assert_eq!(statement.unreadable, []);
    let kinds: Vec<_> = statement.entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [StatementKind::Other, StatementKind::Payment]);
    assert_eq!(statement.entries[0].payment_id, None);
}
