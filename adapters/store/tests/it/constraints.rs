//! What the tables refuse whoever asks: workers with their rights, and mostly the owner too.

use domain::{
    channel::ChannelRefundStatus,
    ledger::Transfer,
    payment::{Failure, Payment},
    refund::Refund,
};
use sqlx::{AssertSqlSafe, PgConnection};
use store::{Record, StoreError, Verdict};

use crate::support::{World, at, refund_record, world};

/// Each of these is refused, with these words in the reason.
pub async fn refuses(connection: &mut PgConnection, cases: &[(String, &str)]) {
    for (sql, reason) in cases {
        let refused = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
            .execute(&mut *connection)
            .await;
        let Err(refused) = refused else {
            panic!("allowed: {sql}")
        };
        let refused = refused.to_string();
        assert!(refused.contains(reason), "{sql}\n{refused}");
    }
}

/// A merchant with a refund under way, whose ids tests can write down.
struct Books {
    world: World,
    payment: Payment,
    refund: Refund,
}

async fn books() -> Books {
    let world = world().await;
    let payment = world.paid("k").await;
    let (refund, payment) = world.refunding(&payment, "r", 700).await;
    Books {
        world,
        payment,
        refund,
    }
}

impl Books {
    /// A statement that adds a transfer with this id, phase and resolved reservation.
    fn transfer(&self, id: u8, phase: &str, resolves: &str) -> String {
        let (merchant, payment) = (self.world.merchant_id.as_uuid(), self.payment.id.as_uuid());
        format!(
            "insert into ledger_transfers (id, merchant_id, kind, phase, resolves, payment_id, subject, at)
             values ('00000000-0000-0000-0000-0000000000{id:02}', '{merchant}', 'refund', '{phase}', {resolves},
                     '{payment}', 'test', now());"
        )
    }

    /// A statement that adds postings (ordinal, currency, layer, amount) on the merchant's balance.
    fn postings(id: u8, postings: &[(i16, &str, &str, i64)]) -> String {
        let rows = postings.iter().map(|(ordinal, currency, layer, amount)| {
            format!(
                "('00000000-0000-0000-0000-0000000000{id:02}', {ordinal},
                  (select id from ledger_accounts where kind = 'merchant_balance'), '{currency}', '{layer}', {amount})"
            )
        });
        let rows: Vec<String> = rows.collect();
        format!("insert into ledger_postings values {};", rows.join(", "))
    }
}

#[tokio::test]
async fn postings_are_balanced_in_one_statement_or_not_there() {
    let books = books().await;
    let adding = |postings: &[(i16, &str, &str, i64)]| {
        let transfer = books.transfer(1, "posted", "null");
        format!("{transfer} {}", Books::postings(1, postings))
    };
    let halves = format!(
        "{} {}",
        adding(&[(0, "USD", "posted", 5)]),
        Books::postings(1, &[(1, "USD", "posted", -5)])
    );
    let cases = [
        (
            adding(&[(0, "USD", "posted", 5), (1, "USD", "posted", -4)]),
            "off by 1 minor units of USD",
        ),
        (
            adding(&[(0, "USD", "posted", 5), (1, "USD", "pending", -5)]),
            "are off by",
        ),
        (
            adding(&[(0, "EUR", "posted", 5), (1, "EUR", "posted", -5)]),
            "foreign key",
        ),
        (adding(&[(0, "USD", "posted", 0)]), "amount_minor"),
        (
            adding(&[(0, "USD", "hidden", 5), (1, "USD", "hidden", -5)]),
            "layer",
        ),
        (
            adding(&[(1, "USD", "posted", 5), (2, "USD", "posted", -5)]),
            "not numbered from 0",
        ),
        (
            adding(&[(0, "USD", "posted", 5), (2, "USD", "posted", -5)]),
            "not numbered from 0",
        ),
        (
            adding(&[(-1, "USD", "posted", 5), (0, "USD", "posted", -5)]),
            "not numbered from 0",
        ),
        (halves, "off by 5 minor units"),
    ];
    refuses(&mut books.world.writer().await, &cases).await;
    refuses(&mut books.world.owner().await, &cases).await;
}

