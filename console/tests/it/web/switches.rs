//! Pausing and resuming on pages.

use domain::{channel::Channel, id::MerchantId, job::Kind, operator::Role, switch::Switch};

use super::site::{Browser, site};

const HOSTILE: &str = "<script>alert(1)</script>";

async fn sent(browser: &Browser, path: &str, name: &str, reason: &str) -> (u16, String) {
    let fields = [("name", name), ("reason", reason)];
    let answer = browser.post(path, &fields).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn what_an_operator_pauses_everybody_sees_over_a_restart_until_it_is_resumed() {
    let mut site = site().await;
    let (merchant, _) = site.desk.merchant(&[]);
    let merchant = merchant.to_string();
    let operator = site.signed_in("olga", Role::Operator).await;
    let viewer = site.signed_in("vera", Role::Viewer).await;
    assert!(viewer.page("/switches").await.contains("Nothing is paused."));
    for (what, name) in [
        ("queue", "create_intent"),
        ("channel", "stripe"),
        ("notifications", merchant.as_str()),
    ] {
        let path = format!("/switches/{what}/pause");
        assert_eq!(sent(&operator, &path, name, HOSTILE).await.0, 303, "{what}");
        assert_eq!(sent(&viewer, &path, name, "may I?").await.0, 403, "{what}");
    }
    let paused: Vec<Switch> = site
        .desk
        .store
        .switches()
        .await
        .unwrap()
        .iter()
        .map(|one| one.switch)
        .collect();
    let expected = [
        Switch::Channel(Channel::Stripe),
        Switch::Notifications(merchant.parse().unwrap()),
        Switch::Queue(Kind::CreateIntent),
    ];
    assert_eq!(paused, expected);

    site.restart().await;
    let seen = viewer.page("/switches").await;
    for part in ["queue create_intent", "channel stripe", "olga", "&lt;script&gt;"] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(seen.contains(&format!("href=\"/merchants/{merchant}\"")));
    assert!(!seen.contains("<script>alert"), "{seen}");
    assert!(
        !seen.contains("/pause\"") && !seen.contains("/resume\""),
        "nothing to press: {seen}"
    );
    let offered = operator.page("/switches").await;
    assert!(
        offered.contains("action=\"/switches/queue/resume\"") && offered.contains("value=\"create_refund\"")
    );
    assert!(
        !offered.contains("<option value=\"stripe\""),
        "it is paused already"
    );

    assert_eq!(
        sent(&viewer, "/switches/queue/resume", "create_intent", "may I?")
            .await
            .0,
        403
    );
    for (path, name) in [
        ("/switches/queue/resume", "create_intent"),
        ("/switches/channel/resume", "stripe"),
        ("/switches/notifications/resume", merchant.as_str()),
    ] {
        assert_eq!(sent(&operator, path, name, "over").await.0, 303, "{path}");
    }
    assert!(site.desk.store.switches().await.unwrap().is_empty());
    let audit = site.audit().await;
    let said: Vec<_> = audit
        .iter()
        .filter(|(_, action, ..)| action.starts_with("switch."))
        .collect();
    assert_eq!(said.len(), 6, "{said:?}");
    let first = ("olga", "switch.pause", "queue create_intent", Some(HOSTILE));
    let (who, what, whom, why) = said[0];
    assert_eq!(
        (who.as_str(), what.as_str(), whom.as_str(), why.as_deref()),
        first
    );
    site.close().await;
}

#[tokio::test]
async fn a_form_that_is_not_taken_comes_back_with_what_is_wrong() {
    let site = site().await;
    let operator = site.signed_in("olga", Role::Operator).await;
    let stranger = MerchantId::random().to_string();
    sent(&operator, "/switches/queue/pause", "create_intent", "once").await;
    let before = site.audit().await;
    for (path, name, reason, status, told) in [
        (
            "queue/pause",
            "create_refund",
            "  ",
            400,
            "Say why, in 1 to 500 characters",
        ),
        ("queue/pause", "create_refund", &"x".repeat(501), 400, "Say why"),
        (
            "queue/pause",
            "create_intent",
            "twice",
            409,
            "queue create_intent is paused already",
        ),
        (
            "queue/pause",
            "<script>alert(1)</script>",
            "odd",
            400,
            "out of its range: What",
        ),
        ("channel/pause", "wallet", "why not", 400, "calls no provider"),
        (
            "channel/resume",
            "stripe",
            "why not",
            409,
            "channel stripe is not paused",
        ),
        (
            "notifications/pause",
            "mer_1",
            "odd",
            400,
            "This is no merchant&#39;s id",
        ),
        (
            "notifications/pause",
            &stranger,
            "odd",
            400,
            "There is no merchant mer_",
        ),
    ] {
        let told = told.replace("&#39;", "'");
        let (got, page) = sent(&operator, &format!("/switches/{path}"), name, reason).await;
        assert_eq!(got, status, "{path} {name}: {page}");
        assert!(
            page.contains(&told) && page.contains("role=\"alert\""),
            "{path} {name}: {page}"
        );
        assert!(!page.contains("<script>alert"), "{page}");
        if path == "notifications/pause" {
            assert!(
                page.contains(&format!("value=\"{name}\"")),
                "what was typed is there: {page}"
            );
            assert!(
                page.contains(&format!("name=\"reason\" value=\"{reason}\"")),
                "{page}"
            );
        }
        if path == "queue/pause" && name == "create_refund" {
            assert!(page.contains("value=\"create_refund\" selected"), "{page}");
        }
        // The languages lead back to the page, not to where forms go.
        assert!(page.contains("/language/zh?next=%2Fswitches\""), "{page}");
    }
    assert_eq!(
        sent(&operator, "/switches/weather/pause", "fine", "odd").await.0,
        404
    );
    assert_eq!(site.audit().await, before, "nothing was done");
    let forged = operator.bare_post(
        "/switches/queue/resume",
        &[("name", "create_intent"), ("reason", "x")],
    );
    assert_eq!(forged.send().await.unwrap().status(), 403);
    assert_eq!(site.desk.store.switches().await.unwrap().len(), 1);

    let asked = operator
        .post(
            "/switches/queue/pause",
            &[("name", "create_intent"), ("reason", "")],
        )
        .header("accept-language", "zh");
    let page = asked.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("请填写原因") && page.contains("暂停队列"), "{page}");
    let offered = operator.page(&format!("/switches?merchant={stranger}")).await;
    assert!(offered.contains(&format!("value=\"{stranger}\"")), "{offered}");
    assert!(
        !operator
            .page("/switches?merchant=%3Cscript%3E")
            .await
            .contains("script%3E\"")
    );
    site.close().await;
}

#[tokio::test]
async fn a_reason_that_is_not_taken_comes_back_in_its_own_form() {
    let site = site().await;
    let operator = site.signed_in("olga", Role::Operator).await;
    for name in ["stripe", "alipay"] {
        let paused = sent(&operator, "/switches/channel/pause", name, "a test").await;
        assert_eq!(paused.0, 303);
    }
    let long = format!("mine {}", "x".repeat(500));
    let (status, page) = sent(&operator, "/switches/channel/resume", "stripe", &long).await;
    assert_eq!(status, 400);
    assert_eq!(page.matches("value=\"mine ").count(), 1, "{page}");
    let open: Vec<_> = page.split("<details open>").skip(1).collect();
    let [form] = open.as_slice() else { panic!("{page}") };
    let (form, _) = form.split_once("</details>").unwrap();
    assert!(
        form.contains("value=\"stripe\"") && form.contains("value=\"mine "),
        "{form}"
    );
    site.close().await;
}
