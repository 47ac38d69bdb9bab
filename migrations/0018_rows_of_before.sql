-- Whether the rows of before keep the constraints that 0011 to 0016 added for new ones. Each migration is a transaction, so this
-- is one of its own: those have let go of their tables, and whoever reads and writes goes on while all rows are read here.

alter table ledger_accounts validate constraint ledger_accounts_kind_check;
alter table ledger_transfers validate constraint ledger_transfers_are_about_something;
alter table notifications
  validate constraint notifications_of_order,
  validate constraint notifications_of_wallet,
  validate constraint notifications_of_account,
  validate constraint notifications_about_one;
alter table refunds validate constraint refunds_reverse_a_part;
alter table wallet_withdrawals validate constraint wallet_withdrawals_paid_by_a_provider;
alter table payments
  validate constraint payments_of_wallet,
  validate constraint payments_into_owners_wallet,
  validate constraint payments_for_one_thing,
  validate constraint payments_into_wallets_are_paid,
  validate constraint payments_from_wallets;
