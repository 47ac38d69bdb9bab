//! A thousand payments hear their provider's news in a thousand orders, some of it twice and some before the payment is
//! ready for it. Each ends where its news has it, and its merchant is told every end once.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use domain::{
    channel::{Channel, Intent, IntentStatus},
    clock::{Clock, SystemClock},
    currency::Currency,
    id::{IdempotencyKey, MerchantId, PaymentId},
    money::Money,
    payment::{Payment, PaymentEvent, PaymentRequest},
};
use e2e::{Scene, wait};
use futures::{StreamExt, future::join_all, stream};
use ring::hmac;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, Row};
use store::{Record, Recorder, Verdict};
use uuid::Uuid;

use crate::harness::Sluice;

const PAYMENTS: usize = 1_000;
/// How many payments hear news at the same time.
const AT_ONCE: usize = 32;
/// Generous: other tests may keep the machine busy.
const PATIENCE: Duration = Duration::from_secs(150);
const SECRET: &str = "whsec_order";
const MONEY: Money = Money {
    amount_minor: 1_999,
    currency: Currency::USD,
};

/// A kind of news: the event's type, the intent's status in it, and where a payment ends that has heard nothing of a
/// higher rank. Lowest rank first.
const NEWS: [(&str, &str, &str); 5] = [
    (
        "payment_intent.requires_action",
        "requires_action",
        "requires_action",
    ),
    ("payment_intent.processing", "processing", "processing"),
    (
        "payment_intent.payment_failed",
        "requires_payment_method",
        "failed",
    ),
    ("payment_intent.canceled", "canceled", "canceled"),
    ("payment_intent.succeeded", "succeeded", "succeeded"),
];

/// How a payment stands when its news comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    /// Its intent is known.
    Open,
    /// Nobody knows what became of its intent.
    InReview,
    /// The job that opens its intent is still at it, and will end without an answer after the news.
    Pending,
}

/// One payment, and the news about it in the order in which it is sent.
struct Story {
    payment: Payment,
    beginning: Beginning,
    sent: Vec<usize>,
}

impl Story {
    fn roll(merchant_id: MerchantId, number: usize, dice: &mut impl FnMut(usize) -> usize) -> Self {
        let request = PaymentRequest::of(MONEY);
        let key = IdempotencyKey::try_from(number.to_string()).unwrap();
        let beginning = match dice(20) {
            0 | 1 => Beginning::InReview,
            2 => Beginning::Pending,
            _ => Beginning::Open,
        };
        let news: Vec<usize> = (0..1 + dice(3)).map(|_| dice(NEWS.len())).collect();
        let again = (0..dice(3)).map(|_| news[dice(news.len())]);
        let sent = news.iter().copied().chain(again.collect::<Vec<_>>()).collect();
        Self {
            payment: Payment::new(
                merchant_id,
                key,
                request,
                Channel::Stripe,
                &domain::merchant::Terms::default(),
                SystemClock.now(),
            ),
            beginning,
            sent,
        }
    }

    /// The different news; each is one event, however often it is sent.
    fn news(&self) -> BTreeSet<usize> {
        self.sent.iter().copied().collect()
    }

    /// Where the payment ends.
    fn end(&self) -> &'static str {
        NEWS[*self.news().last().unwrap()].2
    }

    fn intent_id(&self) -> String {
        format!("pi_{}", self.payment.id.as_uuid().simple())
    }

    fn event(&self, news: usize) -> Value {
        let (event_type, status, _) = NEWS[news];
        let paid = status == "succeeded";
        json!({
            "id": format!("evt_{}_{news}", self.payment.id), "object": "event", "type": event_type, "created": 1,
            "data": { "object": {
                "id": self.intent_id(), "object": "payment_intent", "status": status, "currency": "usd",
                "amount": MONEY.amount_minor, "amount_received": if paid { MONEY.amount_minor } else { 0 },
                "metadata": { "sluice_payment_id": self.payment.id },
                "last_payment_error": { "type": "card_error", "code": "card_declined" },
            } },
        })
    }

    /// What the payment's own jobs have written.
    fn opened(&self) -> PaymentEvent {
        let change = IntentStatus::RequiresAction;
        let intent = Intent {
            id: self.intent_id(),
            payment_id: Some(self.payment.id),
            money: MONEY,
            received_minor: 0,
            status: change.clone(),
            next_action: None,
            destination: None,
        };
        PaymentEvent::IntentSeen { intent, change }
    }
}

/// One merchant whose callbacks the test signs itself, and whose payments it stores itself.
struct Stage<'a> {
    scene: &'a Scene<'a>,
    recorder: Recorder,
}

