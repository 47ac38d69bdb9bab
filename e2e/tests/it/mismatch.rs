//! Callbacks that are signed by the provider and yet do not belong to the payment they name.

use e2e::wait;
use serde_json::json;

use crate::harness::Sluice;

/// Somebody changed the amount at the provider before the payer paid: that payment is not the one that was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn another_amount_is_parked_and_the_payment_stays() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("other-amount").await;
    let (payment, intent) = scene
        .payable(&json!({ "amount": 1999, "currency": "USD" }))
        .await
        .unwrap();
    sluice
        .world
        .sandbox
        .change_amount(&scene.merchant.account, &intent, 199)
        .await
        .unwrap();
    assert_eq!(scene.pay(&intent, "pm_card_visa").await.unwrap(), "succeeded");
    assert_eq!(scene.paid_callbacks(1).await.unwrap()[0].status, Some(200));

    let ask = async || Ok(sluice.world.rabbit.peek("dead.process_callback").await?);
    let parked = wait::until(sluice.world.patience, ask, |letters| !letters.is_empty())
        .await
        .unwrap();
    assert_eq!(parked.len(), 1, "{parked:?}");
    let (letter, reason) = (&parked[0], parked[0].header("reason"));
    assert_eq!(letter.header("error_class"), "mismatch", "{reason}");
    assert!(reason.contains("1.99") && reason.contains("19.99"), "{reason}");
    let told = scene.told_in_the_end(&payment, 0).await.unwrap();
    assert_eq!(told, []);
    let payment = scene.merchant.api.payment(&payment).await.unwrap();
    assert_eq!(payment.text("/status"), "requires_action");
    sluice.stop().await;
}
