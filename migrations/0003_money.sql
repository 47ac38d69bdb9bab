-- The money model: the ledger, refunds, wishes about payments, expiry, disputes, reconciliation.

-- What a merchant has agreed to about its payments.
alter table merchants
  add column payment_expiry_s  integer not null default 86400 check (payment_expiry_s between 1 and 2592000),
  add column late_payments     text not null default 'accept' check (late_payments in ('accept', 'refund'));

-- What the provider was agreed to keep of a payment; none where nobody has agreed to anything.
alter table channel_configs
  add column fee_bps          integer check (fee_bps between 0 and 10000),
  add column fee_fixed_minor  bigint check (fee_fixed_minor >= 0),
  add check ((fee_bps is null) = (fee_fixed_minor is null));

alter table payments
  add column expires_at             timestamptz,
  -- Why it is being closed, once somebody has begun to close it.
  add column closing                text check (closing in ('canceled', 'expired')),
  -- When the next attempt to close it is due, and how many there were.
  add column next_closing_at        timestamptz,
  add column closings               integer not null default 0 check (closings >= 0),
  -- Paid after it had been closed here.
  add column is_late                boolean not null default false,
  add column refunded_minor         bigint not null default 0 check (refunded_minor >= 0),
  add column refund_reserved_minor  bigint not null default 0 check (refund_reserved_minor >= 0),
  add column disputed_minor         bigint not null default 0 check (disputed_minor >= 0),
  -- Whatever the code above believes: never more is given back than was paid, and only what was paid.
  add constraint payments_never_over_refunded check (refunded_minor + refund_reserved_minor <= amount_minor),
  add constraint payments_refunds_need_money
    check (status = 'succeeded' or refunded_minor + refund_reserved_minor = 0),
  add constraint payments_late_is_paid check (not is_late or status = 'succeeded');
-- Nobody was told that payments end, so those that are open have another day; and those that had failed are left as they
-- are, whatever their intents may do.
update payments
set expires_at = greatest(created_at, now()) + interval '1 day',
    next_closing_at = case when status = 'failed' then timestamptz '9999-01-01' end;
-- The default is for processes of the version before, as long as they still run.
alter table payments
  alter column expires_at set default now() + interval '1 day',
  alter column expires_at set not null;

-- As before, and what was paid late stays that.
create or replace function payments_guard() returns trigger language plpgsql as $$
begin
  if old.status = 'succeeded' and new.status <> 'succeeded' then
    raise exception 'payment % is paid and cannot become %', old.id, new.status using errcode = 'check_violation';
  end if;
  if (new.id, new.merchant_id, new.amount_minor, new.currency, new.channel, new.fingerprint)
     is distinct from (old.id, old.merchant_id, old.amount_minor, old.currency, old.channel, old.fingerprint) then
    raise exception 'what payment % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if old.intent_id is not null and new.intent_id is distinct from old.intent_id then
    raise exception 'payment % keeps its intent', old.id using errcode = 'check_violation';
  end if;
  if old.is_late and not new.is_late then
    raise exception 'payment % was paid late', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;

-- One for each schedule. Nothing that is not due is looked at: what was not asked about yet is at one end, by its last
-- change, and what was is at the other, by its next query.
drop index payments_queries;
create index payments_forgotten on payments (next_query_at, updated_at) where status = 'pending';
create index payments_review_queries on payments (next_query_at, updated_at) where status = 'needs_review';
create index payments_waiting_queries on payments (next_query_at, updated_at)
  where status in ('requires_action', 'processing');
create index payments_expiries on payments (coalesce(next_closing_at, expires_at))
  where status in ('requires_action', 'failed') and intent_id is not null;

