//! Reading what moved in a wallet.

use chrono::{DateTime, Utc};
use domain::{
    id::{TransferId, WalletId},
    ledger::{Phase, TransferKind},
    wallet::WalletTransaction,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, pool::answered};

/// Lines as rows of [`LineRow`]; what follows says which.
macro_rules! select_lines {
    ($which:literal) => {
        concat!(
            "select number, transfer_id, kind, phase, subject, amount_minor, hold_minor, balance_minor, held_minor, note, at
             from wallet_transactions where wallet_id = $1 ",
            $which
        )
    };
}

const SELECT_ABOUT: &str = select_lines!("and subject = $2 order by number limit 1");

const SELECT_PAGE: &str = select_lines!("and number < $2 order by number desc limit $3");

impl Store {
    /// The statement of a wallet, newest first: at most `limit` lines, of those before the line of number `before`.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn wallet_transactions(
        &self,
        id: WalletId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<WalletTransaction>, StoreError> {
        let asking = sqlx::query_as::<_, LineRow>(SELECT_PAGE)
            .bind(id.as_uuid())
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter().map(|row| row.into_line(id)).collect()
    }

    /// The first line of a wallet's statement about this subject.
    ///
    /// # Errors
    /// As [`Self::wallet_transactions`].
    pub(super) async fn wallet_transaction(
        &self,
        id: WalletId,
        subject: &str,
    ) -> Result<Option<WalletTransaction>, StoreError> {
        let asking = sqlx::query_as::<_, LineRow>(SELECT_ABOUT)
            .bind(id.as_uuid())
            .bind(subject);
        let row = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(|row| row.into_line(id)).transpose()
    }
}

impl Scoped<'_> {
    /// The same, if the wallet is there to be seen.
    ///
    /// # Errors
    /// As [`Store::wallet_transactions`].
    pub async fn wallet_transactions(
        &self,
        id: WalletId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Option<Vec<WalletTransaction>>, StoreError> {
        if !self.sees_wallet(id).await? {
            return Ok(None);
        }
        self.store.wallet_transactions(id, before, limit).await.map(Some)
    }
}

#[derive(FromRow)]
struct LineRow {
    number: i32,
    transfer_id: Uuid,
    kind: String,
    phase: String,
    subject: String,
    amount_minor: i64,
    hold_minor: i64,
    balance_minor: i64,
    held_minor: i64,
    note: Option<String>,
    at: DateTime<Utc>,
}

impl LineRow {
    fn into_line(self, wallet_id: WalletId) -> Result<WalletTransaction, StoreError> {
        let unreadable = |what: &str, found: &str| {
            let line = format!("line {} of {wallet_id}", self.number);
            StoreError::unreadable(line, format!("{what} {found:?}"))
        };
        let kind = TransferKind::ALL
            .into_iter()
            .find(|kind| kind.name() == self.kind);
        let phase = Phase::ALL.into_iter().find(|phase| phase.name() == self.phase);
        Ok(WalletTransaction {
            kind: kind.ok_or_else(|| unreadable("kind", &self.kind))?,
            phase: phase.ok_or_else(|| unreadable("phase", &self.phase))?,
            wallet_id,
            number: self.number,
            transfer_id: TransferId::from_uuid(self.transfer_id),
            subject: self.subject,
            amount_minor: self.amount_minor,
            hold_minor: self.hold_minor,
            balance_minor: self.balance_minor,
            held_minor: self.held_minor,
            note: self.note,
            at: self.at,
        })
    }
}
