//! Payments by the number of their page, with what all of them add up to: for people who leaf through them. Programs that
//! read everything go by cursors ([`Scoped::payments`]), which do not move when something is added.

use domain::{currency::Currency, payment::Payment, user::UserId};
use sqlx::{FromRow, QueryBuilder};

use crate::{Scoped, StoreError, payments::SELECT_WHERE, pool::answered};

/// Which page of a history to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// Only payments of this user.
    pub user_id: Option<UserId>,
    /// How many pages come before it.
    pub pages_before: u32,
    /// How many payments are on a page.
    pub size: u32,
}

/// A page of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What all payments of all pages add up to, by currency.
    pub totals: Vec<HistoryTotal>,
    /// The payments of this page, newest first.
    pub payments: Vec<Payment>,
}

/// What the payments in one currency add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryTotal {
    /// The currency.
    pub currency: Currency,
    /// How many there are, whatever became of them.
    pub count: i64,
    /// What was asked for, in minor units.
    pub amount_minor: i64,
    /// What was paid.
    pub paid_minor: i64,
    /// What was given back.
    pub refunded_minor: i64,
}

const SELECT_TOTALS: &str = "
select currency, count(*) as count, sum(amount_minor)::bigint as amount_minor,
       coalesce(sum(amount_minor) filter (where status = 'succeeded'), 0)::bigint as paid_minor,
       sum(refunded_minor)::bigint as refunded_minor
from payments where true";

#[derive(FromRow)]
struct TotalRow {
    currency: String,
    count: i64,
    amount_minor: i64,
    paid_minor: i64,
    refunded_minor: i64,
}

impl Scoped<'_> {
    /// A page of payments with what all pages add up to. It goes through all of them.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn history(&self, page: &HistoryPage) -> Result<History, StoreError> {
        let totals = self.totals(page).await?;
        let count: i64 = totals.iter().map(|total| total.count).sum();
        let before = i64::from(page.pages_before) * i64::from(page.size);
        if before >= count {
            let payments = Vec::new();
            return Ok(History { totals, payments });
        }
        let mut select = QueryBuilder::new(SELECT_WHERE);
        select.push("true");
        self.narrow(&mut select, page.user_id.as_ref());
        select.push(" order by created_at desc, id desc limit ");
        select.push_bind(i64::from(page.size));
        select.push(" offset ").push_bind(before);
        let payments = self.read_payments(select).await?;
        Ok(History { totals, payments })
    }

    async fn totals(&self, page: &HistoryPage) -> Result<Vec<HistoryTotal>, StoreError> {
        let mut select = QueryBuilder::new(SELECT_TOTALS);
        self.narrow(&mut select, page.user_id.as_ref());
        select.push(" group by currency order by currency");
        let reading = select.build_query_as::<TotalRow>();
        let rows = answered(reading.fetch_all(&self.store.pool)).await?;
        rows.into_iter().map(HistoryTotal::try_from).collect()
    }
}

impl TryFrom<TotalRow> for HistoryTotal {
    type Error = StoreError;

    fn try_from(row: TotalRow) -> Result<Self, StoreError> {
        let currency = row.currency.parse();
        Ok(Self {
            currency: currency.map_err(|unknown| StoreError::unreadable("a total", unknown))?,
            count: row.count,
            amount_minor: row.amount_minor,
            paid_minor: row.paid_minor,
            refunded_minor: row.refunded_minor,
        })
    }
}
