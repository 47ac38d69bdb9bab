-- Where a payment began in the trace of whoever asked for it, so that what a provider tells of it later goes on there.
alter table payments add column traceparent text;

-- When the first part of a merchant's credentials ends, as far as it is known: read from certificates, or said by people.
alter table channel_configs add column expires_at timestamptz;
