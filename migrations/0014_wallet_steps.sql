-- What is wanted done with wallets, what is kept of them for merchants, and what is on its way out to their owners.

-- What was wanted done with a wallet that existed, and what came of it.
create table wallet_actions (
  merchant_id      uuid not null references merchants,
  action           text not null check (action in ('hold', 'capture', 'release', 'withdraw', 'complete_withdrawal',
                                                   'reject_withdrawal', 'transfer', 'adjust')),
  idempotency_key  text not null,
  wallet_id        uuid not null references wallets,
  fingerprint      bytea not null check (length(fingerprint) = 32),
  outcome          jsonb not null,
  operator         text,
  at               timestamptz not null,
  primary key (merchant_id, action, idempotency_key)
);
create index wallet_actions_wallet on wallet_actions (wallet_id, at);

-- Money of a wallet that is kept for its merchant.
create table wallet_holds (
  id              uuid primary key,
  merchant_id     uuid not null references merchants,
  wallet_id       uuid not null references wallets,
  user_id         text not null,
  currency        text not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor    bigint not null check (amount_minor > 0),
  captured_minor  bigint not null default 0 check (captured_minor between 0 and amount_minor),
  status          text not null check (status in ('held', 'captured', 'released')),
  reason          text not null,
  version         integer not null check (version > 0),
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  check ((status = 'captured') = (captured_minor > 0))
);
create index wallet_holds_newest on wallet_holds (wallet_id, created_at desc, id desc);

-- Money of a wallet on its way out to its owner.
create table wallet_withdrawals (
  id            uuid primary key,
  merchant_id   uuid not null references merchants,
  wallet_id     uuid not null references wallets,
  user_id       text not null,
  currency      text not null check (currency ~ '^[A-Z]{3}$'),
  amount_minor  bigint not null check (amount_minor > 0),
  status        text not null check (status in ('requested', 'processing', 'completed', 'rejected', 'failed')),
  note          text,
  -- Why it was not paid out.
  reason        text check (reason is null or status in ('rejected', 'failed')),
  -- The number of the payout.
  reference     text check (reference is null or status in ('processing', 'completed', 'failed')),
  version       integer not null check (version > 0),
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  check (status <> 'rejected' or reason is not null)
);
create index wallet_withdrawals_newest on wallet_withdrawals (wallet_id, created_at desc, id desc);
-- For those who pay them out.
create index wallet_withdrawals_open on wallet_withdrawals (merchant_id, created_at)
  where status in ('requested', 'processing');

-- What is kept or on its way out never changes, it ends once, and no change is passed over.
create function wallet_reservations_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.merchant_id, new.wallet_id, new.user_id, new.currency, new.amount_minor)
     is distinct from (old.id, old.merchant_id, old.wallet_id, old.user_id, old.currency, old.amount_minor) then
    raise exception 'what % % is about cannot change', tg_table_name, old.id using errcode = 'check_violation';
  end if;
  if new.version <> old.version + 1 then
    raise exception '% % is changed one version at a time', tg_table_name, old.id using errcode = 'check_violation';
  end if;
  if old.status not in ('held', 'requested', 'processing') or new.status = 'requested'
     or old.status = 'processing' and new.status = 'rejected' then
    raise exception '% % is % and cannot become %', tg_table_name, old.id, old.status, new.status
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger wallet_reservations_guard before update on wallet_holds
  for each row execute function wallet_reservations_guard();
create trigger wallet_reservations_guard before update on wallet_withdrawals
  for each row execute function wallet_reservations_guard();

-- What came of a movement is found by what it is about.
create index wallet_transactions_subject on wallet_transactions (wallet_id, subject);

-- What is told of a withdrawal is about its wallet.
alter table notifications
  add column wallet_id uuid,
  add constraint notifications_of_wallet foreign key (wallet_id) references wallets not valid,
  drop constraint notifications_about_one,
  add constraint notifications_about_one check (num_nonnulls(payment_id, order_id, wallet_id) = 1) not valid;
alter table notifications validate constraint notifications_of_wallet;
alter table notifications validate constraint notifications_about_one;

grant select on wallet_actions, wallet_holds, wallet_withdrawals to sluice_reader, sluice_writer;
grant insert on wallet_actions, wallet_holds, wallet_withdrawals to sluice_writer;
grant update on wallet_holds, wallet_withdrawals to sluice_writer;
