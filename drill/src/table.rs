//! What came of it, as people read it.

use std::time::Duration;

/// How soon an alert has to fire.
pub const LIMIT: Duration = Duration::from_secs(60);

/// One alert's line.
#[derive(Debug, Clone)]
pub struct Line {
    /// The alert, with the labels that it had to have.
    pub alert: String,
    /// What was broken.
    pub fault: &'static str,
    /// How long after that it fired; none when it did not.
    pub fired: Option<Duration>,
    /// What was changed of the rule, or of what is measured, so that nobody has to wait for hours.
    pub changed: String,
}

impl Line {
    /// Whether it fired in time.
    pub fn is_good(&self) -> bool {
        self.fired.is_some_and(|fired| fired <= LIMIT)
    }
}

/// All lines, the slowest last, and the one that says it all.
pub fn render(lines: &[Line]) -> String {
    let mut lines = lines.to_vec();
    lines.sort_by_key(|line| (line.fired.is_none(), line.fired));
    let widest = |text: fn(&Line) -> &str| {
        lines
            .iter()
            .map(|line| text(line).len())
            .max()
            .unwrap_or_default()
    };
    let (alert, fault) = (widest(|line| &line.alert), widest(|line| line.fault));
    let limit = LIMIT.as_secs();
    let mut table = format!(
        "  {:alert$}  {:fault$}  fired after (limit {limit} s)\n",
        "alert", "fault"
    );
    for line in &lines {
        let mark = if line.is_good() { '✓' } else { '✗' };
        let fired = line.fired.map_or_else(
            || "not".to_owned(),
            |fired| format!("{:.1} s", fired.as_secs_f64()),
        );
        let row = format!(
            "{mark} {:alert$}  {:fault$}  {fired:>6}  {}",
            line.alert, line.fault, line.changed
        );
        table.push_str(row.trim_end());
        table.push('\n');
    }
    let good = lines.iter().filter(|line| line.is_good()).count();
    table.push_str(&format!(
        "alerts: {good} of {} fired within {limit} s\n",
        lines.len()
    ));
    table
}
