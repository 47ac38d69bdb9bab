-- A declined payment whose intent is open is asked about as well: its payer may agree again, and nobody may tell.
drop index payments_waiting_queries;
create index payments_waiting_queries on payments (next_query_at, updated_at)
  where status in ('requires_action', 'processing', 'failed') and intent_id is not null;
