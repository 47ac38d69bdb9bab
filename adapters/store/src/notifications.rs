//! Notifications on their way to merchants.

mod health;
mod listing;
mod resending;

pub use health::EndpointHealth;
pub use listing::{MadeAttempt, NotificationFilter, NotificationState, NotificationSummary, NotificationsOf};
pub use resending::{Resend, Resent};

use chrono::{DateTime, Utc};
use domain::id::NotificationId;

use uuid::Uuid;

use crate::{Store, StoreError, gathered::Found};

/// How far a notification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Not delivered yet.
    Pending,
    /// The merchant took it.
    Delivered,
    /// Every try failed.
    Exhausted,
    /// The merchant has no endpoint, or it is switched off.
    Undeliverable,
}

impl DeliveryStatus {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Undeliverable => "undeliverable",
        }
    }
}

/// What is needed to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whether it was delivered already.
    pub delivered: bool,
    /// The very bytes to sign and send.
    pub payload: String,
    /// How many attempts its earlier schedules made: those of the present one are counted on from there.
    pub attempts_before: u32,
}

/// One try to deliver a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Which notification.
    pub notification_id: NotificationId,
    /// Which try, from 1, of the schedule.
    pub attempt: u32,
    /// How many were made before that.
    pub attempts_before: u32,
    /// How far the notification has come with it.
    pub status: DeliveryStatus,
    /// What the merchant answered.
    pub http_status: Option<u16>,
    /// Why there was no good answer.
    pub error: Option<String>,
    /// The first KB of the answer.
    pub response: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// The address that answered 410 Gone and is to be switched off.
    pub gone_url: Option<String>,
}

impl Store {
    /// A stored notification.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn delivery(&self, id: NotificationId) -> Result<Option<Delivery>, StoreError> {
        let store = self.clone();
        let asking = self
            .gathering
            .deliveries
            .get(id, move |ids| store.clone().all_deliveries(ids));
        asking.await
    }

    async fn all_deliveries(
        self,
        ids: Vec<NotificationId>,
    ) -> Result<Found<NotificationId, Delivery>, StoreError> {
        let select =
            "select id, status = 'delivered', payload, attempts_before from notifications where id = any($1)";
        let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
        let rows: Vec<(Uuid, bool, String, i32)> = self.read_often(sqlx::query_as(select).bind(ids)).await?;
        let named = |(id, delivered, payload, attempts_before): (Uuid, bool, String, i32)| {
            let delivery = Delivery {
                delivered,
                payload,
                attempts_before: attempts_before.cast_unsigned(),
            };
            (NotificationId::from_uuid(id), Ok(delivery))
        };
        Ok(rows.into_iter().map(named).collect())
    }
}
