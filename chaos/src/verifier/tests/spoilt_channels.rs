//! A day on which a payment went through another provider than Stripe: its books as the sandbox shows them, and one test
//! for each way in which they can tell of too much.

use serde_json::{Value, json};

use super::{
    Broken, all, broken,
    calm::{self, CANCELED, MADE, REFUNDED},
    counts, doubled,
    invariants::*,
    payment, refund, stuck,
};
use crate::verifier::{
    books::{alipay, numbered, paypal, wechat},
    facts::{Facts, Intent, Opening, ProviderRefund},
};

/// What a provider has of the payment that was refunded in part, in the sandbox's lines.
#[derive(Clone)]
struct Books {
    /// Alipay's and WeChat Pay's trades, PayPal's orders.
    intents: Vec<Value>,
    captures: Vec<Value>,
    refunds: Vec<Value>,
}

fn at_alipay() -> Books {
    Books {
        intents: vec![json!({
            "app_id": "app_1", "out_trade_no": "5", "trade_status": "TRADE_SUCCESS", "total_amount": "50.00", "paid": true,
        })],
        captures: Vec::new(),
        refunds: vec![json!({
            "app_id": "app_1", "out_trade_no": "5", "out_request_no": "1", "refund_amount": "20.00",
        })],
    }
}

fn at_wechat() -> Books {
    Books {
        intents: vec![json!({
            "mchid": "mch_1", "out_trade_no": "5", "trade_state": "REFUND", "amount": { "total": 5_000 },
        })],
        captures: Vec::new(),
        refunds: vec![json!({
            "mchid": "mch_1", "out_trade_no": "5", "out_refund_no": "1", "status": "SUCCESS",
            "amount": { "refund": 2_000 },
        })],
    }
}

fn at_paypal() -> Books {
    Books {
        intents: vec![json!({
            "account": "client_1", "id": "ORDER", "status": "COMPLETED", "expired": false, "amount": 5_000,
            "currency": "USD", "custom_id": REFUNDED,
        })],
        captures: vec![json!({ "order": "ORDER", "status": "PARTIALLY_REFUNDED", "amount": 5_000 })],
        refunds: vec![json!({
            "account": "client_1", "id": "REFUND", "order": "ORDER", "status": "COMPLETED", "amount": 2_000,
            "currency": "USD", "custom_id": MADE,
        })],
    }
}

fn read<T: serde::de::DeserializeOwned>(lines: &[Value]) -> Vec<T> {
    let lines = lines.iter().cloned();
    lines.map(|line| serde_json::from_value(line).unwrap()).collect()
}

type Read = fn(&Books) -> (Vec<Intent>, Vec<ProviderRefund>);

const PROVIDERS: [(fn() -> Books, Read); 3] = [
    (at_alipay, |books| {
        let trades = read::<alipay::Trade>(&books.intents).into_iter();
        let refunds = read::<alipay::Refund>(&books.refunds).into_iter();
        (
            trades.map(|trade| trade.try_into().unwrap()).collect(),
            refunds.map(|refund| refund.try_into().unwrap()).collect(),
        )
    }),
    (at_wechat, |books| {
        let trades = read::<wechat::Trade>(&books.intents).into_iter();
        let refunds = read::<wechat::Refund>(&books.refunds).into_iter();
        (
            trades.map(Into::into).collect(),
            refunds.map(Into::into).collect(),
        )
    }),
    (at_paypal, |books| {
        let refunds = read::<paypal::Refund>(&books.refunds).into_iter();
        (
            paypal::intents(read(&books.intents), &read(&books.captures)),
            refunds.map(Into::into).collect(),
        )
    }),
];

/// The calm day with the refunded payment moved to another provider, in the currency of its books.
fn moved(facts: &mut Facts, intents: Vec<Intent>, refunds: Vec<ProviderRefund>) {
    if intents[0].currency == "cny" {
        in_yuan(facts);
    }
    payment(facts, REFUNDED).intent_id = Some(intents[0].id.clone());
    refund(facts, MADE).channel_refund_id = Some(refunds[0].id.clone());
    facts.journal.orders[4].payer[0].intent = intents[0].id.clone();
    facts.intents.retain(|intent| intent.payment() != Some(REFUNDED));
    facts.intents.extend(intents);
    facts.provider_refunds = refunds;
}

fn in_yuan(facts: &mut Facts) {
    let yuan = || "CNY".to_owned();
    facts.payments.iter_mut().for_each(|row| row.currency = yuan());
    facts.refunds.iter_mut().for_each(|row| row.currency = yuan());
    facts.postings.iter_mut().for_each(|row| row.currency = yuan());
    facts.intents.iter_mut().for_each(|row| row.currency = yuan());
    for order in &mut facts.journal.orders {
        let requests = order.requests.iter_mut();
        requests.for_each(|request| request.wanted.currency = "CNY");
    }
    for told in &mut facts.notifications {
        told.payload = told.payload.replace("USD", "CNY");
    }
    for received in facts.mail.values_mut().flatten() {
        received.body = received.body.replace("USD", "CNY");
    }
}

/// What is found at each provider when its books are spoilt.
fn after(spoil: impl Fn(&mut Books)) -> [Broken; 3] {
    PROVIDERS.map(|(books, read)| {
        let mut books = books();
        spoil(&mut books);
        let (intents, refunds) = read(&books);
        let mut facts = calm::day();
        moved(&mut facts, intents, refunds);
        broken(&facts)
    })
}

