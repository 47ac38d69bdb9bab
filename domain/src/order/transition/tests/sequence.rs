//! Whatever its merchant wants and its payments and refunds tell, in any order: an order is paid once, gives back no more
//! than was paid, and only moves forward.

use proptest::prelude::*;

use super::*;

/// Something that happens.
#[derive(Debug, Clone)]
enum Happens {
    Pay(u8),
    Wish(OrderStep),
    Paid(u8),
    Failed(u8),
    /// One of the refunds, counted around, gets on.
    Refund(usize, bool),
}

fn happens() -> impl Strategy<Value = Happens> {
    let some = (0..=3_u32, 0..=2_u32).prop_map(|(teas, cups)| {
        let items = [("tea", teas), ("cup", cups)].into_iter();
        refund(&items.filter(|(_, count)| *count > 0).collect::<Vec<_>>())
    });
    prop_oneof![
        2 => (0..4_u8).prop_map(Happens::Pay),
        1 => Just(Happens::Wish(OrderStep::Cancel {})),
        2 => Just(Happens::Wish(ship())),
        2 => Just(Happens::Wish(OrderStep::Complete {})),
        1 => Just(Happens::Wish(OrderStep::Refund { items: None })),
        3 => some.prop_map(Happens::Wish),
        3 => (0..4_u8).prop_map(Happens::Paid),
        2 => (0..4_u8).prop_map(Happens::Failed),
        5 => (any::<usize>(), any::<bool>()).prop_map(|(which, good)| Happens::Refund(which, good)),
    ]
}

/// How far a refund has come, told independently of the code under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Asked,
    Made,
    Over,
}

/// An order, and what happened around it.
struct World {
    order: Order,
    begun: Vec<PaymentId>,
    succeeded: Vec<PaymentId>,
    not_wanted: Vec<PaymentId>,
    refunds: Vec<(Vec<ItemCount>, i64, Stands)>,
}

impl World {
    fn play(&mut self, happens: &Happens) {
        match happens {
            Happens::Pay(number) => {
                let id = payment(&number.to_string());
                if self.wish(&pay(), id) {
                    self.begun.push(id);
                }
            }
            Happens::Wish(step) => drop(self.wish(step, payment("none"))),
            // A payment succeeds once.
            Happens::Paid(number) => {
                let id = payment(&number.to_string());
                if self.begun.contains(&id) && !self.succeeded.contains(&id) {
                    self.succeeded.push(id);
                    let heard = self.order.clone().hear(OrderEvent::Paid(id));
                    if !heard.is_wanted {
                        self.not_wanted.push(id);
                    }
                    self.order = heard.order;
                }
            }
            Happens::Failed(number) => {
                let event = OrderEvent::PaymentFailed(payment(&number.to_string()));
                self.order = self.order.clone().hear(event).order;
            }
            Happens::Refund(_, _) if self.refunds.is_empty() => {}
            Happens::Refund(which, is_good) => self.refund(which % self.refunds.len(), *is_good),
        }
    }

    fn wish(&mut self, step: &OrderStep, id: PaymentId) -> bool {
        let items = self.order.refund_of(step);
        let Ok(after) = self.order.clone().take(step, id) else {
            return false;
        };
        let items = items.unwrap();
        if !items.is_empty() {
            let amount = self.order.price_of(&items).unwrap();
            self.refunds.push((items, amount, Stands::Asked));
        }
        self.order = after;
        true
    }

    fn refund(&mut self, which: usize, is_good: bool) {
        let (items, _, stands) = &mut self.refunds[which];
        let (news, now) = match (*stands, is_good) {
            (Stands::Asked, true) => (RefundNews::Made, Stands::Made),
            (Stands::Asked, false) => (RefundNews::Failed, Stands::Over),
            (Stands::Made, false) => (RefundNews::Returned, Stands::Over),
            (Stands::Made, true) | (Stands::Over, _) => return,
        };
        *stands = now;
        self.order = self.order.clone().hear(OrderEvent::Refund(news, items)).order;
    }

    fn sum_of(&self, stands: Stands) -> i64 {
        let counted = self.refunds.iter().filter(|(_, _, now)| *now == stands);
        counted.map(|(_, amount, _)| amount).sum()
    }
}

proptest! {
    #[test]
    fn an_order_is_paid_once_gives_back_no_more_and_moves_forward(
        happening in prop::collection::vec(happens(), 1..60),
    ) {
        let mut world = World {
            order: order(),
            begun: Vec::new(),
            succeeded: Vec::new(),
            not_wanted: Vec::new(),
            refunds: Vec::new(),
        };
        for happens in &happening {
            let before = world.order.clone();
            world.play(happens);
            let order = &world.order;
            prop_assert!(order.stage >= before.stage, "{:?} after {:?}", order.stage, before.stage);
            prop_assert!(before.paid_by.is_none() || order.paid_by == before.paid_by);
            prop_assert_eq!(order.paid_by.is_some(), order.stage >= OrderStage::Paid);
            prop_assert_eq!(order.refunding_minor(), world.sum_of(Stands::Asked));
            prop_assert_eq!(order.refunded_minor(), world.sum_of(Stands::Made));
            prop_assert!(order.refunding_minor() + order.refunded_minor() <= order.money.amount_minor);
            prop_assert!(order.items.iter().all(|item| item.refunding + item.refunded <= item.quantity));
        }
        // Each payment that succeeded has paid it, or is given back.
        let paid: Vec<_> = world.succeeded.iter().filter(|id| !world.not_wanted.contains(id)).copied().collect();
        prop_assert_eq!(paid, Vec::from_iter(world.order.paid_by));
    }
}
