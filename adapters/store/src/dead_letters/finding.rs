//! Finding letters among a million: every way goes by an index, whatever the planner thinks of it.
//!
//! What is found by an id is little, so it is fetched first and sorted after. A text is looked for among the newest letters
//! first, where a common one fills the page. Then it is looked for where its letters are grouped: a group's pattern holds every
//! word of its reasons but numbers and ids, and each group gives its newest. A text with digits in it is looked for by its
//! trigrams, as it must be rare.

use chrono::{DateTime, Utc};
use domain::{
    channel::Channel,
    dead_letter::LetterState,
    id::{DeadLetterGroupId, DeadLetterId, MerchantId, OrderId, PaymentId},
};
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::rows::{COLUMNS, LetterRow, RecordedLetter};
use crate::{Store, StoreError, pool::answered};

/// Among so many of the newest letters a text is looked for first.
const NEWEST: i64 = 2_000;
/// So many groups are looked at, at the most: those with the newest letters.
const GROUPS: i64 = 2_000;
const ORDER: &str = " order by parked_at desc, id desc limit ";

/// Which letters are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterFilter {
    /// Those about this payment, and about its refunds.
    pub payment_id: Option<PaymentId>,
    /// Those about this order, its payments and their refunds.
    pub order_id: Option<OrderId>,
    /// Those of this merchant.
    pub merchant_id: Option<MerchantId>,
    /// Those about what a provider knows under this id.
    pub provider_id: Option<String>,
    /// Those whose reason holds this text, in upper or lower case.
    pub text: Option<String>,
    /// Those in the queue of this kind.
    pub kind: Option<String>,
    /// Those that have come so far.
    pub state: Option<LetterState>,
    /// Those of this group.
    pub group_id: Option<DeadLetterGroupId>,
    /// Those that were written down by this moment.
    pub recorded_until: Option<DateTime<Utc>>,
}

/// The place of a letter in a list, after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterCursor {
    /// When it was parked.
    pub parked_at: DateTime<Utc>,
    /// Which it is.
    pub id: DeadLetterId,
}

/// Which page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterPage {
    /// What comes after this place.
    pub after: Option<LetterCursor>,
    /// How many letters at the most.
    pub limit: u32,
}

/// Letters of one kind with the same trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterGroup {
    /// Its id.
    pub id: DeadLetterGroupId,
    /// The kind.
    pub kind: String,
    /// The class of error.
    pub error_class: String,
    /// The reason without what differs.
    pub pattern: String,
    /// How many there ever were.
    pub letters: i64,
    /// How many of them are parked.
    pub parked: i64,
    /// When the first was parked.
    pub first_at: DateTime<Utc>,
    /// When the last was.
    pub last_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct GroupRow {
    id: Uuid,
    kind: String,
    error_class: String,
    pattern: String,
    letters: i64,
    parked: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

const SELECT_GROUPS: &str = "
select id, kind, error_class, pattern, letters, parked, first_at, last_at from dead_letter_groups
where letters > 0 and ($1::text is null or kind = $1) and (parked > 0 or not $2)
order by parked desc, last_at desc limit $3";

const SELECT_GROUPS_WITH: &str =
    "select id from dead_letter_groups where pattern ilike $1 order by last_at desc limit $2";

const OF_PAYMENT: &str = "
select intent_id from payments where id = $1 and intent_id is not null
union all
select found.id from refunds
cross join lateral (values ('rfd_' || replace(refunds.id::text, '-', '')), (channel_refund_id)) as found (id)
where payment_id = $1 and found.id is not null";

const OF_ORDER: &str = "
with paid as (select distinct payment_id as id from order_actions where order_id = $1 and payment_id is not null)
select 'pay_' || replace(id::text, '-', '') from paid
union all
select intent_id from payments where id in (select id from paid) and intent_id is not null
union all
select found.id from refunds
cross join lateral (values ('rfd_' || replace(refunds.id::text, '-', '')), (channel_refund_id)) as found (id)
where payment_id in (select id from paid) and found.id is not null";

// A provider's id is known by merchant and channel, so each pair of them is asked for it.
const OF_PROVIDER: &str = "
select 'pay_' || replace(payments.id::text, '-', '')
from merchants cross join unnest($2::text[]) as known (channel)
join payments on payments.merchant_id = merchants.id and payments.channel = known.channel and payments.intent_id = $1
where $3::uuid is null or merchants.id = $3
union all
select found.id from merchants cross join unnest($2::text[]) as known (channel)
join refunds on refunds.merchant_id = merchants.id and refunds.channel = known.channel and refunds.channel_refund_id = $1
cross join lateral (values ('rfd_' || replace(refunds.id::text, '-', '')),
                           ('pay_' || replace(refunds.payment_id::text, '-', ''))) as found (id)
where $3::uuid is null or merchants.id = $3";

/// A filter with what it takes to find what it means.
pub struct Sought<'a> {
    filter: &'a LetterFilter,
    /// For each id that was asked for, that and all that belongs to it.
    subjects: Vec<Vec<String>>,
}

