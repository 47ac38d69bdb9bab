-- Payments into wallets and from them.

-- For payments into wallets, which have the merchant and the currency of their wallet, and what they brought its owner.
alter table wallets
  add constraint wallets_of_payments unique (id, merchant_id, currency),
  add constraint wallets_of_owners unique (id, merchant_id, currency, user_id);
-- Whether a merchant keeps wallets in a currency.
create index wallets_by_currency on wallets (merchant_id, currency);

alter table payments
  -- The wallet that it is paid into; none for most.
  add column wallet_id uuid,
  -- Whose wallet has got its money.
  add column paid_into text,
  add constraint payments_of_wallet foreign key (wallet_id, merchant_id, currency)
    references wallets (id, merchant_id, currency) not valid,
  add constraint payments_into_owners_wallet foreign key (wallet_id, merchant_id, currency, paid_into)
    references wallets (id, merchant_id, currency, user_id) not valid,
  add constraint payments_for_one_thing check (wallet_id is null or order_id is null) not valid,
  add constraint payments_into_wallets_are_paid
    check (paid_into is null or (wallet_id is not null and status = 'succeeded')) not valid,
  -- Whose wallet pays is always said, and it pays into no other.
  add constraint payments_from_wallets check (channel <> 'wallet' or (user_id is not null and wallet_id is null)) not valid;
alter table payments validate constraint payments_of_wallet;
alter table payments validate constraint payments_into_owners_wallet;
alter table payments validate constraint payments_for_one_thing;
alter table payments validate constraint payments_into_wallets_are_paid;
alter table payments validate constraint payments_from_wallets;

create function payments_keep_their_wallet() returns trigger language plpgsql as $$
begin
  raise exception 'payment % keeps its wallet', old.id using errcode = 'check_violation';
end $$;
create trigger payments_keep_their_wallet before update of wallet_id, paid_into on payments
  for each row when (old.wallet_id is distinct from new.wallet_id
                     or old.paid_into is not null and old.paid_into is distinct from new.paid_into)
  execute function payments_keep_their_wallet();
