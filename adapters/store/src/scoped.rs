//! Reads for those who may see a part of all data only.
//!
//! [`Store`] reads whatever it is asked for, which is right for workers and people. Whoever serves callers holds a
//! [`Scoped`] instead: what lies outside of its scope is not there. Its reads stand beside those of the store, with the
//! tables that they are about; a table that has the columns `merchant_id` and `user_id` is narrowed by [`Scoped::narrow`].

use domain::{scope::Scope, user::UserId};
use sqlx::{Postgres, QueryBuilder};

use crate::Store;

/// A store of which only a part can be seen.
#[derive(Debug, Clone, Copy)]
pub struct Scoped<'a> {
    pub(crate) store: &'a Store,
    pub(crate) scope: &'a Scope,
}

impl Store {
    /// The part of the store that lies within `scope`.
    pub const fn within<'a>(&'a self, scope: &'a Scope) -> Scoped<'a> {
        Scoped { store: self, scope }
    }
}

impl Scoped<'_> {
    /// Adds to a statement, which ends with a condition, that a row of its one table lies within the scope, and belongs to
    /// `user` if one is named. Whoever names another user than the scope's own finds nothing.
    pub(crate) fn narrow(&self, select: &mut QueryBuilder<Postgres>, user: Option<&UserId>) {
        if let Some(merchant) = self.scope.merchant() {
            select.push(" and merchant_id = ").push_bind(merchant.as_uuid());
        }
        for user in [self.scope.user(), user].into_iter().flatten() {
            select.push(" and user_id = ").push_bind(user.as_str().to_owned());
        }
    }
}
