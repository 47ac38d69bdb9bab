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

/// Runs `reconcile`, and ends the comparison with these differences.
async fn reconcile(desk: &Desk, more: &[&str], differences: Vec<Difference>) -> Run {
    let arguments = [&RECONCILE[..], &["2026-01-02"], more].concat();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| desk.run(&arguments));
        let runtime = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let job = job(desk).await;
                let finding = Finding {
                    job,
                    entries: 3,
                    matched: 3 - differences.len(),
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

    let good = reconcile(&desk, &[], vec![]).await;
    assert_eq!(
        (good.code, &good.json()["differences_total"]),
        (Some(0), &0.into())
    );
    assert_eq!(good.json()["runs"][0]["merchant_id"], merchant);

    let bad = reconcile(&desk, &["--merchant", &merchant], vec![difference()]).await;
    assert_eq!(bad.code, Some(1));
    let told: serde_json::Value = serde_json::from_str(&bad.out).unwrap();
    assert_eq!(
        (&told["runs"][0]["number"], &told["runs"][0]["matched"]),
        (&2.into(), &2.into())
    );
    assert_eq!(told["differences"][0]["theirs"], "refund of USD 5.00");

    let open = ["--json", "differences", "--open", "--merchant", &merchant];
    let listed = desk.run(&open).json();
    assert_eq!(
        (&listed[0]["class"], &listed[0]["entry_id"]),
        (&"missing_here".into(), &"txn_1".into())
    );
    let id = listed[0]["difference_id"].to_string();
    let resolve = |word| desk.run(&["differences", "resolve", "--id", &id, "--resolution", word]);
    resolve("  ").refused("1 to 500 characters");
    assert!(resolve("made in the dashboard by Ben").ok);
    resolve("again").refused("resolved already");
    assert_eq!(desk.run(&open).json(), serde_json::json!([]));
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
    desk.close().await;
}