impl Store {
    /// Letters, the newest first.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn letters(
        &self,
        filter: &LetterFilter,
        page: LetterPage,
    ) -> Result<Vec<RecordedLetter>, StoreError> {
        let sought = self.sought(filter).await?;
        let rows = match &filter.text {
            Some(text) if sought.subjects.is_empty() => self.letters_with(&sought, text, page).await?,
            Some(_) | None => self.fetched(&sought, page).await?,
        };
        rows.into_iter().map(RecordedLetter::try_from).collect()
    }

    /// How many letters there are that somebody may want something done with. Of more than `most`, one more than that are counted.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn count_parked_letters(&self, filter: &LetterFilter, most: u32) -> Result<i64, StoreError> {
        let sought = self.sought(filter).await?;
        let mut query =
            QueryBuilder::new("select count(*) from (select from dead_letters where state = 'parked'");
        sought.push(&mut query);
        query
            .push(" limit ")
            .push_bind(i64::from(most) + 1)
            .push(") as found");
        answered(query.build_query_scalar().fetch_one(&self.pool)).await
    }

    /// Letters by their trouble, those of which most are parked first.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn letter_groups(
        &self,
        kind: Option<&str>,
        only_parked: bool,
        limit: u32,
    ) -> Result<Vec<LetterGroup>, StoreError> {
        let asking = sqlx::query_as::<_, GroupRow>(SELECT_GROUPS)
            .bind(kind)
            .bind(only_parked)
            .bind(i64::from(limit));
        let rows = answered(asking.fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(LetterGroup::from).collect())
    }

    /// Looks up what belongs to the ids that are asked for.
    pub(super) async fn sought<'a>(&self, filter: &'a LetterFilter) -> Result<Sought<'a>, StoreError> {
        let mut subjects = Vec::new();
        if let Some(payment) = filter.payment_id {
            let asking = sqlx::query_scalar(OF_PAYMENT).bind(payment.as_uuid());
            subjects.push(with(
                payment.to_string(),
                answered(asking.fetch_all(&self.pool)).await?,
            ));
        }
        if let Some(order) = filter.order_id {
            let asking = sqlx::query_scalar(OF_ORDER).bind(order.as_uuid());
            subjects.push(with(
                order.to_string(),
                answered(asking.fetch_all(&self.pool)).await?,
            ));
        }
        if let Some(provider) = &filter.provider_id {
            let channels: Vec<&str> = Channel::ALL.iter().map(|channel| channel.name()).collect();
            let asking = sqlx::query_scalar(OF_PROVIDER)
                .bind(provider)
                .bind(channels)
                .bind(filter.merchant_id.map(|id| id.as_uuid()));
            subjects.push(with(
                provider.clone(),
                answered(asking.fetch_all(&self.pool)).await?,
            ));
        }
        Ok(Sought { filter, subjects })
    }

    async fn letters_with(
        &self,
        sought: &Sought<'_>,
        text: &str,
        page: LetterPage,
    ) -> Result<Vec<LetterRow>, StoreError> {
        let newest = self.letters_among_newest(sought, page).await?;
        if newest.len() == page.limit as usize {
            return Ok(newest);
        }
        if may_differ(text) {
            self.fetched(sought, page).await
        } else {
            self.letters_of_groups(sought, text, page).await
        }
    }

    async fn fetched(&self, sought: &Sought<'_>, page: LetterPage) -> Result<Vec<LetterRow>, StoreError> {
        let is_little = !sought.subjects.is_empty() || sought.filter.text.is_some();
        let mut query = QueryBuilder::new(if is_little {
            "with found as materialized ("
        } else {
            ""
        });
        query
            .push("select ")
            .push(COLUMNS)
            .push(" from dead_letters where true");
        sought.push(&mut query);
        push_after(&mut query, page);
        if is_little {
            query.push(") select * from found");
        }
        query.push(ORDER).push_bind(i64::from(page.limit));
        answered(query.build_query_as().fetch_all(&self.pool)).await
    }

    async fn letters_among_newest(
        &self,
        sought: &Sought<'_>,
        page: LetterPage,
    ) -> Result<Vec<LetterRow>, StoreError> {
        let mut query = QueryBuilder::new("with newest as materialized (select ");
        query
            .push(COLUMNS)
            .push(", recorded_at from dead_letters where true");
        push_after(&mut query, page);
        query.push(ORDER).push_bind(NEWEST);
        query.push(") select * from newest where true");
        sought.push(&mut query);
        query.push(ORDER).push_bind(i64::from(page.limit));
        answered(query.build_query_as().fetch_all(&self.pool)).await
    }

    async fn letters_of_groups(
        &self,
        sought: &Sought<'_>,
        text: &str,
        page: LetterPage,
    ) -> Result<Vec<LetterRow>, StoreError> {
        let asking = sqlx::query_scalar(SELECT_GROUPS_WITH)
            .bind(holding(text))
            .bind(GROUPS);
        let groups: Vec<Uuid> = answered(asking.fetch_all(&self.pool)).await?;
        let mut query = QueryBuilder::new("select letter.* from unnest(");
        query
            .push_bind(groups)
            .push("::uuid[]) as of_group cross join lateral (select ");
        query
            .push(COLUMNS)
            .push(" from dead_letters where group_id = of_group");
        // A pattern that holds the text is that of reasons that do.
        sought.push_all_but_text(&mut query);
        push_after(&mut query, page);
        query.push(ORDER).push_bind(i64::from(page.limit));
        query
            .push(") as letter")
            .push(ORDER)
            .push_bind(i64::from(page.limit));
        answered(query.build_query_as().fetch_all(&self.pool)).await
    }
}

