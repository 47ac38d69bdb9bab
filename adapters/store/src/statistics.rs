//! What payments and orders come to: rolled up by quarters of an hour, and read for any span of days in any time zone.
//!
//! A roll-up looks for what has changed since the one before and computes the quarters concerned anew, from the payments or
//! orders themselves. So it can be repeated, and after days of silence it takes up where it was. Of payments only one runs at
//! a time, and of orders too, whoever begins it.

mod days;
mod grouping;
mod orders;
mod payments;
mod roll_up;

pub use days::{Days, Zone};
pub use grouping::Grouping;
pub use orders::{OrderFigures, OrderFilter};
pub use payments::{PaymentFigures, PaymentFilter};
pub use roll_up::{Counted, RollUp};
