//! Worlds in which both sides agree give no difference; each thing that is changed in them gives exactly its class.

mod world;

use proptest::prelude::*;

use super::{Answer, Comparison, DifferenceClass, Ours, Question, Window, compare};
use crate::{
    channel::{Intent, IntentStatus, Statement, StatementKind, UnreadableEntry},
    currency::Currency,
    money::Money,
    refund::RefundStatus,
};
use world::{AGREED, Story, World, at, stories, window};

fn classes(comparison: &Comparison) -> Vec<DifferenceClass> {
    comparison
        .differences
        .iter()
        .map(|difference| difference.class)
        .collect()
}

fn compared(world: &World) -> Comparison {
    compare(&window(), &world.statement, &world.ours, Some(AGREED))
}

proptest! {
    /// Whatever happened, as long as both sides saw it, and however far their clocks are apart.
    #[test]
    fn two_sides_that_agree_have_no_difference(stories in stories()) {
        let world = World::of(&stories);
        let comparison = compared(&world);
        prop_assert_eq!(&comparison.differences, &vec![]);
        prop_assert_eq!(&comparison.unconfirmed, &vec![]);
        let of_ours = world.statement.entries.iter().filter(|line| line.kind != StatementKind::Other);
        prop_assert_eq!(comparison.matched, of_ours.filter(|line| window().contains(line.at)).count());
        prop_assert!(comparison.matched <= comparison.entries);
    }

    /// A fee is posted for every payment that was paid within the window, unless it has been.
    #[test]
    fn fees_are_posted_once(stories in stories()) {
        let mut world = World::of(&stories);
        let fees = compared(&world).fees;
        let paid = world.statement.entries.iter();
        let paid = paid.filter(|line| line.kind == StatementKind::Payment && window().contains(line.at));
        prop_assert_eq!(fees.len(), paid.count());
        world.post(&fees);
        prop_assert_eq!(compared(&world).fees, vec![]);
        prop_assert_eq!(compared(&world).differences, vec![]);
    }

    /// One line changed among many: its class, and no other difference anywhere.
    #[test]
    fn each_change_gives_exactly_its_class(
        stories in stories(),
        change in proptest::sample::select(&CHANGES[..]),
    ) {
        let mut world = World::of(&stories);
        let place = world.add(Story::Refunded, 720);
        change.1(&mut world, place);
        let comparison = compared(&world);
        prop_assert_eq!(classes(&comparison), vec![change.0]);
        prop_assert_eq!(&comparison.unconfirmed, &vec![]);
    }

    /// A movement without a line is a difference if the provider knows nothing of it, and none if it does.
    #[test]
    fn what_is_not_in_the_statement_is_asked_about(stories in stories()) {
        let mut world = World::of(&stories);
        let place = world.add(Story::Paid, 720);
        let line = world.statement.entries.remove(place);
        let comparison = compared(&world);
        prop_assert_eq!(classes(&comparison), vec![]);
        let [unconfirmed] = &comparison.unconfirmed[..] else { panic!("{comparison:?}") };
        let intent_id = line.intent_id.clone().unwrap();
        prop_assert_eq!(&unconfirmed.question, &Question::Intent(intent_id.clone()));
        let missing = unconfirmed.clone().settle(&Answer::Nothing).unwrap();
        prop_assert_eq!(missing.class, DifferenceClass::MissingThere);
        let answer = |money: Money, status| Answer::Intent(Intent {
            id: intent_id.clone(),
            payment_id: line.payment_id,
            money,
            received_minor: money.amount_minor,
            status,
            next_action: None, destination: None,
});
        let class = |money, status| unconfirmed.clone().settle(&answer(money, status)).map(|found| found.class);
        let (less, other) = (
            Money { amount_minor: 1, ..line.money },
            Money { currency: Currency::CHF, ..line.money },
        );
        prop_assert_eq!(class(line.money, IntentStatus::Succeeded), None);
        prop_assert_eq!(class(line.money, IntentStatus::Canceled), Some(DifferenceClass::State));
        prop_assert_eq!(class(less, IntentStatus::Succeeded), Some(DifferenceClass::Amount));
        prop_assert_eq!(class(other, IntentStatus::Succeeded), Some(DifferenceClass::Currency));
    }
}

/// A change of a world in which the line at a place is about a refunded payment and the next one about its refund.
type Change = (DifferenceClass, fn(&mut World, usize));

