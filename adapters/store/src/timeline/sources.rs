//! The tables that a timeline is made of: one statement each, with the same columns, by the ids in `$1`, of the merchant in `$4`.

use uuid::Uuid;

use super::scope::Scope;

/// How many rows of a source are counted.
pub const COUNTED: i64 = 5_000;

/// A table, or what it tells at one moment of its rows.
pub struct Source {
    /// What it is called.
    pub name: &'static str,
    /// Its rows, where an event is its name and then its values: `at, event, subject, job_id, attempt, duration_ms, http_status, error_class, reason`.
    sql: &'static str,
    /// What they are found by.
    pub by: By,
}

/// What rows are found by.
pub enum By {
    /// Ids as the database stores them.
    Ids(fn(&Scope) -> Vec<Uuid>),
    /// Texts.
    Texts(fn(&Scope) -> Vec<String>),
}

impl Source {
    /// The newest rows, at most `$3`, each with how many there are, counted up to `$2`.
    pub fn bounded_sql(&self) -> String {
        let rows = self.sql;
        format!(
            "select at, event::text[], subject, job_id, attempt, duration_ms, http_status, error_class, reason,
                    count(*) over () as total
             from (select * from ({rows}) as happened
                     (at, event, subject, job_id, attempt, duration_ms, http_status, error_class, reason)
                   where at is not null order by at desc limit $2) as counted
             order by at desc limit $3"
        )
    }
}

/// An id as it is written.
macro_rules! id {
    ($prefix:literal, $column:literal) => {
        concat!("'", $prefix, "_' || replace(", $column, "::text, '-', '')")
    };
}

/// A statement over `from`, that tells nothing of jobs, times and errors.
macro_rules! plain {
    ($at:literal, $event:literal, $subject:expr, $from:literal) => {
        concat!(
            "select ",
            $at,
            ", ",
            $event,
            ", ",
            $subject,
            ", null::text, null::integer, null::integer, null::integer, null::text, null::text from ",
            $from
        )
    };
}

const fn source(name: &'static str, sql: &'static str, by: By) -> Source {
    Source { name, sql, by }
}

const PAYMENTS: By = By::Ids(|scope| scope.payments.clone());
const REFUNDS: By = By::Ids(|scope| scope.refunds.clone());
const ORDERS: By = By::Ids(|scope| scope.orders.clone());
const WALLETS: By = By::Ids(|scope| scope.wallets.clone());
const WITHDRAWALS: By = By::Ids(|scope| scope.withdrawals.clone());
const NOTIFICATIONS: By = By::Ids(|scope| scope.notifications.clone());

