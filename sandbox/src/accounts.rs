//! The accounts of one provider, by the name its API knows them by: a secret key, an app id, a merchant number.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The accounts of one provider.
#[derive(Debug)]
pub struct Accounts<A> {
    by_name: RwLock<BTreeMap<String, Arc<A>>>,
}

impl<A> Default for Accounts<A> {
    fn default() -> Self {
        Self {
            by_name: RwLock::default(),
        }
    }
}

impl<A> Accounts<A> {
    /// The account of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<Arc<A>> {
        let accounts = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        accounts.get(name).map(Arc::clone)
    }

    /// The account of this name; opened at first sight.
    pub fn get_or_open(&self, name: &str, open: impl FnOnce() -> A) -> Arc<A> {
        if let Some(account) = self.get(name) {
            return account;
        }
        let mut accounts = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let account = accounts
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(open()));
        Arc::clone(account)
    }

    /// All accounts, in the order of their names.
    pub fn all(&self) -> Vec<Arc<A>> {
        let accounts = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        accounts.values().map(Arc::clone).collect()
    }

    /// Forgets all accounts.
    pub fn clear(&self) {
        let mut accounts = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        accounts.clear();
    }
}
