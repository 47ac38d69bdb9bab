-- What a merchant's payments come to, rolled up. Every row can be computed anew from the payments.

-- Payments asked for in a quarter of an hour, which every time zone's days are made of, with what has become of them by now.
create table payment_statistics (
  merchant_id      uuid not null references merchants,
  -- When the quarter begins.
  slot             timestamptz not null check (slot = date_bin('15 minutes', slot, timestamptz '2000-01-01 00:00:00Z')),
  currency         text not null,
  channel          text not null,
  -- Empty where nobody said how it is paid.
  method           text not null,
  status           text not null,
  payments         bigint not null check (payments > 0),
  amount_minor     numeric not null check (amount_minor > 0),
  -- Payments of which something was given back, and how much of all of them.
  refunded         bigint not null check (refunded between 0 and payments),
  refunded_minor   numeric not null check (refunded_minor between 0 and amount_minor),
  -- Of those that were paid: the sum of the times from being asked for to being paid.
  paying_ms        numeric not null check (paying_ms >= 0),
  primary key (merchant_id, slot, currency, channel, method, status)
);
-- For whoever asks about all merchants.
create index payment_statistics_slot on payment_statistics (slot);

-- How far the rows above are true: all that had changed by then is in them.
create table statistics_progress (
  what         text primary key check (what in ('payments')),
  done_until   timestamptz not null
);
insert into statistics_progress (what, done_until)
select 'payments', coalesce(min(updated_at), now()) from payments;

-- What has changed since.
create index payments_changed on payments (updated_at);

grant select on payment_statistics, statistics_progress to sluice_reader, sluice_writer;
grant insert, update, delete on payment_statistics to sluice_writer;
grant update on statistics_progress to sluice_writer;
