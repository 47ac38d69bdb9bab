//! Where a merchant is notified.

use domain::operator::Role;
use sqlx::{Connection, PgConnection};

use super::{OWN_SECRET, WHY, assert_nowhere, present_in, sent, shown};
use crate::web::site::site;

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
        let marked = "autocomplete=\"off\" aria-invalid=\"true\" aria-describedby=\"problem\"";
        assert_eq!(refused.page.matches(marked).count(), 1, "{}", refused.page);
        assert!(
            refused
                .page
                .contains("out of its range: Keep the old one for (hours, 0 to 720)"),
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
