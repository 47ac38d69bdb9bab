//! When everything has been told, operations people ask whether the books agree: with themselves, and with every payment,
//! refund and dispute.

use crate::{World, report::CaseReport};

pub(super) async fn play(world: &World) -> anyhow::Result<CaseReport> {
    let mut report = CaseReport::default();
    let checked = world.console.run(&["ledger", "check"], "").await?;
    report.note(
        "transfers were written",
        true,
        checked["transfers"].as_u64() > Some(0),
    );
    report.note("console ledger check agrees", true, &checked["agrees"]);
    report.note("disagreements", 0, &checked["disagreements_total"]);
    let sums = checked["sums"].as_array().map(Vec::as_slice).unwrap_or_default();
    let off = sums.iter().filter(|sum| sum["sum_minor"] != 0).count();
    report.note("currencies that do not sum to zero", 0, off);
    Ok(report)
}
