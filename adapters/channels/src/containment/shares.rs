//! How much of a channel's places one merchant may hold, so that one whose calls hang leaves room for the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Semaphore;

use super::Account;

/// The places that each merchant holds or waits for.
#[derive(Debug)]
pub(super) struct Shares {
    limit: usize,
    held: Mutex<HashMap<Account, Arc<Semaphore>>>,
}

impl Shares {
    /// Shares of `limit` places each, and at least one.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            held: Mutex::default(),
        }
    }

    /// The places of one merchant.
    pub(super) fn of(&self, account: Account) -> Arc<Semaphore> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody holds or waits for any more is forgotten.
        held.retain(|_, places| Arc::strong_count(places) > 1);
        let places = held.entry(account);
        Arc::clone(places.or_insert_with(|| Arc::new(Semaphore::new(self.limit))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_merchant_waits_the_others_do_not_and_nobody_is_remembered() {
        let shares = Shares::new(2);
        let (busy, other) = ([1; 32], [2; 32]);
        let place = |account| shares.of(account).try_acquire_owned();
        let held = [place(busy), place(busy)];
        assert!(held.iter().all(Result::is_ok));
        assert!(place(busy).is_err());
        assert!(place(other).is_ok());
        drop(held);
        assert!(place(busy).is_ok());
        assert_eq!(shares.of(other).available_permits(), 2);
        assert_eq!(shares.held.lock().unwrap().len(), 1);
    }
}
