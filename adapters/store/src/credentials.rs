//! Merchants' credentials for their channels. They are sealed at rest.

use std::{collections::HashMap, str::FromStr};

use chrono::{DateTime, Utc};
use domain::{channel::Channel, id::MerchantId, secret::Secret};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    audit::{self, Doing},
    gathered::Found,
    merchants::open_text,
    pool::answered,
};

const SELECT_CREDENTIALS: &str = "
select merchant_id, channel, credentials from channel_configs
join unnest($1::uuid[], $2::text[]) as wanted (merchant_id, channel) using (merchant_id, channel)";

/// What may still be asked about at the account that it was begun at.
const COUNT_UNDER_WAY: &str = "
select (select count(*) from payments where merchant_id = $1 and channel = $2
        and status in ('pending', 'requires_action', 'processing', 'needs_review'))
     + (select count(*) from refunds where merchant_id = $1 and channel = $2
        and status in ('pending', 'processing', 'needs_review'))
     + (select count(*) from wallet_withdrawals where merchant_id = $1 and channel = $2 and status = 'processing')
     + (select count(*) from connected_accounts where merchant_id = $1 and channel = $2
        and status in ('pending', 'needs_review'))";

impl Store {
    /// A merchant's credentials for a channel, as the JSON that was stored; `None` when it has none.
    ///
    /// # Errors
    /// PostgreSQL is away, or the credentials do not open.
    pub async fn credentials(
        &self,
        merchant: MerchantId,
        channel: Channel,
    ) -> Result<Option<Secret>, StoreError> {
        let store = self.clone();
        let credentials = &self.gathering.credentials;
        let asking = credentials.get((merchant, channel), move |whose| {
            store.clone().all_credentials(whose)
        });
        asking.await
    }

    async fn all_credentials(
        self,
        whose: Vec<(MerchantId, Channel)>,
    ) -> Result<Found<(MerchantId, Channel), Secret>, StoreError> {
        let (merchants, channels): (Vec<Uuid>, Vec<&str>) = whose
            .iter()
            .map(|(merchant, channel)| (merchant.as_uuid(), channel.name()))
            .unzip();
        let asking = sqlx::query_as(SELECT_CREDENTIALS).bind(merchants).bind(channels);
        let rows: Vec<(Uuid, String, Vec<u8>)> = self.read_often(asking).await?;
        let named = |(merchant, channel, sealed): (Uuid, String, Vec<u8>)| {
            let (merchant, channel) = (MerchantId::from_uuid(merchant), Channel::from_str(&channel).ok()?);
            let opened = self.open_credentials(merchant, channel, &sealed);
            Some(((merchant, channel), opened))
        };
        Ok(rows.into_iter().filter_map(named).collect())
    }

    /// Stores a merchant's credentials for a channel, of which no end is known.
    ///
    /// # Errors
    /// As [`Self::set_credentials_until`].
    pub async fn set_credentials(
        &self,
        merchant: MerchantId,
        channel: Channel,
        credentials: &Secret,
        doing: Doing<'_>,
    ) -> Result<(), StoreError> {
        self.set_credentials_until(merchant, channel, credentials, None, doing)
            .await
    }

    /// Stores a merchant's credentials for a channel, and when they end. What was known of the end of those before goes with
    /// them.
    ///
    /// # Errors
    /// PostgreSQL is away, or there is no such merchant.
    pub async fn set_credentials_until(
        &self,
        merchant: MerchantId,
        channel: Channel,
        credentials: &Secret,
        expires_at: Option<DateTime<Utc>>,
        doing: Doing<'_>,
    ) -> Result<(), StoreError> {
        let place = credentials_place(merchant, channel);
        let upsert = "insert into channel_configs (merchant_id, channel, credentials, updated_at, expires_at)
                      values ($1, $2, $3, $4, $5) on conflict (merchant_id, channel)
                      do update set credentials = excluded.credentials, updated_at = excluded.updated_at,
                                    expires_at = excluded.expires_at";
        let mut tx = self.pool.begin().await?;
        sqlx::query(upsert)
            .bind(merchant.as_uuid())
            .bind(channel.name())
            .bind(self.vault.seal(&place, credentials.expose().as_bytes()))
            .bind(doing.at)
            .bind(expires_at)
            .execute(&mut *tx)
            .await?;
        audit::write(
            &mut tx,
            "credentials.set",
            &format!("{merchant}/{channel}"),
            doing,
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Writes down when a merchant's credentials for a channel end, or that they do not. False when it has none.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn set_credentials_expiry(
        &self,
        merchant: MerchantId,
        channel: Channel,
        expires_at: Option<DateTime<Utc>>,
        doing: Doing<'_>,
    ) -> Result<bool, StoreError> {
        let update = "update channel_configs set expires_at = $3 where merchant_id = $1 and channel = $2";
        let mut tx = self.pool.begin().await?;
        let updated = sqlx::query(update)
            .bind(merchant.as_uuid())
            .bind(channel.name())
            .bind(expires_at)
            .execute(&mut *tx)
            .await?;
        if updated.rows_affected() == 0 {
            return Ok(false);
        }
        audit::write(
            &mut tx,
            "credentials.set_expiry",
            &format!("{merchant}/{channel}"),
            doing,
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// When the first credentials of each channel end; channels without any that end are left out.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn first_expiries(&self) -> Result<HashMap<String, DateTime<Utc>>, StoreError> {
        let select = "select channel, min(expires_at) from channel_configs
                      where expires_at is not null group by channel";
        let first: Vec<(String, DateTime<Utc>)> =
            answered(sqlx::query_as(select).fetch_all(&self.pool)).await?;
        Ok(first.into_iter().collect())
    }

    /// How many of a merchant's payments, refunds, payouts and accounts have not ended at a channel.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn under_way(&self, merchant: MerchantId, channel: Channel) -> Result<i64, StoreError> {
        let counting = sqlx::query_scalar(COUNT_UNDER_WAY)
            .bind(merchant.as_uuid())
            .bind(channel.name());
        answered(counting.fetch_one(&self.pool)).await
    }

    fn open_credentials(
        &self,
        merchant: MerchantId,
        channel: Channel,
        sealed: &[u8],
    ) -> Result<Secret, StoreError> {
        open_text(&self.vault, &credentials_place(merchant, channel), sealed)
    }
}

fn credentials_place(merchant: MerchantId, channel: Channel) -> String {
    format!("channel_configs.credentials:{merchant}/{channel}")
}
