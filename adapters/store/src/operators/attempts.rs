//! Attempts to sign in. Each is written down before its password is looked at, so that many at once count, too. One that is
//! refused is not kept: else somebody could keep a name locked for everybody by trying on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use crate::{Store, StoreError, pool::answered};

/// How many attempts were made lately, or may be made, this one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct SignInCounts {
    /// With this name, from this address.
    pub of_both: i64,
    /// With this name, from anywhere.
    pub of_name: i64,
    /// From this address, with any name.
    pub of_address: i64,
}

/// Those that nobody counts any more.
const SWEEP: &str = "delete from operator_sign_ins where at < $1";

const ADD: &str = "insert into operator_sign_ins (name, address, at) values ($1, $2, $3) returning id";

const TAKE_BACK: &str = "delete from operator_sign_ins where id = $1";

const COUNT: &str = "
select count(*) filter (where name = $1 and address = $2) as of_both, count(*) filter (where name = $1) as of_name,
       count(*) filter (where address = $2) as of_address
from operator_sign_ins where at >= $3";

impl Store {
    /// Writes down that somebody tries to sign in, and says whether they may: whether it was tried at most as often as `most`
    /// within the last `window`.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn note_sign_in(
        &self,
        name: &str,
        address: &str,
        most: SignInCounts,
        window: Duration,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let since = now - window;
        let noting = async {
            // Committed one by one: what waits for nobody's transaction is seen by all who count.
            sqlx::query(SWEEP).bind(since).execute(&self.pool).await?;
            let add = sqlx::query_scalar::<_, i64>(ADD)
                .bind(name)
                .bind(address)
                .bind(now);
            let id = add.fetch_one(&self.pool).await?;
            let count = sqlx::query_as(COUNT).bind(name).bind(address).bind(since);
            let tried: SignInCounts = count.fetch_one(&self.pool).await?;
            let may = tried.are_within(most);
            if !may {
                sqlx::query(TAKE_BACK).bind(id).execute(&self.pool).await?;
            }
            Ok::<_, sqlx::Error>(may)
        };
        answered(noting).await
    }
}

impl SignInCounts {
    const fn are_within(self, most: Self) -> bool {
        self.of_both <= most.of_both && self.of_name <= most.of_name && self.of_address <= most.of_address
    }
}
