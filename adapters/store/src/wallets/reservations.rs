//! Reading what is set aside in wallets: holds, and withdrawals.

use chrono::{DateTime, Utc};
use domain::{
    id::{ConnectedAccountId, HoldId, MerchantId, WalletId, WithdrawalId},
    user::UserId,
    wallet::{Hold, HoldStatus, Withdrawal, WithdrawalStatus},
};
use sqlx::{FromRow, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, payments::latest_storable, pool::answered};

/// Where a page of holds or withdrawals starts: after the one of this id, in the order newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationCursor {
    /// When the last one of the page before was stored.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: Uuid,
}

impl ReservationCursor {
    /// Before all of them.
    fn newest() -> Self {
        Self {
            created_at: latest_storable(),
            id: Uuid::max(),
        }
    }
}

/// Which holds or withdrawals to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationPage<S> {
    /// Only those in this status.
    pub status: Option<S>,
    /// Only those after this one.
    pub after: Option<ReservationCursor>,
    /// How many at the most.
    pub limit: u32,
}

/// Holds as rows of [`HoldRow`]; what follows says which.
macro_rules! select_holds {
    ($which:literal) => {
        concat!(
            "select id, merchant_id, wallet_id, user_id, currency, amount_minor, captured_minor, status, reason, version,
                    created_at, updated_at
             from wallet_holds ",
            $which
        )
    };
}

/// Withdrawals as rows of [`WithdrawalRow`]; what follows says which.
macro_rules! select_withdrawals {
    ($which:literal) => {
        concat!(
            "select id, merchant_id, wallet_id, user_id, currency, amount_minor, status, note, reason, reference, channel, account_id,
                    paying_since, in_review_since, version, created_at, updated_at
             from wallet_withdrawals ",
            $which
        )
    };
}

const SELECT_HOLD: &str = select_holds!("where id = $1");
const SELECT_HOLDS: &str = select_holds!(
    "where wallet_id = $1 and (created_at, id) < ($2, $3) and ($4::text is null or status = $4)
     order by created_at desc, id desc limit $5"
);
const SELECT_WITHDRAWAL: &str = select_withdrawals!("where id = $1");
const SELECT_WITHDRAWALS: &str = select_withdrawals!(
    "where wallet_id = $1 and (created_at, id) < ($2, $3) and ($4::text is null or status = $4)
     order by created_at desc, id desc limit $5"
);
const SELECT_WITHDRAWALS_OF_ALL: &str = select_withdrawals!("where (created_at, id) < (");

impl Store {
    /// One hold.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        self.select_reservation::<HoldRow, Hold>(SELECT_HOLD, id.as_uuid())
            .await
    }

    /// One withdrawal.
    ///
    /// # Errors
    /// As [`Self::hold`].
    pub async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
        self.select_reservation::<WithdrawalRow, Withdrawal>(SELECT_WITHDRAWAL, id.as_uuid())
            .await
    }

    async fn select_reservation<R, T>(&self, select: &'static str, id: Uuid) -> Result<Option<T>, StoreError>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
        T: TryFrom<R, Error = StoreError>,
    {
        let asking = sqlx::query_as::<_, R>(select).bind(id);
        let row = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(T::try_from).transpose()
    }
}

