//! What was said to providers and by them.

use super::column;
use crate::{
    record::{ConnectExchangeRecord, ExchangeRecord, RefundExchangeRecord},
    write::Together,
};

const INSERT: &str = "
insert into payment_records (payment_id, job_id, attempt, operation, outcome, intent_id, error, duration_ms, at, channel)
select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::integer[], $9::timestamptz[], $10::text[])";

/// Adds exchanges about payments.
pub fn insert(all: &mut Together, exchanges: &[&ExchangeRecord]) {
    if exchanges.is_empty() {
        return;
    }
    all.add(INSERT)
        .bind(column(exchanges, |said| said.payment_id.as_uuid()))
        .bind(column(exchanges, |said| said.job_id.as_str()))
        .bind(column(exchanges, |said| said.attempt.cast_signed()))
        .bind(column(exchanges, |said| said.exchange.operation.name()))
        .bind(column(exchanges, |said| said.exchange.outcome))
        .bind(column(exchanges, |said| said.exchange.intent_id.as_deref()))
        .bind(column(exchanges, |said| said.exchange.error.as_deref()))
        .bind(column(exchanges, |said| said.exchange.duration_ms))
        .bind(column(exchanges, |said| said.at))
        .bind(column(exchanges, |said| said.channel.name()));
}

const INSERT_OF_REFUNDS: &str = "
insert into refund_records (refund_id, job_id, attempt, operation, outcome, object_id, error, duration_ms, at)
select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::integer[], $9::timestamptz[])";

/// Adds exchanges about refunds.
pub fn insert_of_refunds(all: &mut Together, exchanges: &[&RefundExchangeRecord]) {
    if exchanges.is_empty() {
        return;
    }
    all.add(INSERT_OF_REFUNDS)
        .bind(column(exchanges, |said| said.refund_id.as_uuid()))
        .bind(column(exchanges, |said| said.job_id.as_str()))
        .bind(column(exchanges, |said| said.attempt.cast_signed()))
        .bind(column(exchanges, |said| said.exchange.operation.name()))
        .bind(column(exchanges, |said| said.exchange.outcome))
        .bind(column(exchanges, |said| said.exchange.intent_id.as_deref()))
        .bind(column(exchanges, |said| said.exchange.error.as_deref()))
        .bind(column(exchanges, |said| said.exchange.duration_ms))
        .bind(column(exchanges, |said| said.at));
}

const INSERT_OF_CONNECT: &str = "
insert into connect_records (subject_id, job_id, attempt, operation, outcome, object_id, error, duration_ms, at)
select * from unnest($1::uuid[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::integer[], $9::timestamptz[])";

/// Adds exchanges about accounts of users.
pub fn insert_of_connect(all: &mut Together, exchanges: &[&ConnectExchangeRecord]) {
    if exchanges.is_empty() {
        return;
    }
    all.add(INSERT_OF_CONNECT)
        .bind(column(exchanges, |said| said.subject))
        .bind(column(exchanges, |said| said.job_id.as_str()))
        .bind(column(exchanges, |said| said.attempt.cast_signed()))
        .bind(column(exchanges, |said| said.exchange.operation.name()))
        .bind(column(exchanges, |said| said.exchange.outcome))
        .bind(column(exchanges, |said| said.exchange.intent_id.as_deref()))
        .bind(column(exchanges, |said| said.exchange.error.as_deref()))
        .bind(column(exchanges, |said| said.exchange.duration_ms))
        .bind(column(exchanges, |said| said.at));
}
