//! A client that does not give up: asks until it knows, and looks until it sees, as long as its patience lasts.

use std::sync::Arc;

use e2e::Answer;

use super::{
    client::{Shop, is_final},
    pauses::{Patience, Pauses},
};
use crate::journal::{Asked, Told};

/// How often a client looks at something to see a change before it loses interest.
const LOOKS: u32 = 30;

/// A client on its way. Its copies share its patience.
#[derive(Clone)]
pub(super) struct Errand<'a> {
    pub(super) shop: &'a Shop,
    patience: Arc<Patience>,
}

impl<'a> Errand<'a> {
    /// One that has all its patience.
    pub(super) fn of(shop: &'a Shop) -> Self {
        Self {
            shop,
            patience: Arc::new(Patience::new()),
        }
    }

    /// Whether it was not told yet to come to an end.
    pub(super) fn goes_on(&self) -> bool {
        !*self.shop.closing.borrow()
    }

    /// Asks until it is accepted or refused for good, whatever it is; gives the answer that accepted it.
    pub(super) async fn repeat_until_known<Asking: Future<Output = Asked>>(
        &self,
        ask: impl Fn() -> Asking,
        note: impl Fn(Asked),
    ) -> Option<Told> {
        let mut pauses = self.pauses();
        loop {
            let asked = ask().await;
            let told = asked.told.clone();
            note(asked);
            match told {
                Some(told) if told.is_accepted() => return Some(told),
                Some(told) if is_final(told.status, &told.retry_after) => return None,
                Some(_) | None if pauses.may_repeat().await => {}
                Some(_) | None => return None,
            }
        }
    }

    /// Looks until the answer is what was waited for, whatever is looked at, and gives that.
    pub(super) async fn repeat_until_found<T, Looking: Future<Output = (Asked, Option<Answer>)>>(
        &self,
        look: impl Fn() -> Looking,
        note: impl Fn(Asked),
        find: impl Fn(&Answer) -> Option<T>,
    ) -> Option<T> {
        let mut pauses = self.pauses();
        for _ in 0..LOOKS {
            let (seen, answer) = look().await;
            note(seen);
            if let Some(found) = answer.as_ref().and_then(&find) {
                return Some(found);
            }
            if !pauses.may_repeat().await {
                break;
            }
        }
        None
    }

    /// How long a client waits for an answer that it wants to have at once: not when it is told to come to an end.
    pub(super) fn wait_s(&self, is_waiting: bool) -> Option<u32> {
        (is_waiting && self.goes_on()).then_some(super::client::WAIT_S)
    }

    fn pauses(&self) -> Pauses<'_> {
        Pauses::new(&self.shop.closing, &self.patience)
    }
}
