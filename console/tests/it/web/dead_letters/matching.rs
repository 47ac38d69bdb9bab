//! All that match, after a dry run.

use domain::{dead_letter::LetterState, operator::Role};
use store::NewLetter;

use super::{FAR, ask, at, hidden, led, letter, listed, payment};
use crate::web::{
    overview::{execute, words},
    site::site,
};

#[tokio::test]
async fn all_that_match_are_counted_first_and_only_those_are_taken() {
    let site = site().await;
    let letters = site.parked(3).await;
    let merchant = letters[0].merchant_id.unwrap();
    let anna = site.signed_in("anna", Role::Operator).await;
    let query = format!("merchant={merchant}&text=provider+answered");
    assert!(
        anna.page(&format!("/dead-letters?{query}"))
            .await
            .contains("id=\"all-matching\"")
    );
    let tried = anna
        .page(&format!("/dead-letters/all?{query}&state=missing"))
        .await;
    assert!(
        words(&tried).contains(&format!("It would be 3 letters: all with merchant {merchant}")),
        "{tried}"
    );
    assert_eq!(listed(&tried).len(), 3);
    assert_eq!(
        site.desk.store.claimed_kinds().await.unwrap(),
        Vec::<String>::new(),
        "nothing was asked for"
    );

    // While somebody makes up their mind, one is written down that was parked before all others.
    let late = NewLetter {
        parked_at: at(-9),
        ..letter(9, merchant, "the provider answered 509")
    };
    let note = site.desk.store.note_letters(std::slice::from_ref(&late), FAR);
    note.await.unwrap();
    let shown_at = hidden(&tried, "shown_at");
    let (once, matching) = (hidden(&tried, "once"), hidden(&tried, "matching"));
    let (of, text) = (hidden(&tried, "merchant"), hidden(&tried, "text"));
    let fields = [
        ("once", &*once),
        ("matching", &*matching),
        ("shown_at", &*shown_at),
        ("merchant", &*of),
        ("text", &*text),
        ("reason", "mended"),
        ("sure", "yes"),
    ];
    let action = led(&ask(&anna, "replay", &fields).await);
    assert_eq!(site.state(late.id).await, LetterState::Parked);
    for letter in &letters {
        assert_eq!(site.state(letter.id).await, LetterState::Replaying);
    }
    assert_eq!(led(&ask(&anna, "replay", &fields).await), action);
    assert_eq!(
        site.state(late.id).await,
        LetterState::Parked,
        "sent again, it asks for nothing more"
    );
    assert_eq!(
        led(&ask(&anna, "discard", &fields).await),
        action,
        "nor for anything else"
    );
    let nothing = anna
        .page(&format!("/dead-letters/all?payment={}", payment(99)))
        .await;
    assert!(nothing.contains("data-letters=\"0\"") && !nothing.contains("/dead-letters/replay"));
    site.close().await;
}

#[tokio::test]
async fn what_was_shown_is_not_made_up_for_with_letters_that_nobody_saw() {
    let site = site().await;
    let letters = site.parked(3).await;
    let merchant = letters[0].merchant_id.unwrap();
    let anna = site.signed_in("anna", Role::Operator).await;
    let tried = anna.page(&format!("/dead-letters/all?merchant={merchant}")).await;
    let names = ["once", "matching", "shown_at", "merchant"];
    let mut fields: Vec<(&str, String)> = names.map(|name| (name, hidden(&tried, name))).into();
    fields.extend([
        ("reason", "a typo of ours".to_owned()),
        ("sure", "yes".to_owned()),
    ]);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();

    // A colleague replays one, and another is parked.
    let bert = site.signed_in("bert", Role::Operator).await;
    let one = letters[0].id.to_string();
    let replay = [("id", &*one), ("once", "form-1"), ("reason", "mended")];
    led(&ask(&bert, "replay", &replay).await);
    let late = letter(9, merchant, "the provider answered 509");
    let note = site.desk.store.note_letters(std::slice::from_ref(&late), FAR);
    note.await.unwrap();
    let refused = ask(&anna, "discard", &fields).await;
    assert_eq!(refused.status(), 409);
    assert!(refused.text().await.unwrap().contains("than were shown"));
    for id in [letters[1].id, letters[2].id, late.id] {
        assert_eq!(site.state(id).await, LetterState::Parked);
    }
    site.close().await;
}

/// One more than an action takes.
const MORE_THAN_ALL: &str = "
insert into dead_letter_groups (id, kind, error_class, pattern, first_at, last_at)
values ('00000000-0000-0000-0000-00000000000b', 'create_intent', 'internal', 'trouble', now(), now());
insert into dead_letters (id, kind, group_id, job_id, attempt, replayed_after, correlation_id, subjects, error_class, reason,
                          parked_by, parked_at, recorded_at, message)
select md5(n::text)::uuid, 'create_intent', '00000000-0000-0000-0000-00000000000b', 'job_' || n, 4, 0, 'x', '{}', 'internal',
       'trouble', 'worker', to_timestamp(n), to_timestamp(n), ''
from generate_series(1, 25001) as n";

#[tokio::test]
async fn of_more_than_one_action_takes_the_oldest_are_taken() {
    let site = site().await;
    execute(&site, MORE_THAN_ALL).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let tried = anna.page("/dead-letters/all?kind=create_intent").await;
    let told = "It would be the oldest 25000 letters, and more match: all with kind create_intent.";
    assert!(words(&tried).contains(told), "{}", &words(&tried)[..400]);
    assert!(tried.contains("data-letters=\"25000\""));
    let names = ["once", "matching", "shown_at", "kind"];
    let mut fields: Vec<(&str, String)> = names.map(|name| (name, hidden(&tried, name))).into();
    fields.push(("reason", "mended".to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    led(&ask(&anna, "replay", &fields).await);
    let left = anna.page("/dead-letters").await;
    assert_eq!(listed(&left).len(), 1, "the newest is left");
    site.close().await;
}
