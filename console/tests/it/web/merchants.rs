//! Setting up merchants on pages: what is secret is shown once or never, and what is sent twice is done once.

use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use channels::Credentials;
use domain::{api_key::ApiKeyText, channel::Channel, id::MerchantId, operator::Role, secret::Secret};
use sqlx::{Connection, PgConnection};

use super::{
    program::serve,
    site::{Browser, Site, hidden_in, operator, site},
};
use crate::desk::{Desk, desk};

const STRIPE: &str = r#"{"secret_key": "sk_test_hunter2", "webhook_secrets": ["whsec_hunter3"]}"#;
const OTHER_STRIPE: &str = r#"{"secret_key": "sk_test_hunter4", "webhook_secrets": ["whsec_hunter3"]}"#;
const OWN_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const WHY: (&str, &str) = ("reason", "as agreed");

struct Answer {
    status: u16,
    page: String,
    cache: String,
}

async fn sent(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let answer = browser.post(path, fields).send().await.unwrap();
    let cache = answer.headers()["cache-control"].to_str().unwrap().to_owned();
    Answer {
        status: answer.status().as_u16(),
        cache,
        page: answer.text().await.unwrap(),
    }
}

/// The secrets that an answer shows.
fn shown(page: &str) -> Vec<String> {
    let parts = page.split("<code data-secret>").skip(1);
    parts
        .map(|part| part.split('<').next().unwrap().to_owned())
        .collect()
}

/// What the form that is sent to this address says that it changes.
fn present_in(page: &str, action: &str) -> String {
    let (_, form) = page.split_once(&format!("action=\"{action}\"")).unwrap();
    hidden_in(form, "present")
}

/// What the rest of the database and all pages show of these.
async fn assert_nowhere(site: &Site, browser: &Browser, merchant: &str, secrets: &[&str]) {
    let audit = format!("{:?}", site.audit().await);
    let mut pages = vec![("the log", audit)];
    let one = format!("/merchants/{merchant}");
    let told = format!("/notifications?of={merchant}");
    for path in ["/audit", "/merchants", &one, &told, "/switches", "/"] {
        pages.push(("a page", browser.page(path).await));
    }
    for (what, page) in pages {
        for secret in secrets {
            assert!(!page.contains(secret), "{what} shows {secret}: {page}");
        }
    }
}

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
async fn a_key_is_made_once_however_often_its_form_is_sent_and_is_revoked() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, created) = site.desk.merchant(&[]);
    let (other, _) = site.desk.merchant(&[]);
    let path = format!("/merchants/{merchant}/keys");
    let id = hidden_in(&admin.page(&format!("/merchants/{merchant}")).await, "key_id");
    let fields = [("key_id", id.as_str()), WHY];
    let (one, two) = tokio::join!(sent(&admin, &path, &fields), sent(&admin, &path, &fields));
    let (made, again) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!((made.status, again.status), (200, 409), "{}", again.page);
    assert_eq!(made.cache, "no-store");
    let [key] = shown(&made.page).try_into().unwrap();
    let text = ApiKeyText::parse(&key).unwrap();
    assert_eq!(text.id(), id);
    assert!(text.proves(&site.desk.store.key(&id).await.unwrap().unwrap().secret_hash));
    assert!(
        again.page.contains(&format!("has made the key {id} already")),
        "{}",
        again.page
    );
    assert_ne!(hidden_in(&again.page, "key_id"), id);
    assert_eq!(sent(&admin, &path, &[("key_id", "k"), WHY]).await.status, 400);
    assert_eq!(site.desk.store.keys_of(merchant).await.unwrap().len(), 2);
    assert_nowhere(&site, &admin, &merchant.to_string(), &[&key[20..]]).await;

    let first = created["api_key_id"].as_str().unwrap();
    let revoke = format!("{path}/{first}/revoke");
    let operator = site.signed_in("olga", Role::Operator).await;
    assert_eq!(sent(&operator, &revoke, &[WHY]).await.status, 403);
    assert_eq!(sent(&operator, &path, &fields).await.status, 403);
    let elsewhere = format!("/merchants/{other}/keys/{first}/revoke");
    assert_eq!(sent(&admin, &elsewhere, &[WHY]).await.status, 404);
    assert_eq!(sent(&admin, &revoke, &[("reason", "")]).await.status, 400);
    assert_eq!(sent(&admin, &revoke, &[WHY]).await.status, 303);
    assert!(site.desk.store.key(first).await.unwrap().unwrap().revoked);
    let twice = sent(&admin, &revoke, &[WHY]).await;
    assert_eq!(twice.status, 409);
    assert!(
        twice.page.contains("no such key that is still good"),
        "{}",
        twice.page
    );
    let actions: Vec<_> = site.audit().await;
    let of_keys: Vec<_> = actions
        .iter()
        .filter(|(_, action, ..)| action.starts_with("key."))
        .collect();
    let expected = [("key.create", id.as_str()), ("key.revoke", first)].map(|(what, whom)| {
        (
            "anna".to_owned(),
            what.to_owned(),
            whom.to_owned(),
            Some("as agreed".to_owned()),
        )
    });
    assert_eq!(of_keys, expected.iter().collect::<Vec<_>>());
    site.close().await;
}

