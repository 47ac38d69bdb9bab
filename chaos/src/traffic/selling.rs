//! One merchant's shop: takes an order for goods, has it paid, and looks after it.
//!
//! As with payments, it repeats under the same key until it knows, and goes on once it has seen what has to come first. What
//! it cannot have, because another of its own wishes came first, it is refused.

use e2e::Answer;
use futures::{FutureExt, future::join_all};
use serde_json::{Value, json};

use super::{
    client::{Shop, asked, intent_or_end, is_settled},
    draw::DrawnSale,
    errand::Errand,
    payer,
    sale::{Act, Part, SaleStory},
    story::VISA,
    wishes::is_answered,
};
use crate::journal::{Asked, Provider, SaleNumber, StepDeed, StepNumber, Told};

/// With a card at once.
const BY_CARD: StepDeed = StepDeed::Pay { card: Some(VISA) };
/// By a payer who has to come.
const BY_PAYER: StepDeed = StepDeed::Pay { card: None };
const ONE_CUP: StepDeed = StepDeed::Refund {
    goods: Some(("cup", 1)),
};
const ALL_THAT_IS_LEFT: StepDeed = StepDeed::Refund { goods: None };

/// A sale that is being played.
struct Selling<'a> {
    errand: Errand<'a>,
    sale: SaleNumber,
    drawn: &'a DrawnSale,
}

/// A step under its key.
struct Step {
    number: StepNumber,
    key: String,
    deed: StepDeed,
}

impl Shop {
    /// Plays a sale from the order to the last step.
    pub async fn sell(&self, drawn: DrawnSale) {
        Errand::of(self).sell(drawn).await;
    }
}

impl Errand<'_> {
    /// The same, as a part of an errand.
    pub(super) async fn sell(&self, drawn: DrawnSale) {
        let journal = &self.shop.journal;
        let sale = journal.begin_sale(drawn.merchant, &drawn.key, drawn.story, &drawn.basket);
        let selling = Selling {
            errand: self.clone(),
            sale,
            drawn: &drawn,
        };
        let Some(order) = selling.create().await else {
            return;
        };
        for act in drawn.story.acts() {
            if selling.play(&order, *act).await.is_none() {
                return;
            }
        }
    }
}

