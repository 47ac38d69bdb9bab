//! What payments come to: rolled up by quarters of an hour, and read for any span of days in any time zone.
//!
//! A roll-up looks for what has changed since the one before and computes the quarters concerned anew, from the payments
//! themselves. So it can be repeated, and after days of silence it takes up where it was. Only one runs at a time, whoever
//! begins it.

mod payments;
mod roll_up;

pub use payments::{Figures, Grouping, StatisticsFilter, Zone};
pub use roll_up::RollUp;
