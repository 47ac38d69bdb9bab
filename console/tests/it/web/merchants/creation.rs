//! Creating merchants.

use domain::{api_key::ApiKeyText, id::MerchantId, operator::Role};

use super::{OWN_SECRET, WHY, assert_nowhere, sent, shown};
use crate::web::site::{hidden_in, site};

#[tokio::test]
async fn an_administrator_creates_a_merchant_whose_secrets_are_shown_once() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let form = admin.page("/merchants").await;
    let id = hidden_in(&form, "merchant_id");
    let name = "<script>alert(1)</script> & Söhne 商店";
    let url = "https://shop.example/hooks?token=t0ps3cret";
    let fields = [
        ("merchant_id", id.as_str()),
        ("name", name),
        ("endpoint", url),
        WHY,
    ];
    for (role, named) in [(Role::Viewer, "vera"), (Role::Operator, "olga")] {
        let other = site.signed_in(named, role).await;
        assert_eq!(sent(&other, "/merchants", &fields).await.status, 403, "{role}");
        assert!(!other.page("/merchants").await.contains("action=\"/merchants\""));
    }
    let forged = admin.bare_post("/merchants", &fields).send().await.unwrap();
    assert_eq!(forged.status(), 403);
    assert!(site.desk.store.merchants().await.unwrap().is_empty());

    let made = sent(&admin, "/merchants", &fields).await;
    assert_eq!(
        (made.status, made.cache.as_str()),
        (200, "no-store"),
        "{}",
        made.page
    );
    let [key, secret] = shown(&made.page).try_into().unwrap();
    let text = ApiKeyText::parse(&key).unwrap();
    let stored = site.desk.store.key(text.id()).await.unwrap().unwrap();
    assert!(text.proves(&stored.secret_hash) && stored.merchant_id.to_string() == id);
    let endpoint = site
        .desk
        .store
        .endpoint(stored.merchant_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (endpoint.url.as_str(), endpoint.secrets[0].secret.expose()),
        (url, secret.as_str())
    );

    // Who reloads the answer sends the form once more.
    let again = sent(&admin, "/merchants", &fields).await;
    assert_eq!(again.status, 409);
    assert!(
        again
            .page
            .contains(&format!("has created the merchant {id} already")),
        "{}",
        again.page
    );
    assert_ne!(
        hidden_in(&again.page, "merchant_id"),
        id,
        "the next form makes another one"
    );
    assert!(shown(&again.page).is_empty());
    assert_eq!(site.desk.store.merchants().await.unwrap().len(), 1);
    assert_eq!(
        site.desk.store.keys_of(stored.merchant_id).await.unwrap().len(),
        1
    );

    let page = admin.page(&format!("/merchants/{id}")).await;
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne 商店"),
        "{page}"
    );
    assert!(
        page.contains(&format!("/notifications?of={id}"))
            && page.contains(&format!("/switches?merchant={id}"))
    );
    let viewer = site.signed_in("vito", Role::Viewer).await;
    let seen = viewer.page(&format!("/merchants/{id}")).await;
    assert!(
        seen.contains(text.id()) && !seen.contains("<form class=\"action\""),
        "{seen}"
    );
    assert!(
        !seen.contains("t0ps3cret") && seen.contains("https://shop.example<"),
        "{seen}"
    );
    assert!(
        seen.contains("Not paused") && !seen.contains("#pause-notifications"),
        "nothing to press: {seen}"
    );
    for html in [
        page,
        admin.page("/merchants").await,
        admin.page("/notifications").await,
    ] {
        assert!(!html.contains("<script>alert"), "{html}");
    }
    assert_nowhere(&site, &admin, &id, &[&key[20..], &secret]).await;
    let created = site
        .audit()
        .await
        .into_iter()
        .find(|(_, action, ..)| action == "merchant.create");
    let expected = (
        "anna".into(),
        "merchant.create".into(),
        id,
        Some("as agreed".into()),
    );
    assert_eq!(created, Some(expected));
    site.close().await;
}