#[tokio::test]
async fn an_endpoint_is_set_and_its_secret_replaced_once_for_each_form() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, _) = site.desk.merchant(&[]);
    let page = format!("/merchants/{merchant}");
    let (set, rotate) = (format!("{page}/endpoint"), format!("{page}/endpoint/rotate"));
    assert!(
        !admin.page(&page).await.contains("/endpoint/rotate"),
        "there is nothing to replace"
    );
    let early = sent(&admin, &rotate, &[("keep_hours", "1"), WHY]).await;
    assert_eq!(early.status, 409);
    assert!(
        early.page.contains("has no endpoint; set one first"),
        "{}",
        early.page
    );
    let nothing = present_in(&admin.page(&page).await, &set);
    let at = |present: &str, url: &str| {
        let fields = [("present", present), ("url", url), WHY];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let setting = async |present: &str, url: &str| {
        let fields = at(present, url);
        let fields = fields
            .each_ref()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        sent(&admin, &set, &fields).await
    };
    let bad = sent(&admin, &set, &[("url", "ftp://shop.example/\"<i>"), WHY]).await;
    assert_eq!(bad.status, 400);
    assert!(bad.page.contains("must start with https://"), "{}", bad.page);
    assert!(
        bad.page.contains("value=\"ftp://shop.example/&quot;&lt;i&gt;\""),
        "{}",
        bad.page
    );

    for url in [
        "https://me:pw77@shop.example/",
        "https:me:pw77@shop",
        "me:pw77@shop",
    ] {
        let bad = sent(&admin, &set, &[("url", url), WHY]).await;
        assert_eq!(bad.status, 400, "{url}");
        assert!(!bad.page.contains("pw77"), "{url}: {}", bad.page);
    }

    // A double click: one of both shows what signs, the other says that there is something.
    let (one, two) = tokio::join!(
        setting(&nothing, "https://shop.example/a"),
        setting(&nothing, "https://shop.example/a")
    );
    let (first, twice) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!((first.status, twice.status), (200, 409), "{}", twice.page);
    assert!(twice.page.contains("make a new one below"), "{}", twice.page);
    let [old] = shown(&first.page).try_into().unwrap();
    let known = present_in(&twice.page, &set);
    let moved = setting(&known, "https://shop.example/b").await;
    assert_eq!(moved.status, 303, "the secret stays: {}", moved.page);
    // Who reloads the first answer moves nothing back, and what was switched off meanwhile stays so.
    assert_eq!(setting(&nothing, "https://shop.example/a").await.status, 409);
    let mut owner = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    let known = present_in(&admin.page(&page).await, &set);
    let disable =
        "update merchants set endpoint_disabled_at = now(), endpoint_disabled_reason = 'it answered 410'";
    sqlx::raw_sql(disable).execute(&mut owner).await.unwrap();
    assert_eq!(setting(&known, "https://shop.example/c").await.status, 409);
    // What was typed wrong stands for what was seen then.
    let known = present_in(&admin.page(&page).await, &set);
    let wrong = setting(&known, "shop.example").await;
    assert_eq!(
        (wrong.status, present_in(&wrong.page, &set)),
        (400, known.clone())
    );
    assert_eq!(setting(&known, "https://shop.example/b").await.status, 303);
    let signing = async || {
        let endpoint = site.desk.store.endpoint(merchant).await.unwrap().unwrap();
        let secrets = endpoint.secrets.iter().map(|one| one.secret.expose().to_owned());
        (endpoint.url, secrets.collect::<Vec<_>>())
    };
    assert_eq!(
        signing().await,
        ("https://shop.example/b".to_owned(), vec![old.clone()])
    );

    let present = present_in(&admin.page(&page).await, &rotate);
    let fields = [("present", present.as_str()), ("keep_hours", "24"), WHY];
    for hours in ["721", "-1", "soon", ""] {
        let refused = sent(&admin, &rotate, &[fields[0], ("keep_hours", hours), WHY]).await;
        assert_eq!(refused.status, 400, "{hours}");
        assert!(
            refused.page.contains("out of its range: keep_hours"),
            "{}",
            refused.page
        );
    }
    let (one, two) = tokio::join!(sent(&admin, &rotate, &fields), sent(&admin, &rotate, &fields));
    let (rotated, twice) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!((rotated.status, twice.status), (200, 409), "{}", twice.page);
    let [new] = shown(&rotated.page).try_into().unwrap();
    assert_eq!(signing().await.1, [new.clone(), old.clone()]);
    let reloaded = sent(&admin, &rotate, &fields).await;
    assert_eq!(reloaded.status, 409);
    assert!(
        reloaded.page.contains("was replaced since this form was made"),
        "{}",
        reloaded.page
    );
    assert_eq!(
        signing().await.1,
        [new.clone(), old.clone()],
        "nothing more was made"
    );
    assert_nowhere(&site, &admin, &merchant.to_string(), &[&old, &new]).await;
    let present = present_in(&reloaded.page, &rotate);
    let own = [
        ("present", present.as_str()),
        ("keep_hours", "0"),
        ("secret", OWN_SECRET),
        WHY,
    ];
    assert_eq!(
        sent(&admin, &rotate, &own).await.status,
        303,
        "who brings a secret has it"
    );
    assert_eq!(signing().await.1, [OWN_SECRET.to_owned(), old]);
    let actions: Vec<_> = site
        .audit()
        .await
        .into_iter()
        .filter(|(_, what, ..)| what.starts_with("endpoint."))
        .collect();
    assert_eq!(actions.len(), 5, "{actions:?}");
    assert!(
        actions
            .iter()
            .all(|(who, _, whom, why)| who == "anna" && *whom == merchant.to_string() && why.is_some())
    );
    site.close().await;
}