impl Stage<'_> {
    async fn begin(&self, story: &Story) {
        let record = Record {
            new_payment: Some(story.payment.clone()),
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
        match story.beginning {
            Beginning::Open => self.change(story, story.opened()).await,
            Beginning::InReview => self.change(story, PaymentEvent::LostSight).await,
            Beginning::Pending => {}
        }
    }

    async fn change(&self, story: &Story, event: PaymentEvent) {
        let mut payment = story.payment.clone().apply(event).unwrap().payment;
        payment.updated_at = SystemClock.now();
        let record = Record {
            payment: Some(payment),
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
    }

    /// Sends the news two at a time, so that they race each other.
    async fn play(&self, story: &Story) {
        for pair in story.sent.chunks(2) {
            join_all(pair.iter().map(|news| self.post(story.event(*news)))).await;
        }
        if story.beginning == Beginning::Pending {
            self.change(story, PaymentEvent::LostSight).await;
        }
    }

    async fn post(&self, event: Value) {
        let body = event.to_string();
        let now_s = SystemClock.now().timestamp();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = hmac::sign(&key, format!("{now_s}.{body}").as_bytes());
        let tag: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = self.scene.world.http.post(&self.scene.merchant.callback_url);
        let request = request
            .header("content-type", "application/json")
            .header("stripe-signature", format!("t={now_s},v1={tag}"));
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
}

/// Where every payment stands, and what its merchant is told about it.
async fn ends(sluice: &Sluice) -> HashMap<PaymentId, (String, BTreeSet<String>)> {
    let mut connection = PgConnection::connect(&sluice.database.url()).await.unwrap();
    let select = "
        select payments.id, payments.status,
               coalesce(array_agg(event_type) filter (where event_type is not null), '{}') as told
        from payments left join notifications on payment_id = payments.id
        group by payments.id, payments.status";
    let rows = sqlx::query(select).fetch_all(&mut connection).await.unwrap();
    let read = |row: &sqlx::postgres::PgRow| {
        let told: Vec<String> = row.get("told");
        (
            PaymentId::from_uuid(row.get("id")),
            (row.get("status"), told.into_iter().collect()),
        )
    };
    rows.iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_payments_end_as_their_news_has_it_in_whatever_order_it_comes() {
    // One merchant may hold an eighth of the places for notifications, and here there is but one.
    let sluice = Sluice::start_with(|config| config.concurrency = 512).await;
    let scene = sluice.scene("order").await;
    // Nobody may learn from the provider what the callbacks are about to say.
    let silent = json!({ "fault": "error", "status": 503 });
    scene.set_fault("*", silent).await.unwrap();
    let credentials =
        json!({ "secret_key": scene.merchant.account, "webhook_secrets": [SECRET] }).to_string();
    let merchant = scene.merchant.id.as_str();
    let set_stripe = [
        "channels",
        "set-stripe",
        "--merchant",
        merchant,
        "--from",
        "stdin",
    ];
    sluice.world.console.run(&set_stripe, &credentials).await.unwrap();
    let recorder = Recorder::start(sluice.database.store(false), std::sync::Arc::default());
    let stage = Stage {
        scene: &scene,
        recorder,
    };

    let seed = Uuid::new_v4();
    println!("seed: {seed}");
    let mut state = seed.as_u128();
    let mut dice = |limit: usize| {
        state = state
            .wrapping_mul(0xda94_2042_e4dd_58b5)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        (state >> 80) as usize % limit
    };
    let merchant_id: MerchantId = merchant.parse().unwrap();
    let stories: Vec<Story> = (0..PAYMENTS)
        .map(|number| Story::roll(merchant_id, number, &mut dice))
        .collect();
    join_all(stories.iter().map(|story| stage.begin(story))).await;
    let playing = stream::iter(&stories).for_each_concurrent(AT_ONCE, |story| stage.play(story));
    playing.await;

    let events: usize = stories.iter().map(|story| story.news().len()).sum();
    let taken_in = async || Ok(sluice.count("select count(*) from payment_callbacks").await);
    let seen = wait::until(PATIENCE, taken_in, |seen| *seen == events as i64).await;
    assert_eq!(seen.unwrap(), events as i64, "events taken in");

    let ends = ends(&sluice).await;
    for story in &stories {
        let (status, told) = &ends[&story.payment.id];
        let context = format!("{:?} {:?}", story.beginning, story.sent);
        assert_eq!(status, story.end(), "{context}");
        let announced = ["failed", "canceled", "succeeded"].contains(&story.end());
        assert_eq!(
            told.contains(&format!("payment.{}", story.end())),
            announced,
            "{context}"
        );
        let possible = |kind: &String| {
            story
                .news()
                .iter()
                .any(|news| *kind == format!("payment.{}", NEWS[*news].2))
        };
        assert!(told.iter().all(possible), "{context}: told {told:?}");
    }
    let undelivered = async || {
        Ok(sluice
            .count("select count(*) from notifications where status <> 'delivered'")
            .await)
    };
    let left = wait::until(PATIENCE, undelivered, |left| *left == 0).await;
    assert_eq!(left.unwrap(), 0, "notifications left");
    let received = sluice.world.sandbox.received(&scene.merchant.name).await.unwrap();
    let once: BTreeSet<&String> = received.iter().filter_map(|told| told.id.as_ref()).collect();
    let told: usize = ends.values().map(|(_, told)| told.len()).sum();
    assert_eq!(
        (received.len(), once.len()),
        (told, told),
        "notifications received"
    );
    assert_eq!(sluice.count("select count(*) from job_failures").await, 0);
    sluice.stop().await;
}
