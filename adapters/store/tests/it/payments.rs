//! Payments in and out of their table, and the invariants that the table itself keeps.

use std::time::Duration;

use domain::{
    channel::{Exchange, IntentStatus, Operation},
    payment::PaymentStatus,
    scope::Scope,
    secret::Secret,
};
use store::{Doing, ExchangeRecord, Page, PageCursor, Record, Store, StoreConfig, StoreError, Verdict};

use crate::support::{at, seen, world};

#[tokio::test]
async fn a_payment_comes_back_as_it_was_written() {
    let world = world().await;
    let new = world.payment("k");
    let record = Record {
        new_payment: Some(new.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record.clone()).await, Verdict::Written);
    assert_eq!(world.write(record).await, Verdict::Duplicate);
    assert_eq!(world.store.payment(new.id).await.unwrap(), Some(new.clone()));

    let paid = seen(new, IntentStatus::Succeeded).payment;
    let record = Record {
        payment: Some(paid.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record.clone()).await, Verdict::Written);
    assert_eq!(world.write(record).await, Verdict::Stale);
    let stored = world.store.payment(paid.id).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.next_action), (1, paid.next_action));
}

#[tokio::test]
async fn what_a_payer_pays_with_is_sealed_at_rest() {
    let world = world().await;
    let new = world.stored("k").await;
    let open = seen(new, IntentStatus::RequiresAction).payment;
    world.change(&open).await;
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&world.database.url())
        .await
        .unwrap();
    let raw: String =
        sqlx::query_scalar("select payments::text || encode(next_action, 'escape') from payments")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert!(!raw.contains("pi_secret"), "{raw}");
}

#[tokio::test]
async fn the_table_itself_refuses_to_unpay_or_change_a_payment() {
    let world = world().await;
    let new = world.stored("k").await;
    let paid = seen(new, IntentStatus::Succeeded).payment;
    world.change(&paid).await;
    let mut unpaid = world.store.payment(paid.id).await.unwrap().unwrap();
    unpaid.status = PaymentStatus::Failed;
    let refused = world
        .recorder
        .write(Record {
            payment: Some(unpaid),
            ..Record::default()
        })
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::Refused(_)) && refused.to_string().contains("is paid"),
        "{refused}"
    );
    let mut other = world.store.payment(paid.id).await.unwrap().unwrap();
    other.intent_id = Some("pi_other".into());
    assert!(
        world
            .recorder
            .write(Record {
                payment: Some(other),
                ..Record::default()
            })
            .await
            .is_err()
    );
}

#[tokio::test]
async fn pages_hold_every_payment_once_even_when_they_share_a_moment() {
    let world = world().await;
    for number in 0..25 {
        let new = world.payment(&number.to_string());
        world
            .write(Record {
                new_payment: Some(new.clone()),
                ..Record::default()
            })
            .await;
    }
    let scope = Scope::Merchant(world.merchant_id);
    let store = world.store.within(&scope);
    let mut page = Page {
        limit: 10,
        ..Page::default()
    };
    let mut ids = Vec::new();
    loop {
        let payments = store.payments(&page).await.unwrap();
        let Some(last) = payments.last() else { break };
        page.after = Some(PageCursor {
            created_at: last.created_at,
            id: last.id,
        });
        ids.extend(payments.iter().map(|payment| payment.id));
    }
    let mut once = ids.clone();
    once.sort();
    once.dedup();
    assert_eq!((ids.len(), once.len()), (25, 25));
    page = Page {
        status: Some(PaymentStatus::Succeeded),
        after: None,
        ..page
    };
    assert!(store.payments(&page).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reader_can_read_and_cannot_write() {
    let world = world().await;
    let reader = world.database.store(true);
    assert!(reader.key("key").await.unwrap().is_some());
    let refused = reader
        .revoke_key("key", Doing::by("test", at(1)))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("permission denied") || refused.to_string().contains("read-only"),
        "{refused}"
    );
}

#[tokio::test]
async fn an_unmigrated_database_is_named() {
    let world = world().await;
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&world.database.url())
        .await
        .unwrap();
    world.store.check().await.unwrap();
    sqlx::query("drop table _sqlx_migrations")
        .execute(&mut connection)
        .await
        .unwrap();
    assert!(
        world
            .store
            .check()
            .await
            .unwrap_err()
            .to_string()
            .contains("console migrate")
    );
}

#[tokio::test]
async fn a_call_is_open_until_its_end_is_known() {
    let world = world().await;
    let new = world.stored("k").await;
    let steps = [
        // Storing the payment began the first call.
        (None, Some(1)),
        (Some((Operation::CreateIntent, "not_done")), None),
        (Some((Operation::CreateIntent, "started")), Some(12)),
        (Some((Operation::CreateIntent, "unknown")), Some(12)),
        (Some((Operation::CreateIntent, "started")), Some(14)),
        (Some((Operation::CreateIntent, "refused")), Some(14)),
        (Some((Operation::CreateIntent, "mismatch")), Some(14)),
        (Some((Operation::CreateIntent, "late")), Some(14)),
        (Some((Operation::FindIntent, "not_found")), Some(14)),
        (Some((Operation::FindIntent, "absent")), None),
        (Some((Operation::CreateIntent, "started")), Some(20)),
        (Some((Operation::CreateIntent, "ok")), None),
    ];
    for (number, (said, open_since)) in (10..).zip(steps) {
        if let Some((operation, outcome)) = said {
            let exchange = Exchange {
                operation,
                outcome,
                intent_id: None,
                error: None,
                duration_ms: 1,
            };
            let (job_id, at) = ("job".to_owned(), at(number));
            let exchange = ExchangeRecord {
                payment_id: new.id,
                channel: new.channel,
                job_id,
                attempt: 1,
                exchange,
                at,
            };
            world
                .recorder
                .write(Record {
                    exchanges: vec![exchange],
                    ..Record::default()
                })
                .await
                .unwrap();
        }
        assert_eq!(
            world.store.open_call(&new).await.unwrap(),
            open_since.map(at),
            "{said:?}"
        );
        let is_begun = !matches!(said, None | Some((Operation::FindIntent, "absent")));
        assert_eq!(
            world.store.has_called(&new, "job", 1).await.unwrap(),
            is_begun,
            "{said:?}"
        );
    }
    assert!(!world.store.has_called(&new, "job", 2).await.unwrap());
}

#[tokio::test]
async fn a_writer_changes_only_what_may_change() {
    let world = world().await;
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&world.database.url())
        .await
        .unwrap();
    sqlx::query("set role sluice_writer")
        .execute(&mut connection)
        .await
        .unwrap();
    for refused in [
        "delete from payments",
        "update payment_records set outcome = 'ok'",
        "delete from audit_log",
    ] {
        let error = sqlx::query(refused).execute(&mut connection).await.unwrap_err();
        assert!(
            error.to_string().contains("permission denied"),
            "{refused}: {error}"
        );
    }
    sqlx::query("delete from outbox")
        .execute(&mut connection)
        .await
        .unwrap();
}

/// This is how other tests give their processes the rights of production.
#[tokio::test]
async fn a_role_in_the_url_is_taken_on() {
    let world = world().await;
    let config = StoreConfig {
        url: Secret::new(format!(
            "{}?options=-c%20role%3Dsluice_reader",
            world.database.url()
        )),
        max_connections: 1,
        acquire_timeout: Duration::from_secs(5),
        read_only: false,
    };
    let store = Store::connect_lazily(&config, world.store.vault().clone()).unwrap();
    let refused = store
        .revoke_key("key", Doing::by("test", at(1)))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}
