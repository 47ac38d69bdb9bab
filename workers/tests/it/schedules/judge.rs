//! What has to be true of a wave when it is over, told by the database and by the provider.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::FromRow;

use super::{Wave, courier::Courier};
use crate::support::{World, list};

/// Payments that have no intent yet and may still get one.
pub const NOT_OPENED: &str = "
select count(*) from payments where merchant_id = $1 and status in ('pending', 'needs_review')";

const REFUNDS: &str = "select count(*) from refunds where merchant_id = $1";
const UNSETTLED_REFUNDS: &str = "
select count(*) from refunds where merchant_id = $1 and status in ('pending', 'needs_review', 'processing')";
const WISHES: &str = "select count(*) from payment_actions where merchant_id = $1";
const PARKED_WISHES: &str = "
select count(distinct job_id) from job_failures
where merchant_id = $1 and disposition = 'dead_letter' and kind in ('cancel_payment', 'confirm_payment')";
const PARKED_OTHERS: &str = "
select count(distinct job_id) from job_failures
where merchant_id = $1 and disposition = 'dead_letter'
  and kind not in ('cancel_payment', 'confirm_payment', 'create_refund', 'create_intent')";
const CALLBACKS: &str = "select count(*) from payment_callbacks where merchant_id = $1";

/// Payments whose own figures, refunds and postings do not say the same.
const OFF_BALANCE: &str = "
with books as (
  select transfer.payment_id,
         coalesce(sum(posting.amount_minor) filter (where posting.layer = 'posted'), 0) as posted,
         coalesce(sum(posting.amount_minor) filter (where posting.layer = 'pending'), 0) as reserved
  from ledger_transfers transfer
  join ledger_postings posting on posting.transfer_id = transfer.id
  join ledger_accounts account on account.id = posting.account_id and account.kind = 'merchant_balance'
  where transfer.merchant_id = $1
  group by transfer.payment_id
), given as (
  select payment_id, coalesce(sum(amount_minor) filter (where status = 'succeeded'), 0) as back
  from refunds where merchant_id = $1 group by payment_id
)
select count(*) from payments
left join books on books.payment_id = payments.id
left join given on given.payment_id = payments.id
where merchant_id = $1
  and (refunded_minor <> coalesce(back, 0) or refund_reserved_minor <> 0 or refunded_minor > amount_minor
       or coalesce(reserved, 0) <> 0
       or coalesce(posted, 0) <> case when status = 'succeeded' then amount_minor - refunded_minor else 0 end)";

const PAYMENTS_NOW: &str = "
select id, status, amount_minor, refunded_minor, intent_id from payments where merchant_id = $1";
const REFUNDS_NOW: &str = "
select id, status, amount_minor, channel_refund_id, failure->>'code' as code from refunds where merchant_id = $1";

#[derive(FromRow)]
struct Payment {
    status: String,
    amount_minor: i64,
    refunded_minor: i64,
    intent_id: Option<String>,
}

#[derive(FromRow)]
struct Refund {
    id: uuid::Uuid,
    status: String,
    amount_minor: i64,
    channel_refund_id: Option<String>,
    code: Option<String>,
}

/// Which ends were seen: a test that reaches none of them shows nothing.
#[derive(Debug, Default)]
pub struct Seen(BTreeSet<String>);

impl Seen {
    pub fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn has_everything(&self) {
        let ends = [
            "payment succeeded",
            "payment canceled",
            "payment failed",
            "refund succeeded",
            "refund payment_not_paid",
            "refund refund_too_large",
            "refund nothing_left_to_refund",
            "refund failed at the provider",
        ];
        for end in ends {
            assert!(self.0.contains(end), "{end} was never seen: {:?}", self.0);
        }
    }
}

impl Wave {
    pub async fn count(&self, world: &World, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .bind(self.merchant_id.as_uuid())
            .fetch_one(&mut connect(world).await)
            .await
            .unwrap()
    }

    /// Whether everything that was asked for has ended.
    pub async fn is_settled(&self, world: &World, courier: &Courier<'_>) -> bool {
        courier.is_up_to_date(world).await
            && self.count(world, CALLBACKS).await == courier.fetched.len() as i64
            && self.count(world, REFUNDS).await == self.wanted(super::Schedule::refunds)
            && self.count(world, UNSETTLED_REFUNDS).await == 0
            && self.count(world, WISHES).await + self.count(world, PARKED_WISHES).await
                == self.wanted(super::Schedule::wishes)
            && self.count(world, NOT_OPENED).await == 0
    }

    fn wanted(&self, of: fn(&super::Schedule) -> usize) -> i64 {
        self.schedules.iter().map(of).sum::<usize>() as i64
    }

