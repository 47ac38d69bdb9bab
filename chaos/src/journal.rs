//! What clients asked and what they were told.
//!
//! The journal is the merchants' side of the evidence. Only what was answered 2xx counts as accepted; a request without
//! an answer may have been taken or not. It lives in memory and outlives every process that is killed.

mod provider;
mod purse;
mod sale;
mod wish;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::traffic::{PurseStory, SaleStory, Story};
pub use provider::Provider;
pub use purse::{Owner, Purse, PurseDeed, PurseStep};
pub use sale::{Basket, Goods, Sale, Step, StepDeed};
pub use wish::{Deed, Wish};

/// A merchant who took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// Its id at Sluice.
    pub id: String,
    /// Its name at the sandbox.
    pub name: String,
    /// Its accounts at the providers, by the names that these know them by.
    pub accounts: Vec<String>,
}

/// What a payment was asked for with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// In the currency's minor unit.
    pub amount_minor: i64,
    /// The ISO 4217 code.
    pub currency: &'static str,
    /// The provider that it is to go through.
    pub through: Provider,
    /// The card that is charged at once, if any.
    pub payment_method: Option<&'static str>,
    /// After how many seconds it is closed when nobody has paid; the merchant's usual time when it is not said.
    pub expires_in_s: Option<u32>,
    /// The wallet that it has to do with, if any.
    pub wallet: Option<WalletUse>,
}

/// What a payment has to do with a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletUse {
    /// It is paid into this one.
    Into(String),
    /// It is paid from the wallet of this user.
    From(String),
}

/// An answer of ingress.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The `type` of a problem document; empty when the answer is none.
    pub problem: String,
    /// `Retry-After`; empty when there is none.
    pub retry_after: String,
    /// The id of the payment, refund, order, wallet or what else it is about; empty when there is none.
    pub id: String,
    /// Where that stands; empty when there is none.
    pub object_status: String,
    /// The payment that an order names; empty when it names none.
    pub payment: String,
}

/// One time that a client asked, and what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// How long the client waited.
    pub took: Duration,
    /// The answer; none when the connection was cut or the client lost patience.
    pub told: Option<Told>,
}

/// One request for a payment, as often as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What was asked for.
    pub wanted: Wanted,
    /// Each time it was sent, in the order of the answers.
    pub asked: Vec<Asked>,
}

/// Everything that happened under one idempotency key of one merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The merchant, as its place in [`Entries::merchants`].
    pub merchant: usize,
    /// The idempotency key.
    pub key: String,
    /// What was meant to happen.
    pub story: Story,
    /// The requests: one, or a second one with another body.
    pub requests: Vec<Request>,
    /// What the client saw when it looked at the payment, in order, without repetitions.
    pub looks: Vec<Asked>,
    /// What its payer did.
    pub payer: Vec<PayerAct>,
    /// What its merchant wanted done with the payment afterwards, in the order of the first requests.
    pub wishes: Vec<Wish>,
}

/// Something a payer did at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayerAct {
    /// The intent that was paid.
    pub intent: String,
    /// The card, the passed authentication, or what is done elsewhere in place of a card.
    pub with: &'static str,
    /// What the provider said: the intent's status or the decline code; none when it did not answer. Other providers than
    /// Stripe are put into its words: `succeeded`, and `approved` for what is paid once it is captured.
    pub said: Option<String>,
}

/// Everything in the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries {
    /// The merchants.
    pub merchants: Vec<Merchant>,
    /// The orders, oldest first.
    pub orders: Vec<Order>,
    /// The sales, oldest first.
    pub sales: Vec<Sale>,
    /// The purses, oldest first.
    pub purses: Vec<Purse>,
}

/// The record, written by many clients at once.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<Entries>,
}

/// Where an order stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderNumber(usize);

/// Where a sale stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleNumber(usize);

/// Where a step of a sale stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepNumber {
    sale: SaleNumber,
    place: usize,
}

/// Where a purse stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurseNumber(usize);

/// Where a step of a purse stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurseStepNumber {
    purse: PurseNumber,
    place: usize,
}

/// Where a wish stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WishNumber {
    order: OrderNumber,
    place: usize,
}