impl Selling<'_> {
    /// Asks for the order; gives its id.
    async fn create(&self) -> Option<String> {
        let told = if self.drawn.story == SaleStory::SentTwiceAtOnce {
            let (told, again) = tokio::join!(self.create_once(), self.create_once());
            told.or(again)
        } else {
            self.create_once().await
        };
        told.map(|told| told.id)
    }

    async fn create_once(&self) -> Option<Told> {
        let (api, key) = (&self.errand.shop.api, &self.drawn.key);
        let body = self.order_body();
        let wait_s = self.errand.wait_s(self.drawn.is_waiting);
        let ask = || asked(api.create_order(key, &body, wait_s)).map(|(asked, _)| asked);
        let note = |asked| self.errand.shop.journal.note_sale_asked(self.sale, asked);
        self.errand.repeat_until_known(ask, note).await
    }

    fn order_body(&self) -> Value {
        let goods = self.drawn.basket.goods.iter().map(|goods| {
            json!({
                "name": goods.sku, "sku": goods.sku, "unit_price": goods.unit_price_minor, "quantity": goods.quantity,
            })
        });
        let goods = goods.collect::<Vec<_>>();
        json!({ "currency": self.drawn.basket.currency, "items": goods, "user_id": self.drawn.user })
    }

    /// Plays one act; none when what the next one needs did not come.
    async fn play(&self, order: &str, act: Act) -> Option<()> {
        match act {
            Act::Pay(card) => self.pay(order, StepDeed::Pay { card: Some(card) }).await,
            Act::PayFromWallet => self.pay(order, StepDeed::PayFromWallet).await,
            Act::PayTwiceAtOnce => {
                tokio::join!(self.take(order, BY_CARD), self.take(order, BY_CARD));
                self.look_until(order, is_paid).await
            }
            Act::PayAgain => {
                self.take_again(order, BY_CARD).await;
                self.look_until(order, is_paid).await
            }
            Act::PayersPay(count) => {
                let opened = join_all((0..count).map(|_| self.open(order))).await;
                join_all(opened.iter().flatten().map(|intent| self.payer_pays(intent))).await;
                self.look_until(order, is_paid).await
            }
            Act::Open => self.open(order).await.map(drop),
            Act::Cancel => self.cancel(order).await,
            Act::CancelMeetsCard => {
                tokio::join!(self.take(order, BY_CARD), self.take(order, StepDeed::Cancel));
                self.look_until(order, is_decided).await
            }
            Act::CancelMeetsPayer => {
                let intent = self.open(order).await?;
                tokio::join!(self.cancel(order), self.payer_pays(&intent));
                Some(())
            }
            Act::Refund(Part::Cup) => self.refund(order, ONE_CUP).await,
            Act::Refund(Part::Rest) => self.refund(order, ALL_THAT_IS_LEFT).await,
            Act::RefundTwiceAtOnce => {
                tokio::join!(
                    self.refund(order, ALL_THAT_IS_LEFT),
                    self.refund(order, ALL_THAT_IS_LEFT)
                );
                Some(())
            }
            Act::RefundAgain => {
                self.take_again(order, ALL_THAT_IS_LEFT).await;
                self.look_until(order, nothing_on_its_way_back).await
            }
            Act::RefundMeetsShipping => {
                tokio::join!(self.refund(order, ONE_CUP), self.take(order, StepDeed::Ship));
                Some(())
            }
            Act::Deliver => self.deliver(order).await,
        }
    }

    /// Has the order paid at once, and waits until it shows what came of it.
    async fn pay(&self, order: &str, how: StepDeed) -> Option<()> {
        let told = self.take(order, how).await?;
        let status = self.look_at_payment(&told.payment, settled_as).await?;
        if status == "succeeded" {
            self.look_until(order, is_paid).await
        } else {
            Some(())
        }
    }

    /// Opens a payment that waits for its payer; gives its intent.
    async fn open(&self, order: &str) -> Option<String> {
        let told = self.take(order, BY_PAYER).await?;
        self.look_at_payment(&told.payment, intent_or_end).await?
    }

    async fn payer_pays(&self, intent: &str) {
        for act in payer::pay(&self.errand.shop.sandbox, Provider::Stripe, intent, VISA).await {
            self.errand.shop.journal.note_sale_payer(self.sale, act);
        }
    }

    async fn cancel(&self, order: &str) -> Option<()> {
        self.take(order, StepDeed::Cancel).await;
        self.look_until(order, is_decided).await
    }

    async fn refund(&self, order: &str, deed: StepDeed) -> Option<()> {
        self.take(order, deed).await;
        self.look_until(order, nothing_on_its_way_back).await
    }

    async fn deliver(&self, order: &str) -> Option<()> {
        self.take(order, StepDeed::Ship).await?;
        self.look_until(order, |order| is_status(order, "shipped"))
            .await?;
        self.take(order, StepDeed::Complete).await.map(drop)
    }

    /// Sends a step until it is known what came of it; gives the answer that accepted it.
    async fn take(&self, order: &str, deed: StepDeed) -> Option<Told> {
        let step = self.begin(deed);
        let told = self.send_until_known(order, &step).await?;
        self.ask_for_the_end(order, &step).await;
        Some(told)
    }

    /// The same, twice at the same moment and again later.
    async fn take_again(&self, order: &str, deed: StepDeed) {
        let step = self.begin(deed);
        tokio::join!(
            self.send_until_known(order, &step),
            self.send_until_known(order, &step)
        );
        self.ask_for_the_end(order, &step).await;
    }

    async fn send_until_known(&self, order: &str, step: &Step) -> Option<Told> {
        let ask = || self.send(order, step).map(|(asked, _)| asked);
        self.errand.repeat_until_known(ask, self.note(step)).await
    }

    async fn ask_for_the_end(&self, order: &str, step: &Step) {
        let send = || self.send(order, step);
        self.errand
            .repeat_until_found(send, self.note(step), is_answered)
            .await;
    }

    fn note(&self, step: &Step) -> impl Fn(Asked) {
        let number = step.number;
        move |asked| self.errand.shop.journal.note_step_asked(number, asked)
    }

    async fn send(&self, order: &str, Step { key, deed, .. }: &Step) -> (Asked, Option<Answer>) {
        let wait_s = self.errand.wait_s(self.drawn.is_waiting);
        let body = step_body(*deed);
        let api = &self.errand.shop.api;
        asked(api.change_order(order, deed.name(), key, &body, wait_s)).await
    }

    fn begin(&self, deed: StepDeed) -> Step {
        let (number, key) = self.errand.shop.journal.begin_step(self.sale, deed);
        Step { number, key, deed }
    }

    async fn look_until<T>(&self, order: &str, find: impl Fn(&Answer) -> Option<T>) -> Option<T> {
        let look = || asked(self.errand.shop.api.order(order));
        let note = |seen| self.errand.shop.journal.note_sale_look(self.sale, seen);
        self.errand.repeat_until_found(look, note, find).await
    }

    /// What is seen of a payment is told by the order as well, and only that is written down.
    async fn look_at_payment<T>(&self, payment: &str, find: impl Fn(&Answer) -> Option<T>) -> Option<T> {
        let look = || asked(self.errand.shop.api.payment(payment));
        self.errand.repeat_until_found(look, drop, find).await
    }
}

fn step_body(deed: StepDeed) -> Value {
    match deed {
        StepDeed::Pay { card: Some(card) } => json!({ "payment_method": card }),
        StepDeed::PayFromWallet => json!({ "method": "wallet" }),
        StepDeed::Refund {
            goods: Some((sku, quantity)),
        } => json!({ "items": [{ "sku": sku, "quantity": quantity }] }),
        StepDeed::Ship => json!({ "carrier": "DHL", "tracking": "00340434161094042557" }),
        StepDeed::Pay { card: None }
        | StepDeed::Cancel
        | StepDeed::Refund { goods: None }
        | StepDeed::Complete => json!({}),
    }
}

fn is_status(order: &Answer, status: &str) -> Option<()> {
    (order.text("/status") == status).then_some(())
}

fn is_paid(order: &Answer) -> Option<()> {
    is_status(order, "paid")
}

/// It was paid or called off.
fn is_decided(order: &Answer) -> Option<()> {
    is_paid(order).or_else(|| is_status(order, "canceled"))
}

fn nothing_on_its_way_back(order: &Answer) -> Option<()> {
    (order.body["amount_refund_pending"] == 0).then_some(())
}

pub(super) fn settled_as(payment: &Answer) -> Option<String> {
    is_settled(payment).map(|()| payment.text("/status").to_owned())
}
