//! Random choices that a seed repeats.
//!
//! The generator stands here in full, so that a seed means the same in every version: a run that found something can be
//! told to others by one number.

use std::{ops::RangeInclusive, time::Duration};

/// A source of choices. The same seed and purpose give the same choices in the same order; another purpose gives others,
/// so that one part may draw more without changing what another part draws.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Choices for one purpose, such as `plan`.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mix = |state: u64, byte: u8| scrambled(state ^ u64::from(byte));
        Self {
            state: purpose.bytes().fold(scrambled(seed), mix),
        }
    }

    /// The next 64 bits. This is SplitMix64.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scrambled(self.state)
    }

    /// One of the numbers.
    pub fn number(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (from, to) = range.into_inner();
        // The tiny preference for small numbers does not matter for choosing faults.
        from + self.bits() % (to.saturating_sub(from) + 1)
    }

    /// A duration of whole milliseconds.
    pub fn duration_ms(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(range))
    }

    /// True this many times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.number(1..=100) <= percent
    }

    /// A place in a list of this length, which must not be empty.
    pub fn place(&mut self, length: usize) -> usize {
        let last = u64::try_from(length.saturating_sub(1)).unwrap_or(u64::MAX);
        usize::try_from(self.number(0..=last)).unwrap_or_default()
    }

    /// Brings a list into any order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for place in (1..list.len()).rev() {
            list.swap(place, self.place(place + 1));
        }
    }
}

/// A deck of cards that is dealt whole before it is shuffled and dealt again: everything gets its turn.
#[derive(Debug, Clone)]
pub struct Deck<T> {
    cards: Vec<T>,
    dealt: usize,
    dice: Dice,
}

impl<T: Copy> Deck<T> {
    /// A deck of these cards, of which there must be one at least.
    pub const fn new(cards: Vec<T>, dice: Dice) -> Self {
        Self {
            cards,
            dealt: 0,
            dice,
        }
    }

    /// The next card.
    pub fn deal(&mut self) -> T {
        let place = self.dealt % self.cards.len();
        if place == 0 {
            self.dice.shuffle(&mut self.cards);
        }
        self.dealt += 1;
        self.cards[place]
    }

    /// The dice that the deck is shuffled with, for choices about its cards.
    pub const fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }
}

const fn scrambled(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_choices_and_no_others() {
        let draw = |seed, purpose| {
            let mut dice = Dice::new(seed, purpose);
            (0..50).map(|_| dice.bits()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, "plan"), draw(7, "plan"));
        assert_ne!(draw(7, "plan"), draw(8, "plan"));
        assert_ne!(draw(7, "plan"), draw(7, "pauses"));
    }

    #[test]
    fn choices_stay_within_their_bounds_and_reach_them() {
        let mut dice = Dice::new(1, "bounds");
        let drawn: Vec<u64> = (0..500).map(|_| dice.number(3..=9)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&9)));
        assert!((0..500).all(|_| dice.place(4) < 4));
    }

    #[test]
    fn a_deck_deals_every_card_before_it_deals_one_again() {
        let mut deck = Deck::new(vec![1, 2, 3, 4, 5], Dice::new(1, "deck"));
        for _ in 0..20 {
            let mut round: Vec<_> = (0..5).map(|_| deck.deal()).collect();
            round.sort_unstable();
            assert_eq!(round, [1, 2, 3, 4, 5]);
        }
    }
}
