-- Several channels: what the payer needs in one shape, and which channel a payment takes.

alter table payments
  -- Sealed JSON: what the payer needs to pay. What was opened before this is still read from client_secret.
  add column next_action bytea,
  -- Why it takes its channel, which are next, and which were left. A payment without it stays where it is.
  add column routing jsonb;

-- Which provider was spoken to. All that was said before this was said to Stripe.
alter table payment_records add column channel text not null default 'stripe';
alter table payment_records alter column channel drop default;

-- A merchant's rules about which payments a channel gets. What is null holds for any payment.
create table payment_routes (
  id                uuid primary key,
  merchant_id       uuid not null references merchants,
  channel           text not null,
  method            text,
  flow              text,
  currency          text,
  min_amount_minor  bigint check (min_amount_minor > 0),
  max_amount_minor  bigint check (max_amount_minor > 0),
  country           text check (country ~ '^[A-Z]{2}$'),
  -- 1 is the first that is tried.
  priority          integer not null check (priority between 1 and 1000),
  -- Its share among the routes of its priority.
  weight            integer not null check (weight between 1 and 1000),
  enabled           boolean not null,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  check (min_amount_minor <= max_amount_minor),
  -- An amount is in the minor unit of some currency.
  check (currency is not null or (min_amount_minor is null and max_amount_minor is null))
);
create index payment_routes_merchant on payment_routes (merchant_id);
grant select on payment_routes to sluice_reader, sluice_writer;
grant insert, update, delete on payment_routes to sluice_writer;

-- As before; but while a payment has no intent, it may take another channel.
create or replace function payments_guard() returns trigger language plpgsql as $$
begin
  if old.status = 'succeeded' and new.status <> 'succeeded' then
    raise exception 'payment % is paid and cannot become %', old.id, new.status using errcode = 'check_violation';
  end if;
  if (new.id, new.merchant_id, new.amount_minor, new.currency, new.fingerprint)
     is distinct from (old.id, old.merchant_id, old.amount_minor, old.currency, old.fingerprint) then
    raise exception 'what payment % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if new.channel <> old.channel and old.intent_id is not null then
    raise exception 'payment % keeps its channel', old.id using errcode = 'check_violation';
  end if;
  if old.intent_id is not null and new.intent_id is distinct from old.intent_id then
    raise exception 'payment % keeps its intent', old.id using errcode = 'check_violation';
  end if;
  if old.is_late and not new.is_late then
    raise exception 'payment % was paid late', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