#[tokio::test]
async fn credentials_come_in_and_never_come_back() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, _) = site.desk.merchant(&[]);
    let path = format!("/merchants/{merchant}/credentials");
    let with = |text: &'static str| [("channel", "stripe"), ("credentials", text), WHY];
    for (text, told) in [
        ("", "The credentials cannot be used"),
        ("sk_test_hunter2", "The credentials cannot be used"),
        (r#"{"secret_key": "sk_test_hunter2"}"#, "webhook_secrets"),
        (r#"{"sk_test_hunter2": 1}"#, "unknown field"),
        (
            r#"{"secret_key": "pk_hunter2", "webhook_secrets": ["whsec_1"]}"#,
            "secret_key",
        ),
    ] {
        let answer = sent(&admin, &path, &with(text)).await;
        assert_eq!(answer.status, 400, "{text}: {}", answer.page);
        assert!(answer.page.contains(told), "{text}: {}", answer.page);
        assert!(!answer.page.contains("hunter2"), "{}", answer.page);
        assert!(
            answer.page.contains("value=\"stripe\" selected"),
            "{}",
            answer.page
        );
    }
    for channel in ["wallet", "cash"] {
        let answer = sent(
            &admin,
            &path,
            &[("channel", channel), ("credentials", STRIPE), WHY],
        )
        .await;
        assert_eq!(answer.status, 400);
        assert!(!answer.page.contains("hunter2"), "{}", answer.page);
    }
    let unexplained = sent(&admin, &path, &[("channel", "stripe"), ("credentials", STRIPE)]).await;
    assert_eq!(unexplained.status, 400);
    assert!(!unexplained.page.contains("hunter2"), "{}", unexplained.page);
    let stored = async || site.desk.store.credentials(merchant, Channel::Stripe).await;
    assert!(stored().await.unwrap().is_none(), "nothing was stored");

    assert_eq!(sent(&admin, &path, &with(STRIPE)).await.status, 303);
    let is_stored = async |text: &str| {
        let wanted = Credentials::read(Channel::Stripe, &Secret::new(text)).unwrap();
        Credentials::from_json(&stored().await.unwrap().unwrap())
            .unwrap()
            .is_of_account_of(&wanted)
    };
    assert!(is_stored(STRIPE).await);
    let page = admin.page(&format!("/merchants/{merchant}")).await;
    assert!(
        page.contains(&format!("/api/v1/webhooks/stripe/{merchant}")),
        "{page}"
    );
    under_way(&site.desk, merchant).await;
    let refused = sent(&admin, &path, &with(OTHER_STRIPE)).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .page
            .contains("1 payments, refunds, payouts or accounts are under way"),
        "{}",
        refused.page
    );
    assert!(
        !refused.page.contains("hunter4") && is_stored(STRIPE).await,
        "{}",
        refused.page
    );
    let meant = [&with(OTHER_STRIPE)[..], &[("replace_account", "yes")]].concat();
    assert_eq!(sent(&admin, &path, &meant).await.status, 303);
    assert!(is_stored(OTHER_STRIPE).await);
    assert_nowhere(
        &site,
        &admin,
        &merchant.to_string(),
        &["hunter2", "hunter3", "hunter4"],
    )
    .await;
    let operator = site.signed_in("olga", Role::Operator).await;
    assert_eq!(sent(&operator, &path, &with(STRIPE)).await.status, 403);

    // What was sealed with a key that the console does not have.
    let mut owner = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    sqlx::raw_sql("update channel_configs set credentials = '\\x00'")
        .execute(&mut owner)
        .await
        .unwrap();
    let locked = sent(&admin, &path, &with(STRIPE)).await;
    assert_eq!(locked.status, 409);
    assert!(
        locked.page.contains("Set SLUICE_SECRETS_KEY to the key ring"),
        "{}",
        locked.page
    );
    let set: Vec<_> = site
        .audit()
        .await
        .into_iter()
        .filter(|(_, what, ..)| what == "credentials.set")
        .collect();
    let expected = (
        "anna".into(),
        "credentials.set".into(),
        format!("{merchant}/stripe"),
        Some("as agreed".into()),
    );
    assert_eq!(set, [expected.clone(), expected]);
    site.close().await;
}

