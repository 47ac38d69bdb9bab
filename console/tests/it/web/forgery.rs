//! Requests that no page of the console has sent, and those that one has.

use domain::operator::Role;
use reqwest::header;

use super::site::{csrf_in, site};

const PATH: &str = "/operators/bert/disable";

#[tokio::test]
async fn only_a_page_of_ours_can_have_something_done() {
    let site = site().await;
    let (anna, other) = (
        site.signed_in("anna", Role::Administrator).await,
        site.signed_in("carl", Role::Administrator).await,
    );
    site.operator("bert", Role::Viewer);
    let reason = ("reason", "left the company");
    let own = [reason, ("csrf", anna.csrf.as_str())];
    let foreign = [reason, ("csrf", other.csrf.as_str())];
    let before = site.audit().await.len();
    let from = |fields: &[(&str, &str)], origin: &str, site_of: &str| {
        let request = anna.bare_post(PATH, fields);
        request
            .header(header::ORIGIN, origin)
            .header("sec-fetch-site", site_of)
    };
    let here = site.base.as_str();
    for (why, forged) in [
        ("no origin", anna.bare_post(PATH, &own)),
        (
            "another origin",
            from(&own, "https://evil.example", "same-origin"),
        ),
        ("another port", from(&own, "http://127.0.0.1:1", "same-origin")),
        ("another site", from(&own, here, "cross-site")),
        ("a page of a neighbour", from(&own, here, "same-site")),
        ("no token", from(&[reason], here, "same-origin")),
        (
            "an empty token",
            from(&[reason, ("csrf", "")], here, "same-origin"),
        ),
        (
            "the token of another session",
            from(&foreign, here, "same-origin"),
        ),
        (
            "another name for this machine",
            from(&own, "http://evil.example", "same-origin").header(header::HOST, "evil.example"),
        ),
    ] {
        assert_eq!(forged.send().await.unwrap().status(), 403, "{why}");
    }
    let unexplained = from(&[("reason", "  "), own[1]], here, "same-origin")
        .send()
        .await
        .unwrap();
    assert_eq!(unexplained.status(), 400);
    assert!(unexplained.text().await.unwrap().contains("Say why"));
    assert_eq!(site.audit().await.len(), before, "nothing was done");
    assert!(
        site.desk
            .store
            .operators()
            .await
            .unwrap()
            .iter()
            .all(|one| one.disabled_at.is_none())
    );

    assert_eq!(
        from(&own, here, "same-origin").send().await.unwrap().status(),
        303
    );
    let audit = site.audit().await;
    let done = ("anna", "operator.disable", "bert", Some("left the company"));
    let (who, what, whom, why) = audit.last().unwrap();
    assert_eq!((who.as_str(), what.as_str(), whom.as_str(), why.as_deref()), done);
    let log = anna.page("/audit").await;
    assert!(
        log.contains("left the company") && log.contains("operator.disable"),
        "{log}"
    );
    // From where others sign in only administrators are shown.
    let dora = site.signed_in("dora", Role::Operator).await;
    assert!(log.contains("127.0.0.1"));
    let log = dora.page("/audit").await;
    assert!(
        log.contains("operator.sign_in") && !log.contains("<code>127.0.0.1"),
        "{log}"
    );
    assert_eq!(anna.get("/audit?before=x").send().await.unwrap().status(), 404);
    site.close().await;
}

#[tokio::test]
async fn nobody_changes_themselves_and_a_role_is_set_by_its_form() {
    let site = site().await;
    let anna = site.signed_in("anna", Role::Administrator).await;
    site.operator("bert", Role::Viewer);
    let page = anna.page("/operators").await;
    assert_eq!(csrf_in(&page), anna.csrf);
    assert!(page.contains("/operators/bert/role") && !page.contains("/operators/anna/role"));
    let reason = ("reason", "on call");
    let own = anna
        .post("/operators/anna/role", &[reason, ("role", "viewer")])
        .send()
        .await
        .unwrap();
    assert_eq!(own.status(), 409);
    let set = |role: &'static str| {
        anna.post("/operators/bert/role", &[reason, ("role", role)])
            .send()
    };
    assert_eq!(set("root").await.unwrap().status(), 400);
    assert_eq!(set("operator").await.unwrap().status(), 303);
    let operators = site.desk.store.operators().await.unwrap();
    assert_eq!(operators[1].role, Role::Operator);
    let (who, what, whom, _) = site.audit().await.pop().unwrap();
    assert_eq!(
        (who.as_str(), what.as_str(), whom.as_str()),
        ("anna", "operator.set_role", "bert: viewer -> operator")
    );
    let unknown = anna
        .post("/operators/nobody/role", &[reason, ("role", "viewer")])
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 404);
    site.close().await;
}
