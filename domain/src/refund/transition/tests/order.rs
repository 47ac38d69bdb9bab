//! Order does not matter: several refunds of one payment hear their news shuffled and repeated, and new ones are asked
//! for in between. Whatever comes, the payment's figures and the books are what the statuses say.

use proptest::prelude::*;

use super::*;
use crate::examples::{Sums, balances};

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody wants so much back.
    Ask(i64),
    /// One of the refunds, counted around, hears something.
    Hear(usize, News),
}

/// A kind of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    LostSight,
    Processing,
    Succeeded,
    Failed,
}

impl News {
    fn about(self, refund: &Refund) -> RefundEvent {
        match self {
            Self::LostSight => RefundEvent::LostSight,
            Self::Processing => seen(refund, ChannelRefundStatus::Processing),
            Self::Succeeded => seen(refund, ChannelRefundStatus::Succeeded),
            Self::Failed => seen(refund, returned()),
        }
    }

    /// Where a refund ends that has heard nothing of a higher rank, told independently of the code under test.
    fn end(self) -> RefundStatus {
        match self {
            Self::LostSight => RefundStatus::NeedsReview,
            Self::Processing => RefundStatus::Processing,
            Self::Succeeded => RefundStatus::Succeeded,
            Self::Failed => RefundStatus::Failed,
        }
    }
}

fn news() -> impl Strategy<Value = News> {
    prop::sample::select(vec![
        News::LostSight,
        News::Processing,
        News::Succeeded,
        News::Failed,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (1..=PAID).prop_map(Step::Ask),
        3 => (any::<usize>(), news()).prop_map(|(which, news)| Step::Hear(which, news)),
    ]
}

/// A payment, its refunds, and all that followed from what they heard.
struct World {
    payment: Payment,
    refunds: Vec<Refund>,
    heard: Vec<Vec<News>>,
    transfers: Vec<Transfer>,
    told: Vec<(usize, NotificationType)>,
}

impl World {
    fn begin() -> Self {
        Self {
            payment: paid(usd(PAID)),
            refunds: Vec::new(),
            heard: Vec::new(),
            transfers: Vec::new(),
            told: Vec::new(),
        }
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Ask(amount_minor) => self.ask(*amount_minor),
            Step::Hear(_, _) if self.refunds.is_empty() => {}
            Step::Hear(which, news) => self.hear(which % self.refunds.len(), *news),
        }
    }

    fn ask(&mut self, amount_minor: i64) {
        if amount_minor > self.payment.refundable_minor() {
            return;
        }
        let name = self.refunds.len().to_string();
        let (refund, payment) = reserved(self.payment.clone(), &name, amount_minor);
        self.transfers.push(Transfer::refund_reserved(&refund, &payment));
        self.payment = payment;
        self.refunds.push(refund);
        self.heard.push(Vec::new());
    }

    fn hear(&mut self, which: usize, news: News) {
        let refund = self.refunds[which].clone();
        let event = news.about(&refund);
        let before = (refund.clone(), self.payment.clone());
        let applied = refund.apply(self.payment.clone(), event).unwrap();
        assert_eq!(
            applied.changed,
            (&applied.refund, &applied.payment) != (&before.0, &before.1)
        );
        assert_eq!(applied.payment_changed, applied.payment != before.1);
        for effect in applied.effects {
            match effect {
                Effect::Post(transfer) => self.transfers.push(transfer),
                Effect::Notify(told) => self.told.push((which, told)),
                Effect::Capture | Effect::PaidLate => panic!("a refund pays nothing"),
            }
        }
        self.refunds[which] = applied.refund;
        self.payment = applied.payment;
        self.heard[which].push(news);
    }

    fn sum_of(&self, counts: impl Fn(RefundStatus) -> bool) -> i64 {
        let counted = self.refunds.iter().filter(|refund| counts(refund.status));
        counted.map(|refund| refund.money.amount_minor).sum()
    }

    /// What the statuses say the books have to be.
    fn expected_sums(&self) -> Sums {
        let waiting = self.sum_of(RefundStatus::is_reserved);
        let given = self.sum_of(|status| status == RefundStatus::Succeeded);
        let mut sums = Sums::from([
            (("merchant_balance", "pending", "USD"), -waiting),
            (("refunds_pending", "pending", "USD"), waiting),
            (("merchant_balance", "posted", "USD"), -given),
            (("provider_clearing", "posted", "USD"), given),
        ]);
        sums.retain(|_, sum| *sum != 0);
        sums
    }
}

proptest! {
    #[test]
    fn figures_and_books_are_always_what_the_statuses_say(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::begin();
        for step in &steps {
            world.play(step);
            let waiting = world.sum_of(RefundStatus::is_reserved);
            let given = world.sum_of(|status| status == RefundStatus::Succeeded);
            prop_assert_eq!(world.payment.refund_reserved_minor, waiting);
            prop_assert_eq!(world.payment.refunded_minor, given);
            prop_assert!(waiting + given <= PAID, "more is given back than was paid");
            prop_assert_eq!(balances(&world.transfers), world.expected_sums());
        }
        for (refund, heard) in world.refunds.iter().zip(&world.heard) {
            let end = heard.iter().max().map_or(RefundStatus::Pending, |last| last.end());
            prop_assert_eq!(refund.status, end, "after {:?}", heard);
        }
        let mut ids: Vec<_> = world.transfers.iter().map(|transfer| transfer.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), world.transfers.len(), "a movement was written twice");
        world.told.sort_by_key(|(which, told)| (*which, told.name()));
        let announcements = world.told.len();
        world.told.dedup();
        prop_assert_eq!(world.told.len(), announcements, "something was told twice");
    }

    #[test]
    fn the_order_and_number_of_deliveries_do_not_matter(
        (news, shuffled) in prop::collection::vec(news(), 1..6)
            .prop_flat_map(|news| (Just(news.clone()), Just(news).prop_shuffle())),
        repeats in 1..3_usize,
    ) {
        let after = |news: Vec<News>| {
            let mut world = World::begin();
            world.ask(500);
            for news in news {
                world.hear(0, news);
            }
            // The merchant of each world is its own.
            let refund = &world.refunds[0];
            let figures = (world.payment.refunded_minor, world.payment.refund_reserved_minor);
            (refund.status, refund.failure.clone(), refund.channel_refund_id.clone(), figures, balances(&world.transfers))
        };
        let repeated = shuffled.into_iter().flat_map(|news| std::iter::repeat_n(news, repeats)).collect();
        prop_assert_eq!(after(news), after(repeated));
    }
}
