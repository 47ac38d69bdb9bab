//! The statements of wallets. The wallet is guarded in the same record, so each line follows the one before.

use domain::wallet::{WalletChange, WalletTransaction};

use super::column;
use crate::write::Together;

const INSERT: &str = "
insert into wallet_transactions (wallet_id, number, transfer_id, kind, phase, subject, amount_minor, hold_minor,
                                 balance_minor, held_minor, note, at)
select * from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                     $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::timestamptz[])";

/// Adds to the statements of wallets.
pub fn insert_transactions(all: &mut Together, changes: &[&WalletChange]) {
    if changes.is_empty() {
        return;
    }
    let lines: Vec<&WalletTransaction> = changes.iter().map(|change| &change.transaction).collect();
    all.add(INSERT)
        .bind(column(&lines, |line| line.wallet_id.as_uuid()))
        .bind(column(&lines, |line| line.number))
        .bind(column(&lines, |line| line.transfer_id.as_uuid()))
        .bind(column(&lines, |line| line.kind.name()))
        .bind(column(&lines, |line| line.phase.name()))
        .bind(column(&lines, |line| line.subject.as_str()))
        .bind(column(&lines, |line| line.amount_minor))
        .bind(column(&lines, |line| line.hold_minor))
        .bind(column(&lines, |line| line.balance_minor))
        .bind(column(&lines, |line| line.held_minor))
        .bind(column(&lines, |line| line.note.as_deref()))
        .bind(column(&lines, |line| line.at));
}
