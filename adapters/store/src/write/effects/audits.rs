//! Who did what, where a job does it in somebody's name.

use super::column;
use crate::{record::AuditRecord, write::Together};

const INSERT: &str = "
insert into audit_log (actor, action, subject, at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])";

/// Adds to the log of who did what.
pub fn insert(all: &mut Together, audits: &[&AuditRecord]) {
    if audits.is_empty() {
        return;
    }
    all.add(INSERT)
        .bind(column(audits, |audit| audit.actor.as_str()))
        .bind(column(audits, |audit| audit.action))
        .bind(column(audits, |audit| audit.subject.as_str()))
        .bind(column(audits, |audit| audit.at));
}