/// All of them.
pub const SOURCES: &[Source] = &[
    source(
        "request",
        plain!(
            "created_at",
            "array['payment_taken', amount_minor::text, currency, channel]",
            id!("pay", "id"),
            "payments where id = any ($1)"
        ),
        PAYMENTS,
    ),
    source(
        "payment",
        concat!(
            "select updated_at, array['changed', status], ", id!("pay", "id"),
            ", null::text, null::integer, null::integer, null::integer, failure ->> 'code', failure ->> 'message'
             from payments where id = any ($1) and version > 0"
        ),
        PAYMENTS,
    ),
    source(
        "request",
        plain!(
            "at",
            "array['wished', action, coalesce(outcome ->> 'outcome', 'answered')]",
            id!("pay", "payment_id"),
            "payment_actions where payment_id = any ($1)"
        ),
        PAYMENTS,
    ),
    source(
        "exchange",
        concat!(
            "select at, array['called', channel, operation, outcome, intent_id], ",
            id!("pay", "payment_id"),
            ", job_id, attempt, duration_ms, null::integer, case when error is not null then outcome end, error
             from payment_records where payment_id = any ($1)"
        ),
        PAYMENTS,
    ),
    source(
        "callback",
        plain!(
            "received_at",
            "array['told', channel, event_type, event_id, outcome,
                   round(extract(epoch from processed_at - received_at) * 1000)::text]",
            id!("pay", "payment_id"),
            "payment_callbacks where payment_id = any ($1)"
        ),
        PAYMENTS,
    ),
    source(
        "refund",
        plain!(
            "created_at",
            "array['refund_taken', amount_minor::text, currency]",
            id!("rfd", "id"),
            "refunds where id = any ($1)"
        ),
        REFUNDS,
    ),
    source(
        "refund",
        concat!(
            "select updated_at, array['changed', status], ", id!("rfd", "id"),
            ", null::text, null::integer, null::integer, null::integer, failure ->> 'code', failure ->> 'message'
             from refunds where id = any ($1) and version > 0"
        ),
        REFUNDS,
    ),
    source(
        "exchange",
        concat!(
            "select at, array['called', null, operation, outcome, object_id], ", id!("rfd", "refund_id"),
            ", job_id, attempt, duration_ms, null::integer, case when error is not null then outcome end, error
             from refund_records where refund_id = any ($1)"
        ),
        REFUNDS,
    ),
    source(
        "dispute",
        plain!(
            "created_at",
            "array['dispute_opened', amount_minor::text, currency, channel, channel_dispute_id]",
            id!("pay", "payment_id"),
            "disputes where payment_id = any ($1)"
        ),
        PAYMENTS,
    ),
    source(
        "dispute",
        plain!(
            "updated_at",
            "array['dispute_changed', channel_dispute_id, status]",
            id!("pay", "payment_id"),
            "disputes where payment_id = any ($1) and updated_at > created_at"
        ),
        PAYMENTS,
    ),
    source("job", JOB_FAILURES, By::Texts(|scope| scope.correlations.clone())),
    source("job", JOB_FAILURES_OF_REFUND, By::Texts(|scope| scope.jobs.clone())),
    source("job", WAITING, By::Texts(|scope| scope.correlations.clone())),
    source(
        "notification",
        plain!(
            "created_at",
            "array['notification_written', event_type]",
            id!("ntf", "id"),
            "notifications where id = any ($1)"
        ),
        NOTIFICATIONS,
    ),
    source(
        "notification",
        plain!(
            "finished_at",
            "array['notification_ended', event_type, status]",
            id!("ntf", "id"),
            "notifications where id = any ($1) and finished_at is not null"
        ),
        NOTIFICATIONS,
    ),
    source(
        "notification",
        plain!(
            "held_at",
            "array['notification_held', event_type, (held_attempt + attempts_before)::text]",
            id!("ntf", "id"),
            "notifications where id = any ($1) and held_at is not null"
        ),
        NOTIFICATIONS,
    ),
    source(
        "notification",
        concat!(
            "select at, case when http_status between 200 and 299 then array['delivered'] else array['not_delivered'] end, ",
            id!("ntf", "notification_id"),
            ", null::text, attempt, duration_ms, http_status,
               case when http_status between 200 and 299 then null else 'merchant_endpoint' end, error
             from notification_attempts where notification_id = any ($1)"
        ),
        NOTIFICATIONS,
    ),
    source("ledger", LEDGER, By::Ids(|scope| scope.transfers.clone())),
    source(
        "request",
        plain!(
            "created_at",
            "array['order_taken', total_minor::text, currency]",
            id!("ord", "id"),
            "orders where id = any ($1)"
        ),
        ORDERS,
    ),
    source(
        "order",
        concat!(
            "select at, array['order_step', step, status, case when reason is not null then '' end, ",
            id!("pay", "payment_id"), ", ", id!("rfd", "refund_id"), "], ", id!("ord", "order_id"),
            ", null::text, null::integer, null::integer, null::integer, null::text, null::text
             from order_logs where order_id = any ($1)"
        ),
        ORDERS,
    ),
    source(
        "wallet",
        plain!(
            "created_at",
            "array['wallet_opened', currency]",
            id!("wal", "id"),
            "wallets where id = any ($1)"
        ),
        WALLETS,
    ),
    source(
        "wallet",
        plain!(
            "at",
            "array['wallet_line', number::text, kind, phase, amount_minor::text, hold_minor::text, balance_minor::text,
                   held_minor::text]",
            id!("wal", "wallet_id"),
            "(select * from wallet_transactions where wallet_id = ($1::uuid[])[1] order by number desc limit $2) as line"
        ),
        WALLETS,
    ),
    source(
        "wallet",
        plain!(
            "updated_at",
            "array['withdrawal_changed', amount_minor::text, currency, status]",
            id!("wdr", "id"),
            "wallet_withdrawals where id = any ($1)"
        ),
        WITHDRAWALS,
    ),
    source(
        "exchange",
        concat!(
            "select at, array['called', null, operation, outcome, object_id], ", id!("wdr", "subject_id"),
            ", job_id, attempt, duration_ms, null::integer, case when error is not null then outcome end, error
             from connect_records where subject_id = any ($1)"
        ),
        WITHDRAWALS,
    ),
    source("audit", AUDIT, By::Texts(|scope| scope.texts(true))),
];

// What jobs say that they are about is up to their publishers, and events of two merchants may have one id.
const JOB_FAILURES: &str = "
select at, case disposition when 'dead_letter' then array['job_given_up', kind] else array['job_failed', kind] end,
       correlation_id, job_id, attempt, null::integer, null::integer, error_class, reason
from job_failures where correlation_id = any ($1) and (merchant_id is null or merchant_id = $4)";

const JOB_FAILURES_OF_REFUND: &str = "
select at, case disposition when 'dead_letter' then array['job_given_up', kind] else array['job_failed', kind] end,
       correlation_id, job_id, attempt, null::integer, null::integer, error_class, reason
from job_failures where job_id = any ($1)";

// The outbox is short while all is well. When it is not, those that come next are looked through, and no more.
const WAITING: &str = "
select created_at, array['job_waits', kind], correlation_id, job_id, attempt, null::integer,
       null::integer, null::text, null::text
from (select * from outbox order by id limit 5000) as next where correlation_id = any ($1)";

// Whose accounts they are is told by their kinds alone: the rest may name a customer.
const LEDGER: &str = "
select moved.at, case when told.postings is null then array['nothing_moved', moved.kind, moved.phase]
                      else array['moved', moved.kind, moved.phase, told.postings] end,
       moved.subject, null::text, null::integer, null::integer, null::integer, null::text, null::text
from ledger_transfers moved
cross join lateral (
  select string_agg(account.kind || ' ' || to_char(posting.amount_minor, 'FMSG999999999999990') || ' ' || posting.currency
                    || case posting.layer when 'pending' then ' pending' else '' end, ', ' order by posting.ordinal) as postings
  from ledger_postings posting join ledger_accounts account on account.id = posting.account_id
  where posting.transfer_id = moved.id) told
where moved.id = any ($1)";

// One after the other, each by the index.
const AUDIT: &str = "
select audit.at, array['done_by_people', audit.action, audit.actor], subject.id, null::text, null::integer, null::integer, null::integer,
       null::text, coalesce(audit.reason, nullif(substr(audit.subject, length(subject.id) + 1), ''))
from unnest($1::text[]) as subject (id)
cross join lateral (select * from audit_log where audit_log.subject ~>=~ subject.id and audit_log.subject ~<~ (subject.id || '~')
                    order by audit_log.at desc limit 1000) as audit";
