-- What a payer has agreed to and nobody has captured is closed in time, too. A channel that moves money only when it is asked to
-- is named by whoever looks; of all others, 'processing' means that the provider is at work.
create index payments_agreed_expiries on payments (channel, coalesce(next_closing_at, expires_at))
  where status = 'processing' and intent_id is not null;
