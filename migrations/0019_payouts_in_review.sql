-- Payouts and accounts whose end is not known are asked about, and accounts can be over.

-- What pays a withdrawal out, and whether anybody can say how that ended. Processes of the version before leave all of it alone.
alter table wallet_withdrawals
  -- The account that it is sent to.
  add column account_id       uuid,
  -- Since when a provider is asked to pay it out. Where none is said, since the last change.
  add column paying_since     timestamptz,
  -- Since when nobody can say whether the provider has paid it out. It says nothing of a withdrawal that has ended.
  add column in_review_since  timestamptz,
  -- As in 0002.
  add column next_query_at    timestamptz,
  add column queries          integer not null default 0,
  -- 0023 looks at the rows that were there.
  add constraint wallet_withdrawals_queries_check check (queries >= 0) not valid,
  add constraint wallet_withdrawals_to_account foreign key (account_id) references connected_accounts not valid,
  add constraint wallet_withdrawals_in_review_are_paid_by_a_provider
    check (in_review_since is null or channel is not null) not valid;
create index wallet_withdrawals_queries on wallet_withdrawals (next_query_at, updated_at) where status = 'processing';

-- The schedule is no change of what it is about.
drop trigger wallet_reservations_guard on wallet_withdrawals;
create trigger wallet_reservations_guard
  before update of id, merchant_id, wallet_id, user_id, currency, amount_minor, status, channel, version on wallet_withdrawals
  for each row execute function wallet_reservations_guard();

-- What is being paid out goes to the one account that its owner has: none is over yet.
update wallet_withdrawals as paid
set account_id = (select account.id from connected_accounts as account
                  where (account.merchant_id, account.user_id) = (paid.merchant_id, paid.user_id)
                    and account.channel_account_id is not null
                  order by account.created_at, account.id limit 1),
    paying_since = paid.updated_at
where paid.status = 'processing' and paid.channel is not null;

-- What is sent to one account is never sent to another, and when that was begun stays what it was.
create function wallet_withdrawals_keep_their_account() returns trigger language plpgsql as $$
begin
  raise exception 'withdrawal % is paid to account % since %', old.id, old.account_id, old.paying_since
    using errcode = 'check_violation';
end $$;
create trigger wallet_withdrawals_keep_their_account before update of account_id, paying_since on wallet_withdrawals
  for each row when (old.account_id is not null and old.account_id is distinct from new.account_id
                     or old.paying_since is not null and old.paying_since is distinct from new.paying_since)
  execute function wallet_withdrawals_keep_their_account();

alter table connected_accounts
  -- How it ended, once it did: its provider refused its owner, or its owner took it from the merchant. To processes of the version
  -- before it is restricted, and can do nothing.
  add column ended_as       text,
  add column next_query_at  timestamptz,
  add column queries        integer not null default 0,
  add constraint connected_accounts_ended_as_check check (ended_as in ('rejected', 'deauthorized')) not valid,
  add constraint connected_accounts_queries_check check (queries >= 0) not valid;
create index connected_accounts_queries on connected_accounts (next_query_at, updated_at)
  where status in ('pending', 'needs_review');

drop trigger connected_accounts_guard on connected_accounts;
create trigger connected_accounts_guard
  before update of id, merchant_id, user_id, channel, country, fingerprint, channel_account_id, status, version
  on connected_accounts
  for each row execute function connected_accounts_guard();

-- A user has one, apart from those that were never made and those that are over.
create unique index connected_accounts_one_at_a_time on connected_accounts (merchant_id, user_id, channel)
  where status <> 'failed' and ended_as is null;
drop index connected_accounts_one_each;

-- An administrator ends what is in review and can never be told.
alter table wallet_actions
  drop constraint wallet_actions_action_check,
  add constraint wallet_actions_action_check
    check (action in ('hold', 'capture', 'release', 'withdraw', 'complete_withdrawal', 'reject_withdrawal', 'end_withdrawal',
                      'transfer', 'adjust')) not valid;
