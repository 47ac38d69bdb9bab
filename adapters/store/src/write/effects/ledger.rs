//! Transfers of the ledger with their postings, and the accounts that they use for the first time.
//!
//! A transfer's id derives from what it moves, so one that is there already violates the primary key. Nothing here gets
//! around that: whoever writes the same movement twice has a defect, and its record is refused.

use std::collections::BTreeMap;

use domain::{
    id::TransferId,
    ledger::{Account, Posting},
};

use super::column;
use crate::{record::TransferRecord, write::Together};

/// Adds transfers.
pub fn insert(all: &mut Together, transfers: &[&TransferRecord]) {
    if transfers.is_empty() {
        return;
    }
    let postings: Vec<Numbered<'_>> = transfers.iter().flat_map(|record| numbered(record)).collect();
    // The last is written first, so that what is refused of a transfer that is there already is the transfer.
    insert_postings(all, &postings.iter().collect::<Vec<_>>());
    insert_transfers(all, transfers);
    insert_accounts(all, &postings);
}

/// A posting, and its place in its transfer.
struct Numbered<'a> {
    transfer_id: TransferId,
    ordinal: i16,
    posting: &'a Posting,
}

fn numbered(record: &TransferRecord) -> impl Iterator<Item = Numbered<'_>> {
    let transfer_id = record.transfer.id;
    let postings = (0..).zip(&record.transfer.postings);
    postings.map(move |(ordinal, posting)| Numbered {
        transfer_id,
        ordinal,
        posting,
    })
}

const INSERT_ACCOUNTS: &str = "
insert into ledger_accounts (id, merchant_id, kind, detail, currency)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
on conflict (id) do nothing";

/// Opens the accounts that are not there yet: each once, and in one order for everybody, as two batches that open the
/// same account wait for each other.
fn insert_accounts(all: &mut Together, postings: &[Numbered<'_>]) {
    let used = postings.iter().map(|numbered| &numbered.posting.account);
    let accounts: BTreeMap<_, &Account> = used.map(|account| (account.id, account)).collect();
    let accounts: Vec<&Account> = accounts.into_values().collect();
    all.add(INSERT_ACCOUNTS)
        .bind(column(&accounts, |account| account.id.as_uuid()))
        .bind(column(&accounts, |account| account.merchant_id.as_uuid()))
        .bind(column(&accounts, |account| account.kind.name()))
        .bind(column(&accounts, |account| account.detail.as_str()))
        .bind(column(&accounts, |account| account.currency.code()));
}

const INSERT_TRANSFERS: &str = "
insert into ledger_transfers (id, merchant_id, kind, phase, resolves, payment_id, subject, at)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
                     $8::timestamptz[])";

fn insert_transfers(all: &mut Together, transfers: &[&TransferRecord]) {
    all.add(INSERT_TRANSFERS)
        .bind(column(transfers, |record| record.transfer.id.as_uuid()))
        .bind(column(transfers, |record| record.transfer.merchant_id.as_uuid()))
        .bind(column(transfers, |record| record.transfer.kind.name()))
        .bind(column(transfers, |record| record.transfer.phase.name()))
        .bind(column(transfers, |record| {
            record.transfer.resolves.map(|id| id.as_uuid())
        }))
        .bind(column(transfers, |record| {
            record.transfer.payment_id.map(|id| id.as_uuid())
        }))
        .bind(column(transfers, |record| record.transfer.subject.as_str()))
        .bind(column(transfers, |record| record.at));
}

const INSERT_POSTINGS: &str = "
insert into ledger_postings (transfer_id, ordinal, account_id, currency, layer, amount_minor)
select * from unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[], $5::text[], $6::bigint[])";

fn insert_postings(all: &mut Together, postings: &[&Numbered<'_>]) {
    all.add(INSERT_POSTINGS)
        .bind(column(postings, |numbered| numbered.transfer_id.as_uuid()))
        .bind(column(postings, |numbered| numbered.ordinal))
        .bind(column(postings, |numbered| numbered.posting.account.id.as_uuid()))
        .bind(column(postings, |numbered| {
            numbered.posting.account.currency.code()
        }))
        .bind(column(postings, |numbered| numbered.posting.layer.name()))
        .bind(column(postings, |numbered| numbered.posting.amount_minor));
}
