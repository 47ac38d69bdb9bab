//! The channels against doubles of their providers, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod measures;
mod setting;
mod stripe_faults;
mod stripe_intents;
mod stripe_wire;
