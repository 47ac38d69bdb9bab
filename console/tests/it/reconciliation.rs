//! Having days compared and saying what differences are, with this test in the workers' place.

use domain::{
    job::{Envelope, Reconcile},
    reconciliation::{Difference, DifferenceClass},
};
use store::Finding;

use crate::desk::{Desk, Run, desk};

const STRIPE: [(&str, &str); 2] = [
    ("STRIPE_SECRET_KEY", "sk_test_console"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_console"),
];
const RECONCILE: [&str; 5] = ["--json", "reconcile", "--channel", "stripe", "--date"];

/// Takes the one job out of the outbox.
async fn job(desk: &Desk) -> Reconcile {
    loop {
        let batch = desk.store.claim_outbox(0, 10).await.unwrap();
        if let [envelope] = &batch.messages[..] {
            let job = Envelope::decode(envelope).unwrap();
            batch.finish(&[true]).await.unwrap();
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Runs `reconcile`, and ends the comparison with these differences among as many entries.
async fn reconcile(desk: &Desk, more: &[&str], entries: usize, differences: Vec<Difference>) -> Run {
    let arguments = [&RECONCILE[..], &["2026-01-02"], more].concat();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| desk.run(&arguments));
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let job = job(desk).await;
                let finding = Finding {
                    job,
                    entries,
                    matched: entries - differences.len(),
                    differences,
                    fees: vec![],
                    at: job.day.and_hms_opt(0, 0, 0).unwrap().and_utc(),
                };
                assert!(desk.store.finish_reconciliation(&finding).await.unwrap());
            });
        });
        asking.join().unwrap()
    })
}

fn difference() -> Difference {
    Difference {
        class: DifferenceClass::MissingHere,
        payment_id: None,
        refund_id: None,
        object_id: Some("re_1".into()),
        entry_id: Some("txn_1".into()),
        ours: "nothing".into(),
        theirs: "refund of USD 5.00".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_compared_and_its_difference_explained() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let merchant = merchant.to_string();
    let set = ["channels", "set-stripe", "--merchant", &merchant];
    desk.run_with(&STRIPE, &set);

    let good = reconcile(&desk, &[], 3, vec![]).await;
    assert_eq!(
        (good.code, &good.json()["differences_total"]),
        (Some(0), &0.into())
    );
    assert_eq!(good.json()["runs"][0]["merchant_id"], merchant);
    assert_eq!(good.json()["runs"][0]["remark"], serde_json::Value::Null);

    let bad = reconcile(&desk, &["--merchant", &merchant], 3, vec![difference()]).await;
    assert_eq!(bad.code, Some(1));
    let told: serde_json::Value = serde_json::from_str(&bad.out).unwrap();
    assert_eq!(
        (&told["runs"][0]["number"], &told["runs"][0]["matched"]),
        (&2.into(), &2.into())
    );
    assert_eq!(told["left_out"], 0);
    assert_eq!(told["differences"][0]["theirs"], "refund of USD 5.00");

    let open = ["--json", "differences", "--open", "--merchant", &merchant];
    let listed = desk.run(&open).json()["differences"].take();
    assert_eq!(
        (&listed[0]["class"], &listed[0]["entry_id"]),
        (&"missing_here".into(), &"txn_1".into())
    );
    let id = listed[0]["difference_id"].to_string();
    let resolve = |word| desk.run(&["differences", "resolve", "--id", &id, "--resolution", word]);
    resolve("  ").refused("1 to 500 characters");
    assert!(resolve("made in the dashboard by Ben").ok);
    resolve("again").refused("resolved already");
    let none = serde_json::json!({"differences_total": 0, "left_out": 0, "differences": []});
    assert_eq!(desk.run(&open).json(), none);
    let cut = desk.run(&["--json", "differences", "--limit", "0"]).json();
    assert_eq!(
        (&cut["differences_total"], &cut["left_out"]),
        (&1.into(), &1.into())
    );
    let audit = desk.audit().await;
    let last = audit.last().unwrap();
    assert_eq!(
        (&*last.0, &*last.1, &*last.2),
        ("console:ada", "difference.resolved", &*format!("difference {id}"))
    );
    desk.close().await;
}

#[tokio::test]
async fn without_a_result_it_ends_with_two() {
    let desk = desk().await;
    desk.merchant(&[]);
    let (merchant, _) = desk.merchant(&[]);
    let merchant = merchant.to_string();
    let unused = desk.run(&[&RECONCILE[..], &["2026-01-02"]].concat());
    unused.refused("no merchant uses stripe");
    assert_eq!(unused.code, Some(2));
    let waiting = [
        &RECONCILE[..],
        &["2026-01-02", "--merchant", &merchant, "--wait-s", "0"],
    ]
    .concat();
    let unfinished = desk.run(&waiting);
    unfinished.refused("not ended within 0 s");
    assert_eq!(unfinished.code, Some(2));
    let to_come = desk.run(&[&RECONCILE[..], &["2999-01-01"]].concat());
    to_come.refused("has not begun yet");
    assert_eq!(to_come.code, Some(2));
    let untold = desk.run(&["reconcile", "--channel", "alipay", "--date", "2026-01-02"]);
    untold.refused("alipay gives no statements");
    assert_eq!(untold.code, Some(2));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_entries_is_told_as_one() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let set = ["channels", "set-stripe", "--merchant", &merchant.to_string()];
    desk.run_with(&STRIPE, &set);
    let empty = reconcile(&desk, &[], 0, vec![]).await.json();
    let remark = empty["runs"][0]["remark"].as_str().unwrap();
    assert!(remark.contains("nothing was compared"), "{remark}");
    desk.close().await;
}

#[tokio::test]
async fn what_was_begun_is_named_when_the_next_cannot_be() {
    let desk = desk().await;
    let mut merchants = [desk.merchant(&[]).0, desk.merchant(&[]).0];
    merchants.sort_by_key(|id| id.as_uuid());
    for merchant in merchants {
        let set = ["channels", "set-stripe", "--merchant", &merchant.to_string()];
        desk.run_with(&STRIPE, &set);
    }
    let [first, second] = merchants;
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&desk.database.url())
        .await
        .unwrap();
    let refuse = format!(
        "alter table reconciliations add constraint test_refuses check (merchant_id <> '{}')",
        second.as_uuid()
    );
    sqlx::query(sqlx::AssertSqlSafe(refuse))
        .execute(&mut connection)
        .await
        .unwrap();
    let failed = desk.run(&[&RECONCILE[..], &["2026-01-02"]].concat());
    let begun = job(&desk).await;
    assert_eq!(begun.merchant_id, first);
    failed.refused(&begun.reconciliation_id().to_string());
    assert!(failed.err.contains("the workers go on"), "{}", failed.err);
    assert_eq!(failed.code, Some(2));
    desk.close().await;
}
