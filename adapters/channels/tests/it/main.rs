//! The channels against doubles of their providers, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod answering;
mod conformance;
mod listener;
mod measures;
mod paypal_calls;
mod paypal_certificates;
mod setting;
mod stand;
mod stripe_changes;
mod stripe_faults;
mod stripe_intents;
mod stripe_refunds;
mod stripe_statements;
mod stripe_wire;
