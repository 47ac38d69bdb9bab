//! A day at the provider, and the same day here as we would have come to know of it.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{
    channel::{
        Channel, ChannelDispute, ChannelDisputeStatus, ChannelRefund, ChannelRefundStatus, Intent,
        IntentStatus,
    },
    currency::Currency,
    dispute::Dispute,
    money::Money,
    payment::{Effect, Failure, Payment, PaymentEvent, PaymentRequest},
    refund::{Refund, RefundEvent, RefundRequest},
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use store::{Record, TransferRecord, Verdict};

use crate::support::{World, key, now, request};

pub const PAYMENTS: usize = 10_000;
/// How many requests, or records, are under way at once.
const AT_ONCE: usize = 64;
const AMOUNT: i64 = 1_999;

/// What becomes of a payment. One of each in a hundred, and all others are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Paid,
    Refunded,
    RefundedInPart,
    RefundReturned,
    RefundUnderWay,
    Disputed(ChannelDisputeStatus),
    /// Paid in the last seconds of the day, and known here on the next.
    BeforeMidnight,
    /// Paid in the last seconds of the day before.
    BeforeTheDay,
    /// Paid days ago; the word of it came late.
    LongAgo,
}

impl Fate {
    const fn of(place: usize) -> Self {
        match place % 100 {
            0 => Self::Refunded,
            1 => Self::RefundedInPart,
            2 => Self::RefundReturned,
            3 => Self::RefundUnderWay,
            4 => Self::Disputed(ChannelDisputeStatus::Open),
            5 => Self::Disputed(ChannelDisputeStatus::Won),
            6 => Self::Disputed(ChannelDisputeStatus::Lost),
            7 => Self::BeforeMidnight,
            8 => Self::BeforeTheDay,
            9 => Self::LongAgo,
            _ => Self::Paid,
        }
    }
}

/// A payment, and the provider's ids of what belongs to it.
struct Deal {
    fate: Fate,
    payment: Payment,
    intent: String,
    refund: Option<String>,
    dispute: Option<String>,
}

pub struct Day<'w> {
    world: &'w World,
    pub date: NaiveDate,
    deals: Vec<Deal>,
    /// A payment that we believe was canceled.
    canceled: Option<(Payment, String)>,
}

impl<'w> Day<'w> {
    /// A day that has long been over, and what its provider may keep of each payment.
    pub async fn at(world: &'w World) -> Self {
        let agreed: i64 = world
            .query(
                "with agreed as (update channel_configs set fee_bps = 290, fee_fixed_minor = 30 returning 1) \
                    select count(*) from agreed",
            )
            .await;
        assert_eq!(agreed, 1);
        Self {
            world,
            date: (now() - TimeDelta::days(10)).date_naive(),
            deals: Vec::new(),
            canceled: None,
        }
    }

    /// Everything that happens at the provider.
    pub async fn pay_all(&mut self) {
        let world = self.world;
        let created_at = self.noon();
        let paid = stream::iter(0..PAYMENTS).map(|place| async move {
            let payment = payment(world, &format!("order-{place}"), created_at);
            let fate = Fate::of(place);
            let method = if fate == Fate::RefundUnderWay {
                "pm_card_pendingRefund"
            } else {
                "pm_card_visa"
            };
            let intent = open(world, &payment, Some(method)).await;
            let mut deal = Deal {
                fate,
                payment,
                intent,
                refund: None,
                dispute: None,
            };
            deal.happen(world).await;
            deal
        });
        self.deals = paid.buffered(AT_ONCE).collect().await;
    }

    /// Some payments that nothing else happens to, with their intents.
    pub fn plain(&self, count: usize) -> Vec<(Payment, String)> {
        let plain = self.deals.iter().filter(|deal| deal.fate == Fate::Paid);
        let plain = plain.map(|deal| (deal.payment.clone(), deal.intent.clone()));
        plain.take(count).collect()
    }

