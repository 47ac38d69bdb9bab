//! The calm day with two orders for goods. One was paid by two payers, gave the second one's money back, gave one cup back,
//! and was sent; the other was called off.

use serde_json::json;

use super::{MERCHANT, accepted, asked, deliver, intent, money, refusal, tell};
use crate::{
    journal::{Basket, Goods, Sale, Step, StepDeed, Told},
    traffic::SaleStory,
    verifier::facts::{Action, Facts, Item, ItemRefund, OrderAction, OrderLog, Payment, Refund, StoredOrder},
};

pub const SOLD: &str = "ord_1";
pub const CALLED_OFF: &str = "ord_2";
/// What has paid.
pub const PAYER: &str = "pay_71";
/// What came too late.
pub const SECOND_PAYER: &str = "pay_72";
/// Was open when its order was called off.
pub const CLOSED_WITH_IT: &str = "pay_73";
/// One cup.
pub const CUP_BACK: &str = "rfd_71";
/// All that the second payer paid.
pub const ALL_BACK: &str = "rfd_72";
const TOTAL: i64 = 2_000;
const CUP: i64 = 250;

/// The whole day.
pub fn day() -> Facts {
    let mut facts = super::day();
    sell(&mut facts);
    call_off(&mut facts);
    facts
}

fn sell(facts: &mut Facts) {
    order(facts, SOLD, "shipped", "paid_by");
    for payer in [PAYER, SECOND_PAYER] {
        let payment = payment(facts, SOLD, payer, "succeeded");
        payment.refunded_minor = if payer == PAYER { CUP } else { TOTAL };
        intent(facts, payer, TOTAL, "succeeded", (1, 0));
        tell(facts, payer, payer, "payment.succeeded", TOTAL, "");
        let received = [("provider_clearing", -TOTAL), ("merchant_balance", TOTAL)];
        money::post(facts, payer, payer, "payment", received);
        let act = super::act(payer, "pm_card_visa", "succeeded");
        facts.journal.sales[0].payer.push(act);
        step(facts, SOLD, StepDeed::Pay { card: None }, Some(payer));
        log(facts, SOLD, "pay", "created", Some(payer), None);
    }
    log(facts, SOLD, "paid", "paid", Some(PAYER), None);
    tell_of(facts, SOLD, "order.paid", "paid");
    log(
        facts,
        SOLD,
        "payment_not_wanted",
        "paid",
        Some(SECOND_PAYER),
        None,
    );
    refund(facts, SECOND_PAYER, ALL_BACK, TOTAL, "late-payment:72", None);

    let goods = Some(("cup", 1));
    step(facts, SOLD, StepDeed::Refund { goods }, None);
    log(facts, SOLD, "refund", "refunding", None, Some(CUP_BACK));
    refund(facts, PAYER, CUP_BACK, CUP, "sluice-order:71", Some(SOLD));
    log(facts, SOLD, "refunded", "refunded", None, Some(CUP_BACK));
    tell_of(facts, SOLD, "order.refunded", "refunded");
    facts.item_refunds.push(ItemRefund {
        refund: CUP_BACK.into(),
        sku: "cup".into(),
        quantity: 1,
    });
    facts.items[1].refunded_quantity = 1;
    facts.orders[0].refunded_minor = CUP;

    step(facts, SOLD, StepDeed::Ship, None);
    log(facts, SOLD, "ship", "shipped", None, None);
    tell_of(facts, SOLD, "order.shipped", "shipped");
    let refused = refusal(409, "/problems/action-refused", "");
    step(facts, SOLD, StepDeed::Cancel, None);
    facts.order_actions.pop();
    facts.journal.sales[0].steps.last_mut().unwrap().asked = vec![asked(refused)];
}

fn call_off(facts: &mut Facts) {
    order(facts, CALLED_OFF, "canceled", "");
    payment(facts, CALLED_OFF, CLOSED_WITH_IT, "canceled");
    intent(facts, CLOSED_WITH_IT, TOTAL, "canceled", (0, 0));
    tell(
        facts,
        CLOSED_WITH_IT,
        CLOSED_WITH_IT,
        "payment.canceled",
        TOTAL,
        "",
    );
    step(
        facts,
        CALLED_OFF,
        StepDeed::Pay { card: None },
        Some(CLOSED_WITH_IT),
    );
    log(facts, CALLED_OFF, "pay", "created", Some(CLOSED_WITH_IT), None);
    step(facts, CALLED_OFF, StepDeed::Cancel, None);
    log(facts, CALLED_OFF, "cancel", "canceled", None, None);
    tell_of(facts, CALLED_OFF, "order.canceled", "canceled");
    facts.actions.push(Action {
        merchant: MERCHANT.into(),
        idempotency_key: "sluice-order:73".into(),
        payment: CLOSED_WITH_IT.into(),
        action: "cancel".into(),
        outcome: "done".into(),
        code: String::new(),
    });
}

