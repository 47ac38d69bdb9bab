//! What merchants have agreed to about their payments.

use domain::{
    id::MerchantId,
    merchant::{LatePayments, Terms},
};

use crate::{
    Store, StoreError,
    audit::{self, Doing},
    pool::answered,
};

const SELECT: &str = "select payment_expiry_s, late_payments from merchants where id = $1";
const SELECT_LOCKED: &str = "select payment_expiry_s, late_payments from merchants where id = $1 for update";
const UPDATE: &str = "update merchants set payment_expiry_s = $2, late_payments = $3 where id = $1";

/// What of a merchant's terms is to be set. What is left out stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewTerms {
    /// After how many seconds a payment that was not paid is closed.
    pub payment_expiry_s: Option<u32>,
    /// What becomes of a payment that is paid after it was closed.
    pub late_payments: Option<LatePayments>,
}

impl From<&Terms> for NewTerms {
    fn from(terms: &Terms) -> Self {
        Self {
            payment_expiry_s: Some(terms.payment_expiry_s),
            late_payments: Some(terms.late_payments),
        }
    }
}

impl NewTerms {
    fn in_place_of(self, before: Terms) -> Terms {
        Terms {
            payment_expiry_s: self.payment_expiry_s.unwrap_or(before.payment_expiry_s),
            late_payments: self.late_payments.unwrap_or(before.late_payments),
        }
    }
}

impl Store {
    /// A merchant's terms; those of everybody for a merchant that is not there.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn terms(&self, merchant_id: MerchantId) -> Result<Terms, StoreError> {
        let asking = sqlx::query_as(SELECT).bind(merchant_id.as_uuid());
        let row: Option<(i32, String)> = answered(asking.fetch_optional(&self.pool)).await?;
        row.map_or(Ok(Terms::default()), |(payment_expiry_s, late_payments)| {
            read_terms(merchant_id, payment_expiry_s, &late_payments)
        })
    }

    /// Sets some of a merchant's terms, and writes down who did it and what they were and are. Gives them as they are
    /// then; `None` when there is no such merchant.
    ///
    /// The row is locked from the look at what stays to the write, so that two who set different terms at once set both.
    ///
    /// # Errors
    /// PostgreSQL is away, or refuses an expiry outside of what a request may ask for.
    pub async fn set_terms(
        &self,
        merchant_id: MerchantId,
        new: impl Into<NewTerms>,
        doing: Doing<'_>,
    ) -> Result<Option<Terms>, StoreError> {
        let new = new.into();
        let mut tx = self.pool.begin().await?;
        let locking = sqlx::query_as(SELECT_LOCKED).bind(merchant_id.as_uuid());
        let row: Option<(i32, String)> = locking.fetch_optional(&mut *tx).await?;
        let Some((payment_expiry_s, late_payments)) = row else {
            return Ok(None);
        };
        let before = read_terms(merchant_id, payment_expiry_s, &late_payments)?;
        let terms = new.in_place_of(before);
        sqlx::query(UPDATE)
            .bind(merchant_id.as_uuid())
            .bind(terms.payment_expiry_s.cast_signed())
            .bind(terms.late_payments.name())
            .execute(&mut *tx)
            .await?;
        let subject = format!("{merchant_id}: {} -> {}", told(&before), told(&terms));
        audit::write(&mut tx, "terms.set", &subject, doing).await?;
        tx.commit().await?;
        Ok(Some(terms))
    }
}

/// Terms in the audit log.
fn told(terms: &Terms) -> String {
    let Terms {
        payment_expiry_s,
        late_payments,
    } = terms;
    format!(
        "payment_expiry_s {payment_expiry_s}, late_payments {}",
        late_payments.name()
    )
}

/// A merchant's terms from their columns.
pub fn read_terms(
    merchant_id: MerchantId,
    payment_expiry_s: i32,
    late_payments: &str,
) -> Result<Terms, StoreError> {
    let late_payments = late_payments
        .parse()
        .map_err(|error| StoreError::unreadable(format!("the terms of {merchant_id}"), error))?;
    Ok(Terms {
        payment_expiry_s: payment_expiry_s.cast_unsigned(),
        late_payments,
    })
}
