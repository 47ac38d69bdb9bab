with changed as (
  select distinct merchant_id, date_bin('15 minutes', created_at, timestamptz '2000-01-01 00:00:00Z') as slot
  from payments where updated_at >= $1 and updated_at < $2
), counted as (
  select changed.merchant_id, changed.slot, payment.currency, payment.channel, payment.status,
         coalesce(payment.request->>'method', (
           select choice->>'method' from jsonb_array_elements(payment.routing->'order') as choice
           where choice->>'channel' = payment.channel limit 1), '') as method,
         count(*) as payments, sum(payment.amount_minor) as amount_minor,
         count(*) filter (where payment.refunded_minor > 0) as refunded, sum(payment.refunded_minor) as refunded_minor,
         coalesce(sum(greatest(extract(epoch from paid.at - payment.created_at), 0)), 0) as paying_s
  from changed
  join payments payment on payment.merchant_id = changed.merchant_id
    and payment.created_at >= changed.slot and payment.created_at < changed.slot + interval '15 minutes'
  left join lateral (
    select min(transfer.at) as at from ledger_transfers transfer
    where transfer.payment_id = payment.id and transfer.kind = 'payment') as paid on payment.status = 'succeeded'
  group by 1, 2, 3, 4, 5, 6
), written as (
  insert into payment_statistics as kept (merchant_id, slot, currency, channel, method, status, payments, amount_minor,
                                          refunded, refunded_minor, paying_ms)
  select merchant_id, slot, currency, channel, method, status, payments, amount_minor, refunded, refunded_minor,
         round(paying_s * 1000)
  from counted
  on conflict (merchant_id, slot, currency, channel, method, status) do update
  set payments = excluded.payments, amount_minor = excluded.amount_minor, refunded = excluded.refunded,
      refunded_minor = excluded.refunded_minor, paying_ms = excluded.paying_ms
)
-- What there is no payment of any more, as its status has changed.
delete from payment_statistics kept using changed
where kept.merchant_id = changed.merchant_id and kept.slot = changed.slot
  and not exists (
    select from counted
    where (counted.merchant_id, counted.slot, counted.currency, counted.channel, counted.method, counted.status)
        = (kept.merchant_id, kept.slot, kept.currency, kept.channel, kept.method, kept.status))
