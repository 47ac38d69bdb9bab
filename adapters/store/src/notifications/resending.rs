//! Sending notifications again: the same ones, under the same ids, with a fresh schedule of tries.
//!
//! A schedule is known by the tries that were made before it. Only a notification whose schedule has ended gets another one,
//! and while it is given that, nobody else can: so two who ask at once have it sent once. What is left of earlier schedules,
//! such as a job that was parked, finds that another one has begun, and ends.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    id::{MerchantId, NotificationId},
    job::Envelope,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, Doing},
    claims::Claim,
    held::{JobRow, attempts_before_next},
    pool::answered,
};

/// What to send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resend {
    /// These, whatever came of them.
    These(Vec<NotificationId>),
    /// This one, if the schedule that was seen is still its last.
    Seen {
        /// Which.
        id: NotificationId,
        /// The tries that were made before that schedule.
        attempts_before: i32,
        /// When it ended.
        finished_at: Option<DateTime<Utc>>,
    },
    /// What was given up of a merchant's.
    GivenUp {
        /// Whose.
        merchant_id: MerchantId,
        /// Only what was given up at this moment or later.
        since: Option<DateTime<Utc>>,
        /// How many at the most, the oldest first.
        limit: u32,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resent {
    /// Those that are sent again.
    pub resent: Vec<NotificationId>,
    /// Those whose schedule had not ended when this was asked for: they are being sent, or were in the same instant. And one
    /// that was given another schedule since it was seen.
    pub under_way: Vec<NotificationId>,
    /// There is no such notification.
    pub unknown: Vec<NotificationId>,
    /// A merchant that has no endpoint, or one that is switched off: nothing was done, for nothing would arrive.
    pub no_endpoint: Option<MerchantId>,
}

/// Gives the notifications that `$which` selects another schedule.
macro_rules! renew {
    ($which:literal) => {
        concat!(
            "with chosen as (select id from notifications where ", $which, " for update), renewed as (
               update notifications
               set status = 'pending', finished_at = null, held_at = null, held_attempt = null,
                   attempts_before = ", attempts_before_next!(), "
               where id in (select id from chosen)
               returning *
             )
             select id, merchant_id, payment_id, order_id, wallet_id, account_id, attempts_before, 1 as attempt,
                    (select traceparent from payments where payments.id = payment_id)
             from renewed order by created_at, id"
        )
    };
}

const RENEW_THESE: &str = renew!("id = any ($1) and status <> 'pending' order by id");
const RENEW_SEEN: &str = renew!(
    "id = $1 and status <> 'pending' and attempts_before = $2 and finished_at is not distinct from $3"
);
const RENEW_GIVEN_UP: &str = renew!(
    "merchant_id = $1 and status in ('exhausted', 'undeliverable') and finished_at >= coalesce($2::timestamptz, '-infinity')
     order by finished_at, id limit $3"
);
// What is there and was not renewed had a schedule that had not ended then, though it may have been delivered since.
const UNDER_WAY: &str = "select id from notifications where id = any ($1)";
const WITHOUT_ENDPOINT: &str = "
select id from merchants where id = any ($1) and (endpoint_url is null or endpoint_disabled_at is not null) limit 1";

impl Store {
    /// Sends notifications again, and writes down who had it done and why.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read; nothing was done then.
    pub async fn resend(&self, what: &Resend, doing: Doing<'_>) -> Result<Resent, StoreError> {
        answered(self.renew(what, doing)).await
    }

    async fn renew(&self, what: &Resend, doing: Doing<'_>) -> Result<Resent, StoreError> {
        let mut claim = Claim::begin(self).await?;
        let rows: Vec<JobRow> = match what {
            Resend::These(ids) => sqlx::query_as(RENEW_THESE).bind(uuids(ids)),
            Resend::Seen {
                id,
                attempts_before,
                finished_at,
            } => sqlx::query_as(RENEW_SEEN)
                .bind(id.as_uuid())
                .bind(*attempts_before)
                .bind(*finished_at),
            Resend::GivenUp {
                merchant_id,
                since,
                limit,
            } => sqlx::query_as(RENEW_GIVEN_UP)
                .bind(merchant_id.as_uuid())
                .bind(*since)
                .bind(i64::from(*limit)),
        }
        .fetch_all(&mut *claim.tx)
        .await?;
        let merchants: HashSet<Uuid> = rows.iter().map(JobRow::merchant).collect();
        let merchants: Vec<Uuid> = merchants.into_iter().collect();
        let without = sqlx::query_scalar(WITHOUT_ENDPOINT).bind(merchants);
        let without: Option<Uuid> = without.fetch_optional(&mut *claim.tx).await?;
        if let Some(merchant) = without {
            return Ok(Resent {
                no_endpoint: Some(MerchantId::from_uuid(merchant)),
                ..Resent::default()
            });
        }
        let resent: Vec<NotificationId> = rows.iter().map(JobRow::notification).collect();
        let subjects: Vec<String> = resent.iter().map(NotificationId::to_string).collect();
        audit::write_each(&mut claim.tx, "notification.resend", &subjects, doing).await?;
        let jobs: Result<Vec<Envelope>, StoreError> = rows.iter().map(|row| row.envelope(doing.at)).collect();
        let others = others(what, &resent);
        let under_way = sqlx::query_scalar(UNDER_WAY).bind(uuids(&others));
        let under_way: Vec<Uuid> = under_way.fetch_all(&mut *claim.tx).await?;
        claim.finish(&jobs?).await?;
        let is_under_way = |id: &NotificationId| under_way.contains(&id.as_uuid());
        let (under_way, unknown) = others.into_iter().partition(is_under_way);
        Ok(Resent {
            resent,
            under_way,
            unknown,
            no_endpoint: None,
        })
    }
}

/// Those that were asked for and are not sent again.
fn others(what: &Resend, resent: &[NotificationId]) -> Vec<NotificationId> {
    let asked = match what {
        Resend::These(ids) => ids.as_slice(),
        Resend::Seen { id, .. } => std::slice::from_ref(id),
        Resend::GivenUp { .. } => &[],
    };
    asked.iter().filter(|id| !resent.contains(id)).copied().collect()
}

fn uuids(ids: &[NotificationId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.as_uuid()).collect()
}