create table refunds (
  id                 uuid primary key,
  merchant_id        uuid not null references merchants,
  payment_id         uuid not null references payments,
  idempotency_key    text not null,
  fingerprint        bytea not null check (length(fingerprint) = 32),
  status             text not null check (status in ('pending', 'needs_review', 'processing', 'succeeded', 'failed')),
  amount_minor       bigint not null check (amount_minor > 0),
  currency           text not null check (currency ~ '^[A-Z]{3}$'),
  channel            text not null,
  channel_refund_id  text,
  failure            jsonb,
  request            jsonb not null,
  version            integer not null default 0,
  next_query_at      timestamptz,
  queries            integer not null default 0 check (queries >= 0),
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  unique (merchant_id, idempotency_key),
  check (status not in ('processing', 'succeeded') or channel_refund_id is not null),
  check ((status in ('failed', 'needs_review')) = (failure is not null))
);
create index refunds_payment on refunds (payment_id);
create unique index refunds_channel_refund on refunds (merchant_id, channel, channel_refund_id)
  where channel_refund_id is not null;
create index refunds_newest on refunds (merchant_id, created_at desc, id desc);
create index refunds_forgotten on refunds (next_query_at, updated_at) where status = 'pending';
create index refunds_review_queries on refunds (next_query_at, updated_at) where status = 'needs_review';
create index refunds_waiting_queries on refunds (next_query_at, updated_at) where status = 'processing';

-- A refund's money never changes, its provider's object neither, and its end is the end.
create function refunds_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.merchant_id, new.payment_id, new.amount_minor, new.currency, new.channel, new.fingerprint)
     is distinct from
     (old.id, old.merchant_id, old.payment_id, old.amount_minor, old.currency, old.channel, old.fingerprint) then
    raise exception 'what refund % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if old.channel_refund_id is not null and new.channel_refund_id is distinct from old.channel_refund_id then
    raise exception 'refund % keeps its provider''s object', old.id using errcode = 'check_violation';
  end if;
  if old.status = 'failed' and new.status <> 'failed'
     or old.status = 'succeeded' and new.status not in ('succeeded', 'failed') then
    raise exception 'refund % is % and cannot become %', old.id, old.status, new.status
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refunds_guard before update on refunds for each row execute function refunds_guard();

-- Each exchange with a provider about a refund.
create table refund_records (
  id           bigint generated always as identity primary key,
  refund_id    uuid not null references refunds,
  job_id       text not null,
  attempt      integer not null,
  operation    text not null,
  outcome      text not null,
  -- The provider's id of the refund.
  object_id    text,
  error        text,
  duration_ms  integer not null,
  at           timestamptz not null
);
create index refund_records_refund on refund_records (refund_id);

-- What merchants wanted done with a payment that existed, and what came of it.
create table payment_actions (
  merchant_id      uuid not null references merchants,
  action           text not null check (action in ('cancel', 'confirm')),
  idempotency_key  text not null,
  payment_id       uuid not null references payments,
  fingerprint      bytea not null check (length(fingerprint) = 32),
  request          jsonb not null,
  outcome          jsonb not null,
  at               timestamptz not null,
  primary key (merchant_id, action, idempotency_key)
);
create index payment_actions_payment on payment_actions (payment_id);

create table disputes (
  id                  uuid primary key,
  merchant_id         uuid not null references merchants,
  payment_id          uuid not null references payments,
  channel             text not null,
  channel_dispute_id  text not null,
  amount_minor        bigint not null check (amount_minor > 0),
  currency            text not null check (currency ~ '^[A-Z]{3}$'),
  reason              text not null,
  status              text not null check (status in ('open', 'won', 'lost')),
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  unique (merchant_id, channel, channel_dispute_id)
);
create index disputes_payment on disputes (payment_id);

-- A dispute's money never changes, and what is decided stays decided.
create function disputes_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.merchant_id, new.payment_id, new.channel, new.channel_dispute_id, new.amount_minor, new.currency)
     is distinct from
     (old.id, old.merchant_id, old.payment_id, old.channel, old.channel_dispute_id, old.amount_minor, old.currency) then
    raise exception 'what dispute % is about cannot change', old.id using errcode = 'check_violation';
  end if;
  if old.status <> 'open' and new.status <> old.status then
    raise exception 'dispute % is % and cannot become %', old.id, old.status, new.status
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger disputes_guard before update on disputes for each row execute function disputes_guard();