    pub async fn unsettled(&self, world: &World, courier: &Courier<'_>) -> String {
        let mut text = String::new();
        let counts = [
            ("refunds", REFUNDS),
            ("unsettled refunds", UNSETTLED_REFUNDS),
            ("wishes", WISHES),
            ("parked wishes", PARKED_WISHES),
            ("parked others", PARKED_OTHERS),
            ("callbacks", CALLBACKS),
            ("not opened", NOT_OPENED),
        ];
        for (name, sql) in counts {
            text += &format!("{name} {}, ", self.count(world, sql).await);
        }
        text += &format!(
            "of {} refunds, {} wishes and {} callbacks",
            self.wanted(super::Schedule::refunds),
            self.wanted(super::Schedule::wishes),
            courier.fetched.len()
        );
        text
    }

    /// Compares what is stored with what the provider has.
    pub async fn judge(&self, world: &World) -> Seen {
        assert_eq!(self.count(world, PARKED_OTHERS).await, 0, "something was parked");
        assert_eq!(self.count(world, OFF_BALANCE).await, 0, "books are off");
        let mut seen = Seen::default();
        self.judge_payments(world, &mut seen).await;
        self.judge_refunds(world, &mut seen).await;
        seen
    }

    async fn judge_payments(&self, world: &World, seen: &mut Seen) {
        let payments: Vec<Payment> = self.rows(world, PAYMENTS_NOW).await;
        assert_eq!(payments.len(), self.schedules.len());
        let mut intents = by(self.truth(world, "intents").await, |intent| intent["id"].as_str());
        for payment in payments {
            seen.0.insert(format!("payment {}", payment.status));
            let Some(intent_id) = payment.intent_id else {
                assert_ne!(payment.status, "succeeded");
                continue;
            };
            let intent = intents.remove(&intent_id).unwrap();
            let is_paid = payment.status == "succeeded";
            let received = if is_paid { payment.amount_minor } else { 0 };
            assert_eq!(intent["amount_received"], received, "{intent}");
            assert_eq!(intent["amount_refunded"], payment.refunded_minor, "{intent}");
            assert_eq!(intent["charges_succeeded"], i64::from(is_paid), "{intent}");
            if payment.status == "canceled" {
                assert_eq!(intent["status"], "canceled", "{intent}");
            }
        }
        assert!(
            intents.is_empty(),
            "the provider has intents that nobody knows: {intents:?}"
        );
    }

    async fn judge_refunds(&self, world: &World, seen: &mut Seen) {
        let refunds: Vec<Refund> = self.rows(world, REFUNDS_NOW).await;
        let marked = self.truth(world, "refunds").await;
        let count = marked.len();
        let mut made = by(marked, |refund| refund["metadata"]["sluice_refund_id"].as_str());
        assert_eq!(made.len(), count, "a refund was made twice");
        for refund in refunds {
            let mark = domain::id::RefundId::from_uuid(refund.id).to_string();
            let made = made.remove(&mark);
            assert_eq!(made.is_some(), refund.channel_refund_id.is_some(), "{mark}");
            let Some(made) = made else {
                assert_eq!(refund.status, "failed", "{mark}");
                seen.0.insert(format!("refund {}", refund.code.unwrap()));
                continue;
            };
            assert_eq!(made["status"], refund.status, "{mark}");
            assert_eq!(made["amount"], refund.amount_minor, "{mark}");
            let end = if refund.status == "failed" {
                "failed at the provider"
            } else {
                &refund.status
            };
            seen.0.insert(format!("refund {end}"));
        }
        assert!(
            made.is_empty(),
            "the provider made refunds that nobody asked for: {made:?}"
        );
    }

    async fn truth(&self, world: &World, what: &str) -> Vec<Value> {
        list(
            world
                .get(&format!("/sandbox/stripe/{what}?account={}", self.account))
                .await,
        )
    }

    async fn rows<T>(&self, world: &World, sql: &'static str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        sqlx::query_as(sql)
            .bind(self.merchant_id.as_uuid())
            .fetch_all(&mut connect(world).await)
            .await
            .unwrap()
    }
}

fn by(rows: Vec<Value>, key: fn(&Value) -> Option<&str>) -> BTreeMap<String, Value> {
    let keyed = rows
        .into_iter()
        .map(|row| (key(&row).unwrap_or_default().to_owned(), row));
    keyed.collect()
}

async fn connect(world: &World) -> sqlx::PgConnection {
    <sqlx::PgConnection as sqlx::Connection>::connect(&world.database.url())
        .await
        .unwrap()
}
