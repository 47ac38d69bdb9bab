-- When a provider is next asked about a payment whose end it has not told, and how often it was asked so far.
-- The rights of 0001 cover both columns: they are the table's.
alter table payments
  -- None means that nobody was asked yet, and that the first query is due.
  add column next_query_at  timestamptz,
  add column queries        integer not null default 0 check (queries >= 0);

create index payments_queries on payments (coalesce(next_query_at, updated_at)) where status = 'needs_review';