#[tokio::test]
async fn a_creation_that_is_not_taken_comes_back_without_its_secret() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (first, _) = site.desk.merchant(&["--amqp-user", "shop"]);
    let id = MerchantId::random().to_string();
    let long = "x".repeat(201);
    for (field, value, status, told) in [
        ("reason", " ", 400, "Say why"),
        ("name", "  ", 400, "1 to 200 characters"),
        ("name", long.as_str(), 400, "1 to 200 characters"),
        ("endpoint", "shop.example", 400, "must look like https://"),
        ("endpoint", "http://shop.example/", 400, "only for private hosts"),
        (
            "endpoint",
            "https://me:pw77@shop.example/",
            400,
            "user name or password",
        ),
        ("secret", "whsec_hunter2", 400, "signing secret cannot be used"),
        (
            "amqp_user",
            "shop",
            409,
            &format!("already publishes for {first}"),
        ),
        ("amqp_user", &"ü".repeat(128), 400, "255 bytes at the most"),
        ("amqp_user", "anonymous", 400, "stands for jobs that name no user"),
        ("merchant_id", "mer_1", 400, "out of its range: merchant_id"),
    ] {
        let mut fields = vec![
            ("merchant_id", id.as_str()),
            ("name", "Shop <b>two</b>"),
            ("endpoint", "https://shop.example/"),
            ("secret", OWN_SECRET),
            ("amqp_user", "shop2"),
            WHY,
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let answer = sent(&admin, "/merchants", &fields).await;
        assert_eq!(answer.status, status, "{field}: {}", answer.page);
        assert!(
            answer.page.contains(told) && answer.page.contains("id=\"problem\""),
            "{field}: {}",
            answer.page
        );
        assert!(
            !answer.page.contains(OWN_SECRET) && !answer.page.contains("whsec_hunter2"),
            "{}",
            answer.page
        );
        assert!(!answer.page.contains("pw77"), "{}", answer.page);
        assert!(!answer.page.contains("<b>two"), "{}", answer.page);
        if field != "name" {
            assert!(
                answer.page.contains("value=\"Shop &lt;b&gt;two&lt;/b&gt;\""),
                "{}",
                answer.page
            );
        }
    }
    assert_eq!(site.desk.store.merchants().await.unwrap().len(), 1);
    // Of two who give one user to two merchants at once, one is told whose it is.
    let ids = [MerchantId::random().to_string(), MerchantId::random().to_string()];
    let [one, two] = ids.each_ref().map(|id| {
        [
            ("merchant_id", id.as_str()),
            ("name", "Twin"),
            ("amqp_user", "twin"),
            WHY,
        ]
    });
    let (one, two) = tokio::join!(sent(&admin, "/merchants", &one), sent(&admin, "/merchants", &two));
    let refused = if one.status == 200 { two } else { one };
    assert_eq!(refused.status, 409, "{}", refused.page);
    assert!(refused.page.contains("already publishes for"), "{}", refused.page);
    assert_eq!(site.desk.store.merchants().await.unwrap().len(), 2);
    let asked = admin.post("/merchants", &[("name", "商店"), ("reason", "")]);
    let page = asked
        .header("accept-language", "zh")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("value=\"商店\"") && page.contains("创建商户"),
        "{page}"
    );
    // A secret of one's own is not shown at all.
    let fields = [
        ("merchant_id", id.as_str()),
        ("name", "Shop"),
        ("endpoint", "https://shop.example/"),
        ("secret", OWN_SECRET),
        WHY,
    ];
    let made = sent(&admin, "/merchants", &fields).await;
    assert_eq!(shown(&made.page).len(), 1, "the key alone: {}", made.page);
    let endpoint = site
        .desk
        .store
        .endpoint(id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(endpoint.secrets[0].secret.expose(), OWN_SECRET);
    site.close().await;
}

#[tokio::test]
async fn what_is_no_text_or_far_too_long_is_refused_and_changes_nothing() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, _) = site.desk.merchant(&[]);
    let page = format!("/merchants/{merchant}");
    let before = site.audit().await;
    let long = "x".repeat(3_000);
    let huge = "x".repeat(100_000);
    for (path, name) in [
        ("/merchants", "name"),
        ("/merchants", "endpoint"),
        ("/merchants", "amqp_user"),
        (&format!("{page}/keys"), "key_id"),
        (&format!("{page}/endpoint"), "url"),
        (&format!("{page}/endpoint/rotate"), "secret"),
        (&format!("{page}/credentials"), "credentials"),
        (&format!("{page}/routes"), "country"),
        (&format!("{page}/fees"), "fee_bps"),
        (&format!("{page}/terms"), "payment_expiry_s"),
        ("/switches/queue/pause", "name"),
        ("/switches/notifications/pause", "name"),
    ] {
        for value in ["a\0b", &long, &huge] {
            let answer = sent(&admin, path, &[(name, value), WHY]).await;
            let size = value.len();
            assert!(
                (400..500).contains(&answer.status),
                "{path} {name} of {size}: {} {}",
                answer.status,
                answer.page
            );
        }
    }
    assert_eq!(site.audit().await, before);
    site.close().await;
}

/// Who does not see the page hears from the form where what is wrong with it is told, and from a button of what it is.
#[tokio::test]
async fn a_form_that_comes_back_points_to_what_is_wrong() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, _) = site.desk.merchant(&[]);
    assert!(!admin.page("/merchants").await.contains("id=\"problem\""));
    let back = sent(&admin, "/merchants", &[("name", " "), WHY]).await;
    assert_eq!(back.status, 400);
    for wanted in [
        "id=\"problem\" role=\"alert\"",
        "href=\"#returned\"",
        "id=\"returned\" method=\"post\" action=\"/merchants\" aria-describedby=\"problem note-merchants\"",
        "id=\"note-merchants\"",
    ] {
        assert!(back.page.contains(wanted), "{wanted}: {}", back.page);
    }
    assert_eq!(back.page.matches("id=\"returned\"").count(), 1);
    let key = site.desk.store.keys_of(merchant).await.unwrap()[0].id.clone();
    let page = admin.page(&format!("/merchants/{merchant}")).await;
    assert_eq!(
        page.matches(&format!("aria-label=\"Revoke: {key}\"")).count(),
        2,
        "{page}"
    );
    site.close().await;
}
