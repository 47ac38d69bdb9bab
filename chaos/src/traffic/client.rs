//! One merchant's system: asks for a payment until it knows where it stands, and looks after it.

use std::{sync::Arc, time::Duration};

use e2e::{Answer, client::Client, sandbox_client::Sandbox};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::{draw::Drawn, payer, story::Story};
use crate::journal::{Asked, Journal, OrderNumber, Told, Wanted};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many seconds a client asks ingress to wait for the finished payment.
const WAIT_S: u32 = 3;
/// Between two requests of a client that was not satisfied; it grows, so that clients in a jam do not become the jam.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a client repeats after it was told to come to an end, and how soon.
const REPEATS_AT_THE_END: u32 = 10;
const PAUSE_AT_THE_END: Duration = Duration::from_millis(500);
/// How often a client looks at a payment to see a change before it loses interest.
const LOOKS: u32 = 30;

/// A merchant's system.
#[derive(Clone)]
pub struct Shop {
    pub api: Client,
    pub sandbox: Sandbox,
    pub journal: Arc<Journal>,
    pub closing: watch::Receiver<bool>,
}

/// An order that is being played.
struct Play<'a> {
    shop: &'a Shop,
    order: OrderNumber,
    drawn: &'a Drawn,
}

/// The pauses of a client that repeats, and when it has done so often enough.
struct Pauses<'a> {
    closing: &'a watch::Receiver<bool>,
    pause: Duration,
    left_at_the_end: u32,
}

impl Shop {
    /// Plays an order from the first request to the last look.
    pub async fn play(&self, drawn: Drawn) {
        let order = self
            .journal
            .begin(drawn.merchant, &drawn.key, drawn.story, &drawn.wanted);
        let play = Play {
            shop: self,
            order,
            drawn: &drawn,
        };
        let Some(told) = play.ask_as_told().await else {
            return;
        };
        let Some(intent) = play.look_until(&told.payment, has_intent).await else {
            return;
        };
        for card in drawn.story.cards() {
            for act in payer::pay(&self.sandbox, &intent, card).await {
                self.journal.note_payer(order, act);
            }
            // A decline is waited for, so that the story of two cards shows both.
            play.look_until(&told.payment, is_settled).await;
        }
        if drawn.story.cards().is_empty() && drawn.story != Story::NeverPaid {
            play.look_until(&told.payment, is_settled).await;
        }
    }

    fn pauses(&self) -> Pauses<'_> {
        Pauses {
            closing: &self.closing,
            pause: FIRST_PAUSE,
            left_at_the_end: REPEATS_AT_THE_END,
        }
    }
}

impl Play<'_> {
    /// Sends what the story asks for; gives the answer that accepted the payment.
    async fn ask_as_told(&self) -> Option<Told> {
        match self.drawn.story {
            Story::SentTwiceAtOnce => {
                let (told, again) = tokio::join!(self.ask_until_known(0), self.ask_until_known(0));
                told.or(again)
            }
            Story::OtherBodyAtOnce => {
                let (told, other) = tokio::join!(self.ask_until_known(0), self.ask_until_known(1));
                told.or(other)
            }
            Story::SentTwice => {
                let told = self.ask_until_known(0).await;
                let again = self.ask_until_known(0).await;
                told.or(again)
            }
            Story::OtherBody => {
                let told = self.ask_until_known(0).await?;
                self.look_until(&told.payment, is_stored).await;
                self.ask_until_known(1).await;
                Some(told)
            }
            Story::PaidAtOnce
            | Story::DeclinedAtOnce
            | Story::PaidLater
            | Story::Declined
            | Story::SecondCard
            | Story::Authenticated
            | Story::NeverPaid
            | Story::Waiting => self.ask_until_known(0).await,
        }
    }

    /// Sends a request until it is accepted or refused for good; gives the answer that accepted it.
    async fn ask_until_known(&self, request: usize) -> Option<Told> {
        let wanted = self.drawn.wanted.get(request)?;
        let mut pauses = self.shop.pauses();
        loop {
            let asked = self.ask(wanted).await;
            let told = asked.told.clone();
            self.shop.journal.note_asked(self.order, request, asked);
            match told {
                Some(told) if told.is_accepted() => return Some(told),
                Some(told) if is_final(told.status) => return None,
                Some(_) | None if pauses.may_repeat().await => {}
                Some(_) | None => return None,
            }
        }
    }

    async fn ask(&self, wanted: &Wanted) -> Asked {
        let (api, key, body) = (&self.shop.api, &self.drawn.key, body_of(wanted));
        let began = Instant::now();
        let answer = if self.drawn.story == Story::Waiting {
            timeout(PATIENCE, api.create_and_wait(key, &body, WAIT_S)).await
        } else {
            timeout(PATIENCE, api.create(key, &body)).await
        };
        asked(began, answer.ok().and_then(Result::ok).as_ref())
    }

    /// Looks at the payment until the answer is what was waited for, and gives that.
    async fn look_until<T>(&self, payment: &str, find: impl Fn(&Answer) -> Option<T>) -> Option<T> {
        let mut pauses = self.shop.pauses();
        for _ in 0..LOOKS {
            let began = Instant::now();
            let answer = timeout(PATIENCE, self.shop.api.payment(payment)).await;
            let answer = answer.ok().and_then(Result::ok);
            self.shop
                .journal
                .note_look(self.order, asked(began, answer.as_ref()));
            if let Some(found) = answer.as_ref().and_then(&find) {
                return Some(found);
            }
            if !pauses.may_repeat().await {
                break;
            }
        }
        None
    }
}

impl Pauses<'_> {
    /// Waits before the next repeat; false when there have been enough.
    async fn may_repeat(&mut self) -> bool {
        let mut closing = self.closing.clone();
        if *closing.borrow() {
            let Some(left) = self.left_at_the_end.checked_sub(1) else {
                return false;
            };
            self.left_at_the_end = left;
            sleep(PAUSE_AT_THE_END).await;
        } else {
            // The end is seen when it comes, and not only after a pause that grew in a jam.
            let _told = timeout(self.pause, closing.wait_for(|closing| *closing)).await;
            self.pause = self.pause.mul_f32(1.5).min(LONGEST_PAUSE);
        }
        true
    }
}

/// Whether asking again would be answered in the same way. A request that did not arrive in time may do so now.
fn is_final(status: u16) -> bool {
    (400..500).contains(&status) && status != 408
}

fn body_of(wanted: &Wanted) -> Value {
    let mut body = json!({ "amount": wanted.amount_minor, "currency": wanted.currency });
    if let Some(payment_method) = wanted.payment_method {
        body["payment_method"] = payment_method.into();
    }
    body
}

fn asked(began: Instant, answer: Option<&Answer>) -> Asked {
    let told = answer.map(|answer| Told {
        status: answer.status,
        problem: answer.problem().to_owned(),
        retry_after: answer.header("retry-after").to_owned(),
        payment: answer.text("/id").to_owned(),
        payment_status: answer.text("/status").to_owned(),
    });
    Asked {
        took: began.elapsed(),
        told,
    }
}

fn is_stored(answer: &Answer) -> Option<()> {
    (answer.status == 200).then_some(())
}

fn has_intent(answer: &Answer) -> Option<String> {
    let intent = answer.text("/channel_intent_id");
    (!intent.is_empty()).then(|| intent.to_owned())
}

/// Nothing more happens by itself.
fn is_settled(answer: &Answer) -> Option<()> {
    matches!(
        answer.text("/status"),
        "succeeded" | "failed" | "canceled" | "expired"
    )
    .then_some(())
}