#[tokio::test]
async fn nothing_is_added_to_a_transfer_that_is_there() {
    let books = books().await;
    let mut writer = books.world.writer().await;
    let whole = [(0, "USD", "posted", 5), (1, "USD", "posted", -5)];
    let made = format!(
        "{} {}",
        books.transfer(1, "posted", "null"),
        Books::postings(1, &whole)
    );
    sqlx::raw_sql(AssertSqlSafe(made))
        .execute(&mut writer)
        .await
        .unwrap();
    let cases = [
        (
            Books::postings(1, &[(2, "USD", "posted", 5), (3, "USD", "posted", -5)]),
            "not numbered from 0",
        ),
        (Books::postings(1, &whole), "ledger_postings_pkey"),
    ];
    refuses(&mut writer, &cases).await;
}

#[tokio::test]
async fn the_ledger_is_only_added_to() {
    let books = books().await;
    let tables = ["ledger_accounts", "ledger_transfers", "ledger_postings"];
    let mut as_writer = Vec::new();
    let mut as_owner = Vec::new();
    for (table, column) in tables
        .into_iter()
        .zip(["detail = ''", "subject = ''", "amount_minor = 1"])
    {
        for sql in [
            format!("update {table} set {column}"),
            format!("delete from {table}"),
            format!("truncate {table} cascade"),
        ] {
            as_writer.push((sql.clone(), "permission denied"));
            as_owner.push((sql, "only added to"));
        }
    }
    refuses(&mut books.world.writer().await, &as_writer).await;
    refuses(&mut books.world.owner().await, &as_owner).await;
}

#[tokio::test]
async fn a_reservation_is_resolved_once_and_by_nothing_that_reserves() {
    let books = books().await;
    let reservation = Transfer::refund_reserved(&books.refund, &books.payment)
        .id
        .as_uuid();
    let reservation = format!("'{reservation}'");
    let cases = [
        (
            books.transfer(1, "voided", &reservation) + &books.transfer(2, "posted", &reservation),
            "ledger_transfers_resolves_key",
        ),
        (books.transfer(1, "voided", "null"), "check constraint"),
        (books.transfer(1, "expired", "null"), "check constraint"),
        (books.transfer(1, "pending", &reservation), "check constraint"),
        (books.transfer(1, "done", "null"), "phase"),
        (
            books.transfer(1, "voided", "'00000000-0000-0000-0000-000000000099'"),
            "foreign key",
        ),
    ];
    refuses(&mut books.world.writer().await, &cases).await;
}

#[tokio::test]
async fn no_more_is_given_back_than_was_paid_and_only_what_was_paid() {
    let books = books().await;
    let unpaid = books.world.stored("unpaid").await;
    let (paid, unpaid) = (books.payment.id.as_uuid(), unpaid.id.as_uuid());
    let set = |id, values: &str| format!("update payments set {values} where id = '{id}'");
    let cases = [
        (set(paid, "refunded_minor = 1300"), "never_over_refunded"),
        (
            set(paid, "refunded_minor = 2000, refund_reserved_minor = 0"),
            "never_over_refunded",
        ),
        (set(paid, "refunded_minor = -1"), "refunded_minor"),
        (set(paid, "refund_reserved_minor = -1"), "refund_reserved_minor"),
        (set(paid, "disputed_minor = -1"), "disputed_minor"),
        (set(paid, "channel = 'alipay'"), "keeps its channel"),
        (set(unpaid, "refund_reserved_minor = 1"), "refunds_need_money"),
        (set(unpaid, "refunded_minor = 1"), "refunds_need_money"),
        (set(unpaid, "is_late = true"), "late_is_paid"),
        (set(unpaid, "closing = 'bored'"), "closing"),
        (set(unpaid, "expires_at = null"), "expires_at"),
    ];
    refuses(&mut books.world.writer().await, &cases).await;
    let mut writer = books.world.writer().await;
    sqlx::raw_sql(AssertSqlSafe(set(paid, "is_late = true")))
        .execute(&mut writer)
        .await
        .unwrap();
    refuses(&mut writer, &[(set(paid, "is_late = false"), "was paid late")]).await;
}

