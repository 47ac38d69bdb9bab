//! Calls to a provider whose end is not known: the same bookkeeping for intents, refunds and accounts of users.
//!
//! Every exchange is written down before and after (decision 9), so what is open can be counted. Storing the payment, the
//! refund or the account counts as the beginning of the first call. A conclusive answer ends one call, and the provider's word,
//! long enough after the last one, that it has no such object ends them all.

use chrono::{DateTime, Utc};
use domain::{
    channel::Operation,
    connect::ConnectedAccount,
    id::{PaymentId, RefundId},
    payment::Payment,
    refund::Refund,
    wallet::Withdrawal,
};
use sqlx::{Postgres, postgres::PgArguments, query::QueryScalar};
use uuid::Uuid;

use crate::{Store, StoreError, pool::answered};

/// The two questions about the exchanges in one table.
struct Calls {
    /// Whether a call is open, and when the last one was begun.
    open: &'static str,
    /// Whether one try of a job has begun a call since the provider last had no such object.
    has_called: &'static str,
}

macro_rules! calls {
    ($records:literal, $subject:literal, create: $create:literal, find: $find:literal, where: $condition:literal) => {
        Calls {
            open: concat!(
                "with settled as (
                   select coalesce(max(id), 0) as id from ", $records, "
                   where ", $subject, " = $1 and operation = '", $find, "' and outcome = 'absent'
                 )
                 select count(*) filter (where call.outcome = 'started') + case when settled.id = 0 then 1 else 0 end
                          > count(*) filter (where call.outcome in ('ok', 'declined', 'refused', 'not_done')),
                        max(call.at) filter (where call.outcome = 'started')
                 from settled left join ", $records, " as call
                   on call.", $subject, " = $1 and call.operation = '", $create, "' and call.id > settled.id
                 group by settled.id"
            ),
            has_called: concat!(
                "select exists (
                   select from ", $records, "
                   where ", $subject, " = $1 and operation = '", $create, "' and job_id = $2 and attempt = $3
                     and ", $condition, "
                     and id > (select coalesce(max(id), 0) from ", $records, "
                               where ", $subject, " = $1 and operation = '", $find, "' and outcome = 'absent')
                 )"
            ),
        }
    };
}

const SELECT_BEGUN: &str = "
select min(at) from payment_records
where payment_id = $1 and job_id = $2 and operation = $3 and outcome = 'started'";

const SELECT_OPEN_CAPTURE: &str = "
select max(at) filter (where outcome = 'started') from payment_records
where payment_id = $1 and operation = 'capture_intent'
having count(*) filter (where outcome = 'started')
         > count(*) filter (where outcome in ('ok', 'declined', 'refused', 'not_done'))";

const SELECT_LAST_REFUNDED: &str = "
select max(call.at) from refunds refund
join refund_records call on call.refund_id = refund.id and call.operation = 'create_refund'
where refund.payment_id = $1 and refund.id <> $2 and call.outcome <> 'not_done'";

/// A payment leaves a channel only while no call is open, so an open one is the present channel's, and the calls of all
/// channels are counted together: should one of another be open after all, it counts. What a try has called for, on the
/// other hand, is about the present channel alone.
const OF_PAYMENTS: Calls = calls!(
    "payment_records", "payment_id", create: "create_intent", find: "find_intent", where: "channel = $4"
);
const OF_REFUNDS: Calls = calls!(
    "refund_records", "refund_id", create: "create_refund", find: "find_refund", where: "true"
);
const OF_ACCOUNTS: Calls = calls!(
    "connect_records", "subject_id", create: "create_account", find: "find_account", where: "true"
);
const OF_TRANSFERS: Calls = calls!(
    "connect_records", "subject_id", create: "create_transfer", find: "find_transfer", where: "true"
);

