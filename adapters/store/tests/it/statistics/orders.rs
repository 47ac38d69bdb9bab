//! What is rolled up is what a count of the orders themselves gives.

use chrono::{DateTime, Utc};
use domain::{
    channel::{ChannelRefundStatus, IntentStatus},
    currency::Currency,
    id::{MerchantId, PaymentId},
    order::{ItemCount, ItemRequest, Order, OrderEvent, OrderRequest, OrderStep, PayOrder, RefundNews},
    payment::Payment,
    scope::Scope,
};
use proptest::{collection::vec, prelude::*, sample::select};
use store::{Counted, Grouping, OrderFigures, OrderFilter, Record, RollUp, Verdict, Zone};

use super::{LONG_AFTER, LONG_AGO, begin_at, days, in_each_case, roll_up, zone};
use crate::support::{World, at, seen, transfers, world};

/// What the figures are, counted from the orders, for each currency and day of a zone. Whether an order is paid and was sent
/// is taken from other columns than in the roll-up.
const RECOUNT: &str = "
select ((bought.created_at at time zone $2)::date)::text as key, bought.currency,
       count(*) as orders,
       count(bought.paid_by) as paid,
       count(*) filter (where bought.status = 'payment_failed') as payment_failed,
       count(*) filter (where bought.status = 'canceled') as canceled,
       count(bought.carrier) as shipped,
       count(*) filter (where bought.stage = 'completed') as completed,
       count(*) filter (where back.minor > 0) as refunded,
       count(*) filter (where back.minor = bought.total_minor) as refunded_fully,
       sum(bought.total_minor)::bigint as amount_minor,
       coalesce(sum(payer.amount_minor), 0)::bigint as paid_minor,
       coalesce(sum(back.minor), 0)::bigint as refunded_minor,
       coalesce(sum(round(extract(epoch from paid.at - bought.created_at) * 1000)), 0)::bigint as paying_ms
from orders bought
left join payments payer on payer.id = bought.paid_by
left join ledger_transfers paid on paid.payment_id = bought.paid_by and paid.kind = 'payment'
left join (
  select order_id, sum(unit_price_minor * refunded_quantity) as minor from order_items group by 1) as back
  on back.order_id = bought.id
where bought.merchant_id = $1 group by 1, 2 order by 1, 2";

/// What happens to one order.
#[derive(Debug, Clone, Copy)]
struct Fate {
    created_at_s: i64,
    ends_as: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Open,
    PaymentFailed,
    Canceled,
    Paid(Then),
}

#[derive(Debug, Clone, Copy)]
enum Then {
    Nothing,
    Shipped,
    Completed,
    Refunding,
    RefundedPartly,
    RefundedFully,
    RefundedPartlyAndShipped,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let end = select(vec![
        End::Open,
        End::PaymentFailed,
        End::Canceled,
        End::Paid(Then::Nothing),
        End::Paid(Then::Shipped),
        End::Paid(Then::Completed),
        End::Paid(Then::Refunding),
        End::Paid(Then::RefundedPartly),
        End::Paid(Then::RefundedFully),
        End::Paid(Then::RefundedPartlyAndShipped),
    ]);
    let fate = (-2 * 86_400..20_i64, end).prop_map(|(created_at_s, ends_as)| Fate {
        created_at_s,
        ends_as,
    });
    vec(fate, 1..16)
}

fn filter(zone: Zone) -> OrderFilter {
    OrderFilter::of(days(zone))
}

fn request() -> OrderRequest {
    let item = |sku: &str, unit_price_minor, quantity| ItemRequest {
        name: sku.into(),
        sku: sku.into(),
        unit_price_minor,
        quantity,
        currency: None,
    };
    OrderRequest {
        currency: Currency::USD,
        items: vec![item("tea", 500, 3), item("cup", 250, 2)],
        total_minor: None,
        user_id: None,
        reference: None,
        description: None,
        metadata: std::collections::BTreeMap::new(),
        operator: None,
    }
}

/// Some of it, or all.
fn refund(all: bool) -> OrderStep {
    let cup = ItemCount {
        sku: "cup".into(),
        quantity: 1,
    };
    OrderStep::Refund {
        items: (!all).then(|| vec![cup]),
    }
}

