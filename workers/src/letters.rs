//! Dead letters: written down for people as they are parked, and moved on as people want it.
//!
//! What is parked stands in the broker's queues; nothing here changes that but what somebody has asked for. The [`Clerk`]
//! writes down a copy of each message that is parked, whoever parked it. The [`Carrier`] sends messages again or throws them
//! away.

mod carrier;
mod clerk;
mod describing;
mod pace;
mod round;

pub use carrier::Carrier;
pub use clerk::Clerk;
pub use describing::Describing;