impl Store {
    /// When a call to open this payment's intent was last begun, if there is one whose end we do not know: it may have
    /// had an effect that we were not told of.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn open_call(&self, payment: &Payment) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.open(&OF_PAYMENTS, payment.id.as_uuid(), payment.created_at)
            .await
    }

    /// Whether this try of a job has begun a call that opens the payment's intent at its present channel, since the provider
    /// last had none.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn has_called(
        &self,
        payment: &Payment,
        job_id: &str,
        attempt: u32,
    ) -> Result<bool, StoreError> {
        let asking = called(&OF_PAYMENTS, payment.id.as_uuid(), job_id, attempt);
        answered(asking.bind(payment.channel.name()).fetch_one(&self.pool)).await
    }

    /// When a call to make this refund was last begun, if there is one whose end we do not know: the money may have been
    /// given back without our being told.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn open_refund_call(&self, refund: &Refund) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.open(&OF_REFUNDS, refund.id.as_uuid(), refund.created_at)
            .await
    }

    /// Whether this try of a job has begun a call that makes the refund, since the provider last had none.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn has_called_refund(
        &self,
        refund_id: RefundId,
        job_id: &str,
        attempt: u32,
    ) -> Result<bool, StoreError> {
        let asking = called(&OF_REFUNDS, refund_id.as_uuid(), job_id, attempt);
        answered(asking.fetch_one(&self.pool)).await
    }

    /// When a call to open this account was last begun, if there is one whose end we do not know: the provider may have opened
    /// it without our being told.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn open_account_call(
        &self,
        account: &ConnectedAccount,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.open(&OF_ACCOUNTS, account.id.as_uuid(), account.created_at)
            .await
    }

    /// Whether this try of a job has begun a call that opens the account, since the provider last had none.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn has_called_account(
        &self,
        account: &ConnectedAccount,
        job_id: &str,
        attempt: u32,
    ) -> Result<bool, StoreError> {
        let asking = called(&OF_ACCOUNTS, account.id.as_uuid(), job_id, attempt);
        answered(asking.fetch_one(&self.pool)).await
    }

    /// When a call to pay this withdrawal out was last begun, if there is one whose end we do not know: the money may have been
    /// sent without our being told. That it is being paid out counts as the beginning of the first one.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn open_transfer_call(
        &self,
        withdrawal: &Withdrawal,
        paying_since: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.open(&OF_TRANSFERS, withdrawal.id.as_uuid(), paying_since)
            .await
    }

    /// Whether this try of a job has begun a call that pays the withdrawal out, since the provider last had nothing.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn has_called_transfer(
        &self,
        withdrawal: &Withdrawal,
        job_id: &str,
        attempt: u32,
    ) -> Result<bool, StoreError> {
        let asking = called(&OF_TRANSFERS, withdrawal.id.as_uuid(), job_id, attempt);
        answered(asking.fetch_one(&self.pool)).await
    }

    /// When another refund of the same payment was last asked for at the provider, or begun to be.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn last_refunded(&self, refund: &Refund) -> Result<Option<DateTime<Utc>>, StoreError> {
        let asking = sqlx::query_scalar(SELECT_LAST_REFUNDED)
            .bind(refund.payment_id.as_uuid())
            .bind(refund.id.as_uuid());
        answered(asking.fetch_one(&self.pool)).await
    }

    /// When a job first began this operation on a payment, if it did: from then on, a repeat of it asks for the answer to
    /// what may have been done.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn begun(
        &self,
        payment_id: PaymentId,
        job_id: &str,
        operation: Operation,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let asking = sqlx::query_scalar(SELECT_BEGUN)
            .bind(payment_id.as_uuid())
            .bind(job_id)
            .bind(operation.name());
        answered(asking.fetch_one(&self.pool)).await
    }

    /// When a capture of this payment was last begun, if there is one whose end we do not know.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn open_capture(&self, payment_id: PaymentId) -> Result<Option<DateTime<Utc>>, StoreError> {
        let asking = sqlx::query_scalar(SELECT_OPEN_CAPTURE).bind(payment_id.as_uuid());
        let begun: Option<Option<DateTime<Utc>>> = answered(asking.fetch_optional(&self.pool)).await?;
        Ok(begun.flatten())
    }

    async fn open(
        &self,
        calls: &Calls,
        subject: Uuid,
        stored_at: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let asking = sqlx::query_as(calls.open).bind(subject).fetch_one(&self.pool);
        let (open, begun): (bool, Option<DateTime<Utc>>) = answered(asking).await?;
        Ok(open.then(|| begun.unwrap_or(stored_at)))
    }
}

type Asking<'a> = QueryScalar<'a, Postgres, bool, PgArguments>;

fn called<'a>(calls: &'static Calls, subject: Uuid, job_id: &'a str, attempt: u32) -> Asking<'a> {
    sqlx::query_scalar(calls.has_called)
        .bind(subject)
        .bind(job_id)
        .bind(attempt.cast_signed())
}