    /// The provider's id of a refund that was given back.
    pub fn refund(&self) -> String {
        let refunded = self.deals.iter().find(|deal| deal.fate == Fate::Refunded);
        refunded.and_then(|deal| deal.refund.clone()).unwrap()
    }

    /// The intent of a payment that we believe was canceled.
    pub async fn canceled_intent(&mut self) -> String {
        let payment = payment(self.world, "canceled", self.noon());
        let intent = open(self.world, &payment, None).await;
        self.canceled = Some((payment, intent.clone()));
        intent
    }

    /// Makes the provider's books differ.
    pub async fn inject(&self, mut injection: Value) -> Value {
        injection["account"] = self.world.account.as_str().into();
        control(self.world, "differences", injection).await
    }

    /// Everything at the provider happened at noon, or when its fate says.
    pub async fn backdate_all(&self) {
        let world = self.world;
        let backdate = async |intent: Option<&str>, created: DateTime<Utc>| {
            let mut body = json!({ "account": world.account, "created": created.timestamp() });
            if let Some(intent) = intent {
                body["intent"] = intent.into();
            }
            control(world, "backdate", body).await;
        };
        backdate(None, self.noon()).await;
        for deal in &self.deals {
            let there = self.paid_at(deal.fate);
            if there != self.noon() {
                backdate(Some(&deal.intent), there).await;
            }
        }
    }

    /// Everything that follows here, through the states and the ledger as it really does.
    pub async fn record_all(&self) {
        let world = self.world;
        let recorded = stream::iter(&self.deals).map(|deal| async move {
            let at = self.known_at(deal.fate);
            let payment = record_paid(world, deal, at).await;
            match deal.fate {
                Fate::Refunded => refund(world, payment, deal, AMOUNT, &[succeeded()], at).await,
                Fate::RefundedInPart => refund(world, payment, deal, 700, &[succeeded()], at).await,
                Fate::RefundReturned => {
                    refund(world, payment, deal, AMOUNT, &[succeeded(), failed()], at).await;
                }
                Fate::RefundUnderWay => {
                    refund(
                        world,
                        payment,
                        deal,
                        AMOUNT,
                        &[ChannelRefundStatus::Processing],
                        at,
                    )
                    .await;
                }
                Fate::Disputed(status) => dispute(world, payment, deal, status, at).await,
                Fate::Paid | Fate::BeforeMidnight | Fate::BeforeTheDay | Fate::LongAgo => {}
            }
        });
        recorded.buffer_unordered(AT_ONCE * 4).collect::<()>().await;
        if let Some((payment, intent)) = &self.canceled {
            world.store_new(payment).await;
            // Canceled and not merely unpaid: an open one would be asked about, and found to be paid.
            let seen = seen(payment, intent, IntentStatus::Canceled);
            let closed = payment.clone().apply(seen).unwrap();
            write(world, &closed.payment, &closed.effects, Record::default(), now()).await;
        }
    }

    /// How many payments the provider took a fee of within the day.
    pub fn paid_within(&self) -> usize {
        let within = |deal: &&Deal| !matches!(deal.fate, Fate::BeforeTheDay | Fate::LongAgo);
        self.deals.iter().filter(within).count()
    }

    fn noon(&self) -> DateTime<Utc> {
        self.midnight() + TimeDelta::hours(12)
    }

    fn midnight(&self) -> DateTime<Utc> {
        self.date.and_time(NaiveTime::MIN).and_utc()
    }

    /// When it happened at the provider.
    fn paid_at(&self, fate: Fate) -> DateTime<Utc> {
        match fate {
            Fate::BeforeMidnight => self.midnight() + TimeDelta::days(1) - TimeDelta::seconds(10),
            Fate::BeforeTheDay => self.midnight() - TimeDelta::seconds(10),
            Fate::LongAgo => self.midnight() - TimeDelta::days(3),
            Fate::Paid
            | Fate::Refunded
            | Fate::RefundedInPart
            | Fate::RefundReturned
            | Fate::RefundUnderWay
            | Fate::Disputed(_) => self.noon(),
        }
    }

