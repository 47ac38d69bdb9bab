//! Every call is counted and timed under the names that dashboards ask for.

use crate::setting::{Setting, new_intent};

#[tokio::test]
async fn calls_are_counted_by_outcome_and_timed() {
    runtime::telemetry::install_recorder().unwrap();
    let setting = Setting::new().await;
    for payment_method in [None, Some("pm_card_chargeDeclined")] {
        setting
            .channels
            .create_intent(&setting.credentials, &new_intent(payment_method))
            .await
            .0
            .unwrap();
    }
    let text = runtime::telemetry::metrics_text();
    for series in [
        r#"sluice_channel_calls_total{channel="stripe",operation="create_intent",outcome="ok"}"#,
        r#"sluice_channel_calls_total{channel="stripe",operation="create_intent",outcome="declined"}"#,
        r#"sluice_channel_call_duration_seconds_bucket{channel="stripe",operation="create_intent",le="10"}"#,
    ] {
        assert!(text.contains(series), "{series} is not in {text}");
    }
}
