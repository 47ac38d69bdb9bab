//! Reading ours: whatever a statement names, and whatever moved here in its time, in four statements however much it is.
//!
//! They see one snapshot. A payment that is paid between two of them would else be a difference with itself.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Statement},
    dispute::DisputeStatus,
    id::{DisputeId, MerchantId, PaymentId, RefundId},
    ledger::TransferKind,
    money::Money,
    reconciliation::{OurDispute, OurPayment, OurRefund, Ours, Posted, Window},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered, write::Tx};

const SNAPSHOT: &str = "begin isolation level repeatable read, read only";

const SELECT_PAYMENTS: &str = "
with named as (
  select id from payments where id = any($3)
  union select id from payments where merchant_id = $1 and channel = $2 and intent_id = any($4)
  union select payment_id from refunds where id = any($5)
  union select payment_id from refunds where merchant_id = $1 and channel = $2 and channel_refund_id = any($6)
  union select payment_id from disputes where merchant_id = $1 and channel = $2 and channel_dispute_id = any($6)
  union select payment_id from ledger_transfers where merchant_id = $1 and at >= $7 and at < $8
)
select id, merchant_id, intent_id, status, amount_minor, currency
from payments join named using (id) where channel = $2 order by id";

const SELECT_REFUNDS: &str = "
select id, payment_id, channel_refund_id, status, amount_minor, currency from refunds
where payment_id = any($1) order by id";

const SELECT_DISPUTES: &str = "
select id, payment_id, channel_dispute_id, status, amount_minor, currency from disputes
where payment_id = any($1) order by id";

/// Every account that gains gains what another gives, so what a transfer moved is the sum of the gains.
const SELECT_POSTED: &str = "
select kind, subject, at, sum(amount_minor)::bigint as amount_minor
from ledger_transfers transfer join ledger_postings posting on posting.transfer_id = transfer.id
where payment_id = any($1) and phase = 'posted' and layer = 'posted' and amount_minor > 0
group by transfer.id";

#[derive(FromRow)]
struct PaymentRow {
    id: Uuid,
    merchant_id: Uuid,
    intent_id: Option<String>,
    status: String,
    amount_minor: i64,
    currency: String,
}

#[derive(FromRow)]
struct RefundRow {
    id: Uuid,
    payment_id: Uuid,
    channel_refund_id: Option<String>,
    status: String,
    amount_minor: i64,
    currency: String,
}

#[derive(FromRow)]
struct DisputeRow {
    id: Uuid,
    payment_id: Uuid,
    channel_dispute_id: String,
    status: String,
    amount_minor: i64,
    currency: String,
}

#[derive(FromRow)]
struct PostedRow {
    kind: String,
    subject: String,
    at: DateTime<Utc>,
    amount_minor: i64,
}

/// Everything that a statement names.
#[derive(Default)]
struct Names<'s> {
    payments: HashSet<Uuid>,
    refunds: HashSet<Uuid>,
    intents: HashSet<&'s str>,
    objects: HashSet<&'s str>,
}

impl Store {
    /// All of a merchant's that a statement has to be held against.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn books(
        &self,
        merchant_id: MerchantId,
        channel: Channel,
        window: &Window,
        statement: &Statement,
    ) -> Result<Ours, StoreError> {
        let names = Names::of(statement);
        let reading = async {
            let mut tx = self.pool.begin_with(SNAPSHOT).await?;
            let payments = read_payments(&mut tx, merchant_id, channel, window, &names).await?;
            let ids: Vec<Uuid> = payments.iter().map(|payment| payment.id).collect();
            let refunds: Vec<RefundRow> = of_payments(&mut tx, SELECT_REFUNDS, &ids).await?;
            let disputes: Vec<DisputeRow> = of_payments(&mut tx, SELECT_DISPUTES, &ids).await?;
            let posted: Vec<PostedRow> = of_payments(&mut tx, SELECT_POSTED, &ids).await?;
            tx.rollback().await?;
            Ok::<_, StoreError>((payments, refunds, disputes, Ledger::of(posted)))
        };
        let (payments, refunds, disputes, ledger) = answered(reading).await?;
        let (payments, of_others): (Vec<_>, Vec<_>) = payments
            .into_iter()
            .partition(|payment| payment.merchant_id == merchant_id.as_uuid());
        let of_others: HashSet<PaymentId> = of_others
            .iter()
            .map(|other| PaymentId::from_uuid(other.id))
            .collect();
        let is_ours = |payment_id: Uuid| !of_others.contains(&PaymentId::from_uuid(payment_id));
        let refunds = refunds.into_iter().filter(|refund| is_ours(refund.payment_id));
        let disputes = disputes.into_iter().filter(|dispute| is_ours(dispute.payment_id));
        Ok(Ours {
            refunds: refunds
                .map(|refund| refund.into_ours(&ledger))
                .collect::<Result<_, _>>()?,
            disputes: disputes
                .map(|dispute| dispute.into_ours(&ledger))
                .collect::<Result<_, _>>()?,
            payments: payments
                .into_iter()
                .map(|payment| payment.into_ours(&ledger))
                .collect::<Result<_, _>>()?,
            of_others,
        })
    }
}