-- The ledger. Nothing in it is ever changed or removed, and every statement that adds postings adds balanced ones.
create table ledger_accounts (
  id           uuid primary key,
  merchant_id  uuid not null references merchants,
  kind         text not null check (kind in ('merchant_balance', 'provider_clearing', 'fees', 'refunds_pending',
                                             'disputes', 'customer_wallet', 'adjustments')),
  -- The channel or the customer, where there is more than one of the kind.
  detail       text not null,
  currency     text not null check (currency ~ '^[A-Z]{3}$'),
  unique (merchant_id, kind, detail, currency),
  -- For postings, whose currency is their account's.
  unique (id, currency)
);

create table ledger_transfers (
  id           uuid primary key,
  merchant_id  uuid not null references merchants,
  kind         text not null,
  phase        text not null check (phase in ('pending', 'posted', 'voided', 'expired')),
  -- The reservation that it resolves. One is resolved once.
  resolves     uuid unique references ledger_transfers,
  payment_id   uuid not null references payments,
  -- The payment, refund or dispute it is about.
  subject      text not null,
  at           timestamptz not null,
  check (phase not in ('voided', 'expired') or resolves is not null),
  check (phase <> 'pending' or resolves is null)
);
create index ledger_transfers_payment on ledger_transfers (payment_id);
-- For reconciliations, which ask what moved on a day.
create index ledger_transfers_moved on ledger_transfers (merchant_id, at);

create table ledger_postings (
  transfer_id   uuid not null references ledger_transfers,
  ordinal       smallint not null,
  account_id    uuid not null,
  currency      text not null,
  layer         text not null check (layer in ('posted', 'pending')),
  -- What the account gains; negative when it gives.
  amount_minor  bigint not null check (amount_minor <> 0),
  primary key (transfer_id, ordinal),
  foreign key (account_id, currency) references ledger_accounts (id, currency)
);
create index ledger_postings_account on ledger_postings (account_id) include (layer, amount_minor);

-- After every statement the postings it added sum to zero for each transfer, currency and layer. So the sum of all
-- postings is zero after every statement, and at every commit. They also are all postings of their transfers: numbered
-- from 0, which the primary key gives out once, so that nothing is added to a transfer later.
create function ledger_is_balanced() returns trigger language plpgsql as $$
declare
  wrong record;
begin
  select transfer_id, currency, layer, sum(amount_minor) as off into wrong
  from added group by transfer_id, currency, layer having sum(amount_minor) <> 0 limit 1;
  if found then
    raise exception 'the % postings of transfer % are off by % minor units of %', wrong.layer, wrong.transfer_id,
      wrong.off, wrong.currency using errcode = 'check_violation';
  end if;
  select transfer_id into wrong
  from added group by transfer_id having min(ordinal) <> 0 or max(ordinal) <> count(*) - 1 limit 1;
  if found then
    raise exception 'the postings of transfer % are not numbered from 0 without gaps', wrong.transfer_id
      using errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger ledger_is_balanced after insert on ledger_postings referencing new table as added
  for each statement execute function ledger_is_balanced();

create function ledger_never_changes() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is only added to: % on % is refused', tg_op, tg_table_name
    using errcode = 'check_violation';
end $$;
create trigger ledger_never_changes before update or delete or truncate on ledger_postings
  for each statement execute function ledger_never_changes();
create trigger ledger_never_changes before update or delete or truncate on ledger_transfers
  for each statement execute function ledger_never_changes();
create trigger ledger_never_changes before update or delete or truncate on ledger_accounts
  for each statement execute function ledger_never_changes();

-- Balances are never stored: they are what the postings say.
create view ledger_balances as
select account.id as account_id, account.merchant_id, account.kind, account.detail, account.currency,
       coalesce(sum(posting.amount_minor) filter (where posting.layer = 'posted'), 0)::bigint as posted_minor,
       coalesce(sum(posting.amount_minor) filter (where posting.layer = 'pending'), 0)::bigint as pending_minor
from ledger_accounts account left join ledger_postings posting on posting.account_id = account.id
group by account.id;

