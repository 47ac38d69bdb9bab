//! What a merchant asks for when it creates an order.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{
    currency::Currency,
    fingerprint::Fingerprint,
    money::Money,
    texts::{InvalidText, check_metadata, check_text},
    user::UserId,
};

/// How many different items an order may have.
const MOST_ITEMS: usize = 100;
/// How many of one item.
const MOST_OF_ONE: u32 = 1_000_000;

/// The request for an order: facts that never change afterwards. A misspelt field is an error, not a field left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// The currency of all its prices.
    pub currency: Currency,
    /// What is bought: 1 to 100 items, each with a SKU of its own.
    pub items: Vec<ItemRequest>,
    /// What the merchant believes the total to be, in minor units. It is computed anyway; one that differs is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_minor: Option<i64>,
    /// The user of the merchant's who buys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The merchant's own number for it; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the payer reads on the provider's side; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's own notes, given back unchanged; limits as for payments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Who creates it, by the merchant's own name for that person; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
}

/// One thing to buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRequest {
    /// What people call it; at most 200 characters.
    pub name: String,
    /// What the merchant calls it; at most 100 characters.
    pub sku: String,
    /// The price of one, in minor units; nothing, for what comes for free.
    pub unit_price_minor: i64,
    /// How many; 1 to 1000000.
    pub quantity: u32,
    /// The currency of its price, for those who want it checked: an order has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

/// A field of the request cannot be used.
pub type InvalidOrder = InvalidText;

impl OrderRequest {
    /// Checks every field, the total too.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidOrder> {
        if !(1..=MOST_ITEMS).contains(&self.items.len()) {
            return Err(wrong_items(format!("1 to {MOST_ITEMS} items")));
        }
        let mut skus = HashSet::new();
        for (number, item) in (1..).zip(&self.items) {
            let about = |problem: String| wrong_items(format!("item {number}: {problem}"));
            item.check(self.currency).map_err(about)?;
            if !skus.insert(&item.sku) {
                return Err(about(
                    "its sku is another item's too; write it once, with the sum of the quantities".into(),
                ));
            }
        }
        let total = self.total()?.amount_minor;
        if self.total_minor.is_some_and(|believed| believed != total) {
            return Err(wrong_total(format!(
                "the items come to {total}; leave it out, or send that"
            )));
        }
        check_text("reference", self.reference.as_deref(), 200)?;
        check_text("description", self.description.as_deref(), 500)?;
        check_text("operator", self.operator.as_deref(), 200)?;
        check_metadata(&self.metadata)
    }

    /// What the items come to.
    ///
    /// # Errors
    /// They come to nothing, or to more than can be charged.
    pub fn total(&self) -> Result<Money, InvalidOrder> {
        let add = |sum: i64, item: &ItemRequest| {
            let price = item.unit_price_minor.checked_mul(item.quantity.into())?;
            sum.checked_add(price)
        };
        // More than fits is more than can be charged, too.
        let total = self.items.iter().try_fold(0, add).unwrap_or(i64::MAX);
        Money::chargeable(total, self.currency).map_err(|error| wrong_total(error.to_string()))
    }

    /// SHA-256 of the request in one canonical form.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("currency", Some(self.currency.code()));
        for item in &self.items {
            fingerprint.field("name", Some(&item.name));
            fingerprint.field("sku", Some(&item.sku));
            fingerprint.field("unit_price", Some(&item.unit_price_minor.to_string()));
            fingerprint.field("quantity", Some(&item.quantity.to_string()));
            fingerprint.field("item_currency", item.currency.map(Currency::code));
        }
        let total = self.total_minor.map(|total| total.to_string());
        fingerprint.field("total", total.as_deref());
        fingerprint.field("user_id", self.user_id.as_ref().map(UserId::as_str));
        fingerprint.field("reference", self.reference.as_deref());
        fingerprint.field("description", self.description.as_deref());
        fingerprint.field("operator", self.operator.as_deref());
        fingerprint.entries(&self.metadata);
        fingerprint.finish()
    }
}

impl ItemRequest {
    fn check(&self, currency: Currency) -> Result<(), String> {
        let told = |error: InvalidText| error.to_string();
        check_text("name", Some(&self.name), 200).map_err(told)?;
        check_text("sku", Some(&self.sku), 100).map_err(told)?;
        if !(0..=Money::MAX_MINOR).contains(&self.unit_price_minor) {
            return Err(format!("unit_price: 0 to {} minor units", Money::MAX_MINOR));
        }
        if !(1..=MOST_OF_ONE).contains(&self.quantity) {
            return Err(format!("quantity: 1 to {MOST_OF_ONE}"));
        }
        match self.currency {
            Some(other) if other != currency => Err(format!(
                "currency: the order is in {currency}, and an order has one currency"
            )),
            Some(_) | None => Ok(()),
        }
    }
}

fn wrong_items(problem: String) -> InvalidOrder {
    let field = "items";
    InvalidText { field, problem }
}

fn wrong_total(problem: String) -> InvalidOrder {
    let field = "total";
    InvalidText { field, problem }
}

#[cfg(test)]
mod tests;
