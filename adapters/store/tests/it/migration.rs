//! Books from before the ledger: what was paid is posted by the migration, as the program would have done.

use domain::{id::PaymentId, ledger::Transfer};
use sqlx::{Connection, PgConnection, migrate::Migrator};
use store::testing::TestDatabase;
use uuid::Uuid;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

const BEFORE: &str = "
insert into merchants (id, name, created_at) select gen_random_uuid(), 'Shop', now() from generate_series(1, 2);
insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, intent_id,
                      request, created_at, updated_at)
select gen_random_uuid(), merchants.id, number::text, sha256('x'), status, number, currency, 'stripe', 'pi_' || number,
       jsonb_build_object('amount_minor', number, 'currency', currency), '2026-01-01', '2026-01-02'
from merchants, generate_series(1, 4) as number, lateral (values (case number when 4 then 'failed' else 'succeeded' end,
                                                                 case number when 3 then 'JPY' else 'USD' end))
     as payment (status, currency)";

async fn rows<T>(connection: &mut PgConnection, sql: &'static str) -> Vec<T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(sql).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn what_was_paid_before_the_ledger_is_posted_as_the_program_would() {
    let server = std::env::var("DATABASE_URL").unwrap();
    let database = TestDatabase::create_empty(&server).await;
    let mut owner = PgConnection::connect(&database.url()).await.unwrap();
    MIGRATIONS.run_to(2, &mut owner).await.unwrap();
    sqlx::raw_sql(BEFORE).execute(&mut owner).await.unwrap();
    let store = database.store(false);
    store.migrate().await.unwrap();

    let report = store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
    assert_eq!((report.transfers, report.postings), (6, 12));
    for (id,) in rows::<(Uuid,)>(&mut owner, "select id from payments where status = 'succeeded'").await {
        let payment = store.payment(PaymentId::from_uuid(id)).await.unwrap().unwrap();
        assert_posted(&mut owner, &Transfer::payment_received(&payment)).await;
    }
}

/// The transfer is there, with this id, about this subject, and with these postings on these accounts.
async fn assert_posted(owner: &mut PgConnection, transfer: &Transfer) {
    let header: (String, Uuid, String, String, String) = sqlx::query_as(
        "select subject, payment_id, kind, phase, at::date::text from ledger_transfers where id = $1",
    )
    .bind(transfer.id.as_uuid())
    .fetch_one(&mut *owner)
    .await
    .unwrap();
    let day = "2026-01-02".to_owned();
    let (kind, phase) = (transfer.kind.name().to_owned(), transfer.phase.name().to_owned());
    assert_eq!(
        header,
        (
            transfer.subject.clone(),
            transfer.payment_id.unwrap().as_uuid(),
            kind,
            phase,
            day
        )
    );
    let postings: Vec<(Uuid, Uuid, String, String, String, String, i64)> = sqlx::query_as(
        "select account.id, account.merchant_id, account.kind, account.detail, posting.currency, layer, amount_minor
         from ledger_postings posting join ledger_accounts account on account.id = account_id
         where transfer_id = $1 order by ordinal",
    )
    .bind(transfer.id.as_uuid())
    .fetch_all(&mut *owner)
    .await
    .unwrap();
    let expected = transfer.postings.iter().map(|posting| {
        let account = &posting.account;
        (
            account.id.as_uuid(),
            account.merchant_id.as_uuid(),
            account.kind.name().to_owned(),
            account.detail.clone(),
            account.currency.code().to_owned(),
            posting.layer.name().to_owned(),
            posting.amount_minor,
        )
    });
    assert_eq!(postings, expected.collect::<Vec<_>>());
}

const PAID_OUT_BEFORE: &str = "
insert into merchants (id, name, created_at) values ('00000000-0000-0000-0000-000000000001', 'Shop', now());
insert into wallets (id, merchant_id, user_id, currency, balance_minor, held_minor, created_at, updated_at)
select gen_random_uuid(), merchants.id, owner, 'USD', 900, 900, now(), now()
from merchants, unnest(array['anna', 'bob']) as owner;
insert into connected_accounts (id, merchant_id, user_id, channel, idempotency_key, fingerprint, country, status,
                                channel_account_id, requirements, created_at, updated_at)
select gen_random_uuid(), merchants.id, 'anna', 'stripe', status, sha256('x'), 'US', status, account, '{}', now(), now()
from merchants, (values ('failed', null), ('active', 'acct_1')) as known (status, account);
insert into wallet_withdrawals (id, merchant_id, wallet_id, user_id, currency, amount_minor, status, channel, version,
                                created_at, updated_at)
select gen_random_uuid(), merchant_id, id, user_id, currency, 300, status, channel, 1, '2026-01-01', '2026-01-02'
from wallets, (values ('requested', null), ('processing', 'stripe'), ('completed', 'stripe')) as known (status, channel)";

#[tokio::test]
async fn what_was_being_paid_out_says_to_which_account_and_since_when() {
    let server = std::env::var("DATABASE_URL").unwrap();
    let database = TestDatabase::create_empty(&server).await;
    let mut owner = PgConnection::connect(&database.url()).await.unwrap();
    MIGRATIONS.run_to(18, &mut owner).await.unwrap();
    sqlx::raw_sql(PAID_OUT_BEFORE).execute(&mut owner).await.unwrap();
    database.store(false).migrate().await.unwrap();
    let stored = "
        select withdrawal.user_id, withdrawal.status, channel_account_id, paying_since::date::text
        from wallet_withdrawals withdrawal left join connected_accounts account on account.id = account_id
        where account_id is not null or paying_since is not null order by 1, 2";
    let stored = rows::<(String, String, Option<String>, Option<String>)>(&mut owner, stored).await;
    let row = |user: &str, account: Option<&str>| {
        let day = Some("2026-01-02".into());
        (user.into(), "processing".into(), account.map(Into::into), day)
    };
    assert_eq!(stored, [row("anna", Some("acct_1")), row("bob", None)]);
}
