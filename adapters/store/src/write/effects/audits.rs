//! Who did what, where a job does it in somebody's name.

use super::column;
use crate::{StoreError, record::AuditRecord, write::Tx};

const INSERT: &str = "
insert into audit_log (actor, action, subject, at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])";

/// Adds to the log of who did what.
pub async fn insert(tx: &mut Tx, audits: &[&AuditRecord]) -> Result<(), StoreError> {
    if audits.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT)
        .bind(column(audits, |audit| audit.actor.as_str()))
        .bind(column(audits, |audit| audit.action))
        .bind(column(audits, |audit| audit.subject.as_str()))
        .bind(column(audits, |audit| audit.at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