/// An order that was accepted, looked at, and stored; three teas and two cups.
fn order(facts: &mut Facts, id: &str, stage: &str, paid: &str) {
    let key = format!("key-of-{id}");
    let goods = [("tea", 500, 3), ("cup", CUP, 2)];
    let looks = ["created", "created", stage].map(|status| {
        asked(Told {
            status: 200,
            ..accepted(id, status)
        })
    });
    let unknown = asked(refusal(404, "/problems/not-found", "1"));
    facts.journal.sales.push(Sale {
        merchant: 0,
        key: key.clone(),
        story: SaleStory::PaidByTwoPayers,
        basket: Basket {
            currency: "USD",
            goods: goods
                .map(|(sku, unit_price_minor, quantity)| Goods {
                    sku,
                    unit_price_minor,
                    quantity,
                })
                .to_vec(),
        },
        asked: vec![
            asked(refusal(503, "/problems/broker-unavailable", "1")),
            asked(accepted(id, "created")),
        ],
        looks: [unknown].into_iter().chain(looks).collect(),
        payer: Vec::new(),
        steps: Vec::new(),
    });
    facts
        .items
        .extend(goods.map(|(sku, unit_price_minor, quantity)| Item {
            order_id: id.into(),
            sku: sku.into(),
            unit_price_minor,
            quantity: i32::try_from(quantity).unwrap(),
            ..Item::default()
        }));
    facts.orders.push(StoredOrder {
        id: id.into(),
        merchant: MERCHANT.into(),
        idempotency_key: key,
        status: stage.into(),
        stage: stage.into(),
        total_minor: TOTAL,
        currency: "USD".into(),
        last_payment: Some(SECOND_PAYER.into()),
        paid_by: (!paid.is_empty()).then(|| PAYER.into()),
        ..StoredOrder::default()
    });
    log(facts, id, "create", "created", None, None);
}

fn payment<'a>(facts: &'a mut Facts, order: &str, id: &str, status: &str) -> &'a mut Payment {
    facts.payments.push(Payment {
        id: id.into(),
        merchant: MERCHANT.into(),
        idempotency_key: format!("sluice-order:{id}"),
        status: status.into(),
        amount_minor: TOTAL,
        currency: "USD".into(),
        order_id: Some(order.into()),
        intent_id: Some(format!("pi_of_{id}")),
        ..Payment::default()
    });
    facts.payments.last_mut().unwrap()
}

fn refund(facts: &mut Facts, payment: &str, id: &str, amount_minor: i64, key: &str, order: Option<&str>) {
    facts.refunds.push(Refund {
        id: id.into(),
        merchant: MERCHANT.into(),
        payment: payment.into(),
        idempotency_key: key.into(),
        status: "succeeded".into(),
        amount_minor,
        currency: "USD".into(),
        order_id: order.map(Into::into),
        channel_refund_id: Some(format!("re_of_{id}")),
        failure_code: String::new(),
    });
    money::give_back(facts, payment, id, amount_minor);
}

/// A step that was accepted and taken.
fn step(facts: &mut Facts, order: &str, deed: StepDeed, payment: Option<&str>) {
    let sale = facts.journal.sales.last_mut().unwrap();
    let key = format!("{}-{}-{}", sale.key, deed.name(), sale.steps.len() + 1);
    let done = Told {
        status: 200,
        ..accepted(order, "created")
    };
    sale.steps.push(Step {
        key: key.clone(),
        deed,
        asked: vec![
            asked(refusal(404, "/problems/not-found", "1")),
            asked(accepted(order, "")),
            asked(done),
        ],
    });
    facts.order_actions.push(OrderAction {
        merchant: MERCHANT.into(),
        idempotency_key: key,
        order_id: order.into(),
        action: deed.name().into(),
        outcome: "done".into(),
        payment: payment.map(Into::into),
    });
}

/// What merchants are told when an order has come to a step.
fn tell_of(facts: &mut Facts, order: &str, event_type: &str, status: &str) {
    let payload = json!({
        "type": event_type,
        "data": { "id": order, "merchant_id": MERCHANT, "status": status, "total": TOTAL, "currency": "USD" },
    });
    deliver(facts, "", order, event_type, payload.to_string());
}

pub fn log(
    facts: &mut Facts,
    order: &str,
    step: &str,
    status: &str,
    payment: Option<&str>,
    refund: Option<&str>,
) {
    facts.order_logs.push(OrderLog {
        order_id: order.into(),
        step: step.into(),
        status: status.into(),
        payment: payment.map(Into::into),
        refund: refund.map(Into::into),
    });
}
