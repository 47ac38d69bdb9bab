//! Locking of shared state: critical sections are short, in memory, and never held across an await.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, and carries on after a panic elsewhere: the sandbox's state is still worth showing then.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
