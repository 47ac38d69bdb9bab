//! One merchant's system: asks for a payment until it knows where it stands, and looks after it.

use std::{sync::Arc, time::Duration};

use e2e::{Answer, client::Client, sandbox_client::Sandbox};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    draw::Drawn,
    errand::Errand,
    payer,
    story::{Sending, Then},
};
use crate::journal::{Asked, Journal, OrderNumber, Provider, Told, WalletUse, Wanted};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many seconds a client asks ingress to wait for the end.
pub(super) const WAIT_S: u32 = 3;
/// Where a payer comes back to from a provider's page.
const WAY_BACK: &str = "https://shop.example/back";

/// A merchant's system.
#[derive(Clone)]
pub struct Shop {
    pub api: Client,
    /// An administrator who acts for the merchant.
    pub administrator: Client,
    pub sandbox: Sandbox,
    pub journal: Arc<Journal>,
    pub closing: watch::Receiver<bool>,
}

/// An order that is being played.
pub(super) struct Play<'a> {
    pub(super) errand: Errand<'a>,
    pub(super) order: OrderNumber,
    pub(super) drawn: &'a Drawn,
}

impl Shop {
    /// Plays an order from the first request to the last look; gives the payment's id, if it was accepted.
    pub async fn play(&self, drawn: Drawn) -> Option<String> {
        Errand::of(self).play(drawn).await
    }
}

impl Errand<'_> {
    /// The same, as a part of an errand.
    pub(super) async fn play(&self, drawn: Drawn) -> Option<String> {
        let journal = &self.shop.journal;
        let order = journal.begin(drawn.merchant, &drawn.key, drawn.story, &drawn.wanted);
        let play = Play {
            errand: self.clone(),
            order,
            drawn: &drawn,
        };
        let told = play.ask_as_told().await?;
        let accepted = Instant::now();
        if drawn.story.script().then == Then::CancelAtOnce {
            play.cancel(&told.id).await;
        } else if let Some(Some(intent)) = play.look_until(&told.id, intent_or_end).await {
            play.play_payer(&told.id, &intent).await;
            play.play_then(&told.id, &intent, accepted).await;
        }
        Some(told.id)
    }
}

impl Play<'_> {
    /// Sends what the story asks for; gives the answer that accepted the payment.
    async fn ask_as_told(&self) -> Option<Told> {
        match self.drawn.story.script().sending {
            Sending::TwiceAtOnce => {
                let (told, again) = tokio::join!(self.ask_until_known(0), self.ask_until_known(0));
                told.or(again)
            }
            Sending::OtherBodyAtOnce => {
                let (told, other) = tokio::join!(self.ask_until_known(0), self.ask_until_known(1));
                told.or(other)
            }
            Sending::Twice => {
                let told = self.ask_until_known(0).await;
                let again = self.ask_until_known(0).await;
                told.or(again)
            }
            Sending::OtherBody => {
                let told = self.ask_until_known(0).await?;
                self.look_until(&told.id, is_stored).await;
                self.ask_until_known(1).await;
                Some(told)
            }
            Sending::Once | Sending::Waiting => self.ask_until_known(0).await,
        }
    }

    /// Sends a request until it is accepted or refused for good; gives the answer that accepted it.
    async fn ask_until_known(&self, request: usize) -> Option<Told> {
        let wanted = self.drawn.wanted.get(request)?;
        let ask = || self.ask(wanted);
        let note = |asked| self.errand.shop.journal.note_asked(self.order, request, asked);
        self.errand.repeat_until_known(ask, note).await
    }

    async fn ask(&self, wanted: &Wanted) -> Asked {
        let (api, key, body) = (&self.errand.shop.api, &self.drawn.key, body_of(wanted));
        if self.drawn.story.script().sending == Sending::Waiting {
            asked(api.create_and_wait(key, &body, WAIT_S)).await.0
        } else {
            asked(api.create(key, &body)).await.0
        }
    }

    /// The payer's part. A decline is waited for, so that the story of two cards shows both.
    async fn play_payer(&self, payment: &str, intent: &str) {
        let script = self.drawn.story.script();
        for card in script.payer {
            self.pay(intent, card).await;
            self.look_until(payment, is_settled).await;
        }
        if script.card.is_some() {
            self.look_until(payment, is_settled).await;
        }
    }

    /// The payer pays at the provider.
    pub(super) async fn pay(&self, intent: &str, card: &'static str) {
        let through = self.drawn.story.script().through;
        for act in payer::pay(&self.errand.shop.sandbox, through, intent, card).await {
            self.errand.shop.journal.note_payer(self.order, act);
        }
    }

    /// Looks at the payment until the answer is what was waited for, and gives that.
    pub(super) async fn look_until<T>(
        &self,
        payment: &str,
        find: impl Fn(&Answer) -> Option<T>,
    ) -> Option<T> {
        let look = || asked(self.errand.shop.api.payment(payment));
        let note = |seen| self.errand.shop.journal.note_look(self.order, seen);
        self.errand.repeat_until_found(look, note, find).await
    }
}