impl Scoped<'_> {
    /// One hold, if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::hold`].
    pub async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let hold = self.store.hold(id).await?;
        Ok(hold.filter(|found| self.scope.covers(found.merchant_id, Some(&found.user_id))))
    }

    /// Holds of a wallet, newest first, if the wallet is there to be seen.
    ///
    /// # Errors
    /// As [`Store::hold`].
    pub async fn holds(
        &self,
        wallet: WalletId,
        page: &ReservationPage<HoldStatus>,
    ) -> Result<Option<Vec<Hold>>, StoreError> {
        let status = page.status.map(HoldStatus::name);
        self.select_reservations::<HoldRow, Hold>(SELECT_HOLDS, wallet, status, page.after, page.limit)
            .await
    }

    /// One withdrawal, if it is there to be seen.
    ///
    /// # Errors
    /// As [`Store::withdrawal`].
    pub async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
        let withdrawal = self.store.withdrawal(id).await?;
        Ok(withdrawal.filter(|found| self.scope.covers(found.merchant_id, Some(&found.user_id))))
    }

    /// Withdrawals of a wallet, newest first, if the wallet is there to be seen.
    ///
    /// # Errors
    /// As [`Store::hold`].
    pub async fn withdrawals(
        &self,
        wallet: WalletId,
        page: &ReservationPage<WithdrawalStatus>,
    ) -> Result<Option<Vec<Withdrawal>>, StoreError> {
        let (select, status) = (SELECT_WITHDRAWALS, page.status.map(WithdrawalStatus::name));
        self.select_reservations::<WithdrawalRow, Withdrawal>(select, wallet, status, page.after, page.limit)
            .await
    }

    /// Withdrawals from all wallets, or from those of one user, newest first.
    ///
    /// # Errors
    /// As [`Store::hold`].
    pub async fn withdrawals_of_all(
        &self,
        user: Option<&UserId>,
        page: &ReservationPage<WithdrawalStatus>,
    ) -> Result<Vec<Withdrawal>, StoreError> {
        let after = page.after.unwrap_or_else(ReservationCursor::newest);
        let mut select = QueryBuilder::new(SELECT_WITHDRAWALS_OF_ALL);
        select.push_bind(after.created_at).push(", ");
        select.push_bind(after.id).push(")");
        self.narrow(&mut select, user);
        if let Some(status) = page.status {
            select.push(" and status = ").push_bind(status.name());
        }
        select.push(" order by created_at desc, id desc limit ");
        select.push_bind(i64::from(page.limit));
        let reading = select.build_query_as::<WithdrawalRow>();
        let rows = answered(reading.fetch_all(&self.store.pool)).await?;
        rows.into_iter().map(Withdrawal::try_from).collect()
    }

    async fn select_reservations<R, T>(
        &self,
        select: &'static str,
        wallet: WalletId,
        status: Option<&'static str>,
        after: Option<ReservationCursor>,
        limit: u32,
    ) -> Result<Option<Vec<T>>, StoreError>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
        T: TryFrom<R, Error = StoreError>,
    {
        if !self.sees_wallet(wallet).await? {
            return Ok(None);
        }
        let after = after.unwrap_or_else(ReservationCursor::newest);
        let asking = sqlx::query_as::<_, R>(select)
            .bind(wallet.as_uuid())
            .bind(after.created_at)
            .bind(after.id)
            .bind(status)
            .bind(i64::from(limit));
        let rows = answered(asking.fetch_all(&self.store.pool)).await?;
        rows.into_iter()
            .map(T::try_from)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

#[derive(FromRow)]
struct HoldRow {
    id: Uuid,
    merchant_id: Uuid,
    wallet_id: Uuid,
    user_id: String,
    currency: String,
    amount_minor: i64,
    captured_minor: i64,
    status: String,
    reason: String,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<HoldRow> for Hold {
    type Error = StoreError;

    fn try_from(row: HoldRow) -> Result<Self, StoreError> {
        let id = HoldId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        Ok(Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            wallet_id: WalletId::from_uuid(row.wallet_id),
            user_id: row.user_id.parse().map_err(|e| unreadable(format!("{e}")))?,
            currency: row.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
            amount_minor: row.amount_minor,
            captured_minor: row.captured_minor,
            status: row.status.parse().map_err(|e| unreadable(format!("{e}")))?,
            reason: row.reason,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(FromRow)]
struct WithdrawalRow {
    id: Uuid,
    merchant_id: Uuid,
    wallet_id: Uuid,
    user_id: String,
    currency: String,
    amount_minor: i64,
    status: String,
    note: Option<String>,
    reason: Option<String>,
    reference: Option<String>,
    channel: Option<String>,
    account_id: Option<Uuid>,
    paying_since: Option<DateTime<Utc>>,
    in_review_since: Option<DateTime<Utc>>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<WithdrawalRow> for Withdrawal {
    type Error = StoreError;

    fn try_from(row: WithdrawalRow) -> Result<Self, StoreError> {
        let id = WithdrawalId::from_uuid(row.id);
        let unreadable = |problem: String| StoreError::unreadable(id.to_string(), problem);
        let status = row.status.parse().map_err(|e| unreadable(format!("{e}")))?;
        let is_processing = status == WithdrawalStatus::Processing;
        Ok(Self {
            id,
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            wallet_id: WalletId::from_uuid(row.wallet_id),
            user_id: row.user_id.parse().map_err(|e| unreadable(format!("{e}")))?,
            currency: row.currency.parse().map_err(|e| unreadable(format!("{e}")))?,
            amount_minor: row.amount_minor,
            status,
            note: row.note,
            reason: row.reason,
            reference: row.reference,
            channel: row
                .channel
                .map(|name| name.parse())
                .transpose()
                .map_err(|e| unreadable(format!("{e}")))?,
            account_id: row.account_id.map(ConnectedAccountId::from_uuid),
            // Where a process of the version before has begun to pay it out, nothing has changed since.
            paying_since: row.paying_since.or(is_processing.then_some(row.updated_at)),
            in_review_since: row.in_review_since.filter(|_| is_processing),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
