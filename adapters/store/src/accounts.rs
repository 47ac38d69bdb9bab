//! Reading the accounts that merchants' users have at a provider.

use chrono::{DateTime, Utc};
use domain::{
    channel::Channel,
    connect::{Abilities, ConnectedAccount},
    id::{ConnectedAccountId, IdempotencyKey, MerchantId},
    user::UserId,
};
use serde_json::Value;
use sqlx::{FromRow, Postgres, postgres::PgArguments, query::QueryAs};
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, pool::answered};

/// Accounts as rows of [`AccountRow`]; what follows says which.
macro_rules! select_accounts {
    ($which:literal) => {
        concat!(
            "select id, merchant_id, user_id, channel, idempotency_key, fingerprint, country,
                    coalesce(ended_as, status) as status, channel_account_id, charges_enabled, payouts_enabled, transfers_enabled, details_submitted, requirements, failure, version,
                    created_at, updated_at
             from connected_accounts ",
            $which
        )
    };
}

const SELECT: &str = select_accounts!("where id = $1");

/// The one that is there, or else the last of those that could not be made or are over.
const SELECT_OF_USER: &str = select_accounts!(
    "where merchant_id = $1 and user_id = $2
     order by connected_accounts.status = 'failed' or ended_as is not null, created_at desc, id desc limit 1"
);

/// The first that its provider has opened.
const SELECT_FIRST_OF_USER: &str = select_accounts!(
    "where merchant_id = $1 and user_id = $2 and channel_account_id is not null order by created_at, id limit 1"
);

const SELECT_OF_CHANNEL: &str =
    select_accounts!("where merchant_id = $1 and channel = $2 and channel_account_id = $3");

impl Store {
    /// One account.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn connected_account(
        &self,
        id: ConnectedAccountId,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        self.account_behind(sqlx::query_as(SELECT).bind(id.as_uuid()))
            .await
    }

    /// The account of a merchant's user: the one that is there, or else the last of those that could not be made or are over.
    ///
    /// # Errors
    /// As [`Self::connected_account`].
    pub async fn account_of_user(
        &self,
        merchant_id: MerchantId,
        user_id: &UserId,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        let asking = sqlx::query_as(SELECT_OF_USER)
            .bind(merchant_id.as_uuid())
            .bind(user_id.as_str());
        self.account_behind(asking).await
    }

    /// The first account of a merchant's user that its provider has opened, however it stands by now.
    ///
    /// # Errors
    /// As [`Self::connected_account`].
    pub async fn first_account_of_user(
        &self,
        merchant_id: MerchantId,
        user_id: &UserId,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        let asking = sqlx::query_as(SELECT_FIRST_OF_USER)
            .bind(merchant_id.as_uuid())
            .bind(user_id.as_str());
        self.account_behind(asking).await
    }

    /// The account that a merchant's provider knows under its own id.
    ///
    /// # Errors
    /// As [`Self::connected_account`].
    pub async fn account_of_channel(
        &self,
        merchant_id: MerchantId,
        channel: Channel,
        channel_account_id: &str,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        let asking = sqlx::query_as(SELECT_OF_CHANNEL)
            .bind(merchant_id.as_uuid())
            .bind(channel.name())
            .bind(channel_account_id);
        self.account_behind(asking).await
    }

    async fn account_behind(
        &self,
        asking: QueryAs<'_, Postgres, AccountRow, PgArguments>,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        let row = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(ConnectedAccount::try_from).transpose()
    }
}

impl Scoped<'_> {
    /// The account of a merchant's user, as [`Store::account_of_user`], if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::connected_account`].
    pub async fn account_of_user(
        &self,
        merchant_id: MerchantId,
        user_id: &UserId,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        if self.scope.covers(merchant_id, Some(user_id)) {
            self.store.account_of_user(merchant_id, user_id).await
        } else {
            Ok(None)
        }
    }

    /// One account, as [`Store::connected_account`], if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::connected_account`].
    pub async fn connected_account(
        &self,
        id: ConnectedAccountId,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        let account = self.store.connected_account(id).await?;
        Ok(account.filter(|found| self.scope.covers(found.merchant_id, Some(&found.user_id))))
    }

    /// The account that a merchant's provider knows under its own id, as [`Store::account_of_channel`], if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::connected_account`].
    pub async fn account_of_channel(
        &self,
        merchant_id: MerchantId,
        channel: Channel,
        channel_account_id: &str,
    ) -> Result<Option<ConnectedAccount>, StoreError> {
        let asking = self
            .store
            .account_of_channel(merchant_id, channel, channel_account_id);
        let account = asking.await?;
        Ok(account.filter(|found| self.scope.covers(found.merchant_id, Some(&found.user_id))))
    }
}

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    merchant_id: Uuid,
    user_id: String,
    channel: String,
    idempotency_key: String,
    fingerprint: Vec<u8>,
    country: String,
    status: String,
    channel_account_id: Option<String>,
    charges_enabled: bool,
    payouts_enabled: bool,
    transfers_enabled: bool,
    details_submitted: bool,
    requirements: Value,
    failure: Option<Value>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<AccountRow> for ConnectedAccount {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        let id = ConnectedAccountId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        Ok(Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            user_id: row.user_id.parse().map_err(|e| unreadable(format!("{e}")))?,
            channel: row.channel.parse().map_err(|e| unreadable(format!("{e}")))?,
            idempotency_key: IdempotencyKey::try_from(row.idempotency_key)
                .map_err(|e| unreadable(format!("{e}")))?,
            fingerprint: <[u8; 32]>::try_from(row.fingerprint)
                .map_err(|_| unreadable("the fingerprint is not 32 bytes long".into()))?,
            country: row.country,
            status: row.status.parse().map_err(|e| unreadable(format!("{e}")))?,
            channel_account_id: row.channel_account_id,
            abilities: Abilities {
                charges_enabled: row.charges_enabled,
                payouts_enabled: row.payouts_enabled,
                transfers_enabled: row.transfers_enabled,
                details_submitted: row.details_submitted,
            },
            requirements: serde_json::from_value(row.requirements).map_err(|e| unreadable(format!("{e}")))?,
            failure: row
                .failure
                .map(serde_json::from_value)
                .transpose()
                .map_err(|e| unreadable(format!("{e}")))?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
