-- Where a payment began in the trace of whoever asked for it, so that what a provider tells of it later goes on there.
alter table payments add column traceparent text;
