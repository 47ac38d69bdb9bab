//! Reading wallets and their statements.
//!
//! A wallet's figures stand in its row, so that two movements at once cannot spend the same money; whoever decides reads
//! them there ([`Store::wallet`]). What is shown to people is summed up from the postings instead, in one statement with the
//! rest of the wallet: an answer says what the ledger says, at one moment of it.

mod reservations;
mod statement;
mod steps;

pub use reservations::{ReservationCursor, ReservationPage};

use chrono::{DateTime, Utc};
use domain::{
    currency::Currency,
    id::{MerchantId, WalletId},
    money::Money,
    user::UserId,
    wallet::Wallet,
};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, payments::latest_storable, pool::answered};

/// Where a page of wallets starts: after this wallet, in the order newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalletCursor {
    /// When the last wallet of the page before was stored.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: WalletId,
}

/// Which wallets to list, of those that can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalletPage {
    /// Only those of this user of the merchant's.
    pub user_id: Option<UserId>,
    /// Only those in this currency.
    pub currency: Option<Currency>,
    /// Only those after this one.
    pub after: Option<WalletCursor>,
    /// How many at the most.
    pub limit: u32,
}

const SELECT: &str = "
select id, merchant_id, user_id, currency, balance_minor, held_minor, version, created_at, updated_at
from wallets where id = $1";

/// Wallets as rows of [`WalletRow`] with the sums of their postings; what follows says which.
macro_rules! select_posted {
    ($which:literal) => {
        concat!(
            "select id, merchant_id, user_id, currency, posted.balance_minor, posted.held_minor, version, created_at,
                    updated_at
             from wallets wallet cross join lateral (
               select coalesce(sum(posting.amount_minor) filter (where posting.layer = 'posted'), 0)::bigint
                        as balance_minor,
                      coalesce(-sum(posting.amount_minor) filter (where posting.layer = 'pending'), 0)::bigint
                        as held_minor
               from ledger_accounts account join ledger_postings posting on posting.account_id = account.id
               where account.merchant_id = wallet.merchant_id and account.kind = 'customer_wallet'
                 and account.detail = wallet.user_id and account.currency = wallet.currency
             ) as posted ",
            $which
        )
    };
}

const SELECT_POSTED: &str = select_posted!("where id = $1");

const SELECT_PAGE: &str = select_posted!("where (created_at, id) < (");

impl Store {
    /// One wallet with the figures of its row, to decide by: a record is guarded by its version.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn wallet(&self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        self.select_wallet(SELECT, id).await
    }

    /// One wallet with the sums of its postings, to be shown.
    ///
    /// # Errors
    /// As [`Self::wallet`].
    pub async fn posted_wallet(&self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        self.select_wallet(SELECT_POSTED, id).await
    }

    async fn select_wallet(&self, select: &'static str, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        let asking = sqlx::query_as::<_, WalletRow>(select).bind(id.as_uuid());
        let row = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(Wallet::try_from).transpose()
    }
}

impl Scoped<'_> {
    /// One wallet with the sums of its postings, if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::wallet`].
    pub async fn wallet(&self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        let wallet = self.store.posted_wallet(id).await?;
        Ok(wallet.filter(|wallet| self.covers_wallet(wallet)))
    }

    fn covers_wallet(&self, wallet: &Wallet) -> bool {
        self.scope.covers(wallet.merchant_id, Some(&wallet.user_id))
    }

    /// Whether a wallet is there to be seen.
    async fn sees_wallet(&self, id: WalletId) -> Result<bool, StoreError> {
        let wallet = self.store.wallet(id).await?;
        Ok(wallet.is_some_and(|wallet| self.covers_wallet(&wallet)))
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

    /// Wallets with the sums of their postings, newest first.
    ///
    /// # Errors
    /// As [`Store::wallet`].
    pub async fn wallets(&self, page: &WalletPage) -> Result<Vec<Wallet>, StoreError> {
        let newest = WalletCursor {
            created_at: latest_storable(),
            id: WalletId::from_uuid(Uuid::max()),
        };
        let after = page.after.unwrap_or(newest);
        let mut select = QueryBuilder::new(SELECT_PAGE);
        select.push_bind(after.created_at).push(", ");
        select.push_bind(after.id.as_uuid()).push(")");
        self.narrow(&mut select, page.user_id.as_ref());
        if let Some(currency) = page.currency {
            select.push(" and currency = ").push_bind(currency.code());
        }
        select.push(" order by created_at desc, id desc limit ");
        select.push_bind(i64::from(page.limit));
        let reading = select.build_query_as::<WalletRow>();
        let rows = answered(reading.fetch_all(&self.store.pool)).await?;
        rows.into_iter().map(Wallet::try_from).collect()
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
