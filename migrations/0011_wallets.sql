-- Wallets: what merchants keep for their users.

create table wallets (
  id             uuid primary key,
  merchant_id    uuid not null references merchants,
  user_id        text not null check (user_id ~ '^[!-~]{1,128}$'),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  -- What the postings on its account come to, so that two movements at once cannot spend the same money.
  balance_minor  bigint not null default 0 check (balance_minor between 0 and 9007199254740991),
  held_minor     bigint not null default 0 check (held_minor >= 0),
  version        integer not null default 0,
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  -- One for each owner and currency.
  unique (merchant_id, user_id, currency),
  constraint wallets_never_overdrawn check (held_minor <= balance_minor)
);
create index wallets_newest on wallets (merchant_id, created_at desc, id desc);
create index wallets_of_user on wallets (merchant_id, user_id, created_at desc, id desc);
create index wallets_newest_of_all on wallets (created_at desc, id desc);

-- A wallet's owner and currency never change, and no change is passed over.
create function wallets_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.merchant_id, new.user_id, new.currency)
     is distinct from (old.id, old.merchant_id, old.user_id, old.currency) then
    raise exception 'whose wallet % is cannot change', old.id using errcode = 'check_violation';
  end if;
  if new.version <> old.version + 1 then
    raise exception 'wallet % is changed one version at a time', old.id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger wallets_guard before update on wallets for each row execute function wallets_guard();

-- The statement of a wallet: what each movement did, and how the wallet stood afterwards.
create table wallet_transactions (
  wallet_id      uuid not null references wallets,
  -- The version of the wallet that it made.
  number         integer not null check (number > 0),
  transfer_id    uuid not null references ledger_transfers,
  kind           text not null,
  phase          text not null,
  subject        text not null,
  amount_minor   bigint not null,
  hold_minor     bigint not null,
  balance_minor  bigint not null,
  held_minor     bigint not null,
  note           text,
  at             timestamptz not null,
  primary key (wallet_id, number),
  unique (transfer_id, wallet_id),
  check (amount_minor <> 0 or hold_minor <> 0)
);
create trigger wallet_transactions_never_change before update or delete or truncate on wallet_transactions
  for each statement execute function ledger_never_changes();

-- Held money has an account of its own. What merely moves between wallets is about no payment. What is not valid yet holds for
-- new rows; 0018 looks at the others.
alter table ledger_accounts
  drop constraint ledger_accounts_kind_check,
  add constraint ledger_accounts_kind_check
    check (kind in ('merchant_balance', 'provider_clearing', 'fees', 'refunds_pending', 'disputes', 'customer_wallet',
                    'wallet_holds', 'adjustments')) not valid;
alter table ledger_transfers
  alter column payment_id drop not null,
  add constraint ledger_transfers_are_about_something check (payment_id is not null or kind like 'wallet\_%') not valid;

grant select on wallets, wallet_transactions to sluice_reader, sluice_writer;
grant insert on wallets, wallet_transactions to sluice_writer;
grant update on wallets to sluice_writer;
