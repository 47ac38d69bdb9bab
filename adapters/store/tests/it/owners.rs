//! Whose payments and refunds are, as the tables keep it.

use domain::payment::{Payment, PaymentRequest};
use sqlx::PgConnection;
use store::{Record, Verdict};

use crate::support::{World, world};

/// A payment of this user that is stored as paid.
async fn paid_of(world: &World, key: &str, user: Option<&str>) -> Payment {
    let of_nobody = world.payment(key);
    let request = PaymentRequest {
        user_id: user.map(|name| name.parse().unwrap()),
        ..of_nobody.request
    };
    let new = Payment {
        fingerprint: request.fingerprint(),
        request,
        ..of_nobody
    };
    let record = Record {
        new_payment: Some(new.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record).await, Verdict::Written);
    world.pay(new).await
}

async fn owners(connection: &mut PgConnection, table: &str) -> Vec<Option<String>> {
    let select = format!("select user_id from {table} order by idempotency_key");
    let select = sqlx::query_scalar(sqlx::AssertSqlSafe(select));
    select.fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn a_refund_belongs_to_its_payments_owner() {
    let world = world().await;
    for (key, user) in [("a", Some("anna")), ("b", None)] {
        let payment = paid_of(&world, key, user).await;
        world.refunding(&payment, key, 500).await;
    }
    let mut owner = world.owner().await;
    let expected = vec![Some("anna".to_owned()), None];
    assert_eq!(owners(&mut owner, "payments").await, expected);
    assert_eq!(owners(&mut owner, "refunds").await, expected);
}

#[tokio::test]
async fn the_tables_refuse_to_give_away_what_is_somebodys() {
    let world = world().await;
    let payment = paid_of(&world, "k", Some("anna")).await;
    world.refunding(&payment, "r", 500).await;
    let mut owner = world.owner().await;
    for (sql, reason) in [
        ("update payments set user_id = 'bob'", "cannot change"),
        ("update payments set user_id = null", "cannot change"),
        ("update refunds set user_id = 'bob'", "cannot change"),
        (
            "insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel,
                                   request, created_at, updated_at, user_id)
             select gen_random_uuid(), merchant_id, 'other', fingerprint, 'pending', amount_minor, currency, channel, request,
                    created_at, updated_at, 'bob' from payments",
            "payments_owner_as_asked",
        ),
    ] {
        let refused = sqlx::raw_sql(sql).execute(&mut owner).await.unwrap_err();
        assert!(refused.to_string().contains(reason), "{sql}\n{refused}");
    }
}
