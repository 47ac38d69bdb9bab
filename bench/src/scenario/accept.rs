//! `POST /payments` → 202 on 64 connections, with no workers: the jobs wait in their queue.

use std::time::Duration;

use serde_json::json;

use crate::{
    load::{CONNECTIONS, Load},
    raw::Raw,
    report::{Measured, Target},
    stage::{Setting, Stage, folder},
};

/// More connections than there are for the figures: what memory they take.
const CROWD: usize = 256;

pub(super) async fn play(raw: &Raw, phase: Duration) -> anyhow::Result<Measured> {
    let setting = Setting {
        workers: 0,
        merchants: 20,
        payer_takes: None,
    };
    let stage = Stage::set(&setting, &folder()).await?;
    let load = Load::new(&stage, CONNECTIONS);
    load.as_fast_as_accepted(phase / 4).await?;
    let before = stage.meter.read();
    let accepted = load.as_fast_as_accepted(phase).await?;
    let used = stage.meter.since(&before);
    let crowd = Load::new(&stage, CROWD);
    crowd.as_fast_as_accepted(phase / 2).await?;
    let crowded = stage.meter.since(&before);
    let per_second = accepted.count as f64 / accepted.seconds;
    let measured = Measured {
        scenario: "accept",
        targets: vec![
            Target::at_least(
                "accepted per raw publish+confirm",
                0.5,
                per_second / raw.publish.per_second,
            ),
            Target::at_most(
                "peak memory of ingress at 256 connections, MiB",
                64.0,
                crowded.peak_mib.get("ingress").copied().unwrap_or(f64::NAN),
            ),
        ],
        facts: json!({
            "accepted_per_s": per_second,
            "refused": load.refused(),
            "latency": accepted.took.percentiles(),
            "cpu_s_per_1000": used.per_1000(accepted.count),
        }),
    };
    stage.clear().await?;
    Ok(measured)
}
