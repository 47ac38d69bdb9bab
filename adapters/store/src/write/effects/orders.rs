//! What is in orders, and what happened to them. The order is guarded in the same record, so what is written about its items
//! is never older than what is there.

use domain::order::{Order, OrderItem, OrderLog};

use super::column;
use crate::write::Together;

const INSERT_ITEMS: &str = "
insert into order_items (order_id, position, name, sku, unit_price_minor, quantity)
select * from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::bigint[], $6::integer[])";

/// Stores what is in new orders.
pub fn insert_items(all: &mut Together, orders: &[&Order]) {
    let items = placed(orders);
    if items.is_empty() {
        return;
    }
    let items: Vec<&Placed<'_>> = items.iter().collect();
    all.add(INSERT_ITEMS)
        .bind(column(&items, |(order, _, _)| order.id.as_uuid()))
        .bind(column(&items, |(_, position, _)| *position))
        .bind(column(&items, |(_, _, item)| item.name.as_str()))
        .bind(column(&items, |(_, _, item)| item.sku.as_str()))
        .bind(column(&items, |(_, _, item)| item.unit_price_minor))
        .bind(column(&items, |(_, _, item)| item.quantity.cast_signed()));
}

const UPDATE_ITEMS: &str = "
update order_items as stored
set refunding_quantity = seen.refunding, refunded_quantity = seen.refunded
from unnest($1::uuid[], $2::smallint[], $3::integer[], $4::integer[]) as seen (order_id, position, refunding, refunded)
where stored.order_id = seen.order_id and stored.position = seen.position
  and (stored.refunding_quantity, stored.refunded_quantity) <> (seen.refunding, seen.refunded)";

/// Stores how much of what is in changed orders is given back.
pub fn update_items(all: &mut Together, orders: &[&Order]) {
    let items = placed(orders);
    if items.is_empty() {
        return;
    }
    let items: Vec<&Placed<'_>> = items.iter().collect();
    all.add(UPDATE_ITEMS)
        .bind(column(&items, |(order, _, _)| order.id.as_uuid()))
        .bind(column(&items, |(_, position, _)| *position))
        .bind(column(&items, |(_, _, item)| item.refunding.cast_signed()))
        .bind(column(&items, |(_, _, item)| item.refunded.cast_signed()));
}

const INSERT_LOGS: &str = "
insert into order_logs (order_id, step, status, operator, reason, payment_id, refund_id, at)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[],
                     $8::timestamptz[])";

/// Adds to what happened to orders.
pub fn insert_logs(all: &mut Together, logs: &[&OrderLog]) {
    if logs.is_empty() {
        return;
    }
    all.add(INSERT_LOGS)
        .bind(column(logs, |log| log.order_id.as_uuid()))
        .bind(column(logs, |log| log.step.name()))
        .bind(column(logs, |log| log.status.name()))
        .bind(column(logs, |log| log.operator.as_deref()))
        .bind(column(logs, |log| log.reason.as_deref()))
        .bind(column(logs, |log| log.payment_id.map(|id| id.as_uuid())))
        .bind(column(logs, |log| log.refund_id.map(|id| id.as_uuid())))
        .bind(column(logs, |log| log.at));
}

/// An item, its place in its order, and the order.
type Placed<'a> = (&'a Order, i16, &'a OrderItem);

fn placed<'a>(orders: &[&'a Order]) -> Vec<Placed<'a>> {
    let of = |order: &&'a Order| {
        let order: &'a Order = order;
        (0..)
            .zip(&order.items)
            .map(move |(position, item)| (order, position, item))
    };
    orders.iter().flat_map(of).collect()
}
