-- Accounts of merchants' users at a provider, connected to the merchants' own, and what is paid out to them.

create table connected_accounts (
  id                  uuid primary key,
  merchant_id         uuid not null references merchants,
  user_id             text not null check (user_id ~ '^[!-~]{1,128}$'),
  channel             text not null check (channel in ('stripe')),
  idempotency_key     text not null,
  fingerprint         bytea not null check (length(fingerprint) = 32),
  country             text not null check (country ~ '^[A-Z]{2}$'),
  status              text not null check (status in ('pending', 'needs_review', 'failed', 'onboarding', 'restricted', 'active')),
  -- The provider's id of it, once known.
  channel_account_id  text,
  charges_enabled     boolean not null default false,
  payouts_enabled     boolean not null default false,
  transfers_enabled   boolean not null default false,
  details_submitted   boolean not null default false,
  -- What the provider still wants to know, in its own words.
  requirements        jsonb not null,
  failure             jsonb,
  version             integer not null default 0,
  created_at          timestamptz not null,
  updated_at          timestamptz not null,
  unique (merchant_id, idempotency_key),
  unique (merchant_id, channel, channel_account_id),
  check ((status in ('onboarding', 'restricted', 'active')) = (channel_account_id is not null)),
  check (failure is null or status in ('needs_review', 'failed'))
);
-- A user has one, apart from those that were never made.
create unique index connected_accounts_one_each on connected_accounts (merchant_id, user_id, channel)
  where status <> 'failed';

-- Whose account it is, and which one of the provider's, never changes, and no change is passed over.
create function connected_accounts_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.merchant_id, new.user_id, new.channel, new.country, new.fingerprint)
     is distinct from (old.id, old.merchant_id, old.user_id, old.channel, old.country, old.fingerprint) then
    raise exception 'whose account % is cannot change', old.id using errcode = 'check_violation';
  end if;
  if old.channel_account_id is not null and new.channel_account_id is distinct from old.channel_account_id then
    raise exception 'account % is % at its provider', old.id, old.channel_account_id using errcode = 'check_violation';
  end if;
  if new.version <> old.version + 1 then
    raise exception 'account % is changed one version at a time', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger connected_accounts_guard before update on connected_accounts
  for each row execute function connected_accounts_guard();

-- Each exchange with a provider about an account of a user, or a payout to it.
create table connect_records (
  id           bigint generated always as identity primary key,
  -- The account, or the withdrawal that is paid out to it.
  subject_id   uuid not null,
  job_id       text not null,
  attempt      integer not null,
  operation    text not null,
  outcome      text not null,
  -- The provider's id of it.
  object_id    text,
  error        text,
  duration_ms  integer not null,
  at           timestamptz not null
);
create index connect_records_subject on connect_records (subject_id);

-- The provider that pays a withdrawal out, where the merchant does not do it by hand.
alter table wallet_withdrawals
  add column channel text check (channel in ('stripe')),
  add constraint wallet_withdrawals_paid_by_a_provider
    check (channel is null or status in ('processing', 'completed', 'failed')) not valid;

-- What of a refund comes back from the account that its payment's money went on to. It is fixed when the refund is set aside.
alter table refunds
  add column reversed_minor bigint not null default 0,
  add constraint refunds_reverse_a_part check (reversed_minor between 0 and amount_minor) not valid;
alter table refunds validate constraint refunds_reverse_a_part;

-- Merchants are told of accounts, too.
alter table notifications
  add column account_id uuid,
  add constraint notifications_of_account foreign key (account_id) references connected_accounts not valid,
  drop constraint notifications_about_one,
  add constraint notifications_about_one check (num_nonnulls(payment_id, order_id, wallet_id, account_id) = 1) not valid;

grant select on connected_accounts, connect_records to sluice_reader, sluice_writer;
grant insert on connected_accounts, connect_records to sluice_writer;
grant update on connected_accounts to sluice_writer;
grant usage on all sequences in schema public to sluice_writer;
