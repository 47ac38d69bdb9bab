//! Dead letters as people find them in a browser and ask for them, with this test in the workers' place.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    dead_letter::{LetterState, ParkedBy},
    id::{DeadLetterId, MerchantId, PaymentId},
    operator::Role,
};
use reqwest::{Response, header};
use serde_json::json;
use store::NewLetter;

use super::{
    overview::words,
    site::{Browser, Site, site},
};

/// When something is written down after every page was shown.
const FAR: DateTime<Utc> = DateTime::from_timestamp(9_000_000_000, 0).unwrap();
/// What a provider said, to whom it means no good.
const HOSTILE: &str = "<script>alert(1)</script> no such customer: ada@example.com, \"Ada Lovelace";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + second)
}

fn payment(number: u16) -> PaymentId {
    format!("pay_{number:032x}").parse().unwrap()
}

fn letter(number: u16, merchant: MerchantId, reason: &str) -> NewLetter {
    let body =
        json!({"merchant_id": merchant, "payment_id": payment(number), "description": "two coffees for Ada"});
    NewLetter {
        id: DeadLetterId::derive(&[&number.to_be_bytes()]),
        kind: "create_intent".into(),
        job_id: format!("job_{number}"),
        attempt: 4,
        replayed_after: 0,
        correlation_id: payment(number).to_string(),
        merchant_id: Some(merchant),
        subjects: vec![payment(number).to_string(), format!("evt_{number}")],
        error_class: "provider_unavailable".into(),
        reason: reason.into(),
        parked_by: ParkedBy::Worker,
        parked_at: at(number.into()),
        message: json!({"body": body.to_string(), "schema": 1, "published_by": "shop"})
            .to_string()
            .into_bytes(),
    }
}

impl Site {
    /// Parks letters, which a worker would write down.
    async fn with_letters(&self, letters: &[NewLetter]) {
        self.desk.store.note_letters(letters, at(0)).await.unwrap();
    }

    /// As many letters, each with its own number in the error.
    async fn parked(&self, count: u16) -> Vec<NewLetter> {
        let (merchant, _) = self.desk.merchant(&[]);
        let one = |number| {
            letter(
                number,
                merchant,
                &format!("the provider answered {}", 500 + number),
            )
        };
        let letters: Vec<NewLetter> = (0..count).map(one).collect();
        self.with_letters(&letters).await;
        letters
    }

    async fn state(&self, id: DeadLetterId) -> LetterState {
        self.desk.store.letter(id).await.unwrap().unwrap().letter.state
    }
}

