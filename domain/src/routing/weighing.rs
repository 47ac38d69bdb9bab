//! The order of routes of one priority: each comes first for its share of the payments.
//!
//! Nothing is drawn at random. What decides is a digest of the payment's id, so that whoever decides again for the same
//! payment, on any machine, finds the same order; and no floating-point number is in it, as those may differ between
//! machines.

use ring::digest;

use super::Route;
use crate::id::PaymentId;

/// Orders routes of one priority by their weights.
pub(super) fn weigh(payment_id: PaymentId, mut routes: Vec<&Route>) -> Vec<&Route> {
    routes.sort_by_key(|route| route.id);
    let mut ordered = Vec::with_capacity(routes.len());
    while !routes.is_empty() {
        let place = pick(payment_id, ordered.len(), &routes);
        ordered.push(routes.remove(place));
    }
    ordered
}

/// The place of the route that is next.
fn pick(payment_id: PaymentId, round: usize, routes: &[&Route]) -> usize {
    let total: u64 = routes.iter().map(|route| u64::from(route.weight)).sum();
    let mut left = throw(payment_id, round, routes) % total.max(1);
    let found = routes.iter().position(|route| {
        let weight = u64::from(route.weight);
        let is_it = left < weight;
        left = left.saturating_sub(weight);
        is_it
    });
    found.unwrap_or_default()
}

/// A number that looks random and depends on the payment, the priority and the round. 64 bits are so many more than any sum
/// of weights that the remainder favours nobody.
fn throw(payment_id: PaymentId, round: usize, routes: &[&Route]) -> u64 {
    let priority = routes.first().map_or(0, |route| route.priority);
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(payment_id.as_uuid().as_bytes());
    context.update(&priority.to_be_bytes());
    context.update(&(round as u64).to_be_bytes());
    let digest = context.finish();
    digest
        .as_ref()
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
