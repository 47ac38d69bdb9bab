//! Asking for letters to be sent again or thrown away, and following it.

use std::time::{Duration, Instant};

use domain::{clock::Clock, dead_letter::LetterState, id::DeadLetterId, operator::Role};
use reqwest::header;
use sqlx::{Connection, PgConnection};

use super::{ask, at, hidden, led};
use crate::web::{
    overview::words,
    site::{Site, site},
};

#[tokio::test]
async fn only_operators_ask_and_only_by_a_form_of_ours_with_a_reason() {
    let site = site().await;
    let letters = site.parked(2).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let vera = site.signed_in("vera", Role::Viewer).await;
    let id = letters[0].id.to_string();
    let whole = [
        ("id", &*id),
        ("once", "form-1"),
        ("reason", "the provider is back"),
    ];
    assert_eq!(ask(&vera, "replay", &whole).await.status(), 403);
    assert_eq!(ask(&vera, "discard", &whole).await.status(), 403);
    assert_eq!(vera.get("/dead-letters/all").send().await.unwrap().status(), 403);
    assert!(
        !vera
            .page(&format!("/dead-letters/{id}"))
            .await
            .contains("/dead-letters/replay")
    );

    let forged = [whole[0], whole[1], whole[2], ("csrf", &vera.csrf)];
    let forged = anna
        .bare_post("/dead-letters/replay", &forged)
        .header(header::ORIGIN, &site.base);
    assert_eq!(forged.send().await.unwrap().status(), 403);
    for (fields, told) in [
        (vec![whole[0], whole[1]], "Say why"),
        (vec![whole[0], whole[1], ("reason", "  ")], "Say why"),
        (vec![whole[1], whole[2]], "No letter is ticked"),
        (vec![whole[0], whole[2]], "cannot be read"),
        (vec![("id", "coffee"), whole[1], whole[2]], "cannot be read"),
        (vec![whole[0], whole[1], whole[2], ("rate", "0")], "1 to 100000"),
        (
            vec![whole[0], whole[1], whole[2], ("rate", "fast")],
            "1 to 100000",
        ),
        (vec![("matching", "x"), whole[1], whole[2]], "cannot be read"),
        (
            vec![("matching", "5"), ("payment", "coffee"), whole[1], whole[2]],
            "pay_ and 32",
        ),
    ] {
        let answer = ask(&anna, "replay", &fields).await;
        let (status, page) = (answer.status(), answer.text().await.unwrap());
        assert!(
            status == 400 && page.contains(told),
            "{fields:?}: {status} {page}"
        );
    }
    let nowhere = DeadLetterId::derive(&[b"nowhere"]).to_string();
    let none = ask(&anna, "replay", &[("id", &nowhere), whole[1], whole[2]]).await;
    assert_eq!(none.status(), 409);
    assert!(none.text().await.unwrap().contains("parked any more"));
    assert_eq!(
        site.desk.store.claimed_kinds().await.unwrap(),
        Vec::<String>::new()
    );
    assert!(
        site.audit()
            .await
            .iter()
            .all(|(_, what, ..)| !what.starts_with("dead_letters"))
    );
    site.close().await;
}

