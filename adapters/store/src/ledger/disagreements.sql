-- Every disagreement between the ledger and what it is about, and within the ledger.
with uuid_nil as (select '00000000-0000-0000-0000-000000000000'::uuid as id),
-- What the postings about each thing have to come to, by what the payment, the refund or the dispute says of itself.
payment as (
  select 'pay_' || replace(id::text, '-', '') as subject, id, merchant_id, status, amount_minor, currency, channel, user_id, paid_into,
         refunded_minor, refund_reserved_minor, disputed_minor, request -> 'destination' as destination
  from payments
), refund as (
  select 'rfd_' || replace(id::text, '-', '') as subject, payment_id, merchant_id, status, amount_minor, currency, reversed_minor
  from refunds
), dispute as (
  select 'dsp_' || replace(id::text, '-', '') as subject, payment_id, merchant_id, status, amount_minor, currency, channel
  from disputes
),
hold as (
  select 'hld_' || replace(id::text, '-', '') as subject, merchant_id, user_id, status, amount_minor, captured_minor, currency
  from wallet_holds
), withdrawal as (
  select 'wdr_' || replace(id::text, '-', '') as subject, merchant_id, user_id, status, amount_minor, currency, channel
  from wallet_withdrawals
),
-- Where a payment's money comes from and goes back to, and whose it is once it was paid.
place as (
  select id,
         case channel when 'wallet' then 'customer_wallet' else 'provider_clearing' end as source,
         case channel when 'wallet' then user_id else channel end as source_detail,
         case when paid_into is null then 'merchant_balance' else 'customer_wallet' end as holder,
         coalesce(paid_into, '') as holder_detail
  from payment
),
movement as (
  select subject, id as payment_id, merchant_id, currency, 'posted' as layer, amount_minor,
         source as giving, source_detail as giving_detail, holder as gaining, holder_detail as gaining_detail
  from payment join place using (id) where status = 'succeeded'
  union all
  -- What goes on to another account is not the merchant's, and what a refund takes back from there is again.
  select subject, id, merchant_id, currency, 'posted',
         amount_minor - coalesce((destination ->> 'application_fee_minor')::bigint, 0),
         'merchant_balance', '', 'provider_clearing', channel
  from payment where status = 'succeeded' and destination is not null
  union all
  select refund.subject, refund.payment_id, refund.merchant_id, refund.currency, 'posted', refund.reversed_minor,
         'provider_clearing', payment.channel, 'merchant_balance', ''
  from refund join payment on payment.id = refund.payment_id
  where refund.status = 'succeeded' and payment.destination is not null
  union all
  select subject, payment_id, merchant_id, currency, 'pending', amount_minor,
         holder, holder_detail, 'refunds_pending', ''
  from refund join place on place.id = refund.payment_id where status in ('pending', 'needs_review', 'processing')
  union all
  select subject, payment_id, merchant_id, currency, 'posted', amount_minor,
         holder, holder_detail, source, source_detail
  from refund join place on place.id = refund.payment_id where status = 'succeeded'
  union all
  select subject, payment_id, merchant_id, currency, 'posted', amount_minor, 'merchant_balance', '',
         case status when 'open' then 'disputes' else 'provider_clearing' end,
         case status when 'open' then '' else channel end
  from dispute where status in ('open', 'lost')
  union all
  select subject, null, merchant_id, currency, 'pending', amount_minor, 'customer_wallet', user_id, 'wallet_holds', ''
  from hold where status = 'held'
  union all
  select subject, null, merchant_id, currency, 'posted', captured_minor, 'customer_wallet', user_id, 'merchant_balance', ''
  from hold where status = 'captured'
  union all
  select subject, null, merchant_id, currency, 'pending', amount_minor, 'customer_wallet', user_id, 'wallet_holds', ''
  from withdrawal where status in ('requested', 'processing')
  union all
  select subject, null, merchant_id, currency, 'posted', amount_minor, 'customer_wallet', user_id, 'merchant_balance', ''
  from withdrawal where status = 'completed'
  union all
  -- What a provider pays out was never the merchant's.
  select subject, null, merchant_id, currency, 'posted', amount_minor, 'merchant_balance', '', 'provider_clearing', channel
  from withdrawal where status = 'completed' and channel is not null
),
expected as (
  -- The payment is compared as well; what is about none has the nil id on either side.
  select subject, coalesce(payment_id, uuid_nil.id) as payment_id, merchant_id, currency, layer, account, detail,
         sum(share * amount_minor) as amount_minor
  from movement cross join uuid_nil
  cross join lateral (values (giving, giving_detail, -1), (gaining, gaining_detail, 1)) as side (account, detail, share)
  group by 1, 2, 3, 4, 5, 6, 7
  having sum(share * amount_minor) <> 0
),
-- And what they come to. A provider's fee is known from its statement alone: there is nothing here to compare it with.
found as (
  select transfer.subject, coalesce(transfer.payment_id, uuid_nil.id) as payment_id, account.merchant_id, posting.currency, posting.layer,
         account.kind as account, account.detail, sum(posting.amount_minor) as amount_minor
  from ledger_postings posting
  join ledger_transfers transfer on transfer.id = posting.transfer_id
  join ledger_accounts account on account.id = posting.account_id
  cross join uuid_nil
  -- What merely moves between wallets, or corrects one, is found by their figures, below.
  where transfer.kind not in ('fee', 'wallet_transfer', 'wallet_adjustment')
  group by transfer.subject, transfer.payment_id, uuid_nil.id, account.merchant_id, posting.currency, posting.layer, account.kind,
           account.detail
  having sum(posting.amount_minor) <> 0
),
-- What a payment says about its refunds and disputes, and what those say.
refunded as (
  select payment_id,
         coalesce(sum(amount_minor) filter (where status = 'succeeded'), 0) as refunded_minor,
         coalesce(sum(amount_minor) filter (where status in ('pending', 'needs_review', 'processing')), 0)
           as reserved_minor
  from refund group by payment_id
), disputed as (
  select payment_id, sum(amount_minor) as disputed_minor from dispute where status in ('open', 'lost')
  group by payment_id
), figure as (
  select payment.subject, payment.currency, figure.rule, figure.expected, figure.found
  from payment
  left join refunded on refunded.payment_id = payment.id
  left join disputed on disputed.payment_id = payment.id
  cross join lateral (values
    ('refunded_differs', coalesce(refunded.refunded_minor, 0), payment.refunded_minor),
    ('reserved_differs', coalesce(refunded.reserved_minor, 0), payment.refund_reserved_minor),
    ('disputed_differs', coalesce(disputed.disputed_minor, 0), payment.disputed_minor)
  ) as figure (rule, expected, found)
),
-- What a wallet says of itself, what the postings on its account come to, and what the last line of its statement says. An
-- account that has postings and no wallet is called by its own name.
wallet as (
  select coalesce('wal_' || replace(wallet.id::text, '-', ''),
                  concat('mer_', replace(merchant_id::text, '-', ''), '/customer_wallet/', detail)) as subject,
         currency, coalesce(wallet.balance_minor, 0) as balance_minor, coalesce(wallet.held_minor, 0) as held_minor,
         coalesce(balance.posted_minor, 0) as posted_minor, -coalesce(balance.pending_minor, 0) as pending_minor,
         coalesce(line.balance_minor, 0) as stated_minor, coalesce(line.held_minor, 0) as stated_held_minor
  from (select id, merchant_id, user_id as detail, currency, balance_minor, held_minor, version from wallets) as wallet
  full join (select merchant_id, detail, currency, posted_minor, pending_minor
             from ledger_balances where kind = 'customer_wallet') as balance using (merchant_id, detail, currency)
  left join wallet_transactions line on line.wallet_id = wallet.id and line.number = wallet.version
), wallet_figure as (
  select wallet.subject, wallet.currency, figure.rule, figure.expected, figure.found
  from wallet cross join lateral (values
    ('wallet_balance_differs', posted_minor, balance_minor),
    ('wallet_holds_differ', pending_minor, held_minor),
    ('wallet_statement_differs', balance_minor, stated_minor),
    ('wallet_statement_differs', held_minor, stated_held_minor)
  ) as figure (rule, expected, found)
),
disagreement as (
  select 'postings_differ' as rule, subject,
         format('%s %s %s on %s', coalesce(expected.amount_minor, 0), currency, layer, place) as expected,
         format('%s %s %s on %s', coalesce(found.amount_minor, 0), currency, layer, place) as found
  from expected full join found using (subject, payment_id, merchant_id, currency, layer, account, detail)
  cross join lateral (values (concat_ws('/', account, nullif(detail, '')))) as posting (place)
  where expected.amount_minor is distinct from found.amount_minor
  union all
  select rule, subject, format('%s %s', expected, currency), format('%s %s', found, currency)
  from (select * from figure union all select * from wallet_figure) as figure where expected <> found
  union all
  select 'transfer_unbalanced', 'trf_' || replace(transfer_id::text, '-', ''), format('0 %s %s', currency, layer),
         format('%s %s %s', sum(amount_minor), currency, layer)
  from ledger_postings group by transfer_id, currency, layer having sum(amount_minor) <> 0
  union all
  select 'transfer_without_postings', 'trf_' || replace(id::text, '-', ''), 'postings', 'none'
  from ledger_transfers transfer
  where not exists (select from ledger_postings where transfer_id = transfer.id)
  union all
  select 'resolves_another', 'trf_' || replace(transfer.id::text, '-', ''),
         format('%s pending %s', transfer.kind, transfer.subject),
         format('%s %s %s', reservation.kind, reservation.phase, reservation.subject)
  from ledger_transfers transfer join ledger_transfers reservation on reservation.id = transfer.resolves
  where (reservation.kind, reservation.phase, reservation.subject)
        is distinct from (transfer.kind, 'pending', transfer.subject)
)
select rule, subject, expected, found, count(*) over () as total
from disagreement order by rule, subject, expected, found limit $1
