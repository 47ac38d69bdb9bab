//! The story's outcome as people read it.

use crate::story::Played;

const EXPECTED: &str = "expected";
const SEEN: &str = "seen";

/// Each case with all it looked at: what was expected, what was seen, and which of it differs.
pub fn render(played: &[Played]) -> String {
    let facts = || played.iter().flat_map(|played| &played.report.facts);
    let expected = facts()
        .map(|fact| width(&fact.expected))
        .chain([width(EXPECTED)])
        .max()
        .unwrap_or_default();
    let what = facts().map(|fact| width(fact.what)).max().unwrap_or_default();
    let mut table = format!("  {:what$}    {EXPECTED:expected$}   {SEEN}\n", "case");
    for played in played {
        let mark = if played.report.is_as_expected() {
            '✓'
        } else {
            '✗'
        };
        table.push_str(&format!(
            "\n{mark} {}  ({:.1} s)\n",
            played.name,
            played.took.as_secs_f64()
        ));
        for fact in &played.report.facts {
            let mark = if fact.expected == fact.seen { ' ' } else { '✗' };
            let line = format!(
                "  {mark} {:what$}  {:expected$}   {}",
                fact.what, fact.expected, fact.seen
            );
            table.push_str(line.trim_end());
            table.push('\n');
        }
    }
    table
}

/// The one line that says it all.
pub fn verdict(played: &[Played]) -> String {
    let as_expected = played
        .iter()
        .filter(|played| played.report.is_as_expected())
        .count();
    format!("demo: {as_expected} of {} as expected", played.len())
}

fn width(text: &str) -> usize {
    text.chars().count()
}
