//! Named points at which a process can be made to die, to pause or to panic, so that tests can show what a crash there
//! leaves behind.
//!
//! Debug builds have them; release builds do not, unless built with the feature `failpoints`: there [`reach`] is empty
//! and nothing can be armed. A point does nothing until the process is started with `SLUICE_FAILPOINTS`, such as
//! `settle.before_ack=kill` or `settle.before_ack=3*off->kill;record.committed=sleep(200)`. The actions are those of the
//! crate [`fail`], and `kill`, which ends the process on the spot as `kill -9` does: nothing is flushed, closed or told.
//!
//! The second switch, `SLUICE_SABOTAGE`, takes one protection away ([`Protection`]). It is there to show that those who
//! look for lost and doubled payments find them when there are some.

mod arm;
mod point;
mod protection;

pub use arm::{CannotArm, arm, arm_from_env};
pub use point::Point;
pub use protection::{Protection, is_missing};

/// Whether this build has failpoints.
pub const ENABLED: bool = cfg!(any(debug_assertions, feature = "failpoints"));

/// The process stands at `point`. Does what the point is armed with; most often nothing.
#[inline]
pub fn reach(point: Point) {
    if ENABLED {
        arm::strike(point);
    }
}
