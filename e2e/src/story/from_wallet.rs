//! A customer fills a wallet by card, pays an order from it, and gets one cup's price back into it.

use serde_json::json;

use crate::{Scene, World, report::CaseReport};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "from-wallet").await?;
    let mut report = CaseReport::default();
    scene.set_callbacks(json!({ "duplicate": 3 })).await?;
    let wallet = scene
        .wallet(&json!({ "user_id": "customer-7", "currency": "USD" }))
        .await?;

    let top_up = json!({ "amount": 1500, "currency": "USD", "wallet_id": wallet });
    let (payment, intent) = scene.payable(&top_up).await?;
    report.note("not paid yet", 0, scene.balance(&wallet).await?.unwrap_or(-1));
    scene.pay(&intent, "pm_card_visa").await?;
    let callbacks = scene.paid_callbacks(3).await?;
    report.note("callbacks that it was paid", 3, callbacks.len());
    let paid = scene.payment_until(&payment, "succeeded").await?;
    report.note(
        "the payment knows its wallet",
        wallet.as_str(),
        paid.text("/wallet_id"),
    );
    scene.told_in_the_end(&payment, 1).await?;
    report.note(
        "in the wallet, once",
        1500,
        scene.balance_until(&wallet, 1500).await?,
    );

    let order = scene.ordered(&cart()).await?;
    let from_wallet = json!({ "method": "wallet" });
    scene.step(&order, "pay", &from_wallet).await?;
    let failed = scene.order_until(&order, "payment_failed").await?;
    report.note("20.00 are not in it", "payment_failed", failed.text("/status"));
    let more =
        json!({ "amount": 700, "currency": "USD", "wallet_id": wallet, "payment_method": "pm_card_visa" });
    scene.create(&more).await?;
    report.note("7.00 more", 2200, scene.balance_until(&wallet, 2200).await?);
    let step = scene.step(&order, "pay", &from_wallet).await?;
    scene.order_until(&order, "paid").await?;
    let payment = scene.payment_until(step.text("/payment_id"), "succeeded").await?;
    report.note("paid through", "wallet", payment.text("/channel"));
    report.note(
        "left in the wallet",
        200,
        scene.balance_until(&wallet, 200).await?,
    );

    let cup = json!({ "items": [{ "sku": "cup", "quantity": 1 }] });
    scene.step(&order, "refund", &cup).await?;
    let refunded = scene.order_until(&order, "refunded").await?;
    report.note("one cup given back", "refunded", refunded.text("/status"));
    report.note(
        "back in the wallet",
        450,
        scene.balance_until(&wallet, 450).await?,
    );
    let early = scene.refund(paid.text("/id"), &json!({ "amount": 451 })).await?;
    report.note(
        "what was spent is not given back to the card",
        "409 insufficient_balance",
        format!("{} {}", early.status, early.text("/code")),
    );
    let back = scene.refund(paid.text("/id"), &json!({ "amount": 450 })).await?;
    scene.refund_until(back.text("/id"), "succeeded").await?;
    report.note(
        "what is left is",
        "450 succeeded",
        scene.given_back(&intent).await?,
    );
    report.note(
        "and the wallet is empty",
        0,
        scene.balance_until(&wallet, 0).await?,
    );
    Ok(report)
}

fn cart() -> serde_json::Value {
    json!({
        "currency": "USD",
        "items": [
            { "name": "Tea", "sku": "tea", "unit_price": 500, "quantity": 3 },
            { "name": "Cup", "sku": "cup", "unit_price": 250, "quantity": 2 },
        ],
        "user_id": "customer-7",
    })
}
