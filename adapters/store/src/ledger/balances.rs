//! Balances. Nobody stores them: they are what the postings say.

use domain::{
    id::{AccountId, MerchantId},
    ledger::{Account, AccountKind},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// What is on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account: Account,
    /// What has moved there, in minor units of its currency; negative when the account gave more than it gained.
    pub posted_minor: i64,
    /// What is reserved for it, or of it when negative.
    pub pending_minor: i64,
}

const SELECT: &str = "
select account_id, kind, detail, currency, posted_minor, pending_minor
from ledger_balances where merchant_id = $1
order by currency, kind, detail";

#[derive(FromRow)]
struct BalanceRow {
    account_id: Uuid,
    kind: String,
    detail: String,
    currency: String,
    posted_minor: i64,
    pending_minor: i64,
}

impl Store {
    /// The balances of all accounts of a merchant, by currency and kind.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn balances(&self, merchant_id: MerchantId) -> Result<Vec<Balance>, StoreError> {
        let asking = sqlx::query_as::<_, BalanceRow>(SELECT).bind(merchant_id.as_uuid());
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter()
            .map(|row| row.into_balance(merchant_id))
            .collect()
    }
}

impl BalanceRow {
    fn into_balance(self, merchant_id: MerchantId) -> Result<Balance, StoreError> {
        let id = AccountId::from_uuid(self.account_id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        let kind = AccountKind::ALL.into_iter().find(|kind| kind.name() == self.kind);
        let account = Account {
            id,
            merchant_id,
            kind: kind.ok_or_else(|| unreadable(format!("kind {:?}", self.kind)))?,
            detail: self.detail,
            currency: self.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
        };
        Ok(Balance {
            account,
            posted_minor: self.posted_minor,
            pending_minor: self.pending_minor,
        })
    }
}