impl Journal {
    /// A journal in which these merchants may write.
    pub fn of(merchants: Vec<Merchant>) -> Self {
        Self {
            entries: Mutex::new(Entries {
                merchants,
                ..Entries::default()
            }),
        }
    }

    /// A copy of everything written so far.
    pub fn entries(&self) -> Entries {
        self.locked().clone()
    }

    /// How many orders were begun, and how many were accepted.
    pub fn progress(&self) -> Progress {
        let entries = self.locked();
        Progress {
            begun: entries.orders.len(),
            accepted: entries.orders.iter().filter(|order| order.is_accepted()).count(),
        }
    }

    /// Begins an order.
    pub fn begin(&self, merchant: usize, key: &str, story: Story, wanted: &[Wanted]) -> OrderNumber {
        let requests = wanted.iter().map(|wanted| Request {
            wanted: wanted.clone(),
            asked: Vec::new(),
        });
        let order = Order {
            merchant,
            key: key.to_owned(),
            story,
            requests: requests.collect(),
            looks: Vec::new(),
            payer: Vec::new(),
            wishes: Vec::new(),
        };
        let mut entries = self.locked();
        entries.orders.push(order);
        OrderNumber(entries.orders.len() - 1)
    }

    /// Notes that the order's request of this number was sent, and what came back.
    pub fn note_asked(&self, order: OrderNumber, request: usize, asked: Asked) {
        self.change(order, |order| {
            if let Some(request) = order.requests.get_mut(request) {
                request.asked.push(asked);
            }
        });
    }

    /// Notes what the client saw when it looked at its payment. Seeing the same again is not written down.
    pub fn note_look(&self, order: OrderNumber, seen: Asked) {
        self.change(order, |order| note_change(&mut order.looks, seen));
    }

    /// Notes what the order's payer did.
    pub fn note_payer(&self, order: OrderNumber, act: PayerAct) {
        self.change(order, |order| order.payer.push(act));
    }

    /// Begins a wish about the order's payment, such as a `refund`, and gives the key that it is sent under.
    pub fn begin_wish(&self, number: OrderNumber, what: &str, deed: Deed) -> (WishNumber, String) {
        let (mut place, mut key) = (0, String::new());
        self.change(number, |order| {
            place = order.wishes.len();
            key = format!("{}-{what}-{}", order.key, place + 1);
            order.wishes.push(Wish::new(&key, deed));
        });
        let order = number;
        (WishNumber { order, place }, key)
    }

    /// Notes that a wish was sent, and what came back.
    pub fn note_wish_asked(&self, wish: WishNumber, asked: Asked) {
        self.change_wish(wish, |wish| wish.asked.push(asked));
    }

    /// Notes what the client saw when it looked at its refund. Seeing the same again is not written down.
    pub fn note_wish_look(&self, wish: WishNumber, seen: Asked) {
        self.change_wish(wish, |wish| note_change(&mut wish.looks, seen));
    }

    /// Begins a sale.
    pub fn begin_sale(&self, merchant: usize, key: &str, story: SaleStory, basket: &Basket) -> SaleNumber {
        let mut entries = self.locked();
        entries
            .sales
            .push(Sale::new(merchant, key, story, basket.clone()));
        SaleNumber(entries.sales.len() - 1)
    }

    /// Notes that the sale's order was asked for, and what came back.
    pub fn note_sale_asked(&self, sale: SaleNumber, asked: Asked) {
        self.change_sale(sale, |sale| sale.asked.push(asked));
    }

    /// Notes what the client saw when it looked at its order. Seeing the same again is not written down.
    pub fn note_sale_look(&self, sale: SaleNumber, seen: Asked) {
        self.change_sale(sale, |sale| note_change(&mut sale.looks, seen));
    }

    /// Notes what a payer of the sale did.
    pub fn note_sale_payer(&self, sale: SaleNumber, act: PayerAct) {
        self.change_sale(sale, |sale| sale.payer.push(act));
    }

    /// Begins a step of the sale, and gives the key that it is sent under.
    pub fn begin_step(&self, sale: SaleNumber, deed: StepDeed) -> (StepNumber, String) {
        let (mut place, mut key) = (0, String::new());
        self.change_sale(sale, |sale| {
            place = sale.steps.len();
            key = format!("{}-{}-{}", sale.key, deed.name(), place + 1);
            sale.steps.push(Step {
                key: key.clone(),
                deed,
                asked: Vec::new(),
            });
        });
        (StepNumber { sale, place }, key)
    }

