//! What is paid is counted by the workers by themselves, and how far behind they are is shown.

use e2e::wait;
use serde_json::{Value, json};

use crate::harness::Sluice;

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_and_its_payment_are_counted() {
    runtime::telemetry::install_recorder().unwrap();
    let sluice = Sluice::start().await;
    let scene = sluice.scene("counted").await;
    let tea = json!({ "name": "Tea", "sku": "tea", "unit_price": 500, "quantity": 3 });
    let order = scene
        .ordered(&json!({ "currency": "USD", "items": [tea] }))
        .await
        .unwrap();
    let card = json!({ "payment_method": "pm_card_visa" });
    scene.step(&order, "pay", &card).await.unwrap();
    scene.order_until(&order, "paid").await.unwrap();

    let ask = async || {
        let summary = scene.merchant.api.statistics("daily-summary").await?;
        Ok(summary.success()?.body)
    };
    let is_counted = |day: &Value| day["orders"][0]["paid"] == 1 && day["payments"][0]["succeeded"] == 1;
    let day = wait::until(sluice.world.patience, ask, is_counted).await.unwrap();
    assert_eq!(day["orders"][0]["amount_paid"], 1_500);
    assert_eq!(day["payments"][0]["amount_paid"], 1_500);
    let by_status = scene
        .merchant
        .api
        .statistics("orders?group_by=status")
        .await
        .unwrap();
    assert_eq!(by_status.text("/data/0/status"), "paid", "{}", by_status.body);

    let metrics = sluice.metrics().await;
    for what in ["payments", "orders"] {
        let lag = format!("sluice_statistics_lag_seconds{{what=\"{what}\"}}");
        assert!(metrics.contains(&lag), "{what}: {metrics}");
    }
    sluice.stop().await;
}
