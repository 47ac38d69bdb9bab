//! Objects satisfy a strict client: they parse into the types generated from Stripe's published schema.

use miniserde::json::from_str;
use reqwest::Method;
use serde_json::{Value, json};
use stripe_shared::{
    BalanceTransaction, Charge, Dispute, DisputeStatus, Event, PaymentIntent, PaymentIntentStatus,
    PaymentMethod, Refund,
};

use crate::client::Client;

#[track_caller]
fn parse<T: miniserde::Deserialize>(object: &Value) -> T {
    from_str(&object.to_string())
        .unwrap_or_else(|_| panic!("a required field is missing or has the wrong type: {object:#}"))
}

#[tokio::test]
async fn intents_charges_and_refunds_parse_in_every_state() {
    let client = Client::start().await;
    let created = client
        .post(
            "payment_intents",
            &[
                ("amount", "2000"),
                ("currency", "usd"),
                ("automatic_payment_methods[enabled]", "true"),
            ],
        )
        .await
        .ok();
    assert_eq!(
        parse::<PaymentIntent>(&created).status,
        PaymentIntentStatus::RequiresPaymentMethod
    );
    for (method, status) in [
        ("pm_card_visa", PaymentIntentStatus::Succeeded),
        (
            "pm_card_threeDSecure2Required",
            PaymentIntentStatus::RequiresAction,
        ),
        ("pm_usBankAccount_processing", PaymentIntentStatus::Processing),
    ] {
        let id = client.paid(method).await;
        let query = [("expand[]", "latest_charge"), ("expand[]", "payment_method")];
        let intent = parse::<PaymentIntent>(&client.get(&format!("payment_intents/{id}"), &query).await.ok());
        assert_eq!(intent.status, status);
        assert_eq!(
            intent.next_action.is_some(),
            status == PaymentIntentStatus::RequiresAction
        );
        assert_eq!(
            intent.latest_charge.is_some(),
            status == PaymentIntentStatus::Succeeded
        );
    }
    let id = created["id"].as_str().unwrap();
    let error = client
        .post(
            &format!("payment_intents/{id}/confirm"),
            &[("payment_method", "pm_card_chargeDeclinedLostCard")],
        )
        .await;
    let error = error.error(402, "card_declined");
    let declined = parse::<PaymentIntent>(&error["payment_intent"]);
    assert_eq!(
        declined.last_payment_error.unwrap().decline_code.as_deref(),
        Some("lost_card")
    );
    parse::<PaymentMethod>(&error["payment_method"]);
    let failed = parse::<Charge>(
        &client
            .get(&format!("charges/{}", error["charge"].as_str().unwrap()), &[])
            .await
            .ok(),
    );
    assert_eq!(
        (failed.paid, failed.failure_code.as_deref()),
        (false, Some("card_declined"))
    );

    let paid = client.paid("pm_card_visa").await;
    let refund = parse::<Refund>(
        &client
            .post("refunds", &[("payment_intent", &paid), ("expand[]", "charge")])
            .await
            .ok(),
    );
    assert_eq!(
        (refund.amount, refund.status.as_deref()),
        (2000, Some("succeeded"))
    );
    let canceled = client
        .post(&format!("payment_intents/{id}/cancel"), &[])
        .await
        .ok();
    assert_eq!(
        parse::<PaymentIntent>(&canceled).status,
        PaymentIntentStatus::Canceled
    );
    client.stop().await;
}

#[tokio::test]
async fn events_parse() {
    let client = Client::start().await;
    let body = json!({"account": crate::client::KEY, "url": format!("{}/merchant/hooks", client.base)});
    client
        .control(Method::POST, "/stripe/webhook_endpoints", body)
        .await;
    client.paid("pm_card_visa").await;
    for delivery in client.await_received("hooks", 3).await {
        let event = parse::<Event>(&delivery["payload"]);
        assert_eq!(event.type_.as_str(), delivery["type"].as_str().unwrap());
        assert_eq!(event.pending_webhooks, 1);
        let object = &delivery["payload"]["data"]["object"];
        match object["object"].as_str().unwrap() {
            "payment_intent" => drop(parse::<PaymentIntent>(object)),
            "charge" => drop(parse::<Charge>(object)),
            other => panic!("{other}"),
        }
    }
    client.stop().await;
}

#[tokio::test]
async fn transactions_and_disputes_parse() {
    let client = Client::start().await;
    let id = client.paid("pm_card_visa").await;
    let form = [("payment_intent", id.as_str()), ("amount", "500")];
    client.post("refunds", &form).await.ok();
    let path = format!("/stripe/intents/{id}/dispute");
    let opened = client.control(Method::POST, &path, json!({})).await;
    let dispute = parse::<Dispute>(&opened);
    assert_eq!(
        (dispute.status, dispute.amount, dispute.balance_transactions.len()),
        (DisputeStatus::NeedsResponse, 1500, 1)
    );
    let list = client
        .get("balance_transactions", &[("expand[]", "data.source")])
        .await
        .ok();
    let parsed: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(parse::<BalanceTransaction>)
        .collect();
    assert_eq!(
        parsed
            .iter()
            .map(|transaction| transaction.net)
            .collect::<Vec<_>>(),
        [-3000, -500, 1912]
    );
    let whole = |transaction: &BalanceTransaction| transaction.source.as_ref().unwrap().is_object();
    assert!(parsed.iter().all(whole));
    client.stop().await;
}
