//! At which failpoints a process is made to die when it is started.

use failpoints::Point;

use crate::{
    fleet::Role,
    seed::{Deck, Dice},
};

/// So many of a hundred starts are armed; the others live until something else ends them.
const ARMED_PERCENT: u64 = 75;
/// Points a process is armed with at once. Some are passed often and some hardly ever, so the first one ends it.
const AT_ONCE: usize = 2;

/// What the next process of a kind is armed with. Every point gets its turn before one gets another.
#[derive(Debug)]
pub struct Arms {
    percent: u64,
    ingress: Deck<Point>,
    workers: Deck<Point>,
}

impl Arms {
    /// The arms of a seed.
    pub fn new(seed: u64) -> Self {
        let deck = |role, purpose| Deck::new(points(role), Dice::new(seed, purpose));
        Self {
            percent: ARMED_PERCENT,
            ingress: deck(Role::Ingress, "arms of ingress"),
            workers: deck(Role::Workers, "arms of workers"),
        }
    }

    /// No arms for anybody.
    pub fn none() -> Self {
        Self {
            percent: 0,
            ..Self::new(0)
        }
    }

    /// What `SLUICE_FAILPOINTS` says at the next start of such a process; none when it is left in peace.
    pub fn next(&mut self, role: Role) -> Option<String> {
        let deck = match role {
            Role::Ingress => &mut self.ingress,
            Role::Workers => &mut self.workers,
            Role::Sandbox => return None,
        };
        if !deck.dice().chance(self.percent) {
            return None;
        }
        let mut armed = Vec::new();
        for _ in 0..AT_ONCE {
            let point = deck.deal();
            armed.push(format!("{}={}*off->kill", point.name(), visits(deck.dice())));
        }
        Some(armed.join(";"))
    }
}

/// How often the point is passed before it strikes: mostly soon, so that rare points are reached, sometimes in the thick
/// of work.
fn visits(dice: &mut Dice) -> u64 {
    if dice.chance(60) {
        dice.number(1..=3)
    } else {
        dice.number(4..=60)
    }
}

/// The points that such a process passes.
fn points(role: Role) -> Vec<Point> {
    let passes = |point: &Point| {
        let of_ingress = point.name().starts_with("ingress.");
        let of_both = point.name().starts_with("publish.");
        of_both || of_ingress == (role == Role::Ingress)
    };
    Point::ALL.iter().copied().filter(passes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_gets_its_turn() {
        let mut arms = Arms::new(3);
        // Enough starts to deal both decks once, though a quarter of them is left in peace.
        let starts = 2 * Point::ALL.len();
        let mut armed = String::new();
        for role in [Role::Ingress, Role::Workers] {
            let of_role: Vec<_> = (0..starts).filter_map(|_| arms.next(role)).collect();
            assert!(of_role.len() < starts, "some are left in peace");
            armed += &of_role.join(";");
            armed.push(';');
        }
        for point in Point::ALL {
            assert!(armed.contains(&format!("{}=", point.name())), "{point:?} never");
        }
        failpoints::arm(&armed).unwrap();
    }

    #[test]
    fn a_seed_repeats_its_arms() {
        let draw = |seed| {
            let mut arms = Arms::new(seed);
            (0..40).map(|_| arms.next(Role::Workers)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
