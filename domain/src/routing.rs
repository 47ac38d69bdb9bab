//! Which channel a payment takes, and which are next when that one cannot be used.
//!
//! [`decide`] is a function of the payment's wish, its merchant's routes and a few plain facts about each channel; who asks
//! twice with the same hears the same. It never says where a payment is: its caller records the decision with the payment,
//! and from then on the record holds, whatever becomes of the routes.

mod decide;
mod decision;
mod route;
#[cfg(test)]
mod tests;
mod weighing;
mod wish;

pub use decide::decide;
pub use decision::{Choice, Considered, Decision, Failover, Routing, Verdict};
pub use route::Route;
pub use wish::{ChannelFacts, Way, Wish};