    /// Notes that a step was sent, and what came back.
    pub fn note_step_asked(&self, StepNumber { sale, place }: StepNumber, asked: Asked) {
        self.change_sale(sale, |sale| {
            if let Some(step) = sale.steps.get_mut(place) {
                step.asked.push(asked);
            }
        });
    }

    /// Begins a purse.
    pub fn begin_purse(
        &self,
        merchant: usize,
        key: &str,
        story: PurseStory,
        currency: &'static str,
    ) -> PurseNumber {
        let mut entries = self.locked();
        entries.purses.push(Purse::new(merchant, key, story, currency));
        PurseNumber(entries.purses.len() - 1)
    }

    /// Begins a step about this owner's wallet, and gives the key that it is sent under.
    pub fn begin_purse_step(
        &self,
        purse: PurseNumber,
        owner: Owner,
        deed: PurseDeed,
    ) -> (PurseStepNumber, String) {
        let (mut place, mut key) = (0, String::new());
        self.change_purse(purse, |purse| {
            place = purse.steps.len();
            key = format!("{}-{}-{}", purse.key, deed.name(), place + 1);
            purse.steps.push(PurseStep {
                key: key.clone(),
                owner,
                deed,
                asked: Vec::new(),
            });
        });
        (PurseStepNumber { purse, place }, key)
    }

    /// Notes that a step was sent, and what came back.
    pub fn note_purse_step_asked(&self, PurseStepNumber { purse, place }: PurseStepNumber, asked: Asked) {
        self.change_purse(purse, |purse| {
            if let Some(step) = purse.steps.get_mut(place) {
                step.asked.push(asked);
            }
        });
    }

    /// Notes what the client saw when it looked at an account. Seeing the same again is not written down.
    pub fn note_purse_look(&self, purse: PurseNumber, seen: Asked) {
        self.change_purse(purse, |purse| note_change(&mut purse.looks, seen));
    }

    fn change_purse(&self, PurseNumber(number): PurseNumber, change: impl FnOnce(&mut Purse)) {
        if let Some(purse) = self.locked().purses.get_mut(number) {
            change(purse);
        }
    }

    fn change_sale(&self, SaleNumber(number): SaleNumber, change: impl FnOnce(&mut Sale)) {
        if let Some(sale) = self.locked().sales.get_mut(number) {
            change(sale);
        }
    }

    fn change_wish(&self, WishNumber { order, place }: WishNumber, change: impl FnOnce(&mut Wish)) {
        self.change(order, |order| {
            if let Some(wish) = order.wishes.get_mut(place) {
                change(wish);
            }
        });
    }

    fn change(&self, OrderNumber(number): OrderNumber, change: impl FnOnce(&mut Order)) {
        if let Some(order) = self.locked().orders.get_mut(number) {
            change(order);
        }
    }

    /// A client that panicked while writing leaves an entry short, which the verifier shows, and no broken journal.
    fn locked(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the clients have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Orders begun.
    pub begun: usize,
    /// Orders of which a request was answered 2xx.
    pub accepted: usize,
}

impl Told {
    /// Whether the request counts as accepted.
    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Request {
    /// The answers that accepted it.
    pub fn accepted(&self) -> impl Iterator<Item = &Told> {
        accepted_in(&self.asked)
    }
}

impl Order {
    /// Whether any request of it was accepted.
    pub fn is_accepted(&self) -> bool {
        self.requests
            .iter()
            .any(|request| request.accepted().next().is_some())
    }

    /// Whether a client has seen the payment as paid. It asks for refunds after that.
    pub fn was_seen_paid(&self) -> bool {
        let mut looks = self.looks.iter().filter_map(|look| look.told.as_ref());
        looks.any(|told| told.object_status == "succeeded")
    }
}

/// The answers that accepted what was asked.
fn accepted_in(asked: &[Asked]) -> impl Iterator<Item = &Told> {
    let told = asked.iter().filter_map(|asked| asked.told.as_ref());
    told.filter(|told| told.is_accepted())
}

fn note_change(looks: &mut Vec<Asked>, seen: Asked) {
    if looks.last().is_none_or(|last| last.told != seen.told) {
        looks.push(seen);
    }
}
