//! The days that are asked about.

use chrono::{DateTime, NaiveDate, Utc};

use crate::{Scoped, StoreError, pool::answered};

const DAY_IN_ZONE: &str = "select ($2 at time zone name)::date from pg_timezone_names where name = $1";

/// The name of a time zone that PostgreSQL knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(String);

/// Some days in a row, of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// Whose days.
    pub zone: Zone,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self("UTC".into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Scoped<'_> {
    /// The time zone of this name, such as `Asia/Shanghai`, and the day that it is there at this moment; none when there is
    /// none.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn zone(
        &self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(Zone, NaiveDate)>, StoreError> {
        let asking = sqlx::query_scalar(DAY_IN_ZONE).bind(name).bind(now);
        let day: Option<NaiveDate> = answered(asking.fetch_optional(&self.store.pool)).await?;
        Ok(day.map(|day| (Zone(name.to_owned()), day)))
    }
}
