//! What merchants have agreed to about their payments.

use domain::{id::MerchantId, merchant::Terms};

use crate::{Store, StoreError, pool::answered};

const SELECT: &str = "select payment_expiry_s, late_payments from merchants where id = $1";

impl Store {
    /// A merchant's terms; those of everybody for a merchant that is not there.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn terms(&self, merchant_id: MerchantId) -> Result<Terms, StoreError> {
        let row: Option<(i32, String)> = answered(
            sqlx::query_as(SELECT)
                .bind(merchant_id.as_uuid())
                .fetch_optional(&self.pool),
        )
        .await?;
        let Some((payment_expiry_s, late_payments)) = row else {
            return Ok(Terms::default());
        };
        let late_payments = late_payments
            .parse()
            .map_err(|error| StoreError::unreadable(format!("the terms of {merchant_id}"), error))?;
        Ok(Terms {
            payment_expiry_s: payment_expiry_s.cast_unsigned(),
            late_payments,
        })
    }
}
