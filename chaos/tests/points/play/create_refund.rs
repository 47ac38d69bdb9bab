//! A worker dies while it gives a part of a payment back. The provider's callbacks about refunds go nowhere, so nothing but
//! this job is in its hands, and what follows from it.

use e2e::scene::REFUNDING;
use serde_json::{Value, json};

use super::{
    Play,
    refund_ending::{RefundEnding, ask_for, paid, refund_ends},
};
use crate::table::{Case, Way};

pub async fn play(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let payment = paid(play).await?;
    if let Some(dial) = fault(case.way) {
        play.scene.set_fault(REFUNDING, dial).await?;
    }
    let refund = ask_for(play, &payment).await?;
    play.workers.start_armed(case)?;
    play.workers.die(case).await?;
    play.stage.calm(&play.scene).await?;
    play.workers.start()?;
    let expected = if case.way == Way::Parked {
        RefundEnding::given_up(&["refund.failed"])
    } else {
        RefundEnding::made()
    };
    refund_ends(play, &payment, &refund, &expected).await
}

fn fault(way: Way) -> Option<Value> {
    match way {
        Way::Plain | Way::Waited | Way::Asked | Way::Absent => None,
        Way::Retried => Some(json!({ "fault": "error", "status": 500, "times": 1 })),
        Way::Parked => Some(json!({ "fault": "error", "status": 400, "code": "parameter_invalid" })),
    }
}
