//! Disputes. The payment is guarded in the same record, so what is written is never older than what is there.

use domain::dispute::Dispute;

use super::column;
use crate::write::Together;

const UPSERT: &str = "
insert into disputes (id, merchant_id, payment_id, channel, channel_dispute_id, amount_minor, currency, reason, status,
                      created_at, updated_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
                     $9::text[], $10::timestamptz[], $11::timestamptz[])
on conflict (id) do update
set status = excluded.status, updated_at = excluded.updated_at";

/// Stores disputes as they now are.
pub fn upsert(all: &mut Together, disputes: &[&Dispute]) {
    if disputes.is_empty() {
        return;
    }
    all.add(UPSERT)
        .bind(column(disputes, |dispute| dispute.id.as_uuid()))
        .bind(column(disputes, |dispute| dispute.merchant_id.as_uuid()))
        .bind(column(disputes, |dispute| dispute.payment_id.as_uuid()))
        .bind(column(disputes, |dispute| dispute.channel.name()))
        .bind(column(disputes, |dispute| dispute.channel_dispute_id.as_str()))
        .bind(column(disputes, |dispute| dispute.money.amount_minor))
        .bind(column(disputes, |dispute| dispute.money.currency.code()))
        .bind(column(disputes, |dispute| dispute.reason.as_str()))
        .bind(column(disputes, |dispute| dispute.status.name()))
        .bind(column(disputes, |dispute| dispute.created_at))
        .bind(column(disputes, |dispute| dispute.updated_at));
}