impl World {
    /// Stores an order as if it had been created then.
    async fn created(&self, name: &str, created_at: DateTime<Utc>) -> Order {
        let key = name.to_owned().try_into().unwrap();
        let order = Order::new(self.merchant_id, key, request(), created_at).unwrap();
        let record = Record {
            new_order: Some(Box::new(order.clone())),
            ..Record::default()
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        order
    }

    /// Its payment, begun when it was created.
    async fn begun(&self, order: &Order) -> (Order, Payment) {
        let payment = Payment::new(
            self.merchant_id,
            order.idempotency_key.clone(),
            PayOrder::default().request_for(order),
            domain::channel::Channel::Stripe,
            &domain::merchant::Terms::default(),
            order.created_at,
        );
        let record = Record {
            new_payment: Some(payment.clone()),
            ..Record::default()
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        (
            self.step(order, &OrderStep::Pay(Box::default()), payment.id)
                .await,
            payment,
        )
    }

    async fn written(&self, order: Order) -> Order {
        self.written_with(order, Record::default()).await
    }

    async fn written_with(&self, order: Order, record: Record) -> Order {
        let id = order.id;
        let record = Record {
            order: Some(Box::new(order)),
            ..record
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        self.store.order(id).await.unwrap().unwrap()
    }

    async fn step(&self, order: &Order, step: &OrderStep, payment: PaymentId) -> Order {
        let stepped = order.clone().take(step, payment).unwrap();
        self.written(stepped).await
    }

    async fn pays(&self, order: Order) -> (Order, Payment) {
        let (order, payment) = self.begun(&order).await;
        let id = payment.id;
        let heard = order.hear(OrderEvent::Paid(id));
        let applied = seen(payment, IntentStatus::Succeeded);
        let record = Record {
            transfers: transfers(&applied.effects),
            payment: Some(applied.payment),
            ..Record::default()
        };
        let order = self.written_with(heard.order, record).await;
        (order, self.store.payment(id).await.unwrap().unwrap())
    }

    /// The items that a step gives back, given back.
    async fn refunded(&self, order: &Order, payment: &Payment, all: bool) -> Order {
        let step = refund(all);
        let items = order.refund_of(&step).unwrap();
        let price = order.price_of(&items).unwrap();
        let order = self.step(order, &step, payment.id).await;
        let key = format!("{}-back", order.idempotency_key.as_str());
        let (refund, payment) = self.refunding(payment, &key, price).await;
        self.refund_seen(refund, payment, ChannelRefundStatus::Succeeded)
            .await;
        let heard = order.hear(OrderEvent::Refund(RefundNews::Made, &items));
        self.written(heard.order).await
    }

    async fn shipped(&self, order: &Order, payment: &Payment) -> Order {
        let (carrier, tracking) = ("DHL".into(), "00340".into());
        self.step(order, &OrderStep::Ship { carrier, tracking }, payment.id)
            .await
    }

    async fn order_figures(&self, filter: &OrderFilter, grouping: Grouping) -> Vec<OrderFigures> {
        let scope = Scope::Merchant(self.merchant_id);
        let store = self.store.within(&scope);
        store.order_statistics(filter, grouping).await.unwrap()
    }
}

async fn meet(world: &World, name: &str, fate: Fate) {
    let order = world.created(name, at(fate.created_at_s)).await;
    match fate.ends_as {
        End::Open => {}
        End::Canceled => {
            let nothing_begun = PaymentId::derive(order.merchant_id, &order.idempotency_key);
            world.step(&order, &OrderStep::Cancel {}, nothing_begun).await;
        }
        End::PaymentFailed => {
            let (order, payment) = world.begun(&order).await;
            let heard = order.hear(OrderEvent::PaymentFailed(payment.id));
            world.written(heard.order).await;
        }
        End::Paid(then) => {
            let (order, payment) = world.pays(order).await;
            meet_after_paying(world, order, &payment, then).await;
        }
    }
}

async fn meet_after_paying(world: &World, order: Order, payment: &Payment, then: Then) {
    match then {
        Then::Nothing => order,
        Then::Shipped => world.shipped(&order, payment).await,
        Then::Completed => {
            let order = world.shipped(&order, payment).await;
            world.step(&order, &OrderStep::Complete {}, payment.id).await
        }
        Then::Refunding => world.step(&order, &refund(false), payment.id).await,
        Then::RefundedPartly => world.refunded(&order, payment, false).await,
        Then::RefundedFully => world.refunded(&order, payment, true).await,
        Then::RefundedPartlyAndShipped => {
            let order = world.refunded(&order, payment, false).await;
            world.shipped(&order, payment).await
        }
    };
}

async fn recount(world: &World, zone: &str) -> Vec<OrderFigures> {
    sqlx::query_as(RECOUNT)
        .bind(world.merchant_id.as_uuid())
        .bind(zone)
        .fetch_all(&mut world.owner().await)
        .await
        .unwrap()
}

async fn agrees_with_a_recount(fates: Vec<Fate>) {
    let world = world().await;
    begin_at(&world, at(LONG_AGO)).await;
    let half = fates.len() / 2;
    for (number, fate) in fates[..half].iter().enumerate() {
        meet(&world, &number.to_string(), *fate).await;
    }
    roll_up(&world, Counted::Orders, at(LONG_AFTER)).await;
    for (number, fate) in fates.iter().enumerate().skip(half) {
        meet(&world, &number.to_string(), *fate).await;
    }
    // Changes that are told with times of before are looked for again: here all are of the first days.
    begin_at(&world, at(LONG_AGO)).await;
    roll_up(&world, Counted::Orders, at(LONG_AFTER)).await;
    roll_up(&world, Counted::Orders, at(LONG_AFTER)).await;
    for name in ["UTC", "Asia/Kathmandu", "America/St_Johns", "Asia/Shanghai"] {
        let (zone, _) = zone(&world, name, at(0)).await.unwrap();
        let told = world.order_figures(&filter(zone), Grouping::Day).await;
        assert_eq!(told, recount(&world, name).await, "{name}");
    }
}

#[test]
fn the_figures_of_orders_are_those_of_a_recount() {
    in_each_case(fates(), agrees_with_a_recount);
}

/// With the rights that workers have, and no others.
#[tokio::test]
async fn orders_are_caught_up_with_after_days_of_silence() {
    let world = world().await;
    let writer = world.database.store_as_writer();
    begin_at(&world, at(0)).await;
    world.created("early", at(100)).await;
    world.created("late", at(LONG_AFTER - 100)).await;
    let mut steps = 1;
    while writer.roll_up(Counted::Orders, at(LONG_AFTER)).await.unwrap() != RollUp::Until(at(LONG_AFTER)) {
        steps += 1;
    }
    assert_eq!(steps, 120, "five days, an hour at a time");
    let of = async |scope: &Scope| {
        let store = world.store.within(scope);
        let figures = store.order_statistics(&filter(Zone::utc()), Grouping::None).await;
        figures.unwrap().iter().map(|figures| figures.orders).sum::<i64>()
    };
    assert_eq!(of(&Scope::All).await, 2);
    assert_eq!(of(&Scope::Merchant(world.merchant_id)).await, 2);
    assert_eq!(of(&Scope::Merchant(MerchantId::random())).await, 0);
    let user = Scope::User(world.merchant_id, "anna".parse().unwrap());
    assert_eq!(of(&user).await, 0);
    let until = async |counted: &[Counted]| world.store.rolled_up_until(counted).await.unwrap();
    assert_eq!(until(&[Counted::Orders]).await, at(LONG_AFTER));
    assert_eq!(until(&Counted::ALL).await, at(0), "payments were not counted");
    writer.close().await;
}

#[tokio::test]
async fn an_order_counts_where_it_stands_now_and_nowhere_else() {
    let world = world().await;
    begin_at(&world, at(0)).await;
    let order = world.created("k", at(900)).await;
    roll_up(&world, Counted::Orders, at(1_800)).await;
    let by_status = async || {
        let told = world.order_figures(&filter(Zone::utc()), Grouping::Status).await;
        let pairs = told
            .into_iter()
            .map(|figures| (figures.key.unwrap(), figures.orders));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(by_status().await, [("created".to_owned(), 1)]);
    let (order, payment) = world.pays(order).await;
    world.refunded(&order, &payment, true).await;
    begin_at(&world, at(0)).await;
    roll_up(&world, Counted::Orders, at(1_800)).await;
    assert_eq!(by_status().await, [("refunded".to_owned(), 1)]);
    let paid = OrderFilter {
        status: Some(domain::order::OrderStatus::Paid),
        ..filter(Zone::utc())
    };
    assert_eq!(world.order_figures(&paid, Grouping::None).await, []);
}
