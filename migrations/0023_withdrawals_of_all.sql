-- Withdrawals are listed across wallets as well: a merchant's, one of its users', and everybody's.
create index wallet_withdrawals_of_merchant on wallet_withdrawals (merchant_id, created_at desc, id desc);
create index wallet_withdrawals_of_user on wallet_withdrawals (merchant_id, user_id, created_at desc, id desc);
create index wallet_withdrawals_newest_of_all on wallet_withdrawals (created_at desc, id desc);