-- What was paid before the ledger was there is posted now, so that the ledger is whole from its first day. The ids are those
-- that the program derives: version-8 UUIDs from SHA-256 over parts that carry their length. What a process of the version
-- before records as paid after this is not posted; the check of the ledger names it.
create function pg_temp.derived_id(variadic parts bytea[]) returns uuid language sql as $$
  with hash as (
    select sha256(string_agg(int8send(octet_length(part)) || part, '' order by place)) as bytes
    from unnest(parts) with ordinality as listed (part, place)
  ), versioned as (
    select set_byte(bytes, 6, get_byte(bytes, 6) & 15 | 128) as bytes from hash
  )
  select encode(substr(set_byte(bytes, 8, get_byte(bytes, 8) & 63 | 128), 1, 16), 'hex')::uuid from versioned
$$;

create temporary table paid on commit drop as
select pg_temp.derived_id('transfer', 'payment', 'posted', convert_to(subject, 'UTF8')) as transfer_id, *
from (select id, merchant_id, channel, currency, amount_minor, updated_at, 'pay_' || replace(id::text, '-', '') as subject
      from payments where status = 'succeeded') as payment;

insert into ledger_accounts (id, merchant_id, kind, detail, currency)
select pg_temp.derived_id('account', uuid_send(merchant_id), convert_to(kind, 'UTF8'), convert_to(detail, 'UTF8'),
                          convert_to(currency, 'UTF8')),
       merchant_id, kind, detail, currency
from (select merchant_id, 'provider_clearing' as kind, channel as detail, currency from paid
      union select merchant_id, 'merchant_balance', '', currency from paid) as account;

insert into ledger_transfers (id, merchant_id, kind, phase, payment_id, subject, at)
select transfer_id, merchant_id, 'payment', 'posted', id, subject, updated_at from paid;

insert into ledger_postings (transfer_id, ordinal, account_id, currency, layer, amount_minor)
select transfer_id, ordinal, account.id, account.currency, 'posted', sign * amount_minor
from paid
cross join lateral (values (0, 'provider_clearing', channel, -1), (1, 'merchant_balance', '', 1))
  as side (ordinal, kind, detail, sign)
join ledger_accounts account using (merchant_id, kind, detail, currency);

drop function pg_temp.derived_id;

-- Comparisons of a merchant's day at a channel with what the provider says, and what they found.
create table reconciliations (
  id           uuid primary key,
  merchant_id  uuid not null references merchants,
  channel      text not null,
  day          date not null,
  number       integer not null check (number > 0),
  status       text not null default 'running' check (status in ('running', 'done')),
  -- How many lines the provider's statement had, and how many of them agreed with ours.
  entries      integer,
  matched      integer,
  requested_by text not null,
  created_at   timestamptz not null,
  finished_at  timestamptz,
  unique (merchant_id, channel, day, number),
  check ((status = 'done') = (finished_at is not null and entries is not null and matched is not null))
);

create table reconciliation_differences (
  id                 bigint generated always as identity primary key,
  reconciliation_id  uuid not null references reconciliations,
  class              text not null check (class in ('missing_here', 'missing_there', 'amount', 'currency', 'state',
                                                    'fee', 'duplicate')),
  payment_id         uuid references payments,
  refund_id          uuid references refunds,
  -- The provider's object and line of its statement.
  object_id          text,
  entry_id           text,
  ours               text not null,
  theirs             text not null,
  found_at           timestamptz not null,
  -- A person's word on it.
  resolved_at        timestamptz,
  resolution         text,
  resolved_by        text,
  check ((resolved_at is null) = (resolution is null) and (resolved_at is null) = (resolved_by is null))
);
create index reconciliation_differences_run on reconciliation_differences (reconciliation_id);
create index reconciliation_differences_open on reconciliation_differences (found_at) where resolved_at is null;

grant select on refunds, refund_records, payment_actions, disputes, ledger_accounts, ledger_transfers, ledger_postings,
  ledger_balances, reconciliations, reconciliation_differences to sluice_reader, sluice_writer;
grant insert on refunds, refund_records, payment_actions, disputes, ledger_accounts, ledger_transfers, ledger_postings,
  reconciliations, reconciliation_differences to sluice_writer;
grant update on refunds, disputes, reconciliations, reconciliation_differences to sluice_writer;
grant usage on all sequences in schema public to sluice_writer;