/// A payment that has not ended.
async fn under_way(desk: &Desk, merchant: MerchantId) {
    let mut owner = PgConnection::connect(&desk.database.url()).await.unwrap();
    sqlx::query(
        "insert into payments (id, merchant_id, idempotency_key, fingerprint, status, amount_minor, currency, channel, request,
                               version, created_at, updated_at)
         values (gen_random_uuid(), $1, 'k', sha256('x'), 'processing', 500, 'USD', 'stripe', '{}', 1, now(), now())",
    )
    .bind(merchant.as_uuid())
    .execute(&mut owner)
    .await
    .unwrap();
}

#[tokio::test]
async fn routes_fees_and_terms_are_set_with_a_reason() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, _) = site.desk.merchant(&[]);
    let (other, _) = site.desk.merchant(&[]);
    let page = format!("/merchants/{merchant}");
    let id = hidden_in(&admin.page(&page).await, "route_id");
    let base = [
        ("route_id", id.as_str()),
        ("channel", "stripe"),
        ("method", "card"),
        ("flow", ""),
        ("currency", "USD"),
        ("min_amount_minor", "100"),
        ("max_amount_minor", ""),
        ("country", "de"),
        ("priority", "2"),
        ("weight", "3"),
        ("enabled", "yes"),
        WHY,
    ];
    let but = |name: &'static str, value: &'static str| {
        let mut fields = base.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        fields
    };
    let add = format!("{page}/routes");
    for (name, value, told) in [
        ("channel", "wallet", "out of its range: channel"),
        ("method", "cash", "out of its range: method"),
        ("currency", "", "The route cannot be used"),
        ("min_amount_minor", "a lot", "out of its range: min_amount_minor"),
        ("country", "<b>", "The route cannot be used"),
        ("priority", "0", "The route cannot be used"),
        ("channel", "wechat", "The route would send nothing there"),
        ("reason", "", "Say why"),
    ] {
        let answer = sent(&admin, &add, &but(name, value)).await;
        assert_eq!(answer.status, 400, "{name} {value}: {}", answer.page);
        assert!(answer.page.contains(told), "{name} {value}: {}", answer.page);
        assert!(!answer.page.contains("<b>"), "{}", answer.page);
        assert!(
            answer.page.contains("name=\"weight\" value=\"3\""),
            "{}",
            answer.page
        );
    }
    assert_eq!(sent(&admin, &add, &base).await.status, 303);
    let twice = sent(&admin, &add, &base).await;
    assert_eq!(twice.status, 409);
    assert!(twice.page.contains("has added the route"), "{}", twice.page);
    let routes = site.desk.store.routes(merchant).await.unwrap();
    let [route] = routes.as_slice() else {
        panic!("{routes:?}")
    };
    assert_eq!(
        (
            route.priority,
            route.weight,
            route.country.as_deref(),
            route.enabled
        ),
        (2, 3, Some("DE"), true)
    );
    let seen = admin.page(&page).await;
    assert!(seen.contains("card, USD, ≥ 100, DE"), "{seen}");

    let change = format!("{page}/routes/{id}/change");
    let elsewhere = format!("/merchants/{other}/routes/{id}/change");
    assert_eq!(sent(&admin, &elsewhere, &base).await.status, 404);
    let seen = present_in(&seen, &change);
    let bad = sent(
        &admin,
        &change,
        &[&but("weight", "1001")[..], &[("present", &seen)]].concat(),
    )
    .await;
    assert_eq!(bad.status, 400);
    assert_eq!(
        present_in(&bad.page, &change),
        seen,
        "it stands for what was seen"
    );
    assert!(
        bad.page.contains("<details open>") && bad.page.contains("name=\"weight\" value=\"1001\""),
        "{}",
        bad.page
    );
    let disabled = [&but("enabled", "")[..], &[("present", &seen)]].concat();
    assert_eq!(sent(&admin, &change, &disabled).await.status, 303);
    let stale = [&base[..], &[("present", &seen)]].concat();
    let stale = sent(&admin, &change, &stale).await;
    assert_eq!(stale.status, 409, "{}", stale.page);
    assert!(
        stale.page.contains("was changed since this form was made"),
        "{}",
        stale.page
    );
    assert_ne!(
        present_in(&stale.page, &change),
        seen,
        "whoever was told may go on"
    );
    assert!(!site.desk.store.routes(merchant).await.unwrap()[0].enabled);
    let remove = format!("{page}/routes/{id}/remove");
    assert_eq!(sent(&admin, &remove, &[WHY]).await.status, 303);
    assert_eq!(sent(&admin, &remove, &[WHY]).await.status, 409);
    assert_eq!(sent(&admin, &change, &base).await.status, 409, "it is gone");
    assert!(site.desk.store.routes(merchant).await.unwrap().is_empty());

    let (fees, terms) = (format!("{page}/fees"), format!("{page}/terms"));
    let fee = |bps: &'static str| {
        [
            ("channel", "stripe"),
            ("fee_bps", bps),
            ("fee_fixed_minor", "30"),
            WHY,
        ]
    };
    assert_eq!(
        sent(&admin, &fees, &fee("290")).await.status,
        409,
        "there are no credentials"
    );
    let credentials = [("channel", "stripe"), ("credentials", STRIPE), WHY];
    assert_eq!(
        sent(&admin, &format!("{page}/credentials"), &credentials)
            .await
            .status,
        303
    );
    assert_eq!(sent(&admin, &fees, &fee("10001")).await.status, 400);
    assert_eq!(sent(&admin, &fees, &fee("290")).await.status, 303);
    assert!(admin.page(&page).await.contains("290 bps + 30"));
    let term = |seconds: &'static str| [("payment_expiry_s", seconds), ("late_payments", "refund"), WHY];
    assert_eq!(sent(&admin, &terms, &term("0")).await.status, 400);
    assert_eq!(sent(&admin, &terms, &term("600")).await.status, 303);
    // A form that was open since before changes what was changed in it alone.
    let before = [
        ("payment_expiry_s_before", "900"),
        ("late_payments_before", "refund"),
    ];
    let open = [("payment_expiry_s", "900"), ("late_payments", "accept"), WHY];
    assert_eq!(
        sent(&admin, &terms, &[&before[..], &open[..]].concat())
            .await
            .status,
        303
    );
    let set = site.desk.store.terms(merchant).await.unwrap();
    assert_eq!((set.payment_expiry_s, set.late_payments.name()), (600, "accept"));

    let said: Vec<_> = site
        .audit()
        .await
        .into_iter()
        .filter(|(_, _, whom, _)| whom.starts_with("mer_"))
        .collect();
    let actions: Vec<_> = said.iter().map(|(_, action, ..)| action.as_str()).collect();
    let set = [
        "route.set",
        "route.set",
        "route.remove",
        "credentials.set",
        "fees.set",
        "terms.set",
        "terms.set",
    ];
    assert_eq!(actions[actions.len() - 7..], set);
    assert!(
        said[said.len() - 7..]
            .iter()
            .all(|(who, .., why)| who == "anna" && why.as_deref() == Some("as agreed"))
    );
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

