//! What a merchant's system wants done with a payment that exists: refunds, calling it off, paying it from the server.
//!
//! As with payments, it repeats under the same key until it knows. What it may not have, it asks for all the same: to be
//! refused is part of the story.

use std::time::Duration;

use e2e::Answer;
use futures::FutureExt;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{
    client::{Play, asked, is_settled},
    story::{Part, SHORT, Then},
};
use crate::journal::{Asked, Deed, WishNumber};

/// What the payer uses who meets the end of a payment.
const CARD: &str = "pm_card_visa";
/// How far from the end of its time a payment is paid that is meant to meet it, before or after, in milliseconds.
const NEAR_MS: u64 = 300;

/// A wish under its key.
struct Wish {
    number: WishNumber,
    key: String,
    deed: Deed,
}

impl Play<'_> {
    /// Plays what the story does with the payment, which was accepted at `accepted`.
    pub(super) async fn play_then(&self, payment: &str, intent: &str, accepted: Instant) {
        match self.drawn.story.script().then {
            Then::Nothing | Then::CancelAtOnce => {}
            Then::Refund(parts) => {
                for part in parts {
                    self.refund(payment, *part).await;
                }
            }
            Then::RefundAtOnce(part) => {
                tokio::join!(self.refund(payment, part), self.refund(payment, part));
            }
            Then::RefundAgain => self.refund_again(payment).await,
            Then::Cancel => self.cancel(payment).await,
            Then::CancelAgain => self.cancel_again(payment).await,
            Then::CancelMeetsPayer => {
                tokio::join!(self.cancel(payment), self.pay(intent, CARD));
                self.look_until(payment, is_settled).await;
            }
            Then::Confirm(cards) => {
                for &card in cards {
                    let wish = self.begin("confirm", Deed::Confirm { card });
                    self.carry_out(&wish, payment).await;
                }
            }
            Then::Expire => drop(self.look_until(payment, is_settled).await),
            Then::ExpiryMeetsPayer => {
                sleep_until(accepted + self.about_the_end()).await;
                self.pay(intent, CARD).await;
                self.look_until(payment, is_settled).await;
            }
            Then::Dispute { won } => {
                // What was not paid cannot be disputed. What was is in the provider's books, whoever hears of it.
                if let Ok(dispute) = self.errand.shop.sandbox.open_dispute(intent, json!({})).await {
                    let _in_the_books = self.errand.shop.sandbox.close_dispute(&dispute, won).await;
                }
            }
        }
    }

    /// Calls the payment off and looks what became of it.
    pub(super) async fn cancel(&self, payment: &str) {
        self.carry_out(&self.begin("cancel", Deed::Cancel), payment).await;
    }

    async fn cancel_again(&self, payment: &str) {
        let wish = self.begin("cancel", Deed::Cancel);
        let send = || self.wish_until_known(&wish, payment);
        tokio::join!(send(), send());
        self.carry_out(&wish, payment).await;
    }

    /// Sends a wish until it is known what came of it.
    async fn carry_out(&self, wish: &Wish, payment: &str) {
        if self.wish_until_known(wish, payment).await.is_none() {
            return;
        }
        self.look_until(payment, is_settled).await;
        let send = || self.send(wish, payment);
        let note = |asked| self.errand.shop.journal.note_wish_asked(wish.number, asked);
        self.errand.repeat_until_found(send, note, is_answered).await;
    }

    async fn refund(&self, payment: &str, part: Part) {
        let wish = self.begin_refund(part);
        if let Some(refund) = self.wish_until_known(&wish, payment).await {
            self.look_at_refund(&wish, &refund).await;
        }
    }

    async fn refund_again(&self, payment: &str) {
        let wish = self.begin_refund(Part::Rest);
        let send = || self.wish_until_known(&wish, payment);
        let (refund, again) = tokio::join!(send(), send());
        if let Some(refund) = refund.or(again) {
            self.look_at_refund(&wish, &refund).await;
        }
        send().await;
    }

    async fn look_at_refund(&self, wish: &Wish, refund: &str) {
        let look = || asked(self.errand.shop.api.refund(refund));
        let note = |seen| self.errand.shop.journal.note_wish_look(wish.number, seen);
        self.errand.repeat_until_found(look, note, is_ended).await;
    }

    /// Sends a wish until it is accepted or refused for good; gives the id of what it was accepted for.
    async fn wish_until_known(&self, wish: &Wish, payment: &str) -> Option<String> {
        let ask = || self.send(wish, payment).map(|(asked, _)| asked);
        let note = |asked| self.errand.shop.journal.note_wish_asked(wish.number, asked);
        self.errand
            .repeat_until_known(ask, note)
            .await
            .map(|told| told.id)
    }

    async fn send(&self, Wish { key, deed, .. }: &Wish, payment: &str) -> (Asked, Option<Answer>) {
        let api = &self.errand.shop.api;
        let wait_s = self.errand.wait_s(self.drawn.is_waiting);
        let body = body_of(*deed);
        match deed {
            Deed::Refund { .. } => asked(api.create_refund(payment, key, &body, wait_s)).await,
            Deed::Cancel => asked(api.cancel(payment, key, &body, wait_s)).await,
            Deed::Confirm { .. } => asked(api.confirm(payment, key, &body, wait_s)).await,
        }
    }

    fn begin_refund(&self, part: Part) -> Wish {
        let paid = self.drawn.wanted.first().map_or(0, |wanted| wanted.amount_minor);
        let amount_minor = part.of(paid);
        self.begin("refund", Deed::Refund { amount_minor })
    }

    fn begin(&self, what: &str, deed: Deed) -> Wish {
        let (number, key) = self.errand.shop.journal.begin_wish(self.order, what, deed);
        Wish { number, key, deed }
    }

    /// About when the payment's time is up, counted from when it was accepted.
    fn about_the_end(&self) -> Duration {
        let drawn = self.drawn.wanted.first().map_or(0, |wanted| wanted.amount_minor);
        let offset = Duration::from_millis(drawn.unsigned_abs() * 37 % (2 * NEAR_MS));
        SHORT + offset - Duration::from_millis(NEAR_MS)
    }
}

fn body_of(deed: Deed) -> Value {
    match deed {
        Deed::Refund { amount_minor: None } | Deed::Cancel => json!({}),
        Deed::Refund {
            amount_minor: Some(amount_minor),
        } => json!({ "amount": amount_minor }),
        Deed::Confirm { card } => json!({ "payment_method": card }),
    }
}

/// Nobody has to be asked any more what came of the wish.
pub(super) fn is_answered(answer: &Answer) -> Option<()> {
    matches!(answer.status, 200 | 201 | 400..500).then_some(())
}

/// Nothing more happens to the refund by itself.
fn is_ended(answer: &Answer) -> Option<()> {
    matches!(answer.text("/status"), "succeeded" | "failed").then_some(())
}
