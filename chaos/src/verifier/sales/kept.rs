//! Orders that were accepted, against those that are stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    journal::{Goods, Sale},
    verifier::{
        Finding,
        facts::{Facts, Item, StoredOrder, grouped},
        invariants,
        requests::Key,
        tally::Tally,
    },
};

/// Accepted orders against stored ones.
pub fn kept(facts: &Facts) -> Finding {
    let mut tally = Tally::of(invariants::ORDERS_KEPT);
    let mut stored: BTreeMap<Key<'_>, Vec<&StoredOrder>> = BTreeMap::new();
    for order in &facts.orders {
        let key = (order.merchant.as_str(), order.idempotency_key.as_str());
        stored.entry(key).or_default().push(order);
    }
    let items = grouped(&facts.items, |item| &item.order_id);
    for sale in &facts.journal.sales {
        let key = (facts.seller_of(sale), sale.key.as_str());
        let stored = stored.remove(&key).unwrap_or_default();
        if sale.accepted().next().is_some() || !stored.is_empty() {
            tally.look();
        }
        if sale.accepted().next().is_some() && stored.is_empty() {
            tally.lost(format!("{} was accepted and is not stored", sale.key));
        }
        check_ids(&mut tally, sale, &stored);
        for order in stored {
            let items = items.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
            if !is_as_asked(order, items, sale) {
                let (total, currency) = (order.total_minor, &order.currency);
                tally.doubled(format!(
                    "{} comes to {total} {currency}, which nobody ordered",
                    order.id
                ));
            }
        }
    }
    for order in stored.into_values().flatten() {
        tally.look();
        tally.doubled(format!("{} is stored and nobody ordered it", order.id));
    }
    tally.found()
}

/// All answers and rows of one key have to name the same order.
fn check_ids(tally: &mut Tally, sale: &Sale, stored: &[&StoredOrder]) {
    let steps = sale.steps.iter().flat_map(|step| step.accepted());
    let told = sale.accepted().chain(sale.seen()).chain(steps);
    let mut ids: BTreeSet<&str> = told.map(|told| told.id.as_str()).collect();
    ids.extend(stored.iter().map(|order| order.id.as_str()));
    if ids.len() > 1 {
        let ids: Vec<&str> = ids.into_iter().collect();
        tally.doubled(format!("{} is called {}", sale.key, ids.join(" and ")));
    }
}

fn is_as_asked(order: &StoredOrder, items: &[&Item], Sale { basket, .. }: &Sale) -> bool {
    let is_goods = |(item, goods): (&&Item, &Goods)| {
        item.sku == goods.sku
            && item.unit_price_minor == goods.unit_price_minor
            && i64::from(item.quantity) == i64::from(goods.quantity)
    };
    order.total_minor == basket.total_minor()
        && order.currency == basket.currency
        && items.len() == basket.goods.len()
        && items.iter().zip(&basket.goods).all(is_goods)
}