/// The program writes down everything that it can, and no secret.
#[tokio::test]
async fn no_secret_is_in_the_programs_own_log() {
    runtime::install_crypto();
    let desk = desk().await;
    let password = operator(&desk, "anna", Role::Administrator);
    let (merchant, _) = desk.merchant(&[]);
    let mut child = serve(&desk.database.url())
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut log = String::new();
    while !log.contains("listening") {
        assert_ne!(out.read_line(&mut log).unwrap(), 0, "{log}");
    }
    let address = log.split("127.0.0.1:").last().unwrap();
    let port: String = address.chars().take_while(char::is_ascii_digit).collect();
    let rest = std::thread::spawn(move || {
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        rest
    });
    let mut admin = Browser::at(&format!("http://127.0.0.1:{port}"), [127, 0, 0, 1]);
    assert_eq!(admin.sign_in("anna", &password).await.status(), 303);
    let page = format!("/merchants/{merchant}");
    let id = hidden_in(&admin.page(&page).await, "key_id");
    let made = sent(&admin, &format!("{page}/keys"), &[("key_id", &id), WHY]).await;
    let [key] = shown(&made.page).try_into().unwrap();
    let endpoint = format!("{page}/endpoint");
    let present = present_in(&admin.page(&page).await, &endpoint);
    let set = [
        ("present", present.as_str()),
        ("url", "https://shop.example/?t0ps3cret"),
        WHY,
    ];
    let [secret] = shown(&sent(&admin, &endpoint, &set).await.page)
        .try_into()
        .unwrap();
    let rotate = format!("{endpoint}/rotate");
    let mut rotated = Vec::new();
    for own in ["", OWN_SECRET] {
        let present = present_in(&admin.page(&page).await, &rotate);
        let fields = [
            ("present", present.as_str()),
            ("keep_hours", "1"),
            ("secret", own),
            WHY,
        ];
        let answer = sent(&admin, &rotate, &fields).await;
        assert!([200, 303].contains(&answer.status), "{}", answer.page);
        rotated.extend(shown(&answer.page));
    }
    let [new] = rotated.try_into().unwrap();
    let id = hidden_in(&admin.page("/merchants").await, "merchant_id");
    let create = [
        ("merchant_id", id.as_str()),
        ("name", "Another"),
        ("endpoint", "https://shop.example/?t0ps3cret"),
        WHY,
    ];
    let created = sent(&admin, "/merchants", &create).await;
    let [first, signing] = shown(&created.page).try_into().unwrap();
    for text in [STRIPE, "{\"sk_test_hunter2\": 1}"] {
        let fields = [("channel", "stripe"), ("credentials", text), WHY];
        sent(&admin, &format!("{page}/credentials"), &fields).await;
    }
    assert!(
        desk.store
            .credentials(merchant, Channel::Stripe)
            .await
            .unwrap()
            .is_some()
    );
    let killed = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status();
    assert!(killed.unwrap().success() && child.wait().unwrap().success());
    log.push_str(&rest.join().unwrap());
    assert!(log.contains("stopped"), "{log}");
    let shown = [&key[20..], &secret, &new, &first[20..], &signing, &password];
    let sent = [OWN_SECRET, "t0ps3cret", "hunter2", "hunter3"];
    for hidden in shown.into_iter().chain(sent) {
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
    desk.close().await;
}