#[test]
fn a_calm_day_holds_at_every_provider() {
    assert_eq!(after(|_| ()), [all([]), all([]), all([])]);
}

#[test]
fn a_second_trade_or_order() {
    let found = after(|books| {
        let mut second = books.intents[0].clone();
        if second["id"] == "ORDER" {
            second["id"] = "ANOTHER".into();
            books
                .captures
                .push(json!({ "order": "ANOTHER", "status": "COMPLETED", "amount": 5_000 }));
        }
        books.intents.push(second);
    });
    for found in found {
        assert!(found[ONE_INTENT].doubled > 0, "{found:?}");
        assert_eq!(found[BOOKS_AGREE].unbalanced, 1, "{found:?}");
    }
}

#[test]
fn a_second_capture_of_an_order() {
    let [.., found] = after(|books| {
        let second = books.captures.first().cloned();
        books.captures.extend(second);
    });
    assert_eq!(found[CHARGED_IS_PAID], counts(0, 2, 0), "twice, and too much");
    assert_eq!(found[BOOKS_AGREE].unbalanced, 1);
}

#[test]
fn a_refund_that_was_made_twice() {
    let found = after(|books| {
        let mut second = books.refunds[0].clone();
        if second["id"] == "REFUND" {
            second["id"] = "ANOTHER".into();
        }
        books.refunds.push(second);
    });
    for found in found {
        assert!(found[GIVEN_BACK_ONCE].doubled > 0, "{found:?}");
        assert_eq!(found[BOOKS_AGREE].unbalanced, 1, "{found:?}");
    }
}

#[test]
fn a_refund_that_nobody_asked_for() {
    let found = after(|books| {
        let mut other = books.refunds[0].clone();
        for name in ["out_request_no", "out_refund_no"] {
            if other.get(name).is_some() {
                other[name] = "9".into();
            }
        }
        if other["id"] == "REFUND" {
            other["custom_id"] = "rfd_9".into();
        }
        books.refunds.push(other);
    });
    for found in found {
        assert_eq!(found[GIVEN_BACK_ONCE].doubled, 1, "{found:?}");
    }
}

#[test]
fn more_given_back_than_came() {
    let found = after(|books| {
        let refund = &mut books.refunds[0];
        match refund.get("refund_amount") {
            Some(_) => refund["refund_amount"] = "50.01".into(),
            None if refund["amount"].is_i64() => refund["amount"] = 5_001.into(),
            None => refund["amount"]["refund"] = 5_001.into(),
        }
    });
    for found in found {
        assert_eq!(found[NEVER_TOO_MUCH].over_refunded, 1, "{found:?}");
    }
}

#[test]
fn a_trade_in_another_merchants_account() {
    let found = after(|books| {
        for name in ["app_id", "mchid", "account"] {
            if books.intents[0].get(name).is_some() {
                books.intents[0][name] = "another".into();
            }
        }
    });
    assert_eq!(found, [ONE_INTENT; 3].map(doubled));
}

/// An approval is not money: whoever does not take it has forgotten the payer.
#[test]
fn an_approved_order_that_nobody_captures() {
    let [.., found] = after(|books| {
        books.intents[0]["status"] = "APPROVED".into();
        books.captures.clear();
    });
    assert_eq!(found[CHARGED_IS_PAID].doubled, 1, "{found:?}");
    let mut facts = calm::day();
    let waiting = facts.intents.iter_mut();
    for intent in waiting.filter(|intent| intent.status == "requires_payment_method") {
        intent.status = "approved".into();
    }
    assert_eq!(broken(&facts), stuck(ENDED));
}

/// What nobody has opened need not be closed; whatever somebody has must be.
#[test]
fn an_offer_that_was_called_off() {
    let with = |status: &str| {
        let trade = json!({
            "app_id": "app_1", "out_trade_no": "6", "trade_status": status, "total_amount": "60.00", "paid": false,
        });
        let mut facts = calm::day();
        in_yuan(&mut facts);
        facts.provider_refunds[0].currency = "cny".into();
        facts.intents.retain(|intent| intent.payment() != Some(CANCELED));
        let trade: alipay::Trade = serde_json::from_value(trade).unwrap();
        facts.intents.push(trade.try_into().unwrap());
        broken(&facts)
    };
    assert_eq!(with("OFFERED"), all([]));
    assert_eq!(with("TRADE_CLOSED"), all([]));
    assert_eq!(with("WAIT_BUYER_PAY"), super::lost(CLOSED));
}

#[test]
fn a_number_is_the_key_of_a_call() {
    let call = |metadata: Value| {
        let call = json!({ "idempotency_key": "1", "metadata": metadata });
        numbered(serde_json::from_value::<Opening>(call).unwrap())
    };
    let opening = call(json!({ "out_trade_no": "5" }));
    assert_eq!(opening.payment(), Some(REFUNDED));
    assert_eq!(opening.idempotency_key.as_deref(), Some("5"));
    let refunding = call(json!({ "out_trade_no": "5", "out_refund_no": "1" }));
    assert_eq!((refunding.refund(), refunding.payment()), (Some(MADE), None));
    assert_eq!(call(json!({})).idempotency_key, None);
    let order = json!({ "idempotency_key": "k", "metadata": { "custom_id": REFUNDED } });
    let order = paypal::opening(serde_json::from_value(order).unwrap());
    assert_eq!(order.payment(), Some(REFUNDED));
}
