//! Finding letters, and looking at them.

use std::collections::HashSet;

use domain::operator::Role;
use reqwest::header;
use store::NewLetter;

use super::{HOSTILE, letter, listed, payment};
use crate::web::{
    overview::{execute, words},
    site::site,
};

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
        ("/dead-letters/%ff", 400, "dlt_ and 32"),
        ("/dead-letters/actions/%ff", 400, "dla_ and 32"),
        ("/dead-letters/actions/%ff/live", 400, "dla_ and 32"),
        ("/timeline/%ff", 400, "pay_, rfd_, ord_ or wal_"),
        ("/merchants/%ff", 404, "nothing at this address"),
        ("/notifications/%ff", 404, "nothing at this address"),
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

/// PostgreSQL is there: whoever asks has to ask for less, and asking the same again by itself would help nobody.
#[tokio::test]
async fn what_takes_postgresql_too_long_is_said_to_be_that() {
    let site = site().await;
    site.parked(1).await;
    execute(
        &site,
        "alter table dead_letters rename to letters_that_take_long;
         create view dead_letters as select * from letters_that_take_long where pg_sleep(60) is not null;
         grant select on dead_letters to sluice_reader, sluice_writer",
    )
    .await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let answer = anna.get("/dead-letters/all").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("takes too long") && !page.contains("data-again"),
        "{page}"
    );
    site.close().await;
}

#[tokio::test]
async fn every_tick_says_of_which_letter_it_is() {
    let site = site().await;
    site.parked(40).await;
    let anna = site.signed_in("anna", Role::Operator).await;
    let page = anna.page("/dead-letters").await;
    let labels = page.split("aria-label=\"Choose create_intent of ").skip(1);
    let labels: HashSet<&str> = labels.map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(labels.len(), 40, "{labels:?}");
    let unclear = anna.get("/dead-letters?payment=coffee").send().await.unwrap();
    let unclear = unclear.text().await.unwrap();
    assert!(
        unclear.contains("aria-describedby=\"problem\"") && unclear.contains("id=\"problem\""),
        "{unclear}"
    );
    site.close().await;
}