impl Sought<'_> {
    /// Adds the conditions.
    pub(super) fn push(&self, query: &mut QueryBuilder<Postgres>) {
        self.push_all_but_text(query);
        if let Some(text) = &self.filter.text {
            query.push(" and reason ilike ").push_bind(holding(text));
        }
    }

    fn push_all_but_text(&self, query: &mut QueryBuilder<Postgres>) {
        let filter = self.filter;
        for subjects in &self.subjects {
            query.push(" and subjects && ").push_bind(subjects.clone());
        }
        if let Some(merchant) = filter.merchant_id {
            query.push(" and merchant_id = ").push_bind(merchant.as_uuid());
        }
        if let Some(kind) = &filter.kind {
            query.push(" and kind = ").push_bind(kind.clone());
        }
        if let Some(state) = filter.state {
            query.push(" and state = ").push_bind(state.name());
        }
        if let Some(group) = filter.group_id {
            query.push(" and group_id = ").push_bind(group.as_uuid());
        }
        if let Some(until) = filter.recorded_until {
            query.push(" and recorded_at <= ").push_bind(until);
        }
    }
}

fn push_after(query: &mut QueryBuilder<Postgres>, page: LetterPage) {
    if let Some(after) = page.after {
        query
            .push(" and (parked_at, id) < (")
            .push_bind(after.parked_at)
            .push(", ")
            .push_bind(after.id.as_uuid())
            .push(")");
    }
}

fn with(id: String, mut others: Vec<String>) -> Vec<String> {
    others.push(id);
    others
}

/// Whether a group's pattern may not have the text as its reasons have it.
fn may_differ(text: &str) -> bool {
    text.contains(|character: char| character.is_ascii_digit() || character == '?')
}

/// What a text has to be like that holds this one.
fn holding(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

impl RecordedLetter {
    /// Its place in a list.
    pub const fn cursor(&self) -> LetterCursor {
        LetterCursor {
            parked_at: self.parked_at,
            id: self.id,
        }
    }
}

impl From<GroupRow> for LetterGroup {
    fn from(row: GroupRow) -> Self {
        Self {
            id: DeadLetterGroupId::from_uuid(row.id),
            kind: row.kind,
            error_class: row.error_class,
            pattern: row.pattern,
            letters: row.letters,
            parked: row.parked,
            first_at: row.first_at,
            last_at: row.last_at,
        }
    }
}
