//! What orders say of what is given back, against their refunds.

use std::collections::BTreeMap;

use super::ORDERS_BESIDE_ONE;
use crate::verifier::{
    Finding,
    facts::{Facts, Item, ItemRefund, Refund, StoredOrder, grouped},
    invariants,
    tally::Tally,
};

/// Items against refunds, and money against items.
pub fn items(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ITEMS_AGREE);
    let items = grouped(&facts.items, |item| &item.order_id);
    let given_back = grouped(&facts.item_refunds, |item| &item.refund);
    let refunds = grouped(&facts.refunds, |refund| {
        refund.order_id.as_deref().unwrap_or_default()
    });
    for order in &facts.orders {
        tally.look();
        let items = items.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        let refunds = refunds.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        check_money(&mut tally, order, items);
        for item in items {
            check_item(&mut tally, item, refunds, &given_back);
        }
        for refund in refunds {
            check_amount(&mut tally, refund, items, &given_back);
        }
    }
    let is_any_refunded = facts.orders.iter().any(|order| order.refunded_minor > 0);
    tally.expect(
        "an order of which something was given back",
        ORDERS_BESIDE_ONE,
        is_any_refunded,
    );
    tally.found()
}

fn check_money(tally: &mut Tally, order: &StoredOrder, items: &[&Item]) {
    let comes_to = |quantity: fn(&Item) -> i32| {
        let prices = items.iter();
        prices
            .map(|item| item.unit_price_minor * i64::from(quantity(item)))
            .sum::<i64>()
    };
    let sums = [
        comes_to(|item| item.refunding_quantity),
        comes_to(|item| item.refunded_quantity),
    ];
    let says = [order.refunding_minor, order.refunded_minor];
    if says != sums {
        tally.unbalanced(format!(
            "{} counts {says:?} as refunding and refunded; its items come to {sums:?}",
            order.id
        ));
    }
    if order.refunding_minor + order.refunded_minor > order.total_minor {
        tally.over_refunded(format!("{} gives back more than it came to", order.id));
    }
}

fn check_item(
    tally: &mut Tally,
    item: &Item,
    refunds: &[&Refund],
    given_back: &BTreeMap<&str, Vec<&ItemRefund>>,
) {
    let sum = |which: fn(&Refund) -> bool| {
        let refunds = refunds.iter().filter(|refund| which(refund));
        let items = refunds.filter_map(|refund| given_back.get(refund.id.as_str()));
        let of_it = items.flatten().filter(|back| back.sku == item.sku);
        of_it.map(|back| back.quantity).sum::<i64>()
    };
    let sums = [
        sum(Refund::is_reserved),
        sum(|refund| refund.status == "succeeded"),
    ];
    let says = [item.refunding_quantity, item.refunded_quantity].map(i64::from);
    if says != sums {
        tally.unbalanced(format!(
            "{} of {} counts {says:?} as refunding and refunded; its refunds come to {sums:?}",
            item.sku, item.order_id
        ));
    }
}

fn check_amount(
    tally: &mut Tally,
    refund: &Refund,
    items: &[&Item],
    given_back: &BTreeMap<&str, Vec<&ItemRefund>>,
) {
    let back = given_back.get(refund.id.as_str()).into_iter().flatten();
    let price = |back: &&ItemRefund| {
        let item = items.iter().find(|item| item.sku == back.sku);
        item.map_or(0, |item| item.unit_price_minor * back.quantity)
    };
    let comes_to: i64 = back.map(price).sum();
    if comes_to != refund.amount_minor {
        let amount = refund.amount_minor;
        tally.unbalanced(format!(
            "{} is about {amount}, and its items come to {comes_to}",
            refund.id
        ));
    }
}
