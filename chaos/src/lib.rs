//! Proof by destruction: a Sluice of its own is started, used by many merchants, and broken in every way that a seeded
//! plan thinks of; then all the evidence is compared, event by event.
//!
//! The parts know little of each other. `traffic` plays the merchants and payers and keeps a `journal` of what was asked
//! and what was answered. `plan` decides from a seed what breaks when, `faults` breaks it, `fleet` runs the processes on
//! `ground` of their own. `verifier` reads the journal, the provider's books, the database, the merchants' mail and the
//! dead-letter queues, and says what was lost, doubled or got stuck. `run` puts them together.

pub mod cluster;
pub mod config;
pub mod faults;
pub mod fleet;
pub mod ground;
pub mod journal;
pub mod plan;
pub mod run;
pub mod seed;
pub mod traffic;
pub mod verifier;
