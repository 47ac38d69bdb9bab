//! The verifier's own questions to the database. Ids come as the API shows them.

pub(super) const PAYMENTS: &str = "
select 'pay_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant,
       idempotency_key, status, amount_minor, currency, channel, user_id,
       'wal_' || replace(wallet_id::text, '-', '') as wallet_id, paid_into,
       'ord_' || replace(order_id::text, '-', '') as order_id, intent_id,
       refunded_minor, refund_reserved_minor,
       disputed_minor, is_late, expires_at < clock_timestamp() as is_overdue
from payments";

pub(super) const REFUNDS: &str = "
select 'rfd_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant,
       'pay_' || replace(payment_id::text, '-', '') as payment, idempotency_key, status, amount_minor, currency,
       request->'order'->>'order_id' as order_id, channel_refund_id, coalesce(failure->>'code', '') as failure_code
from refunds";

pub(super) const REFUND_RECORDS: &str = "
select 'rfd_' || replace(refund_id::text, '-', '') as refund, job_id, outcome
from refund_records";

pub(super) const ACTIONS: &str = "
select 'mer_' || replace(merchant_id::text, '-', '') as merchant, idempotency_key,
       'pay_' || replace(payment_id::text, '-', '') as payment, action, outcome->>'outcome' as outcome,
       coalesce(outcome->>'code', '') as code
from payment_actions";

pub(super) const ORDERS: &str = "
select 'ord_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant,
       idempotency_key, status, stage, total_minor, currency,
       'pay_' || replace(last_payment_id::text, '-', '') as last_payment,
       'pay_' || replace(paid_by::text, '-', '') as paid_by, refunding_minor, refunded_minor
from orders";

pub(super) const ITEMS: &str = "
select 'ord_' || replace(order_id::text, '-', '') as order_id, sku, unit_price_minor, quantity, refunding_quantity,
       refunded_quantity
from order_items
order by order_id, position";

pub(super) const ITEM_REFUNDS: &str = "
select 'rfd_' || replace(refunds.id::text, '-', '') as refund, item->>'sku' as sku, (item->>'quantity')::bigint as quantity
from refunds, jsonb_array_elements(refunds.request->'order'->'items') as item";

pub(super) const ORDER_ACTIONS: &str = "
select 'mer_' || replace(merchant_id::text, '-', '') as merchant, idempotency_key,
       'ord_' || replace(order_id::text, '-', '') as order_id, action, outcome->>'outcome' as outcome,
       'pay_' || replace(payment_id::text, '-', '') as payment
from order_actions";

pub(super) const ORDER_LOGS: &str = "
select 'ord_' || replace(order_id::text, '-', '') as order_id, step, status,
       'pay_' || replace(payment_id::text, '-', '') as payment, 'rfd_' || replace(refund_id::text, '-', '') as refund
from order_logs
order by id";

pub(super) const WALLETS: &str = "
select 'wal_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant, user_id, currency,
       balance_minor, held_minor, version
from wallets";

pub(super) const LINES: &str = "
select 'wal_' || replace(wallet_id::text, '-', '') as wallet, number, 'trf_' || replace(transfer_id::text, '-', '') as transfer, kind, phase, subject,
       amount_minor, hold_minor, balance_minor, held_minor
from wallet_transactions
order by wallet_id, number";

pub(super) const WALLET_ACTIONS: &str = "
select 'mer_' || replace(merchant_id::text, '-', '') as merchant, idempotency_key, action,
       'wal_' || replace(wallet_id::text, '-', '') as wallet, outcome->>'outcome' as outcome
from wallet_actions";

pub(super) const HOLDS: &str = "
select 'hld_' || replace(id::text, '-', '') as id, 'wal_' || replace(wallet_id::text, '-', '') as wallet, amount_minor,
       captured_minor, status
from wallet_holds";

pub(super) const WITHDRAWALS: &str = "
select 'wdr_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant,
       'wal_' || replace(wallet_id::text, '-', '') as wallet, user_id, amount_minor, currency, status, channel
from wallet_withdrawals";

pub(super) const ACCOUNTS: &str = "
select 'cac_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant, user_id, status,
       channel_account_id
from connected_accounts";

pub(super) const DISPUTES: &str = "
select 'dsp_' || replace(id::text, '-', '') as id, 'pay_' || replace(payment_id::text, '-', '') as payment,
       channel_dispute_id, amount_minor, status
from disputes";

pub(super) const TRANSFERS: &str = "
select id::text as id, coalesce('pay_' || replace(payment_id::text, '-', ''), '') as payment, subject, kind, phase,
       resolves::text as resolves
from ledger_transfers";

pub(super) const POSTINGS: &str = "
select posting.transfer_id::text as transfer, account.kind as account,
       'mer_' || replace(account.merchant_id::text, '-', '') as merchant, account.detail, posting.currency, posting.layer,
       posting.amount_minor
from ledger_postings posting join ledger_accounts account on account.id = posting.account_id";

pub(super) const RECONCILED: &str = "
select 'rec_' || replace(id::text, '-', '') from reconciliations where status = 'done'";

pub(super) const INBOX: &str = "
select 'mer_' || replace(merchant_id::text, '-', '') as merchant, event_id
from payment_callbacks";

pub(super) const NOTIFICATIONS: &str = "
select 'ntf_' || replace(id::text, '-', '') as id, 'mer_' || replace(merchant_id::text, '-', '') as merchant,
       coalesce('pay_' || replace(payment_id::text, '-', ''), '') as payment,
       coalesce('pay_' || replace(payment_id::text, '-', ''), 'ord_' || replace(order_id::text, '-', ''),
                'wal_' || replace(wallet_id::text, '-', ''), 'cac_' || replace(account_id::text, '-', ''), '') as about,
       coalesce(payload::jsonb->'data'->>'id', '') as subject, event_type, payload, status,
       (select count(*) from notification_attempts
        where notification_id = notifications.id and http_status between 200 and 299) as accepted_attempts
from notifications
order by created_at, id";

pub(super) const FAILURES: &str = "
select job_id, kind, disposition, error_class, correlation_id
from job_failures
order by id";

pub(super) const OUTBOX: &str = "select job_id from outbox order by id";
