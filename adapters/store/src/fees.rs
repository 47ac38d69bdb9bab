//! What merchants and their providers have agreed that the provider keeps.

use chrono::{DateTime, Utc};
use domain::{channel::Channel, id::MerchantId, reconciliation::AgreedFee};

use crate::{Store, StoreError};

const UPDATE: &str =
    "update channel_configs set fee_bps = $3, fee_fixed_minor = $4 where merchant_id = $1 and channel = $2";

impl Store {
    /// Sets what a merchant and its provider have agreed, and who did it; false when the merchant does not use the
    /// channel.
    ///
    /// # Errors
    /// PostgreSQL is away, or refuses a fee of more than everything.
    pub async fn set_fees(
        &self,
        merchant: MerchantId,
        channel: Channel,
        agreed: AgreedFee,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let update = sqlx::query(UPDATE)
            .bind(merchant.as_uuid())
            .bind(channel.name())
            .bind(agreed.bps.cast_signed())
            .bind(agreed.fixed_minor);
        let subject = format!("{merchant}/{channel}");
        self.audited(update, actor, "fees.set", subject, now).await
    }
}
