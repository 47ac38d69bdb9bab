//! What merchants have agreed to about their payments.

use chrono::{DateTime, Utc};
use domain::{id::MerchantId, merchant::Terms};

use crate::{Store, StoreError, pool::answered};

const SELECT: &str = "select payment_expiry_s, late_payments from merchants where id = $1";
const UPDATE: &str = "update merchants set payment_expiry_s = $2, late_payments = $3 where id = $1";

impl Store {
    /// A merchant's terms; those of everybody for a merchant that is not there.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn terms(&self, merchant_id: MerchantId) -> Result<Terms, StoreError> {
        let asking = sqlx::query_as(SELECT).bind(merchant_id.as_uuid());
        let row: Option<(i32, String)> = answered(asking.fetch_optional(&self.pool)).await?;
        row.map_or(Ok(Terms::default()), |(payment_expiry_s, late_payments)| {
            read_terms(merchant_id, payment_expiry_s, &late_payments)
        })
    }

    /// Sets a merchant's terms for the payments to come, and who did it; false when there is no such merchant.
    ///
    /// # Errors
    /// PostgreSQL is away, or refuses an expiry outside of what a request may ask for.
    pub async fn set_terms(
        &self,
        merchant_id: MerchantId,
        terms: &Terms,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let update = sqlx::query(UPDATE)
            .bind(merchant_id.as_uuid())
            .bind(terms.payment_expiry_s.cast_signed())
            .bind(terms.late_payments.name());
        self.audited(update, actor, "terms.set", merchant_id, now).await
    }
}

/// A merchant's terms from their columns.
pub fn read_terms(
    merchant_id: MerchantId,
    payment_expiry_s: i32,
    late_payments: &str,
) -> Result<Terms, StoreError> {
    let late_payments = late_payments
        .parse()
        .map_err(|error| StoreError::unreadable(format!("the terms of {merchant_id}"), error))?;
    Ok(Terms {
        payment_expiry_s: payment_expiry_s.cast_unsigned(),
        late_payments,
    })
}
