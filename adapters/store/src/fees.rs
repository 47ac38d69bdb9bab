//! What merchants and their providers have agreed that the provider keeps.

use std::fmt::Display;

use domain::{channel::Channel, id::MerchantId, reconciliation::AgreedFee};

use crate::{
    Store, StoreError,
    audit::{self, Doing},
};

const SELECT_LOCKED: &str =
    "select fee_bps, fee_fixed_minor from channel_configs where merchant_id = $1 and channel = $2 for update";
const UPDATE: &str =
    "update channel_configs set fee_bps = $3, fee_fixed_minor = $4 where merchant_id = $1 and channel = $2";

impl Store {
    /// Sets what a merchant and its provider have agreed, and writes down who did it and what was agreed before; false
    /// when the merchant does not use the channel.
    ///
    /// # Errors
    /// PostgreSQL is away, or refuses a fee of more than everything.
    pub async fn set_fees(
        &self,
        merchant: MerchantId,
        channel: Channel,
        agreed: AgreedFee,
        doing: Doing<'_>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let locking = sqlx::query_as(SELECT_LOCKED)
            .bind(merchant.as_uuid())
            .bind(channel.name());
        let row: Option<(Option<i32>, Option<i64>)> = locking.fetch_optional(&mut *tx).await?;
        let Some((bps, fixed_minor)) = row else {
            return Ok(false);
        };
        sqlx::query(UPDATE)
            .bind(merchant.as_uuid())
            .bind(channel.name())
            .bind(agreed.bps.cast_signed())
            .bind(agreed.fixed_minor)
            .execute(&mut *tx)
            .await?;
        let before = bps.zip(fixed_minor);
        let before = before.map_or_else(|| "none".into(), |(bps, fixed_minor)| told(bps, fixed_minor));
        let after = told(agreed.bps, agreed.fixed_minor);
        let subject = format!("{merchant}/{channel}: {before} -> {after}");
        audit::write(&mut tx, "fees.set", &subject, doing).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A fee in the audit log.
fn told(bps: impl Display, fixed_minor: i64) -> String {
    format!("fee_bps {bps}, fee_fixed_minor {fixed_minor}")
}
