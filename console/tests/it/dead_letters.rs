//! Finding dead letters and asking for them, with this test in the workers' place.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    dead_letter::ParkedBy,
    id::{DeadLetterId, MerchantId},
};
use serde_json::{Value, json};
use store::NewLetter;

use crate::desk::{Desk, desk};

const PAYMENT: &str = "pay_0123456789abcdef0123456789abcdef";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + second)
}

fn letter(number: u8, merchant: MerchantId) -> NewLetter {
    let body = json!({"merchant_id": merchant, "payment_id": PAYMENT, "description": "two coffees for Ada"});
    NewLetter {
        id: DeadLetterId::derive(&[&[number]]),
        kind: "create_intent".into(),
        job_id: format!("job_{number}"),
        attempt: 4,
        replayed_after: 0,
        correlation_id: PAYMENT.into(),
        merchant_id: Some(merchant),
        subjects: vec![PAYMENT.into(), format!("evt_{number}")],
        error_class: "provider_unavailable".into(),
        reason: format!("the provider answered 50{number}"),
        parked_by: ParkedBy::Worker,
        parked_at: at(number.into()),
        message: json!({"body": body.to_string(), "schema": 1})
            .to_string()
            .into_bytes(),
    }
}

async fn with_letters(count: u8) -> (Desk, MerchantId) {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let letters: Vec<NewLetter> = (0..count).map(|number| letter(number, merchant)).collect();
    desk.store.note_letters(&letters, at(0)).await.unwrap();
    // However often they are seen.
    desk.store.note_letters(&letters, at(1)).await.unwrap();
    (desk, merchant)
}

fn ids(listed: &Value) -> Vec<String> {
    let letters = listed["dead_letters"].as_array().unwrap().iter();
    letters
        .map(|letter| letter["letter_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_listed_searched_grouped_and_shown() {
    let (desk, merchant) = with_letters(3).await;
    let merchant = merchant.to_string();
    let list = |more: &[&str]| {
        desk.run(&[&["--json", "dead-letters", "list"], more].concat())
            .json()
    };
    let all = ids(&list(&[]));
    assert_eq!(all.len(), 3);
    assert_eq!(all[0], letter(2, merchant.parse().unwrap()).id.to_string());
    for search in [
        ["--payment", PAYMENT],
        ["--merchant", &merchant],
        ["--kind", "create_intent"],
        ["--state", "parked"],
        ["--text", "PROVIDER answered"],
    ] {
        assert_eq!(ids(&list(&search)), all, "{search:?}");
    }
    assert_eq!(ids(&list(&["--provider-id", "evt_1"])), all[1..2]);
    assert_eq!(ids(&list(&["--text", "answered 501"])), all[1..2]);
    assert_eq!(ids(&list(&["--text", "100%"])), all[..0]);
    let first = list(&["--limit", "2"]);
    assert_eq!(
        ids(&list(&["--after", first["next_after"].as_str().unwrap()])),
        all[2..]
    );

    let groups = desk.run(&["--json", "dead-letters", "groups"]).json();
    assert_eq!(
        (
            &groups[0]["parked"],
            &groups[0]["reason"],
            groups.as_array().unwrap().len()
        ),
        (&3.into(), &"the provider answered ?".into(), 1)
    );
    let shown = desk.run(&["--json", "dead-letters", "show", &all[0]]);
    assert!(!shown.out.contains("Ada"), "{}", shown.out);
    let shown = shown.json();
    assert_eq!(
        (&shown["job"]["payment_id"], &shown["job"]["description"]),
        (&PAYMENT.into(), &"…".into())
    );
    desk.run(&["dead-letters", "list", "--text", "no"])
        .refused("3 characters");
    desk.run(&["dead-letters", "list", "--kind", "coffee"])
        .refused("expected one of");
    desk.run(&["dead-letters", "show", "dlt_00000000000000000000000000000000"])
        .refused("there is no dead letter");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_written_down_and_claimed_once() {
    let (desk, merchant) = with_letters(3).await;
    let all: Vec<DeadLetterId> = (0..3).map(|number| letter(number, merchant).id).collect();
    let named = all[0].to_string();
    let replay = |more: &[&str]| desk.run(&[&["--json", "dead-letters", "replay"], more].concat());

    let tried = replay(&["--all-matching", "--payment", PAYMENT, "--dry-run"]).json();
    assert_eq!((&tried["letters"], ids(&tried).len()), (&3.into(), 3));
    replay(&[&named]).refused("--reason");
    replay(&[&named, "--reason", " "]).refused("1 to 500 characters");
    replay(&[&named, "--text", "coffee", "--reason", "x"]).refused("--all-matching");
    assert_eq!(desk.store.claimed_kinds().await.unwrap(), Vec::<String>::new());

    let one = replay(&[&named, "--reason", "back", "--rate", "5"]).json();
    assert_eq!(
        (&one["letters"], &one["waiting"], &one["rate_per_s"]),
        (&1.into(), &1.into(), &5.into())
    );
    replay(&[&named, "--reason", "again"]).refused("none of these letters is parked");
    assert_eq!(
        desk.store.claimed_letters("create_intent").await.unwrap(),
        all[..1]
    );

    let discard = [
        "--json",
        "dead-letters",
        "discard",
        "--all-matching",
        "--reason",
        "a typo",
    ];
    let rest = desk.run(&discard).json();
    assert_eq!(rest["letters"], 2);
    desk.store.end_letters(&all, at(9)).await.unwrap();
    desk.store.close_letters(&all).await.unwrap();
    desk.store.finish_letter_actions(at(10)).await.unwrap();
    let action = rest["action_id"].as_str().unwrap();
    let done = desk.run(&["--json", "dead-letters", "actions", action]).json();
    assert_eq!((&done["done"], &done["waiting"]), (&2.into(), &0.into()));
    assert!(done["finished_at"].is_string());
    let listed = desk.run(&["--json", "dead-letters", "actions"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let groups = desk.run(&["--json", "dead-letters", "groups", "--all"]).json();
    assert_eq!(
        (&groups[0]["parked"], &groups[0]["letters"]),
        (&0.into(), &3.into())
    );

    let audit = desk.audit().await;
    let told: Vec<_> = audit
        .iter()
        .map(|(actor, action, _)| (&**actor, &**action))
        .collect();
    assert!(told.contains(&("console:ada", "dead_letters.replay")), "{told:?}");
    assert!(
        audit.iter().any(|(.., subject)| subject.contains("a typo")),
        "{audit:?}"
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reasons_say_about_people_is_not_shown() {
    let (desk, merchant) = with_letters(0).await;
    let telling = NewLetter {
        reason: "no such customer: ada@example.com, \"Ada Lovelace".into(),
        ..letter(1, merchant)
    };
    desk.store
        .note_letters(std::slice::from_ref(&telling), at(0))
        .await
        .unwrap();
    let id = telling.id.to_string();
    for asked in [&["list"][..], &["show", &id], &["groups"]] {
        for form in [&[][..], &["--json"]] {
            let shown = desk.run(&[form, &["dead-letters"], asked].concat());
            assert!(
                shown.ok && shown.out.contains("no such customer"),
                "{}",
                shown.out
            );
            assert!(
                !shown.out.contains("ada@") && !shown.out.contains("Ada"),
                "{}",
                shown.out
            );
        }
    }
    desk.close().await;
}
