with changed as (
  select distinct merchant_id, date_bin('15 minutes', created_at, timestamptz '2000-01-01 00:00:00Z') as slot
  from orders where updated_at >= $1 and updated_at < $2
), counted as (
  select changed.merchant_id, changed.slot, bought.currency, bought.stage, bought.status,
         count(*) as orders, sum(bought.total_minor) as amount_minor,
         count(*) filter (where bought.refunded_minor > 0) as refunded,
         count(*) filter (where bought.refunded_minor = bought.total_minor) as refunded_fully,
         sum(bought.refunded_minor) as refunded_minor,
         coalesce(sum(greatest(extract(epoch from paid.at - bought.created_at), 0)), 0) as paying_s
  from changed
  join orders bought on bought.merchant_id = changed.merchant_id
    and bought.created_at >= changed.slot and bought.created_at < changed.slot + interval '15 minutes'
  left join lateral (
    select min(transfer.at) as at from ledger_transfers transfer
    where transfer.payment_id = bought.paid_by and transfer.kind = 'payment') as paid on true
  group by 1, 2, 3, 4, 5
), written as (
  insert into order_statistics as kept (merchant_id, slot, currency, stage, status, orders, amount_minor, refunded,
                                        refunded_fully, refunded_minor, paying_ms)
  select merchant_id, slot, currency, stage, status, orders, amount_minor, refunded, refunded_fully, refunded_minor,
         round(paying_s * 1000)
  from counted
  on conflict (merchant_id, slot, currency, stage, status) do update
  set orders = excluded.orders, amount_minor = excluded.amount_minor, refunded = excluded.refunded,
      refunded_fully = excluded.refunded_fully, refunded_minor = excluded.refunded_minor, paying_ms = excluded.paying_ms
)
-- What there is no order of any more, as its status has changed.
delete from order_statistics kept using changed
where kept.merchant_id = changed.merchant_id and kept.slot = changed.slot
  and not exists (
    select from counted
    where (counted.merchant_id, counted.slot, counted.currency, counted.stage, counted.status)
        = (kept.merchant_id, kept.slot, kept.currency, kept.stage, kept.status))