    /// When we came to know of it.
    fn known_at(&self, fate: Fate) -> DateTime<Utc> {
        match fate {
            Fate::LongAgo => self.noon(),
            other => self.paid_at(other) + TimeDelta::seconds(20),
        }
    }
}

impl Deal {
    /// What happens at the provider after it was paid.
    async fn happen(&mut self, world: &World) {
        let intent = &self.intent;
        match self.fate {
            Fate::Refunded | Fate::RefundUnderWay => self.refund = Some(give_back(world, self, None).await),
            Fate::RefundedInPart => self.refund = Some(give_back(world, self, Some(700)).await),
            Fate::RefundReturned => {
                let refund = give_back(world, self, None).await;
                control(
                    world,
                    &format!("refunds/{refund}/settle"),
                    json!({ "succeeded": false }),
                )
                .await;
                self.refund = Some(refund);
            }
            Fate::Disputed(status) => {
                let opened = control(world, &format!("intents/{intent}/dispute"), json!({})).await;
                let id = opened["id"].as_str().unwrap().to_owned();
                if status != ChannelDisputeStatus::Open {
                    let won = status == ChannelDisputeStatus::Won;
                    control(world, &format!("disputes/{id}/close"), json!({ "won": won })).await;
                }
                self.dispute = Some(id);
            }
            Fate::Paid | Fate::BeforeMidnight | Fate::BeforeTheDay | Fate::LongAgo => {}
        }
    }

    /// The one refund of this payment.
    fn our_refund(&self, payment: &Payment, amount_minor: i64, at: DateTime<Utc>) -> Refund {
        let request = RefundRequest {
            amount_minor: Some(amount_minor),
            ..RefundRequest::all_of(payment.id)
        };
        let key = key(&format!("refund-of-{}", payment.id));
        Refund::new(payment, key, request, usd(amount_minor), at)
    }
}

fn usd(amount_minor: i64) -> Money {
    Money {
        amount_minor,
        currency: Currency::USD,
    }
}

fn succeeded() -> ChannelRefundStatus {
    ChannelRefundStatus::Succeeded
}

fn failed() -> ChannelRefundStatus {
    ChannelRefundStatus::Failed(Failure::provider_unavailable())
}

fn payment(world: &World, name: &str, created_at: DateTime<Utc>) -> Payment {
    let terms = domain::merchant::Terms::default();
    let request = PaymentRequest {
        money: usd(AMOUNT),
        ..request(None)
    };
    Payment::new(
        world.merchant_id,
        key(name),
        request,
        Channel::Stripe,
        &terms,
        created_at,
    )
}

fn seen(payment: &Payment, intent: &str, change: IntentStatus) -> PaymentEvent {
    let intent = Intent {
        id: intent.to_owned(),
        payment_id: Some(payment.id),
        money: payment.money,
        received_minor: payment.money.amount_minor,
        status: change.clone(),
        next_action: None,
        destination: None,
    };
    PaymentEvent::IntentSeen { intent, change }
}

/// A call of the provider's API, which answers with an object; its id.
async fn call(world: &World, path: &str, body: String) -> String {
    let url = format!("{}/v1/{path}", world.sandbox.base_url());
    let request = world
        .http
        .post(url)
        .bearer_auth(&world.account)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    let object: Value = request.send().await.unwrap().json().await.unwrap();
    object["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{path}: {object}"))
        .to_owned()
}

/// A control of the sandbox, and what it answers.
async fn control(world: &World, path: &str, body: Value) -> Value {
    let url = format!("{}/sandbox/stripe/{path}", world.sandbox.base_url());
    let answer = world.http.post(url).json(&body).send().await.unwrap();
    assert!(
        answer.status().is_success(),
        "{path}: {}",
        answer.text().await.unwrap()
    );
    answer.json().await.unwrap()
}

