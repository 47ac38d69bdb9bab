//! A customer fills a cart, pays at the second attempt, gives one cup back, and gets the rest.

use serde_json::{Value, json};

use crate::{Answer, Scene, World, report::CaseReport, scene::told_as_text};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "ordered").await?;
    let mut report = CaseReport::default();
    let order = scene.ordered(&cart()).await?;
    let early = scene.step(&order, "ship", &shipment()).await?;
    report.note(
        "sent before it is paid",
        "409 order_not_shippable",
        format!("{} {}", early.status, early.text("/code")),
    );

    let declined = json!({ "payment_method": "pm_card_chargeDeclined" });
    let first = scene.step(&order, "pay", &declined).await?;
    let failed = scene.order_until(&order, "payment_failed").await?;
    report.note("a card is declined", "payment_failed", failed.text("/status"));
    let second = scene
        .step(&order, "pay", &json!({ "payment_method": "pm_card_visa" }))
        .await?;
    let paid = scene.order_until(&order, "paid").await?;
    report.note("another card", "paid 2000", shown(&paid, "/total"));
    let is_another = first.text("/payment_id") != second.text("/payment_id");
    report.note("by a payment of its own", true, is_another);
    let payment = scene
        .payment_until(second.text("/payment_id"), "succeeded")
        .await?;
    report.note(
        "the payment knows its order",
        order.as_str(),
        payment.text("/order_id"),
    );

    let cup = json!({ "items": [{ "sku": "cup", "quantity": 1 }], "reason": "Broken", "operator": "Ada" });
    scene.step(&order, "refund", &cup).await?;
    let refunded = scene.order_until(&order, "refunded").await?;
    report.note(
        "one cup given back",
        "refunded 250",
        shown(&refunded, "/amount_refunded"),
    );
    let given_back = scene.given_back(payment.text("/channel_intent_id")).await?;
    report.note("at the provider", "250 succeeded", given_back);
    let sent = scene.step(&order, "ship", &shipment()).await?;
    report.note(
        "the rest is sent",
        "shipped \"DHL\"",
        shown(&sent, "/shipment/carrier"),
    );
    let completed = scene.step(&order, "complete", &json!({})).await?;
    report.note(
        "and arrives",
        "completed 250",
        shown(&completed, "/amount_refunded"),
    );
    let told = scene.told_in_the_end(&order, 5).await?;
    report.note(
        "merchant told of it",
        "order.payment_failed, order.paid, order.refunded, order.shipped, order.completed",
        told_as_text(&told),
    );
    let log = scene.log_of(&order).await?;
    report.note(
        "every step in its log",
        "create, pay, payment_failed, pay, paid, refund, refunded, ship, complete",
        log.join(", "),
    );
    Ok(report)
}

fn cart() -> Value {
    json!({
        "currency": "USD",
        "items": [
            { "name": "Tea", "sku": "tea", "unit_price": 500, "quantity": 3 },
            { "name": "Cup", "sku": "cup", "unit_price": 250, "quantity": 2 },
        ],
        "user_id": "customer-7", "reference": "2026-1", "operator": "Ada",
    })
}

fn shipment() -> Value {
    json!({ "carrier": "DHL", "tracking": "00340434161094042557", "operator": "Ada" })
}

fn shown(answer: &Answer, pointer: &str) -> String {
    let value = answer.body.pointer(pointer).unwrap_or(&Value::Null);
    format!("{} {value}", answer.text("/status"))
}
