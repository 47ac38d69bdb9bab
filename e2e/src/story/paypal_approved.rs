//! PayPal: the payer agrees on PayPal's page, which moves no money; Sluice then has it captured, once.

use serde_json::json;

use crate::{Account, Scene, World, report::CaseReport, scene::told_as_text};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let scene = Scene::set(world, "paypal-approved").await?;
    let mut report = CaseReport::default();
    world.open_account(&scene.merchant, Account::Paypal).await?;

    let body = json!({
        "amount": 2450, "currency": "EUR", "method": "paypal", "return_url": "https://shop.example/back",
    });
    let answer = scene.create(&body).await?;
    report.note(
        "answer",
        "201 requires_action, paypal, redirect",
        format!(
            "{} {}, {}, {}",
            answer.status,
            answer.text("/status"),
            answer.text("/channel"),
            answer.text("/next_action/type")
        ),
    );
    let (payment, order) = (answer.text("/id").to_owned(), answer.text("/channel_intent_id"));
    world
        .sandbox
        .act(&format!("/sandbox/paypal/orders/{order}/approve"), json!({}))
        .await?;
    let paid = scene.payment_until(&payment, "succeeded").await?;
    report.note("payment", "succeeded", paid.text("/status"));
    let refund = scene.refund(&payment, &json!({ "amount": 450 })).await?;
    report.note(
        "a part back",
        "201 succeeded 450",
        format!(
            "{} {} {}",
            refund.status,
            refund.text("/status"),
            refund.body["amount"]
        ),
    );
    // The payment is at work between the payer's word and the money.
    scene.told_of_all_until(&payment, "payment.succeeded").await?;
    let told = scene.told_of_all_until(&payment, "refund.succeeded").await?;
    let told: Vec<_> = told
        .into_iter()
        .filter(|told| told.kind != "payment.processing")
        .collect();
    report.note(
        "merchant told",
        "payment.succeeded, refund.succeeded",
        told_as_text(&told),
    );
    Ok(report)
}