async fn open(world: &World, payment: &Payment, method: Option<&str>) -> String {
    let paid = method.map_or_else(String::new, |method| {
        format!("&payment_method={method}&confirm=true&return_url=https://shop.example")
    });
    let body = format!(
        "amount={AMOUNT}&currency=usd&metadata[sluice_payment_id]={}{paid}",
        payment.id
    );
    call(world, "payment_intents", body).await
}

async fn give_back(world: &World, deal: &Deal, amount_minor: Option<i64>) -> String {
    let refund = deal.our_refund(&deal.payment, AMOUNT, now());
    let part = amount_minor.map_or_else(String::new, |minor| format!("&amount={minor}"));
    let body = format!(
        "payment_intent={}{part}&metadata[sluice_payment_id]={}&metadata[sluice_refund_id]={}",
        deal.intent, deal.payment.id, refund.id
    );
    call(world, "refunds", body).await
}

async fn record_paid(world: &World, deal: &Deal, at: DateTime<Utc>) -> Payment {
    world.store_new(&deal.payment).await;
    let event = seen(&deal.payment, &deal.intent, IntentStatus::Succeeded);
    let paid = deal.payment.clone().apply(event).unwrap();
    write(world, &paid.payment, &paid.effects, Record::default(), at).await
}

async fn refund(
    world: &World,
    payment: Payment,
    deal: &Deal,
    amount_minor: i64,
    news: &[ChannelRefundStatus],
    at: DateTime<Utc>,
) {
    let new = deal.our_refund(&payment, amount_minor, at);
    let reserved = domain::ledger::Transfer::refund_reserved(&new, &payment);
    let record = Record {
        new_refund: Some(new.clone()),
        ..Record::default()
    };
    let payment = payment.with_reserved(new.money);
    let mut payment = write(world, &payment, &[Effect::Post(reserved)], record, at).await;
    let mut refund = new;
    for status in news {
        let seen = ChannelRefund {
            id: deal.refund.clone().unwrap(),
            refund_id: Some(refund.id),
            intent_id: Some(deal.intent.clone()),
            money: refund.money,
            status: status.clone(),
        };
        let applied = refund.apply(payment, RefundEvent::Seen(seen)).unwrap();
        let record = Record {
            refund: Some(applied.refund.clone()),
            ..Record::default()
        };
        payment = write(world, &applied.payment, &applied.effects, record, at).await;
        refund = applied.refund;
        refund.version += 1;
    }
}

async fn dispute(
    world: &World,
    payment: Payment,
    deal: &Deal,
    status: ChannelDisputeStatus,
    at: DateTime<Utc>,
) {
    let seen = ChannelDispute {
        id: deal.dispute.clone().unwrap(),
        intent_id: deal.intent.clone(),
        money: payment.money,
        reason: "fraudulent".into(),
        status,
    };
    let applied = Dispute::see(None, payment, seen, at).unwrap();
    let record = Record {
        dispute: Some(applied.dispute),
        ..Record::default()
    };
    write(world, &applied.payment, &applied.effects, record, at).await;
}

/// Writes a change of a payment with the transfers that follow, and gives it as it is read next.
async fn write(
    world: &World,
    payment: &Payment,
    effects: &[Effect],
    record: Record,
    at: DateTime<Utc>,
) -> Payment {
    let transfers = effects.iter().filter_map(|effect| match effect {
        Effect::Post(transfer) => Some(TransferRecord {
            transfer: transfer.clone(),
            at,
        }),
        Effect::Notify(_) | Effect::Capture | Effect::PaidLate => None,
    });
    let record = Record {
        payment: Some(payment.clone()),
        transfers: transfers.collect(),
        ..record
    };
    assert_eq!(world.recorder.write(record).await.unwrap(), Verdict::Written);
    Payment {
        version: payment.version + 1,
        ..payment.clone()
    }
}