/// Whether asking again would be answered in the same way. A request that did not arrive in time, or came too soon after
/// others, may be taken now, and what is not found yet may be later.
pub(super) fn is_final(status: u16, retry_after: &str) -> bool {
    match status {
        408 | 429 => false,
        404 => retry_after.is_empty(),
        status => (400..500).contains(&status),
    }
}

fn body_of(wanted: &Wanted) -> Value {
    let mut body = json!({ "amount": wanted.amount_minor, "currency": wanted.currency });
    match wanted.through {
        Provider::Stripe => {}
        Provider::Alipay => {
            body["method"] = "alipay".into();
            body["flow"] = "qr_code".into();
        }
        // Stripe takes such payments too.
        Provider::Wechat => {
            body["method"] = "wechat_pay".into();
            body["flow"] = "qr_code".into();
            body["channel"] = "wechat".into();
        }
        Provider::Paypal => {
            body["method"] = "paypal".into();
            body["return_url"] = WAY_BACK.into();
        }
        Provider::Wallet => body["method"] = "wallet".into(),
    }
    match &wanted.wallet {
        None => {}
        Some(WalletUse::Into(wallet)) => body["wallet_id"] = wallet.as_str().into(),
        Some(WalletUse::From(user)) => body["user_id"] = user.as_str().into(),
    }
    if let Some(payment_method) = wanted.payment_method {
        body["payment_method"] = payment_method.into();
    }
    if let Some(expires_in_s) = wanted.expires_in_s {
        body["expires_in_s"] = expires_in_s.into();
    }
    body
}

/// What came back, as far as patience lasted: for the journal, and in full.
pub(super) async fn asked(request: impl Future<Output = anyhow::Result<Answer>>) -> (Asked, Option<Answer>) {
    let began = Instant::now();
    let answer = timeout(PATIENCE, request).await.ok().and_then(Result::ok);
    let told = answer.as_ref().map(|answer| Told {
        status: answer.status,
        problem: answer.problem().to_owned(),
        retry_after: answer.header("retry-after").to_owned(),
        // A line of a statement has no id of its own.
        id: [answer.text("/id"), answer.text("/subject")]
            .into_iter()
            .find(|id| !id.is_empty())
            .unwrap_or_default()
            .to_owned(),
        object_status: answer.text("/status").to_owned(),
        payment: answer.text("/payment_id").to_owned(),
    });
    let took = began.elapsed();
    (Asked { took, told }, answer)
}

fn is_stored(answer: &Answer) -> Option<()> {
    (answer.status == 200).then_some(())
}

/// The intent, or that there will be none.
pub(super) fn intent_or_end(answer: &Answer) -> Option<Option<String>> {
    match answer.text("/channel_intent_id") {
        "" => is_settled(answer).map(|()| None),
        intent => Some(Some(intent.to_owned())),
    }
}

/// Nothing more happens by itself.
pub(super) fn is_settled(answer: &Answer) -> Option<()> {
    matches!(
        answer.text("/status"),
        "succeeded" | "failed" | "canceled" | "expired"
    )
    .then_some(())
}
