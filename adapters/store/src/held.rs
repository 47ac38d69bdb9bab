//! Notifications that are kept back while their merchant's are paused.
//!
//! Its job ends with a mark on the notification: nothing goes around in the broker meanwhile, and no attempt is used up.
//! Whoever finds marks of a merchant that is not paused takes them off and puts the jobs into the outbox, oldest
//! notification first, with the attempts that they had come to. Marks are compared with switches again and again, so that it
//! does not matter who saw which of them first.

use chrono::{DateTime, Utc};
use domain::{
    id::{ConnectedAccountId, MerchantId, NotificationId, OrderId, PaymentId, WalletId},
    job::{Envelope, NotifyMerchant},
    notification::Subject,
    trace::TraceParent,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, claims::Claim, pool::answered, write::Tx};

/// A notification to keep back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which one.
    pub notification_id: NotificationId,
    /// The attempt that was not made.
    pub attempt: u32,
    /// How many attempts its earlier schedules made.
    pub attempts_before: u32,
    /// Whether its job was parked and sent again by people: then it goes on with a schedule of its own.
    pub is_replayed: bool,
    /// When it was to be made.
    pub at: DateTime<Utc>,
}

/// What a notification is about, as its row has it.
#[derive(FromRow)]
pub(crate) struct Subjects {
    payment_id: Option<Uuid>,
    order_id: Option<Uuid>,
    wallet_id: Option<Uuid>,
    account_id: Option<Uuid>,
}

/// A notification's row, as far as its job goes.
#[derive(FromRow)]
pub(crate) struct JobRow {
    id: Uuid,
    merchant_id: Uuid,
    #[sqlx(flatten)]
    subjects: Subjects,
    attempts_before: i32,
    /// The attempt that comes next in its schedule.
    attempt: i32,
    /// Where the payment began that it is about.
    traceparent: Option<String>,
}

// From one merchant to the next by the index, however many are kept of each.
const OWNERS: &str = "
with recursive owner as (
  (select merchant_id from notifications where held_at is not null order by merchant_id limit 1)
  union all
  select (select next.merchant_id from notifications next
          where next.held_at is not null and next.merchant_id > owner.merchant_id order by next.merchant_id limit 1)
  from owner where owner.merchant_id is not null
)
select merchant_id from owner where merchant_id is not null and merchant_id <> all ($1)";

// Another process waits here and finds nothing left of these, rather than let later ones pass.
const CLAIM: &str = "
select id, merchant_id, payment_id, order_id, wallet_id, account_id, attempts_before, held_attempt as attempt,
       (select traceparent from payments where payments.id = payment_id)
from notifications
where merchant_id = $1 and held_at is not null
order by created_at, id limit $2 for update";

const RELEASE: &str = "update notifications set held_at = null, held_attempt = null where id = any ($1)";

impl Store {
    /// The merchants that notifications are kept of, but for these.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn held_back_of(&self, but: &[MerchantId]) -> Result<Vec<MerchantId>, StoreError> {
        let but: Vec<Uuid> = but.iter().map(|merchant| merchant.as_uuid()).collect();
        let owners = sqlx::query_scalar(OWNERS).bind(but).fetch_all(&self.pool);
        let owners: Vec<Uuid> = answered(owners).await?;
        Ok(owners.into_iter().map(MerchantId::from_uuid).collect())
    }

    /// Puts the jobs of a merchant's oldest notifications that are kept into the outbox; answers how many.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn release(
        &self,
        merchant: MerchantId,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        answered(self.release_batch(merchant, limit, now)).await
    }

    async fn release_batch(
        &self,
        merchant: MerchantId,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let mut claim = Claim::begin(self).await?;
        let claiming = sqlx::query_as(CLAIM).bind(merchant.as_uuid()).bind(limit);
        let rows: Vec<JobRow> = claiming.fetch_all(&mut *claim.tx).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let jobs: Result<Vec<Envelope>, StoreError> = rows.iter().map(|row| row.envelope(now)).collect();
        sqlx::query(RELEASE).bind(ids).execute(&mut *claim.tx).await?;
        claim.finish(&jobs?).await?;
        Ok(rows.len())
    }
}

impl JobRow {
    pub(crate) const fn notification(&self) -> NotificationId {
        NotificationId::from_uuid(self.id)
    }

    pub(crate) const fn merchant(&self) -> Uuid {
        self.merchant_id
    }

    fn trace(&self) -> Option<TraceParent> {
        self.traceparent.as_deref()?.parse().ok()
    }

    /// The job that makes its next attempt, in the trace of its payment.
    pub(crate) fn envelope(&self, now: DateTime<Utc>) -> Result<Envelope, StoreError> {
        let job = NotifyMerchant {
            notification_id: self.notification(),
            merchant_id: MerchantId::from_uuid(self.merchant_id),
            about: self.subjects.about(self.notification())?,
            attempts_before: self.attempts_before.cast_unsigned(),
        };
        Ok(Envelope {
            attempt: self.attempt.cast_unsigned(),
            ..Envelope::new(&job, self.trace(), now)
        })
    }
}

impl Subjects {
    pub(crate) fn about(&self, id: NotificationId) -> Result<Subject, StoreError> {
        let payment = self.payment_id.map(PaymentId::from_uuid).map(Subject::Payment);
        let order = self.order_id.map(OrderId::from_uuid).map(Subject::Order);
        let wallet = self.wallet_id.map(WalletId::from_uuid).map(Subject::Wallet);
        let account = self
            .account_id
            .map(ConnectedAccountId::from_uuid)
            .map(Subject::Account);
        let about = payment.or(order).or(wallet).or(account);
        about.ok_or_else(|| StoreError::unreadable(format!("notification {id}"), "it is about nothing"))
    }
}

/// The attempts before the schedule that follows the present one of a row of `notifications`.
macro_rules! attempts_before_next {
    () => {
        "greatest(notifications.attempts_before + 1, (select max(made.attempt) from notification_attempts made
                                                      where made.notification_id = notifications.id))"
    };
}
pub(crate) use attempts_before_next;

// One that has arrived meanwhile, or goes by another schedule, is not kept. One that was given up is under way again.
const HOLD: &str = concat!(
    "
update notifications
set status = 'pending', finished_at = null, held_at = held.at,
    held_attempt = case when held.is_replayed then 1 else held.attempt end,
    attempts_before = case when held.is_replayed then ",
    attempts_before_next!(),
    " else held.attempts_before end
from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::integer[], $5::boolean[])
       as held (id, attempt, at, attempts_before, is_replayed)
where notifications.id = held.id and notifications.status <> 'delivered'
  and notifications.attempts_before = held.attempts_before"
);

/// Marks notifications as kept back.
pub(crate) async fn hold(tx: &mut Tx<'_>, held: &[&Held]) -> Result<(), StoreError> {
    if held.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = held.iter().map(|held| held.notification_id.as_uuid()).collect();
    let attempts: Vec<i32> = held.iter().map(|held| held.attempt.cast_signed()).collect();
    let at: Vec<DateTime<Utc>> = held.iter().map(|held| held.at).collect();
    let before: Vec<i32> = held
        .iter()
        .map(|held| held.attempts_before.cast_signed())
        .collect();
    let replayed: Vec<bool> = held.iter().map(|held| held.is_replayed).collect();
    let holding = sqlx::query(HOLD).bind(ids).bind(attempts).bind(at);
    let holding = holding.bind(before).bind(replayed);
    holding.execute(&mut **tx).await?;
    Ok(())
}
