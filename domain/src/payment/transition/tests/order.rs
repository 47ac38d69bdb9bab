//! Order does not matter, by the hundred thousand: news is repeated, lost and sent again, and shuffled; our own
//! conclusions come in between. Where a payment ends follows from what was said alone, not from when.

use std::collections::BTreeSet;

use super::*;

const SEQUENCES: u64 = 100_000;

/// Numbers that look random and come again: the number of a sequence is all it takes to play it once more.
struct Dice(u64);

impl Dice {
    /// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.throw() % limit as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// A kind of news, and where a payment ends that has heard nothing of a higher rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    LostSight,
    RequiresAction,
    Processing,
    GaveUp,
    Declined,
    Canceled,
    Succeeded,
}

impl News {
    /// What providers say, lowest rank first.
    const OF_PROVIDERS: [News; 5] = [
        Self::RequiresAction,
        Self::Processing,
        Self::Declined,
        Self::Canceled,
        Self::Succeeded,
    ];

    fn event(self) -> PaymentEvent {
        match self {
            Self::LostSight => PaymentEvent::LostSight,
            Self::GaveUp => PaymentEvent::GaveUp(Failure::provider_unavailable()),
            Self::RequiresAction => seen(IntentStatus::RequiresAction),
            Self::Processing => seen(IntentStatus::Processing),
            Self::Declined => seen(declined()),
            Self::Canceled => seen(IntentStatus::Canceled),
            Self::Succeeded => seen(IntentStatus::Succeeded),
        }
    }

    /// The end, told independently of the code under test.
    fn end(self) -> (PaymentStatus, Option<Failure>) {
        match self {
            Self::LostSight => (PaymentStatus::NeedsReview, Some(Failure::outcome_unknown())),
            Self::GaveUp => (PaymentStatus::Failed, Some(Failure::provider_unavailable())),
            Self::RequiresAction => (PaymentStatus::RequiresAction, None),
            Self::Processing => (PaymentStatus::Processing, None),
            Self::Declined => {
                let IntentStatus::Declined(failure) = declined() else {
                    unreachable!()
                };
                (PaymentStatus::Failed, Some(failure))
            }
            Self::Canceled => (PaymentStatus::Canceled, None),
            Self::Succeeded => (PaymentStatus::Succeeded, None),
        }
    }
}

/// What is said about one payment. That it was given up means that the provider surely has nothing, so then nothing
/// comes from there; that it was lost from sight may be said at any time.
fn story(dice: &mut Dice) -> BTreeSet<News> {
    match dice.below(10) {
        0 => BTreeSet::from([News::LostSight]),
        1 => BTreeSet::from([News::GaveUp]),
        2 => BTreeSet::from([News::LostSight, News::GaveUp]),
        _ => story_of_provider(dice),
    }
}

fn story_of_provider(dice: &mut Dice) -> BTreeSet<News> {
    let picked = News::OF_PROVIDERS.into_iter().filter(|_| dice.one_in(2));
    let mut story: BTreeSet<News> = picked.collect();
    story.insert(News::OF_PROVIDERS[dice.below(News::OF_PROVIDERS.len())]);
    if dice.one_in(3) {
        story.insert(News::LostSight);
    }
    story
}

/// The order in which a story arrives: shuffled, some of it several times; what is lost on the way is sent again when
/// all the rest was sent, and may be lost again.
fn arrivals(story: &BTreeSet<News>, dice: &mut Dice) -> Vec<News> {
    let mut arrived = Vec::new();
    let mut to_send: Vec<News> = Vec::new();
    for news in story {
        let copies = 1 + dice.below(3);
        to_send.extend(std::iter::repeat_n(*news, copies));
    }
    while !to_send.is_empty() {
        let mut lost = Vec::new();
        while !to_send.is_empty() {
            let news = to_send.swap_remove(dice.below(to_send.len()));
            if dice.one_in(4) {
                lost.push(news);
            } else {
                arrived.push(news);
            }
        }
        to_send = lost;
    }
    arrived
}

#[test]
fn a_hundred_thousand_stories_end_as_what_was_said_has_it() {
    let (fresh, mut ends) = (pending(), BTreeSet::new());
    for number in 0..SEQUENCES {
        let mut dice = Dice(number);
        let story = story(&mut dice);
        let arrived = arrivals(&story, &mut dice);
        let mut payment = fresh.clone();
        let mut told = HashSet::new();
        for news in &arrived {
            let before = payment.status;
            let applied = payment.apply(news.event()).unwrap();
            payment = applied.payment;
            assert!(
                payment.status >= before,
                "sequence {number} {arrived:?} goes back at {news:?}"
            );
            for kind in applied.effects.iter().filter_map(Effect::told) {
                assert!(
                    told.insert(kind),
                    "sequence {number} {arrived:?} tells {kind} twice"
                );
            }
        }
        let end = story.last().map(|last| last.end()).unwrap();
        assert_eq!(
            (payment.status, payment.failure),
            end,
            "sequence {number} {arrived:?}"
        );
        let is_known = story.iter().any(|news| News::OF_PROVIDERS.contains(news));
        assert_eq!(
            payment.intent_id.is_some(),
            is_known,
            "sequence {number} {arrived:?}"
        );
        ends.insert(end.0);
    }
    assert_eq!(ends.len(), 6, "some end was never reached: {ends:?}");
}
