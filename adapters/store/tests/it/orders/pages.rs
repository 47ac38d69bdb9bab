//! Lists of orders: everything once, and narrowed by an index.

use domain::{
    id::OrderId,
    order::{OrderStatus, OrderStep},
    scope::Scope,
};
use store::{OrderCursor, OrderPage};

use super::*;

impl World {
    fn page(&self) -> OrderPage {
        OrderPage {
            status: None,
            user_id: None,
            reference: None,
            created_from: None,
            created_before: None,
            after: None,
            limit: 3,
        }
    }

    /// Every order of these pages that the merchant sees, in order.
    async fn listed(&self, page: OrderPage) -> Vec<OrderId> {
        self.seen(&Scope::Merchant(self.merchant_id), page).await
    }

    /// Every order of these pages that can be seen, in order.
    async fn seen(&self, scope: &Scope, mut page: OrderPage) -> Vec<OrderId> {
        let mut ids = Vec::new();
        loop {
            let orders = self.store.within(scope).orders(&page).await.unwrap();
            let Some(last) = orders.last() else { return ids };
            page.after = Some(OrderCursor {
                created_at: last.created_at,
                id: last.id,
            });
            ids.extend(orders.iter().map(|order| order.id));
        }
    }
}

#[tokio::test]
async fn pages_hold_every_order_once_and_can_be_narrowed() {
    let world = world().await;
    let mut stored = Vec::new();
    for number in 0..8_u32 {
        let mut request = request();
        request.user_id = format!("user-{}", number % 2).parse().ok();
        request.reference = Some(format!("ref-{}", number % 4));
        let new = Order::new(
            world.merchant_id,
            key(&number.to_string()),
            request,
            at((number / 2).into()),
        );
        let new = new.unwrap();
        let record = Record {
            new_order: Some(Box::new(new.clone())),
            ..Record::default()
        };
        assert_eq!(world.write(record).await, Verdict::Written);
        stored.push(new);
    }
    let canceled = stored[5].clone();
    let begun = world.order("x").id.as_uuid();
    let canceled = canceled
        .take(&OrderStep::Cancel {}, domain::id::PaymentId::from_uuid(begun))
        .unwrap();
    assert_eq!(world.change_order(canceled).await, Verdict::Written);
    stored.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.id)));
    let ids = |is_meant: &dyn Fn(&Order) -> bool| -> Vec<OrderId> {
        let meant = stored.iter().filter(|order| is_meant(order));
        meant.map(|order| order.id).collect()
    };

    let page = || world.page();
    assert_eq!(world.listed(page()).await, ids(&|_| true));
    let user_id = "user-1".parse().ok();
    let of_user = OrderPage {
        user_id: user_id.clone(),
        ..page()
    };
    assert_eq!(
        world.listed(of_user).await,
        ids(&|order| order.user_id == user_id)
    );
    let reference = Some("ref-3".to_owned());
    let of_reference = OrderPage {
        reference: reference.clone(),
        user_id: user_id.clone(),
        ..page()
    };
    assert_eq!(
        world.listed(of_reference).await,
        ids(&|order| order.reference == reference)
    );
    let nobodys = OrderPage {
        reference,
        user_id: "user-0".parse().ok(),
        ..page()
    };
    assert_eq!(world.listed(nobodys).await, []);
    let in_range = OrderPage {
        created_from: Some(at(1)),
        created_before: Some(at(3)),
        ..page()
    };
    assert_eq!(
        world.listed(in_range).await,
        ids(&|order| (at(1)..at(3)).contains(&order.created_at))
    );
    let canceled = OrderPage {
        status: Some(OrderStatus::Canceled),
        ..page()
    };
    assert_eq!(
        world.listed(canceled).await,
        ids(&|order| order.idempotency_key == key("5"))
    );
    let other = Scope::Merchant(domain::id::MerchantId::random());
    assert_eq!(world.seen(&other, page()).await, []);
    assert_eq!(world.seen(&Scope::All, page()).await, ids(&|_| true));
    let user = Scope::User(world.merchant_id, user_id.clone().unwrap());
    assert_eq!(
        world.seen(&user, page()).await,
        ids(&|order| order.user_id == user_id)
    );
    let (own, others) = (
        user_id,
        stored
            .iter()
            .find(|order| order.user_id.is_some() && order.user_id.as_ref() != user.user()),
    );
    let others = others.unwrap().id;
    assert_eq!(world.store.within(&user).order(others).await.unwrap(), None);
    let own = stored.iter().find(|order| order.user_id == own).unwrap().id;
    assert!(world.store.within(&user).order(own).await.unwrap().is_some());
}

/// As many orders as would hurt.
const CROWD: &str = "
insert into orders (id, merchant_id, idempotency_key, fingerprint, status, stage, total_minor, currency, user_id, reference,
                    metadata, created_at, updated_at)
select gen_random_uuid(), merchants.id, number::text, sha256('x'), 'created', 'created', 5, 'USD', 'user-' || number % 5000,
       'ref-' || number, '{}', to_timestamp(number), to_timestamp(number)
from merchants, generate_series(1, 50000) as number;
insert into order_items (order_id, position, name, sku, unit_price_minor, quantity) select id, 0, 'x', 'x', 5, 1 from orders;
analyze orders, order_items";

#[tokio::test]
async fn lists_go_by_an_index_however_many_orders_there_are() {
    let world = world().await;
    let mut owner = world.owner().await;
    sqlx::raw_sql(CROWD).execute(&mut owner).await.unwrap();
    let read = "select pg_stat_force_next_flush(), sum(seq_tup_read)::bigint as read from pg_stat_user_tables
                where relname in ('orders', 'order_items')";
    let rows_gone_through = async |owner: &mut sqlx::PgConnection| -> i64 {
        sqlx::Row::get(&sqlx::query(read).fetch_one(owner).await.unwrap(), "read")
    };
    sqlx::Connection::close(owner).await.unwrap();
    let mut owner = world.owner().await;
    while rows_gone_through(&mut owner).await < 50_000 {
        tokio::task::yield_now().await;
    }
    let before = rows_gone_through(&mut owner).await;
    let pages = [
        world.page(),
        OrderPage {
            user_id: "user-7".parse().ok(),
            ..world.page()
        },
        OrderPage {
            reference: Some("ref-7".into()),
            ..world.page()
        },
    ];
    // Often enough for plans that do not know their parameters.
    for page in std::iter::repeat_n(pages, 8).flatten() {
        let scope = Scope::Merchant(world.merchant_id);
        assert!(!world.store.within(&scope).orders(&page).await.unwrap().is_empty());
    }
    // A session's figures are counted at its end at the latest.
    world.store.close().await;
    let used = "select sum(idx_scan)::bigint from pg_stat_user_tables where relname = 'orders'";
    while sqlx::query_scalar::<_, i64>(used)
        .fetch_one(&mut owner)
        .await
        .unwrap()
        < 24
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(rows_gone_through(&mut owner).await, before);
}
