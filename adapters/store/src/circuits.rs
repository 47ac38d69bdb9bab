//! The circuits of worker processes that are not closed.
//!
//! Each process decides by itself whether it lets calls through to a provider, and says here, as long as it does not, how its
//! circuits stand. So nothing is written while all is well, and what a process that died has said grows old.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// What was said longer ago than this says nothing about now.
const FRESH: TimeDelta = TimeDelta::seconds(15);

/// A circuit of a process that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldCircuit {
    /// The channel's name.
    pub channel: &'static str,
    /// `changes` or `questions`.
    pub calls: &'static str,
    /// `open` or `half_open`.
    pub state: &'static str,
}

/// In how many processes a circuit is not closed.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ShutCircuit {
    /// The channel.
    pub channel: String,
    /// `changes` or `questions`.
    pub calls: String,
    /// `open` or `half_open`.
    pub state: String,
    /// In how many.
    pub processes: i64,
}

const TELL: &str = "
with told as (select channel, calls, state from unnest($2::text[], $3::text[], $4::text[]) as t (channel, calls, state)),
     closed as (delete from channel_circuits
                where process = $1 and (channel, calls) not in (select channel, calls from told) or seen_at < $6)
insert into channel_circuits (process, channel, calls, state, seen_at)
select $1, channel, calls, state, $5 from told
on conflict (process, channel, calls) do update set state = excluded.state, seen_at = excluded.seen_at";

const SHUT: &str = "
select channel, calls, state, count(*) as processes from channel_circuits where seen_at >= $1
group by channel, calls, state order by channel, calls, state desc";

/// Nobody needs what a process said that has said nothing for so long.
const KEPT: TimeDelta = TimeDelta::hours(1);

impl Store {
    /// Keeps how the circuits of this process stand at `now`: those that are named are not closed, all others are.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn tell_circuits(
        &self,
        process: Uuid,
        shut: &[ToldCircuit],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let column = |of: fn(&ToldCircuit) -> &'static str| shut.iter().map(of).collect::<Vec<_>>();
        let telling = sqlx::query(TELL)
            .bind(process)
            .bind(column(|circuit| circuit.channel))
            .bind(column(|circuit| circuit.calls))
            .bind(column(|circuit| circuit.state))
            .bind(now)
            .bind(now - KEPT);
        answered(telling.execute(&self.pool)).await.map(drop)
    }

    /// The circuits that are not closed in some process at `now`.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn shut_circuits(&self, now: DateTime<Utc>) -> Result<Vec<ShutCircuit>, StoreError> {
        answered(sqlx::query_as(SHUT).bind(now - FRESH).fetch_all(&self.pool)).await
    }
}
