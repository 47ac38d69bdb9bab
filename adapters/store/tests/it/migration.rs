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
