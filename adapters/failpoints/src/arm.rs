//! Arming points, and what happens at an armed one.

use std::{
    env,
    io::{self, Write},
};

use crate::{ENABLED, Point, Protection};

const FAILPOINTS: &str = "SLUICE_FAILPOINTS";
const SABOTAGE: &str = "SLUICE_SABOTAGE";

/// What the process was told to do to itself cannot be done.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum CannotArm {
    /// This build has no failpoints.
    #[error("{0} is set, but this build has no failpoints: unset it, or build with the feature `failpoints`")]
    NotBuiltIn(&'static str),
    /// It does not read `point=action`.
    #[error("SLUICE_FAILPOINTS: expected point=action, separated by semicolons, not {0:?}")]
    NoAssignment(String),
    /// There is no such point.
    #[error("SLUICE_FAILPOINTS: there is no failpoint {0:?}; docs/reliability.md lists them")]
    UnknownPoint(String),
    /// The action cannot be read.
    #[error("SLUICE_FAILPOINTS: {point}: {problem}; an example is 2*off->kill")]
    BadAction {
        /// The point.
        point: String,
        /// What is wrong with its action.
        problem: String,
    },
    /// There is no such protection.
    #[error("SLUICE_SABOTAGE: there is no protection {0:?}; inbox, ack-after-commit and ask-first are")]
    UnknownProtection(String),
}

/// Arms what `SLUICE_FAILPOINTS` and `SLUICE_SABOTAGE` ask for; the first thing that a process does.
///
/// # Errors
/// They cannot be read, or this build has no failpoints.
pub fn arm_from_env() -> Result<(), CannotArm> {
    let asked = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let (points, sabotage) = (asked(FAILPOINTS), asked(SABOTAGE));
    for (name, asked) in [(FAILPOINTS, &points), (SABOTAGE, &sabotage)] {
        if asked.is_some() && !ENABLED {
            return Err(CannotArm::NotBuiltIn(name));
        }
    }
    if let Some(points) = points {
        arm(&points)?;
    }
    sabotage.map_or(Ok(()), |name| Protection::take_away(&name))
}

/// Arms points by `point=action;point=action`.
///
/// # Errors
/// It cannot be read.
pub fn arm(points: &str) -> Result<(), CannotArm> {
    for assignment in points.split(';').map(str::trim).filter(|one| !one.is_empty()) {
        let no_assignment = || CannotArm::NoAssignment(assignment.to_owned());
        let (name, action) = assignment.split_once('=').ok_or_else(no_assignment)?;
        let point = Point::named(name).ok_or_else(|| CannotArm::UnknownPoint(name.to_owned()))?;
        // What the library calls returning early is dying here.
        fail::cfg(point.name(), &action.replace("kill", "return")).map_err(|problem| {
            let point = name.to_owned();
            CannotArm::BadAction { point, problem }
        })?;
    }
    Ok(())
}

/// Does what `point` is armed with.
pub(crate) fn strike(point: Point) {
    fail::fail_point!(point.name(), |_| die(point));
}

/// Ends the process without unwinding, flushing or closing anything.
fn die(point: Point) {
    // One write: other threads still log to the same file, and nothing of theirs may come in between.
    let line = format!("\nfailpoint {}: the process dies here\n", point.name());
    // Who cannot say it dies all the same.
    io::stderr().write_all(line.as_bytes()).ok();
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_armed_says_what_is_wrong() {
        for (points, expected) in [
            ("settle.before_ack", "expected point=action"),
            ("settle.before_lunch=kill", "no failpoint \"settle.before_lunch\""),
            ("settle.before_ack=explode", "settle.before_ack"),
        ] {
            let problem = arm(points).unwrap_err().to_string();
            assert!(problem.contains(expected), "{points}: {problem}");
        }
        assert!(Protection::take_away("courage").is_err());
    }

    #[test]
    fn an_armed_point_strikes_in_builds_that_have_points() {
        arm("publish.sent=1*off->panic").unwrap();
        crate::reach(Point::PublishSent);
        let struck = std::panic::catch_unwind(|| crate::reach(Point::PublishSent));
        assert_eq!(struck.is_err(), ENABLED);
    }
}
