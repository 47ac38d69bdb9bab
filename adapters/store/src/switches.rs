//! What people have paused. The rows hold for all processes and over restarts; what was done before is in the audit log.

use chrono::{DateTime, Utc};
use domain::switch::Switch;
use sqlx::FromRow;

use crate::{
    Store, StoreError,
    audit::{self, Doing},
    pool::answered,
};

/// Something that is paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PausedSwitch {
    /// What.
    pub switch: Switch,
    /// Who paused it.
    pub paused_by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

#[derive(FromRow)]
struct SwitchRow {
    what: String,
    name: String,
    paused_by: String,
    reason: String,
    since: DateTime<Utc>,
}

const SELECT: &str = "select what, name, paused_by, reason, since from switches order by what, name";
const INSERT: &str = "
insert into switches (what, name, paused_by, reason, since) values ($1, $2, $3, $4, $5) on conflict do nothing";
const DELETE: &str = "delete from switches where what = $1 and name = $2";

impl Store {
    /// What is paused. What a newer version may pause and this one does not know is passed over.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn switches(&self) -> Result<Vec<PausedSwitch>, StoreError> {
        let rows: Vec<SwitchRow> = answered(sqlx::query_as(SELECT).fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().filter_map(SwitchRow::read).collect())
    }

    /// Pauses something, and writes down who did it and why; false when it is paused already.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn pause(&self, switch: Switch, doing: Doing<'_>) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let pausing = sqlx::query(INSERT)
            .bind(switch.what())
            .bind(switch.name())
            .bind(doing.actor)
            .bind(doing.reason.unwrap_or_default())
            .bind(doing.at);
        let changed = pausing.execute(&mut *tx).await?.rows_affected() == 1;
        if changed {
            audit::write(&mut tx, "switch.pause", &switch.to_string(), doing).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Lets something go on, and writes down who did it and why; false when it is not paused.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn resume(&self, switch: Switch, doing: Doing<'_>) -> Result<bool, StoreError> {
        let statement = sqlx::query(DELETE).bind(switch.what()).bind(switch.name());
        self.audited(statement, "switch.resume", switch, doing).await
    }
}

impl SwitchRow {
    fn read(self) -> Option<PausedSwitch> {
        Some(PausedSwitch {
            switch: Switch::named(&self.what, &self.name)?,
            paused_by: self.paused_by,
            reason: self.reason,
            since: self.since,
        })
    }
}