/// The letters that a page lists, in order.
fn listed(page: &str) -> Vec<String> {
    let named = page.split("data-letter=\"").skip(1);
    named
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// The value of a field that nobody sees.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("type=\"hidden\" name=\"{name}\" value=\""))
        .unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn ask(browser: &Browser, verb: &str, fields: &[(&str, &str)]) -> Response {
    let path = format!("/dead-letters/{verb}");
    browser.post(&path, fields).send().await.unwrap()
}

/// Where an answer leads.
fn led(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn letters_are_found_by_what_people_know_and_paged() {
    let site = site().await;
    let letters = site.parked(60).await;
    let vera = site.signed_in("vera", Role::Viewer).await;
    let newest = |range: std::ops::Range<usize>| -> Vec<String> {
        letters[range]
            .iter()
            .rev()
            .map(|one| one.id.to_string())
            .collect()
    };
    let first = vera.page("/dead-letters").await;
    assert_eq!(listed(&first), newest(10..60));
    let (_, older) = first.split_once("<a rel=\"next\" href=\"").unwrap();
    let older = older.split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(listed(&vera.page(&older).await), newest(0..10));

    let merchant = letters[0].merchant_id.unwrap();
    for (query, found) in [
        (format!("payment={}", payment(7)), newest(7..8)),
        (
            format!("payment=+{}+&order=&kind=&state=", payment(7)),
            newest(7..8),
        ),
        ("provider_id=evt_9".to_owned(), newest(9..10)),
        ("kind=notify_merchant".to_owned(), newest(0..0)),
        ("state=discarded".to_owned(), newest(0..0)),
        (
            format!("merchant={merchant}&kind=create_intent&state=parked"),
            newest(10..60),
        ),
        (format!("order=ord_{:032x}", 1), newest(0..0)),
    ] {
        let page = vera.page(&format!("/dead-letters?{query}")).await;
        assert_eq!(listed(&page), found, "{query}");
    }
    // A text finds what is masked, too, so one who only looks cannot look for it.
    let anna = site.signed_in("anna", Role::Operator).await;
    for (text, found) in [("ANSWERED+512", newest(12..13)), ("100%25", newest(0..0))] {
        let path = format!("/dead-letters?text={text}");
        assert_eq!(listed(&anna.page(&path).await), found, "{text}");
        assert_eq!(vera.get(&path).send().await.unwrap().status(), 403);
    }
    // One who only looks is offered nothing that they may not do.
    for offered in [
        "name=\"text\"",
        "type=\"checkbox\"",
        "/dead-letters/replay",
        "/dead-letters/all",
    ] {
        assert!(!first.contains(offered), "{offered}");
    }
    let troubles = vera.page("/dead-letters/groups").await;
    assert!(
        words(&troubles).contains("provider_unavailable: the provider answered ?"),
        "{troubles}"
    );
    let (_, group) = troubles.split_once("href=\"/dead-letters?group=").unwrap();
    let group = group.split('"').next().unwrap();
    assert_eq!(
        listed(&vera.page(&format!("/dead-letters?group={group}")).await),
        newest(10..60)
    );
    assert!(vera.page("/").await.contains("href=\"/dead-letters\""));
    assert!(vera.page("/review").await.contains("/dead-letters/groups"));
    site.close().await;
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_explained_and_what_is_not_there_too() {
    let site = site().await;
    let letters = site.parked(1).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let long = format!("/dead-letters?text={}", "a".repeat(20_000));
    for (path, status, told) in [
        (
            "/dead-letters?payment=coffee",
            400,
            "pay_ and 32 hexadecimal digits",
        ),
        ("/dead-letters?order=%3Cb%3E", 400, "value=\"&lt;b&gt;\""),
        ("/dead-letters?text=no", 400, "3 characters or more"),
        ("/dead-letters?kind=coffee", 400, "no such kind"),
        ("/dead-letters?provider_id=%00", 400, "in one line"),
        ("/dead-letters?after=x", 400, "dlt_ and 32"),
        (
            &format!("/dead-letters?after=dlt_{:032x}", 1),
            404,
            "no such dead letter",
        ),
        (&long, 400, "200 characters"),
        ("/dead-letters/coffee", 400, "dlt_ and 32"),
        ("/dead-letters/%2e%2e%2fetc", 400, "dlt_ and 32"),
        (
            &format!("/dead-letters/dlt_{:032x}", 1),
            404,
            "no such dead letter",
        ),
        ("/dead-letters/actions/coffee", 400, "dla_ and 32"),
        (
            &format!("/dead-letters/actions/dla_{:032x}", 1),
            404,
            "Nobody has asked",
        ),
        (
            &format!("/dead-letters/actions/dla_{:032x}/live", 1),
            404,
            "Nobody has asked",
        ),
        ("/dead-letters/all?merchant=7", 400, "mer_ and 32"),
    ] {
        let answer = anna.get(path).send().await.unwrap();
        let got = answer.status().as_u16();
        let page = answer.text().await.unwrap();
        let shown = &path[..path.len().min(80)];
        assert!(got == status && page.contains(told), "{shown}: {got} {page}");
        assert!(page.contains("<html lang=\"en\">"), "{shown}");
    }
    let odd = "/dead-letters?state=&state=parked&payment=&nonsense=%ff%fe&a&=&%";
    assert_eq!(listed(&anna.page(odd).await), [letters[0].id.to_string()]);
    site.close().await;
}

#[tokio::test]
async fn errors_are_text_and_say_nothing_of_people_in_either_language() {
    let site = site().await;
    let (merchant, _) = site.desk.merchant(&[]);
    let hostile = letter(1, merchant, HOSTILE);
    // Whoever sent it may have put anything where its ids belong.
    let foreign = NewLetter {
        correlation_id: "grace@example.com".into(),
        subjects: Vec::new(),
        ..letter(2, merchant, "no such job")
    };
    site.with_letters(&[hostile.clone(), foreign.clone()]).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let shown = format!("/dead-letters/{}", hostile.id);
    let all = format!("/dead-letters/all?payment={}", payment(1));
    for path in ["/dead-letters", "/dead-letters/groups", &shown, &all] {
        for (language, heading) in [("en", "Dead letter"), ("zh", "死信")] {
            let asked = anna.get(path).header(header::ACCEPT_LANGUAGE, language);
            let page = asked.send().await.unwrap().text().await.unwrap();
            assert!(
                page.contains(heading) && page.contains(&format!("lang=\"{language}\"")),
                "{path}"
            );
            assert!(
                page.contains("&lt;script&gt;") && !page.contains("<script>"),
                "{path}: {page}"
            );
            assert!(page.contains("[address]"), "{path}");
            for planted in ["ada@", "grace@", "Lovelace", "coffees"] {
                assert!(!page.contains(planted), "{path}: {planted}");
            }
            for inline in [" style=", " onclick=", "javascript:"] {
                assert!(!page.contains(inline), "{path}: {inline}");
            }
            if language == "zh" {
                for english in ["Dead letter", "parked again", "Reason", "Search"] {
                    assert!(!page.contains(english), "{path}: {english}");
                }
            }
        }
    }
    let of_foreign = anna.page(&format!("/dead-letters/{}", foreign.id)).await;
    assert!(!of_foreign.contains("grace@"), "{of_foreign}");
    let page = anna.page(&shown).await;
    assert!(
        page.contains(&format!("href=\"/timeline/{}\"", payment(1))),
        "{page}"
    );
    assert!(page.contains("&quot;description&quot;: &quot;…&quot;"), "{page}");
    assert!(words(&page).contains("published_by shop"), "{page}");
    site.close().await;
}

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