/// Whatever a handler believes: the record is refused as a whole.
#[tokio::test]
async fn a_record_that_gives_back_too_much_is_refused() {
    let books = books().await;
    let record = refund_record(&books.payment, "too-much", 1300);
    let id = record.new_refund.as_ref().unwrap().id;
    let refused = books.world.recorder.write(record).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert_eq!(books.world.store.refund(id).await.unwrap(), None);
}

#[tokio::test]
async fn a_refund_keeps_its_money_its_object_and_its_end() {
    let Books {
        world,
        payment,
        refund,
    } = books().await;
    let (done, payment) = world
        .refund_seen(refund, payment, ChannelRefundStatus::Succeeded)
        .await;
    let (open, payment) = world.refunding(&payment, "open", 100).await;
    let (failed, _) = world
        .refund_seen(
            open,
            payment,
            ChannelRefundStatus::Failed(Failure::refund_unavailable()),
        )
        .await;
    let set = |refund: &Refund, values: &str| {
        format!("update refunds set {values} where id = '{}'", refund.id.as_uuid())
    };
    let cases = [
        (set(&done, "amount_minor = 1"), "cannot change"),
        (set(&done, "currency = 'EUR'"), "cannot change"),
        (set(&done, "merchant_id = gen_random_uuid()"), "cannot change"),
        (set(&done, "payment_id = gen_random_uuid()"), "cannot change"),
        (set(&done, "channel = 'other'"), "cannot change"),
        (
            set(&done, "channel_refund_id = 're_other'"),
            "keeps its provider's object",
        ),
        (
            set(&done, "channel_refund_id = null"),
            "keeps its provider's object",
        ),
        (set(&done, "status = 'processing'"), "cannot become"),
        (set(&done, "status = 'failed'"), "check constraint"),
        (set(&done, "failure = '{}'"), "check constraint"),
        (
            set(&failed, "status = 'succeeded', failure = null"),
            "cannot become",
        ),
        (
            set(&failed, "status = 'pending', failure = null"),
            "cannot become",
        ),
        ("delete from refunds".to_owned(), "permission denied"),
        (
            "update refund_records set outcome = 'ok'".to_owned(),
            "permission denied",
        ),
        (
            "update payment_actions set outcome = '{}'".to_owned(),
            "permission denied",
        ),
    ];
    refuses(&mut world.writer().await, &cases).await;
}

#[tokio::test]
async fn two_refunds_do_not_share_a_providers_object() {
    let Books {
        world,
        payment,
        refund,
    } = books().await;
    let (done, payment) = world
        .refund_seen(refund, payment, ChannelRefundStatus::Succeeded)
        .await;
    let (other, _) = world.refunding(&payment, "other", 100).await;
    let stolen = Refund {
        channel_refund_id: done.channel_refund_id,
        ..other
    };
    let record = Record {
        refund: Some(stolen),
        ..Record::default()
    };
    let refused = world.recorder.write(record).await.unwrap_err();
    assert!(
        refused.to_string().contains("refunds_channel_refund"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_dispute_keeps_its_money_and_its_decision() {
    let Books { world, payment, .. } = books().await;
    let won = world.dispute_record(None, &payment, domain::channel::ChannelDisputeStatus::Won);
    assert_eq!(world.write(won).await, Verdict::Written);
    let cases = [
        ("update disputes set status = 'open'".to_owned(), "cannot become"),
        ("update disputes set status = 'lost'".to_owned(), "cannot become"),
        ("update disputes set amount_minor = 1".to_owned(), "cannot change"),
        ("delete from disputes".to_owned(), "permission denied"),
    ];
    refuses(&mut world.writer().await, &cases).await;
}

#[tokio::test]
async fn a_reader_reads_the_books_and_adds_nothing() {
    let books = books().await;
    let reader = books.world.database.store(true);
    assert!(reader.ledger_check().await.unwrap().agrees());
    assert_eq!(reader.balances(books.world.merchant_id).await.unwrap().len(), 3);
    assert!(reader.refund(books.refund.id).await.unwrap().is_some());
    assert!(reader.terms(books.world.merchant_id).await.is_ok());
    let expiries = reader.claim_expiries(at(1), &[], &[], 1).await;
    assert!(expiries.unwrap_err().to_string().contains("read-only"));
}
