-- Withdrawals are listed across wallets as well: a merchant's, one of its users', and everybody's.
create index wallet_withdrawals_of_merchant on wallet_withdrawals (merchant_id, created_at desc, id desc);
create index wallet_withdrawals_of_user on wallet_withdrawals (merchant_id, user_id, created_at desc, id desc);
create index wallet_withdrawals_newest_of_all on wallet_withdrawals (created_at desc, id desc);
-- What is to be paid out is found however much was: a merchant's, and everybody's.
create index wallet_withdrawals_of_merchant_by_status
  on wallet_withdrawals (merchant_id, status, created_at desc, id desc);
create index wallet_withdrawals_by_status on wallet_withdrawals (status, created_at desc, id desc);

-- The rows that 0019 did not look at.
alter table wallet_withdrawals
  validate constraint wallet_withdrawals_queries_check,
  validate constraint wallet_withdrawals_to_account,
  validate constraint wallet_withdrawals_in_review_are_paid_by_a_provider;
alter table connected_accounts
  validate constraint connected_accounts_ended_as_check,
  validate constraint connected_accounts_queries_check;
alter table wallet_actions validate constraint wallet_actions_action_check;
