//! Reading what came of merchants' wishes about their payments.

use chrono::{DateTime, Utc};
use domain::{
    id::{IdempotencyKey, MerchantId, PaymentId},
    payment::{ActionKind, PaymentAction},
};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, pool::answered};

const SELECT: &str = "
select payment_id, fingerprint, request, outcome, at
from payment_actions where merchant_id = $1 and action = $2 and idempotency_key = $3";

impl Store {
    /// What came of the wish that a merchant had under this key, once that is known.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn action(
        &self,
        merchant_id: MerchantId,
        kind: ActionKind,
        key: &IdempotencyKey,
    ) -> Result<Option<PaymentAction>, StoreError> {
        let row = answered(
            sqlx::query_as::<_, ActionRow>(SELECT)
                .bind(merchant_id.as_uuid())
                .bind(kind.name())
                .bind(key.as_str())
                .fetch_optional(&self.pool),
        )
        .await?;
        row.map(|row| row.into_action(merchant_id, key)).transpose()
    }
}

impl Scoped<'_> {
    /// The same, if the wish was about a payment that is there to be seen.
    ///
    /// # Errors
    /// As [`Store::action`], and as [`Store::payment`].
    pub async fn action(
        &self,
        merchant_id: MerchantId,
        kind: ActionKind,
        key: &IdempotencyKey,
    ) -> Result<Option<PaymentAction>, StoreError> {
        let Some(action) = self.store.action(merchant_id, kind, key).await? else {
            return Ok(None);
        };
        let payment = self.payment(action.payment_id).await?;
        Ok(payment.map(|_its| action))
    }
}

#[derive(FromRow)]
struct ActionRow {
    payment_id: Uuid,
    fingerprint: Vec<u8>,
    request: Value,
    outcome: Value,
    at: DateTime<Utc>,
}

impl ActionRow {
    fn into_action(self, merchant_id: MerchantId, key: &IdempotencyKey) -> Result<PaymentAction, StoreError> {
        let unreadable =
            |problem: String| StoreError::unreadable(format!("the wish {:?}", key.as_str()), problem);
        Ok(PaymentAction {
            merchant_id,
            payment_id: PaymentId::from_uuid(self.payment_id),
            idempotency_key: key.clone(),
            fingerprint: self
                .fingerprint
                .try_into()
                .map_err(|_| unreadable("fingerprint".into()))?,
            request: serde_json::from_value(self.request).map_err(|e| unreadable(e.to_string()))?,
            outcome: serde_json::from_value(self.outcome).map_err(|e| unreadable(e.to_string()))?,
            at: self.at,
        })
    }
}
