//! A limit on how much of this process one merchant may hold at once, so that a hanging endpoint or a flood from one
//! merchant leaves room for the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::id::MerchantId;

/// Counts what each merchant holds. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Bulkhead {
    limit: usize,
    held: Arc<Mutex<HashMap<MerchantId, usize>>>,
}

/// A place held by a merchant, until it is dropped.
#[derive(Debug)]
pub struct Place {
    bulkhead: Bulkhead,
    merchant: MerchantId,
}

impl Bulkhead {
    /// A bulkhead that lets one merchant hold `limit` places, and at least one.
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            held: Arc::default(),
        }
    }

    /// A place for `merchant`, unless it holds as many as it may.
    pub fn enter(&self, merchant: MerchantId) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let places = held.entry(merchant).or_insert(0);
        if *places >= self.limit {
            return None;
        }
        *places += 1;
        Some(Place {
            bulkhead: self.clone(),
            merchant,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.bulkhead.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = held.get_mut(&self.merchant) {
            *places -= 1;
            if *places == 0 {
                held.remove(&self.merchant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_merchant_waits_and_the_others_do_not() {
        let bulkhead = Bulkhead::new(2);
        let (busy, other) = (MerchantId::random(), MerchantId::random());
        let held = [bulkhead.enter(busy), bulkhead.enter(busy)];
        assert!(held.iter().all(Option::is_some));
        assert!(bulkhead.enter(busy).is_none());
        assert!(bulkhead.enter(other).is_some());
        drop(held);
        assert!(bulkhead.enter(busy).is_some());
        assert!(bulkhead.held.lock().unwrap().is_empty());
    }
}
