//! Sluice seen from outside, as merchants, payers, the provider and operations people see it.
//!
//! Here is the story that `make demo` plays and that the integration tests play again: each case sets up its own
//! merchant, does what people would do, and reports what was expected beside what was seen. Nothing of Sluice's own
//! code is used, because whoever shares code with the thing under test agrees with its mistakes. Waiting is always
//! looking again until a deadline, never a pause of a guessed length.

pub mod accounts;
mod answer;
pub mod balancer;
pub mod client;
pub mod console;
pub mod issuer;
pub mod proxy;
pub mod rabbit;
pub mod report;
pub mod sandbox_client;
pub mod scene;
pub mod story;
pub mod table;
pub mod wait;
pub mod world;

pub use accounts::Account;
pub use answer::Answer;
pub use scene::{Notification, Scene};
pub use world::{Merchant, World};
