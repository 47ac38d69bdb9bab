//! What tests begin with, and the sums they end with.

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::{
    channel::Channel,
    currency::Currency,
    id::{IdempotencyKey, MerchantId},
    ledger::Transfer,
    merchant::Terms,
    money::Money,
    order::{ItemRequest, Order, OrderRequest},
    payment::{Payment, PaymentRequest, PaymentStatus},
};

/// The provider's id of the intent of [`paid`].
pub const INTENT_ID: &str = "pi_1";

pub fn usd(amount_minor: i64) -> Money {
    Money {
        amount_minor,
        currency: Currency::USD,
    }
}

pub fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(text.to_owned()).unwrap()
}

/// A payment of a merchant of its own, before anything was done about it.
pub fn payment_of(money: Money) -> Payment {
    let request = PaymentRequest::of(money);
    let (merchant, terms) = (MerchantId::random(), Terms::default());
    let now = DateTime::UNIX_EPOCH;
    Payment::new(merchant, key("key"), request, Channel::Stripe, &terms, now)
}

/// The same, paid.
pub fn paid(money: Money) -> Payment {
    Payment {
        status: PaymentStatus::Succeeded,
        intent_id: Some(INTENT_ID.into()),
        ..payment_of(money)
    }
}

/// Three teas of 5 dollars, two cups of 2.50, and a leaflet for free: 20 dollars.
pub fn order() -> Order {
    let item = |sku: &str, unit_price_minor, quantity| ItemRequest {
        name: sku.to_uppercase(),
        sku: sku.into(),
        unit_price_minor,
        quantity,
        currency: None,
    };
    let request = OrderRequest {
        currency: Currency::USD,
        items: vec![item("tea", 500, 3), item("cup", 250, 2), item("leaflet", 0, 1)],
        total_minor: Some(2000),
        user_id: None,
        reference: None,
        description: None,
        metadata: BTreeMap::new(),
        operator: None,
    };
    Order::new(MerchantId::random(), key("k"), request, DateTime::UNIX_EPOCH).unwrap()
}

/// Balances by kind of account, layer and currency.
pub type Sums = BTreeMap<(&'static str, &'static str, &'static str), i64>;

/// What these transfers leave on each account.
pub fn balances<'a>(transfers: impl IntoIterator<Item = &'a Transfer>) -> Sums {
    let mut sums = Sums::new();
    for posting in transfers.into_iter().flat_map(|transfer| &transfer.postings) {
        let account = &posting.account;
        let key = (account.kind.name(), posting.layer.name(), account.currency.code());
        *sums.entry(key).or_default() += posting.amount_minor;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}
