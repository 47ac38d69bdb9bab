//! Reading wallets.

use chrono::{DateTime, Utc};
use domain::{
    id::{MerchantId, WalletId},
    money::Money,
    wallet::Wallet,
};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, pool::answered};

const SELECT: &str = "
select id, merchant_id, user_id, currency, balance_minor, held_minor, version, created_at, updated_at
from wallets where id = $1";

impl Store {
    /// One wallet.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn wallet(&self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        let row = answered(
            sqlx::query_as::<_, WalletRow>(SELECT)
                .bind(id.as_uuid())
                .fetch_optional(&self.pool),
        )
        .await?;
        row.map(Wallet::try_from).transpose()
    }
}

impl Scoped<'_> {
    /// One wallet, if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::wallet`].
    pub async fn wallet(&self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        let wallet = self.store.wallet(id).await?;
        Ok(wallet.filter(|wallet| self.scope.covers(wallet.merchant_id, Some(&wallet.user_id))))
    }

    /// Whether `money` can be paid from a wallet of `merchant` that is there to be seen: from a user's own, if there is as much
    /// in it; from the merchant's view, if it keeps wallets in the currency.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn pays_from_wallets(&self, merchant: MerchantId, money: Money) -> Result<bool, StoreError> {
        let mut select = QueryBuilder::new("select exists (select from wallets where currency = ");
        select.push_bind(money.currency.code());
        select.push(" and merchant_id = ").push_bind(merchant.as_uuid());
        self.narrow(&mut select, None);
        if self.scope.user().is_some() {
            select
                .push(" and balance_minor - held_minor >= ")
                .push_bind(money.amount_minor);
        }
        select.push(")");
        answered(select.build_query_scalar().fetch_one(&self.store.pool)).await
    }
}

#[derive(FromRow)]
struct WalletRow {
    id: Uuid,
    merchant_id: Uuid,
    user_id: String,
    currency: String,
    balance_minor: i64,
    held_minor: i64,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<WalletRow> for Wallet {
    type Error = StoreError;

    fn try_from(row: WalletRow) -> Result<Self, StoreError> {
        let id = WalletId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        Ok(Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            user_id: row.user_id.parse().map_err(|e| unreadable(format!("{e}")))?,
            currency: row.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
            balance_minor: row.balance_minor,
            held_minor: row.held_minor,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
