-- Merchants, payments, callbacks, notifications, the outbox and the story of failed jobs.
-- Invariants live here too: a row that breaks one is refused whatever the code above it believes.

-- Two group roles: ingress logs in as a member of sluice_reader and can change nothing; workers as a member of
-- sluice_writer. Roles belong to the whole server, so another database of it may have made them already.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['sluice_reader', 'sluice_writer'] loop
    -- Asked first: an owner that may not create roles can still migrate once somebody else has created these.
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin', wanted);
      exception
        when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;
end $$;

create table merchants (
  id                uuid primary key,
  name              text not null check (name <> ''),
  -- The RabbitMQ user that may publish jobs for this merchant.
  amqp_user         text unique,
  -- Where notifications go, and the sealed list of signing secrets (two during a rotation).
  endpoint_url      text,
  endpoint_secrets  bytea,
  endpoint_disabled_at      timestamptz,
  endpoint_disabled_reason  text,
  created_at        timestamptz not null,
  check ((endpoint_url is null) = (endpoint_secrets is null)),
  check ((endpoint_disabled_at is null) = (endpoint_disabled_reason is null))
);

create table api_keys (
  id           text primary key,
  merchant_id  uuid not null references merchants,
  -- SHA-256 of a 256-bit random secret: nothing slower is needed against guessing.
  secret_hash  bytea not null check (length(secret_hash) = 32),
  created_at   timestamptz not null,
  revoked_at   timestamptz
);
create index api_keys_merchant on api_keys (merchant_id);

create table channel_configs (
  merchant_id  uuid not null references merchants,
  channel      text not null,
  -- Sealed JSON: keys and callback secrets.
  credentials  bytea not null,
  updated_at   timestamptz not null,
  primary key (merchant_id, channel)
);

create table payments (
  id               uuid primary key,
  merchant_id      uuid not null references merchants,
  idempotency_key  text not null,
  fingerprint      bytea not null check (length(fingerprint) = 32),
  status           text not null check (status in ('pending', 'needs_review', 'requires_action', 'processing',
                                                   'failed', 'canceled', 'expired', 'succeeded')),
  amount_minor     bigint not null check (amount_minor > 0),
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  channel          text not null,
  intent_id        text,
  -- Sealed: whoever holds it can pay the intent.
  client_secret    bytea,
  failure          jsonb,
  request          jsonb not null,
  version          integer not null default 0,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  unique (merchant_id, idempotency_key),
  check (status <> 'succeeded' or intent_id is not null)
);
-- Within a merchant: merchants sign their own callbacks, so nobody may use up another's intent ids.
create unique index payments_intent on payments (merchant_id, channel, intent_id) where intent_id is not null;
create index payments_newest on payments (merchant_id, created_at desc, id desc);
create index payments_newest_by_status on payments (merchant_id, status, created_at desc, id desc);
create index payments_review on payments (updated_at) where status = 'needs_review';

-- Money never goes backwards: whatever wrote it, a paid payment stays paid, with the same amount.
create function payments_guard() returns trigger language plpgsql as $$
begin
  if old.status = 'succeeded' and new.status <> 'succeeded' then
    raise exception 'payment % is paid and cannot become %', old.id, new.status using errcode = 'check_violation';
  end if;
  if (new.merchant_id, new.amount_minor, new.currency, new.fingerprint)
     is distinct from (old.merchant_id, old.amount_minor, old.currency, old.fingerprint) then
    raise exception 'what payment % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if old.intent_id is not null and new.intent_id is distinct from old.intent_id then
    raise exception 'payment % keeps its intent', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger payments_guard before update on payments for each row execute function payments_guard();

-- Each exchange with a provider about a payment.
create table payment_records (
  id           bigint generated always as identity primary key,
  payment_id   uuid not null references payments,
  job_id       text not null,
  attempt      integer not null,
  operation    text not null,
  outcome      text not null,
  intent_id    text,
  error        text,
  duration_ms  integer not null,
  at           timestamptz not null
);
create index payment_records_payment on payment_records (payment_id);

-- The inbox: each event of a provider is taken in once. A merchant's address has events of its own, so that nobody
-- can use up another's.
create table payment_callbacks (
  channel      text not null,
  merchant_id  uuid not null references merchants,
  event_id     text not null,
  event_type   text not null,
  payment_id   uuid references payments,
  outcome      text not null check (outcome in ('applied', 'unchanged', 'ignored')),
  -- Sealed: the provider's body may name the payer.
  sealed_body  text not null,
  received_at  timestamptz not null,
  processed_at timestamptz not null,
  primary key (merchant_id, channel, event_id)
);
create index payment_callbacks_payment on payment_callbacks (payment_id) where payment_id is not null;

create table notifications (
  id            uuid primary key,
  merchant_id   uuid not null references merchants,
  payment_id    uuid not null references payments,
  event_type    text not null,
  -- The very bytes that are signed and sent.
  payload       text not null check (octet_length(payload) < 20480),
  status        text not null default 'pending' check (status in ('pending', 'delivered', 'exhausted', 'undeliverable')),
  created_at    timestamptz not null,
  finished_at   timestamptz,
  check ((status = 'pending') = (finished_at is null))
);
create index notifications_payment on notifications (payment_id);

create table notification_attempts (
  notification_id  uuid not null references notifications,
  attempt          integer not null,
  http_status      integer,
  error            text,
  -- The first KB of what the merchant answered.
  response         text,
  duration_ms      integer not null,
  at               timestamptz not null,
  primary key (notification_id, attempt)
);

-- The story of jobs that did not work at once. The dead-letter queues say what is parked now.
create table job_failures (
  id              bigint generated always as identity primary key,
  job_id          text not null,
  kind            text not null,
  attempt         integer not null,
  disposition     text not null check (disposition in ('retry', 'dead_letter')),
  error_class     text not null,
  reason          text not null,
  correlation_id  text not null,
  merchant_id     uuid,
  at              timestamptz not null,
  unique (job_id, attempt)
);
create index job_failures_correlation on job_failures (correlation_id);

-- Messages decided in a transaction and published after it.
create table outbox (
  id              bigint generated always as identity primary key,
  job_id          text not null,
  kind            text not null,
  correlation_id  text not null,
  schema          smallint not null,
  traceparent     text,
  body            bytea not null,
  created_at      timestamptz not null
);

create table audit_log (
  id       bigint generated always as identity primary key,
  actor    text not null,
  action   text not null,
  subject  text not null,
  at       timestamptz not null
);

grant usage on schema public to sluice_reader, sluice_writer;
grant select on all tables in schema public to sluice_reader;
grant select, insert on all tables in schema public to sluice_writer;
grant usage on all sequences in schema public to sluice_writer;
-- What may change, and nothing else: exchanges, callbacks and the log of who did what are only ever added to.
grant update on payments, notifications, merchants, api_keys, channel_configs, job_failures to sluice_writer;
grant update, delete on outbox to sluice_writer;
revoke insert on _sqlx_migrations from sluice_writer;