#[tokio::test]
async fn a_selection_is_replayed_once_however_often_its_form_is_sent() {
    let site = site().await;
    let letters = site.parked(3).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let page = anna.page("/dead-letters").await;
    assert_eq!(page.matches("type=\"checkbox\" name=\"id\"").count(), 3);
    let (one, two) = (letters[0].id.to_string(), letters[1].id.to_string());
    let once = hidden(&page, "once");
    let ticked = [
        ("id", &*one),
        ("id", &*two),
        ("once", &*once),
        ("rate", "5"),
        ("reason", "the <b>provider</b> is back"),
    ];
    let (first, again) = tokio::join!(ask(&anna, "replay", &ticked), ask(&anna, "replay", &ticked));
    let action = led(&first);
    assert_eq!(led(&again), action, "sent twice at once");
    assert_eq!(led(&ask(&anna, "replay", &ticked).await), action, "and once more");
    let told: Vec<_> = site
        .audit()
        .await
        .into_iter()
        .filter(|(_, what, ..)| what == "dead_letters.replay")
        .collect();
    let [(who, _, which, why)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(
        (who.as_str(), why.as_deref()),
        ("anna", Some("the <b>provider</b> is back"))
    );
    assert!(which.contains("2 letters"), "{which}");
    assert_eq!(site.state(letters[0].id).await, LetterState::Replaying);
    assert_eq!(site.state(letters[2].id).await, LetterState::Parked);

    // The same form with another letter ticked asks for another thing.
    let three = letters[2].id.to_string();
    let other = [
        ("id", &*three),
        ("once", &*once),
        ("reason", "a typo of ours"),
        ("sure", "yes"),
    ];
    let unsure = ask(&anna, "discard", &other[..3]).await;
    assert_eq!(unsure.status(), 400);
    assert!(unsure.text().await.unwrap().contains("does not come back"));
    assert_eq!(site.state(letters[2].id).await, LetterState::Parked);
    let discarding = led(&ask(&anna, "discard", &other).await);
    assert_ne!(discarding, action);
    let vera = site.signed_in("vera", Role::Viewer).await;
    let shown = vera.page(&action).await;
    assert!(
        shown.contains("data-count=\"waiting\">2<") && shown.contains("data-finished=\"false\""),
        "{shown}"
    );
    assert!(
        shown.contains("the &lt;b&gt;provider&lt;/b&gt; is back"),
        "{shown}"
    );
    let listed = words(&vera.page("/dead-letters/actions").await);
    assert!(
        listed.contains("Discard") && listed.contains("2 letters by id"),
        "{listed}"
    );

    // An open page follows; the workers come to it.
    let mut stream = vera.get(&format!("{action}/live")).send().await.unwrap();
    let mut told = String::new();
    while !told.contains("data-finished=\\\"false") {
        told += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    let ids: Vec<DeadLetterId> = letters.iter().map(|letter| letter.id).collect();
    site.desk.store.end_letters(&ids, at(9)).await.unwrap();
    site.desk.store.close_letters(&ids).await.unwrap();
    site.desk.store.finish_letter_actions(at(10)).await.unwrap();
    while !told.contains("data-finished=\\\"true") {
        told += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
    }
    drop(stream);
    let shown = vera.page(&action).await;
    assert!(
        shown.contains("data-count=\"done\">2<") && shown.contains("data-finished=\"true\""),
        "{shown}"
    );
    let shown = vera.page(&format!("/dead-letters/{three}")).await;
    assert!(
        shown.contains("data-state=\"discarded\"") && shown.contains(&discarding),
        "{shown}"
    );
    site.close().await;
}

#[tokio::test]
async fn who_comes_while_others_take_the_same_letters_is_told_so() {
    let site = site().await;
    let letters = site.parked(2).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let id = letters[0].id.to_string();
    let fields = [("id", &*id), ("once", "form-1"), ("reason", "mended")];
    let mut other = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    let take = "begin; select id from dead_letters for update";
    sqlx::raw_sql(take).execute(&mut other).await.unwrap();
    let answer = ask(&anna, "replay", &fields).await;
    assert_eq!(answer.status(), 409);
    let told = answer.text().await.unwrap();
    assert!(
        told.contains("at this moment") && !told.contains("PostgreSQL"),
        "{told}"
    );
    assert_eq!(site.state(letters[0].id).await, LetterState::Parked);
    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    // Sent again, the same form is taken.
    led(&ask(&anna, "replay", &fields).await);
    assert_eq!(site.state(letters[0].id).await, LetterState::Replaying);
    site.close().await;
}

#[tokio::test]
async fn an_action_is_looked_at_once_for_all_who_follow_it() {
    const FOLLOWERS: u64 = 10;
    const LOOK_EVERY_S: u64 = 2;
    let site = site().await;
    let letters = site.parked(1).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let id = letters[0].id.to_string();
    let fields = [("id", &*id), ("once", "form-1"), ("reason", "mended")];
    let action = led(&ask(&anna, "replay", &fields).await);
    let (mut streams, opened) = (Vec::new(), Instant::now());
    for _ in 0..FOLLOWERS {
        let mut stream = anna.get(&format!("{action}/live")).send().await.unwrap();
        stream
            .chunk()
            .await
            .unwrap()
            .expect("it tells at once how things stand");
        streams.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(12)).await;
    let read = reads(&site).await;
    // Each page has read it as it was opened, and the foreign key of the letter did when that was claimed. PostgreSQL may
    // count a read ten seconds after it was made, and never more than there were; each page by itself would look six times.
    let looks = opened.elapsed().as_secs() / LOOK_EVERY_S;
    let most = 1 + FOLLOWERS + looks;
    assert!(read <= most, "{read} reads, and {most} at the most");

    // All see the end, and then there is nothing to follow any more.
    let now = site.clock.now();
    let store = &site.desk.store;
    store.end_letters(&[letters[0].id], now).await.unwrap();
    store.close_letters(&[letters[0].id]).await.unwrap();
    store.finish_letter_actions(now).await.unwrap();
    for stream in &mut streams {
        let mut told = String::new();
        while !told.contains("data-finished=\\\"true") {
            told += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
        }
    }
    assert!(anna.page(&action).await.contains("data-live="));
    site.clock.advance(11);
    for mut stream in streams {
        while stream.chunk().await.unwrap().is_some() {}
    }
    let live = anna.get(&format!("{action}/live")).send().await.unwrap();
    assert_eq!(live.status(), 204, "the browser asks no more");
    assert!(!anna.page(&action).await.contains("data-live="));
    site.close().await;
}

/// How often the actions were read.
async fn reads(site: &Site) -> u64 {
    let mut connection = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    let read = "select coalesce(seq_scan, 0) + coalesce(idx_scan, 0) from pg_stat_user_tables
                where relname = 'dead_letter_actions'";
    let reads: i64 = sqlx::query_scalar(read).fetch_one(&mut connection).await.unwrap();
    reads.cast_unsigned()
}

#[tokio::test]
async fn what_was_asked_for_is_told_in_chinese_and_masked() {
    let site = site().await;
    let letters = site.parked(2).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let [one, two] = [&letters[0], &letters[1]].map(|letter| letter.id.to_string());
    let reason = ("reason", "ada@example.com asked for it");
    let named = [("id", &*one), ("id", &*two), ("once", "form-1"), reason];
    let action = led(&ask(&anna, "replay", &named).await);
    let vera = site.signed_in("vera", Role::Viewer).await;
    for path in [&*action, "/dead-letters/actions"] {
        let asked = vera.get(path).header(header::ACCEPT_LANGUAGE, "zh");
        let page = asked.send().await.unwrap().text().await.unwrap();
        assert!(page.contains("按编号选择的 2 条死信"), "{path}: {page}");
        // Who did it, and why, is told to all who see what was done; people in it are not.
        assert!(
            page.contains("anna") && page.contains("[address] asked for it"),
            "{path}: {page}"
        );
        assert!(
            !page.contains("ada@") && !page.contains("letters by id"),
            "{path}: {page}"
        );
    }
    site.close().await;
}
