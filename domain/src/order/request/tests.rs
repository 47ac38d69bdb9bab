use proptest::prelude::*;

use super::*;

/// What makes a request bad.
type Spoils = fn(&mut OrderRequest);

fn item(sku: &str, unit_price_minor: i64, quantity: u32) -> ItemRequest {
    ItemRequest {
        name: "Tea".into(),
        sku: sku.into(),
        unit_price_minor,
        quantity,
        currency: None,
    }
}

fn request(items: Vec<ItemRequest>) -> OrderRequest {
    OrderRequest {
        currency: Currency::USD,
        items,
        total_minor: None,
        user_id: None,
        reference: None,
        description: None,
        metadata: BTreeMap::new(),
        operator: None,
    }
}

fn refused(change: Spoils) -> InvalidOrder {
    let mut changed = request(vec![item("tea", 500, 3), item("cup", 250, 2)]);
    change(&mut changed);
    changed.validate().unwrap_err()
}

#[test]
fn what_cannot_be_ordered_is_named() {
    let cases: [(Spoils, &str, &str); 14] = [
        (|r| r.items.clear(), "items", "1 to 100"),
        (
            |r| r.items = (0..101).map(|n| item(&n.to_string(), 1, 1)).collect(),
            "items",
            "1 to 100",
        ),
        (|r| r.items[1].sku = "tea".into(), "items", "item 2: its sku"),
        (|r| r.items[0].name = String::new(), "items", "item 1: name"),
        (|r| r.items[0].sku = "a\0".into(), "items", "item 1: sku"),
        (|r| r.items[1].quantity = 0, "items", "item 2: quantity"),
        (|r| r.items[1].quantity = 1_000_001, "items", "item 2: quantity"),
        (
            |r| r.items[0].unit_price_minor = -1,
            "items",
            "item 1: unit_price",
        ),
        (
            |r| r.items[1].currency = Some(Currency::EUR),
            "items",
            "item 2: currency",
        ),
        (|r| r.total_minor = Some(1999), "total", "come to 2000"),
        (
            |r| r.items.iter_mut().for_each(|item| item.unit_price_minor = 0),
            "total",
            "greater than zero",
        ),
        (
            |r| r.items[0] = item("tea", Money::MAX_MINOR, 2),
            "total",
            "at most",
        ),
        (|r| r.reference = Some("x".repeat(201)), "reference", "200"),
        (|r| r.operator = Some(String::new()), "operator", "200"),
    ];
    for (change, field, words) in cases {
        let invalid = refused(change);
        assert_eq!(invalid.field, field, "{invalid}");
        assert!(invalid.problem.contains(words), "{invalid}");
    }
}

#[test]
fn a_total_that_does_not_fit_is_too_large_and_never_wraps_around() {
    let most = || item("tea", Money::MAX_MINOR, MOST_OF_ONE);
    let items = (0..100).map(|number| ItemRequest {
        sku: number.to_string(),
        ..most()
    });
    let invalid = request(items.collect()).validate().unwrap_err();
    assert_eq!(invalid.field, "total");
}

#[test]
fn a_fingerprint_tells_every_field_apart() {
    let plain = || request(vec![item("tea", 500, 3)]);
    let mut seen = vec![plain().fingerprint()];
    let variants: [Spoils; 13] = [
        |r| r.currency = Currency::EUR,
        |r| r.items.push(item("cup", 1, 1)),
        |r| r.items[0].name = "x".into(),
        |r| r.items[0].sku = "x".into(),
        |r| r.items[0].unit_price_minor = 1,
        |r| r.items[0].quantity = 1,
        |r| r.items[0].currency = Some(Currency::USD),
        |r| r.total_minor = Some(1500),
        |r| r.user_id = "user-42".parse().ok(),
        |r| r.reference = Some("x".into()),
        |r| r.description = Some("x".into()),
        |r| r.operator = Some("x".into()),
        |r| drop(r.metadata.insert("x".into(), "x".into())),
    ];
    for change in variants {
        let mut changed = plain();
        change(&mut changed);
        assert!(!seen.contains(&changed.fingerprint()));
        seen.push(changed.fingerprint());
    }
    assert_eq!(plain().fingerprint(), seen[0]);
}

proptest! {
    /// Computed in numbers that cannot overflow, it is the same.
    #[test]
    fn the_total_is_the_sum_of_what_the_items_cost(
        items in prop::collection::vec((0..=Money::MAX_MINOR, 1..=MOST_OF_ONE), 1..100),
        is_small in any::<bool>(),
    ) {
        let price = |price: i64| if is_small { price % 10_000 } else { price };
        let count = |count: u32| if is_small { 1 + count % 100 } else { count };
        let items: Vec<_> = items.iter().map(|(minor, quantity)| (price(*minor), count(*quantity))).collect();
        let expected: i128 = items.iter().map(|(minor, quantity)| i128::from(*minor) * i128::from(*quantity)).sum();
        let asked = items.iter().zip(0..).map(|((minor, quantity), number)| item(&number.to_string(), *minor, *quantity));
        let total = request(asked.collect()).total().ok().map(|total| i128::from(total.amount_minor));
        let can_be_charged = (1..=i128::from(Money::MAX_MINOR)).contains(&expected);
        prop_assert_eq!(total, can_be_charged.then_some(expected));
    }
}
