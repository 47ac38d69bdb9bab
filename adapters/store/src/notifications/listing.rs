//! Notifications as people look at them: how far they came, and what each try was answered. Never what they say.

use chrono::{DateTime, Utc};
use domain::id::{MerchantId, NotificationId, OrderId, PaymentId};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::{Store, StoreError, held::Subjects, pool::answered};

/// Which notifications to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Whose, or about what.
    pub of: NotificationsOf,
    /// Only those that have come so far.
    pub state: Option<NotificationState>,
    /// How many at the most, the newest first.
    pub limit: u32,
}

/// Whose notifications, or about what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationsOf {
    /// A merchant's.
    Merchant(MerchantId),
    /// Those about a payment, its refunds and disputes.
    Payment(PaymentId),
    /// Those about an order.
    Order(OrderId),
}

/// How far a notification has come, as people ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationState {
    /// Not delivered yet.
    Waiting,
    /// Kept, as the merchant's are paused.
    Held,
    /// Taken by the merchant.
    Delivered,
    /// Given up, or without an endpoint.
    GivenUp,
}

/// A notification, as far as it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationSummary {
    /// Its id, which the merchant sees.
    pub id: NotificationId,
    /// Who is told.
    pub merchant_id: MerchantId,
    /// About what, by its id.
    pub about: String,
    /// What it tells.
    pub event_type: String,
    /// `pending`, `delivered`, `exhausted` or `undeliverable`.
    pub status: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When that status was reached, if it is an end.
    pub finished_at: Option<DateTime<Utc>>,
    /// Since when it is kept, if it is.
    pub held_at: Option<DateTime<Utc>>,
    /// How many tries were made before it was sent again.
    pub attempts_before: u32,
    /// The last try.
    pub last: Option<MadeAttempt>,
}

/// A try to deliver a notification.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct MadeAttempt {
    /// Which one, from 1; counted on when it is sent again.
    pub attempt: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// What the endpoint answered.
    pub http_status: Option<i32>,
    /// Why there was no good answer.
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: i32,
}

#[derive(FromRow)]
struct SummaryRow {
    id: Uuid,
    merchant_id: Uuid,
    #[sqlx(flatten)]
    subjects: Subjects,
    event_type: String,
    status: String,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    held_at: Option<DateTime<Utc>>,
    attempts_before: i32,
    attempt: Option<i32>,
    at: Option<DateTime<Utc>>,
    http_status: Option<i32>,
    error: Option<String>,
    duration_ms: Option<i32>,
}

const SELECT_ATTEMPTS: &str = "
select attempt, at, http_status, error, duration_ms from notification_attempts where notification_id = $1 order by attempt";

impl NotificationsOf {
    const fn column(self) -> &'static str {
        match self {
            Self::Merchant(_) => "merchant_id",
            Self::Payment(_) => "payment_id",
            Self::Order(_) => "order_id",
        }
    }

    const fn id(self) -> Uuid {
        match self {
            Self::Merchant(id) => id.as_uuid(),
            Self::Payment(id) => id.as_uuid(),
            Self::Order(id) => id.as_uuid(),
        }
    }
}

impl NotificationState {
    // As the indexes say it.
    const fn condition(state: Option<Self>) -> &'static str {
        match state {
            None => "true",
            Some(Self::Waiting) => "status = 'pending'",
            Some(Self::Held) => "held_at is not null",
            Some(Self::Delivered) => "status = 'delivered'",
            Some(Self::GivenUp) => "status in ('exhausted', 'undeliverable')",
        }
    }
}

/// Summaries of the notifications that a condition on them selects.
fn select(which: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "select told.id, merchant_id, payment_id, order_id, wallet_id, account_id, event_type, status, created_at, finished_at,
                held_at, attempts_before, last.attempt, last.at, last.http_status, last.error, last.duration_ms
         from (select * from notifications where {which}) as told
         left join lateral (select * from notification_attempts made where made.notification_id = told.id
                            order by made.attempt desc limit 1) as last on true
         order by created_at desc, told.id desc"
    ))
}

impl Store {
    /// Notifications, newest first.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn notifications(
        &self,
        filter: &NotificationFilter,
    ) -> Result<Vec<NotificationSummary>, StoreError> {
        let (column, condition) = (filter.of.column(), NotificationState::condition(filter.state));
        let which = format!("{column} = $1 and {condition} order by created_at desc, id desc limit $2");
        let asking = sqlx::query_as::<_, SummaryRow>(select(&which))
            .bind(filter.of.id())
            .bind(i64::from(filter.limit));
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter().map(SummaryRow::read).collect()
    }

    /// A notification and its tries, oldest first; none when there is no such notification.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn notification(
        &self,
        id: NotificationId,
    ) -> Result<Option<(NotificationSummary, Vec<MadeAttempt>)>, StoreError> {
        let asking = sqlx::query_as::<_, SummaryRow>(select("id = $1")).bind(id.as_uuid());
        let Some(row) = answered(asking.fetch_optional(&self.pool)).await? else {
            return Ok(None);
        };
        let attempts = sqlx::query_as(SELECT_ATTEMPTS).bind(id.as_uuid());
        let attempts = answered(attempts.fetch_all(&self.pool)).await?;
        Ok(Some((row.read()?, attempts)))
    }
}

impl SummaryRow {
    fn read(self) -> Result<NotificationSummary, StoreError> {
        let id = NotificationId::from_uuid(self.id);
        let last = self.attempt.zip(self.at).zip(self.duration_ms);
        Ok(NotificationSummary {
            id,
            merchant_id: MerchantId::from_uuid(self.merchant_id),
            about: self.subjects.about(id)?.to_string(),
            event_type: self.event_type,
            status: self.status,
            created_at: self.created_at,
            finished_at: self.finished_at,
            held_at: self.held_at,
            attempts_before: self.attempts_before.cast_unsigned(),
            last: last.map(|((attempt, at), duration_ms)| MadeAttempt {
                attempt,
                at,
                http_status: self.http_status,
                error: self.error,
                duration_ms,
            }),
        })
    }
}