async fn read_payments(
    tx: &mut Tx<'_>,
    merchant_id: MerchantId,
    channel: Channel,
    window: &Window,
    names: &Names<'_>,
) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(sqlx::query_as(SELECT_PAYMENTS)
        .bind(merchant_id.as_uuid())
        .bind(channel.name())
        .bind(Vec::from_iter(names.payments.iter().copied()))
        .bind(Vec::from_iter(names.intents.iter().copied()))
        .bind(Vec::from_iter(names.refunds.iter().copied()))
        .bind(Vec::from_iter(names.objects.iter().copied()))
        .bind(window.from)
        .bind(window.until)
        .fetch_all(&mut **tx)
        .await?)
}

async fn of_payments<T>(
    tx: &mut Tx<'_>,
    select: &'static str,
    payments: &[Uuid],
) -> Result<Vec<T>, StoreError>
where
    T: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    Ok(sqlx::query_as(select).bind(payments).fetch_all(&mut **tx).await?)
}

impl<'s> Names<'s> {
    fn of(statement: &'s Statement) -> Self {
        let mut names = Self::default();
        for line in &statement.entries {
            names.objects.insert(&line.object_id);
            names.add(line.payment_id, line.refund_id, line.intent_id.as_deref());
        }
        for line in &statement.unreadable {
            names.objects.extend(line.object_id.as_deref());
            names.add(line.payment_id, line.refund_id, line.intent_id.as_deref());
        }
        names
    }

    fn add(&mut self, payment: Option<PaymentId>, refund: Option<RefundId>, intent: Option<&'s str>) {
        self.payments.extend(payment.map(|id| id.as_uuid()));
        self.refunds.extend(refund.map(|id| id.as_uuid()));
        self.intents.extend(intent);
    }
}

/// What was posted, by what it is for and about.
struct Ledger(HashMap<(String, String), Posted>);

impl Ledger {
    fn of(rows: Vec<PostedRow>) -> Self {
        let posted = rows.into_iter().map(|row| {
            let posted = Posted {
                amount_minor: row.amount_minor,
                at: row.at,
            };
            ((row.kind, row.subject), posted)
        });
        Self(posted.collect())
    }

    fn posted(&self, kind: TransferKind, subject: &impl ToString) -> Option<Posted> {
        self.0
            .get(&(kind.name().to_owned(), subject.to_string()))
            .copied()
    }
}

impl PaymentRow {
    fn into_ours(self, ledger: &Ledger) -> Result<OurPayment, StoreError> {
        let id = PaymentId::from_uuid(self.id);
        Ok(OurPayment {
            id,
            intent_id: self.intent_id,
            status: readable(&id, self.status.parse())?,
            money: money(&id, self.amount_minor, &self.currency)?,
            received: ledger.posted(TransferKind::Payment, &id),
            fee: ledger.posted(TransferKind::Fee, &id),
        })
    }
}

impl RefundRow {
    fn into_ours(self, ledger: &Ledger) -> Result<OurRefund, StoreError> {
        let id = RefundId::from_uuid(self.id);
        Ok(OurRefund {
            id,
            payment_id: PaymentId::from_uuid(self.payment_id),
            channel_refund_id: self.channel_refund_id,
            status: readable(&id, self.status.parse())?,
            money: money(&id, self.amount_minor, &self.currency)?,
            given_back: ledger.posted(TransferKind::Refund, &id),
            returned: ledger.posted(TransferKind::RefundReturned, &id),
        })
    }
}

impl DisputeRow {
    fn into_ours(self, ledger: &Ledger) -> Result<OurDispute, StoreError> {
        let id = DisputeId::from_uuid(self.id);
        let status = DisputeStatus::named(&self.status).ok_or("status");
        Ok(OurDispute {
            payment_id: PaymentId::from_uuid(self.payment_id),
            channel_dispute_id: self.channel_dispute_id,
            status: readable(&id, status)?,
            money: money(&id, self.amount_minor, &self.currency)?,
            withheld: ledger.posted(TransferKind::Dispute, &id),
            won: ledger.posted(TransferKind::DisputeWon, &id),
        })
    }
}

fn readable<T, E: ToString>(what: &impl ToString, read: Result<T, E>) -> Result<T, StoreError> {
    read.map_err(|error| StoreError::unreadable(what.to_string(), error))
}

fn money(what: &impl ToString, amount_minor: i64, currency: &str) -> Result<Money, StoreError> {
    Ok(Money {
        amount_minor,
        currency: readable(what, currency.parse())?,
    })
}