const CHANGES: [Change; 19] = [
    (DifferenceClass::Amount, |world, place| {
        world.line(place).money.amount_minor += 1
    }),
    (DifferenceClass::Amount, |world, place| {
        world.line(place + 1).money.amount_minor -= 1
    }),
    (DifferenceClass::Amount, |world, place| {
        world.payment_of(place).received.as_mut().unwrap().amount_minor -= 1;
    }),
    (DifferenceClass::Currency, |world, place| {
        world.line(place).money.currency = Currency::CHF
    }),
    (DifferenceClass::Currency, |world, place| {
        world.line(place + 1).money.currency = Currency::CHF
    }),
    (DifferenceClass::Fee, |world, place| {
        world.line(place).fee_minor += 1
    }),
    (DifferenceClass::Fee, |world, place| {
        world.line(place + 1).fee_minor += 1
    }),
    (DifferenceClass::Duplicate, |world, place| {
        world.twice(place, |_| ())
    }),
    (DifferenceClass::Duplicate, |world, place| {
        world.twice(place + 1, |_| ())
    }),
    // The payment's mark on the charge of an intent that we never heard of.
    (DifferenceClass::Duplicate, |world, place| {
        world.twice(place, |line| line.intent_id = Some("pi_other".into()));
    }),
    // The first charge is in the statement of an older day.
    (DifferenceClass::Duplicate, |world, place| {
        let payment = world.payment_of(place);
        payment.received.as_mut().unwrap().at = at(-3 * 1_440);
    }),
    (DifferenceClass::State, |world, place| world.unpay(place)),
    (DifferenceClass::State, |world, place| {
        world.payment_of(place).received = None
    }),
    (DifferenceClass::State, |world, place| {
        world.refund_of(place + 1).status = RefundStatus::Pending;
    }),
    // It came back there, and nobody told us.
    (DifferenceClass::State, |world, place| {
        world.twice(place + 1, |line| line.kind = StatementKind::RefundFailed);
    }),
    (DifferenceClass::MissingHere, |world, place| {
        world.twice(place, |line| line.payment_id = Some(world::unknown_payment()));
    }),
    // Made in the provider's dashboard: no mark, but an intent of ours.
    (DifferenceClass::MissingHere, |world, place| {
        world.twice(place + 1, world::unmark)
    }),
    (DifferenceClass::MissingHere, |world, place| {
        world.twice(place, |line| {
            world::unmark(line);
            line.kind = StatementKind::Dispute;
        });
    }),
    (DifferenceClass::MissingHere, |world, place| {
        let line = world.line(place).clone();
        world.statement.unreadable.push(UnreadableEntry {
            id: Some("txn_odd".into()),
            object_id: None,
            intent_id: line.intent_id,
            payment_id: None,
            refund_id: None,
            problem: "the currency \"xyz\" is not taken".into(),
        });
    }),
];

#[test]
fn lines_of_others_are_no_difference() {
    let mut world = World::of(&[]);
    let place = world.add(Story::Refunded, 600);
    let neighbour = world.payment_of(place).id;
    // Another program's, and another merchant's here with the same account.
    for foreign in 0..2 {
        let more = world.add(Story::Refunded, 700);
        for line in [more, more + 1] {
            let line = world.line(line);
            world::unmark(line);
            line.intent_id = Some(format!("pi_foreign_{foreign}"));
            line.payment_id = (foreign == 1).then(world::unknown_payment);
        }
        world.ours.payments.pop();
        world.ours.refunds.pop();
    }
    world.ours.of_others.insert(world::unknown_payment());
    let comparison = compared(&world);
    assert_eq!(comparison.differences, []);
    assert_eq!((comparison.entries, comparison.matched), (6, 2));
    assert_eq!(comparison.fees[0].payment_id, neighbour);
}

#[test]
fn a_line_that_nobody_can_tell_the_owner_of_is_told() {
    let nameless = UnreadableEntry {
        id: Some("txn_odd".into()),
        object_id: None,
        intent_id: None,
        payment_id: None,
        refund_id: None,
        problem: "the amount is missing".into(),
    };
    let foreign = UnreadableEntry {
        intent_id: Some("pi_foreign".into()),
        ..nameless.clone()
    };
    let statement = Statement {
        entries: vec![],
        unreadable: vec![nameless, foreign],
    };
    let comparison = compare(&window(), &statement, &Ours::default(), None);
    assert_eq!(classes(&comparison), [DifferenceClass::MissingHere]);
    assert_eq!(
        comparison.differences[0].theirs,
        "a line that cannot be read: the amount is missing"
    );
}

#[test]
fn without_an_agreement_the_providers_word_on_fees_is_taken_once() {
    let mut world = World::of(&[]);
    let place = world.add(Story::Paid, 600);
    world.line(place).fee_minor = 77;
    let no_agreement = |world: &World| compare(&window(), &world.statement, &world.ours, None);
    let first = no_agreement(&world);
    assert_eq!((classes(&first), first.fees[0].fee.amount_minor), (vec![], 77));
    world.post(&first.fees);
    world.line(place).fee_minor = 78;
    let later = no_agreement(&world);
    assert_eq!(
        (classes(&later), later.fees),
        (vec![DifferenceClass::Fee], vec![])
    );
}

#[test]
fn the_lines_of_other_days_are_left_to_those() {
    let mut world = World::of(&[]);
    let place = world.add(Story::Paid, -30);
    world.unpay(place);
    let comparison = compared(&world);
    assert_eq!((comparison.entries, classes(&comparison)), (0, vec![]));
    let before = Window {
        from: window().from - chrono::TimeDelta::days(1),
        until: window().from,
    };
    let comparison = compare(&before, &world.statement, &world.ours, Some(AGREED));
    assert_eq!(classes(&comparison), [DifferenceClass::State]);
}
