//! What merchants are told, whether it arrives, and sending it again, on pages.

use domain::{id::MerchantId, operator::Role};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::site::{Site, hidden_in, site};

pub(super) const GIVEN_UP: &str = "ntf_00000000000000000000000000000003";
const WAITING: &str = "ntf_00000000000000000000000000000004";

/// Two notifications of one merchant, one given up. The error and what was answered quote somebody.
const PLANTED: &str = "
set session_replication_role = replica;
insert into notifications (id, merchant_id, payment_id, event_type, payload, status, created_at, finished_at)
select '00000000-0000-0000-0000-000000000003', id, '00000000-0000-0000-0000-000000000002', 'payment.failed', '\"hunter2\"',
       'exhausted', now(), now() from merchants;
insert into notifications (id, merchant_id, payment_id, event_type, payload, status, created_at)
select '00000000-0000-0000-0000-000000000004', id, '00000000-0000-0000-0000-000000000002', 'payment.succeeded', '{}',
       'pending', now() from merchants;
insert into notification_attempts (notification_id, attempt, http_status, error, response, duration_ms, at)
values ('00000000-0000-0000-0000-000000000003', 1, 500, 'it said ada@example.com <script>alert(1)</script>', 'hunter2', 12, now());";

/// A merchant with a hostile name and a token in its endpoint's address.
pub(super) async fn planted() -> (Site, MerchantId) {
    let site = site().await;
    let create = [
        "merchants",
        "create",
        "--name",
        "<script>alert(2)</script>",
        "--endpoint",
        "https://shop.example/hooks?token=t0ps3cret",
        "--json",
    ];
    let created = site.desk.run(&create).json();
    let mut owner = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    sqlx::raw_sql(PLANTED).execute(&mut owner).await.unwrap();
    (site, created["merchant_id"].as_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn viewers_see_how_endpoints_do_and_each_try_without_what_was_said() {
    let (site, merchant) = planted().await;
    let viewer = site.signed_in("vera", Role::Viewer).await;
    let health = viewer.page("/notifications").await;
    for part in [
        "https://shop.example<",
        "&lt;script&gt;alert(2)",
        "0.0 % (1)",
        "Given up",
    ] {
        assert!(health.contains(part), "{part}: {health}");
    }
    let listed = viewer.page(&format!("/notifications?of={merchant}")).await;
    assert!(listed.contains(GIVEN_UP) && listed.contains(WAITING), "{listed}");
    let given_up = viewer
        .page(&format!("/notifications?of={merchant}&state=given-up"))
        .await;
    assert!(
        given_up.contains(GIVEN_UP) && !given_up.contains(WAITING),
        "{given_up}"
    );
    let payment = "/notifications?of=pay_00000000000000000000000000000002&state=waiting";
    assert!(viewer.page(payment).await.contains(WAITING));
    let order = viewer
        .page("/notifications?of=ord_00000000000000000000000000000002")
        .await;
    assert!(order.contains("There are no such notifications."));
    let odd = viewer
        .page("/notifications?of=%3Cscript%3Ealert(3)&state=odd")
        .await;
    assert!(
        odd.contains("This is no id of a merchant") && odd.contains("&lt;script&gt;alert(3)"),
        "{odd}"
    );
    let one = viewer.page(&format!("/notifications/{GIVEN_UP}")).await;
    for part in ["payment.failed", "500", "given up", &merchant.to_string()] {
        assert!(one.contains(part), "{part}: {one}");
    }
    assert!(!one.contains("/resend"), "viewers send nothing: {one}");
    for page in [health, listed, given_up, odd, one] {
        for hidden in ["t0ps3cret", "hunter2", "ada@example.com", "<script>alert"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
    }
    for path in [
        "/notifications/ntf_1",
        "/notifications/ntf_00000000000000000000000000000009",
    ] {
        assert_eq!(viewer.get(path).send().await.unwrap().status(), 404, "{path}");
    }
    let chinese = viewer.get("/notifications").header("accept-language", "zh");
    assert!(
        chinese
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("接收端")
    );
    site.close().await;
}

#[tokio::test]
async fn an_operator_sends_one_again_once_and_says_why() {
    let (site, merchant) = planted().await;
    let operator = site.signed_in("olga", Role::Operator).await;
    let viewer = site.signed_in("vera", Role::Viewer).await;
    let path = format!("/notifications/{GIVEN_UP}/resend");
    let notification = format!("/notifications/{GIVEN_UP}");
    let seen = operator.page(&notification).await;
    let ended = hidden_in(&seen, "finished_at");
    let reason = [
        ("attempts_before", "0"),
        ("finished_at", ended.as_str()),
        ("reason", "their server is back"),
    ];
    assert!(seen.contains("name=\"attempts_before\" value=\"0\""), "{seen}");
    let unseen = operator.post(&path, &reason[2..]).send().await.unwrap();
    assert_eq!(unseen.status(), 400, "it does not say what it has seen");
    assert_eq!(viewer.post(&path, &reason).send().await.unwrap().status(), 403);
    assert_eq!(
        operator.bare_post(&path, &reason).send().await.unwrap().status(),
        403
    );
    let unexplained = operator.post(&path, &[("reason", " ")]).send().await.unwrap();
    assert_eq!(unexplained.status(), 400);
    let page = unexplained.text().await.unwrap();
    assert!(page.contains("Say why") && page.contains(&path), "{page}");

    let sent = operator.post(&path, &reason).send().await.unwrap();
    assert_eq!(sent.status(), 303);
    assert_eq!(
        sent.headers()["location"].to_str().unwrap(),
        format!("/notifications/{GIVEN_UP}")
    );
    let shown = operator.page(&format!("/notifications/{GIVEN_UP}")).await;
    assert!(shown.contains("data-status=\"pending\""), "{shown}");
    let again = operator.post(&path, &reason).send().await.unwrap();
    assert_eq!(again.status(), 409);
    assert!(again.text().await.unwrap().contains("It is being sent"));
    // What is delivered at once is not sent again by the second click.
    let mut owner = PgConnection::connect(&site.desk.database.url()).await.unwrap();
    let delivered =
        "update notifications set status = 'delivered', finished_at = now() where status = 'pending'";
    sqlx::raw_sql(delivered).execute(&mut owner).await.unwrap();
    let again = operator.post(&path, &reason).send().await.unwrap();
    assert_eq!(again.status(), 409);
    let unknown = "/notifications/ntf_00000000000000000000000000000009/resend";
    assert_eq!(
        operator.post(unknown, &reason).send().await.unwrap().status(),
        404
    );

    let resent: Vec<_> = site
        .audit()
        .await
        .into_iter()
        .filter(|(_, action, ..)| action == "notification.resend")
        .collect();
    let expected = (
        "olga".into(),
        "notification.resend".into(),
        GIVEN_UP.into(),
        Some("their server is back".into()),
    );
    assert_eq!(resent, [expected]);
    let jobs: i64 = sqlx::query_scalar("select count(*) from outbox where kind = 'notify_merchant'")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(jobs, 1, "one job, however often it was asked for");

    // Nothing would arrive where the endpoint is switched off.
    sqlx::raw_sql(
        "update notifications set status = 'exhausted', finished_at = now();
         update merchants set endpoint_disabled_at = now(), endpoint_disabled_reason = 'it answered 410'",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let seen = operator.page(&notification).await;
    let (tries, ended) = (
        hidden_in(&seen, "attempts_before"),
        hidden_in(&seen, "finished_at"),
    );
    let seen = [
        ("attempts_before", tries.as_str()),
        ("finished_at", ended.as_str()),
        reason[2],
    ];
    let nowhere = operator.post(&path, &seen).send().await.unwrap();
    assert_eq!(nowhere.status(), 409);
    let page = nowhere.text().await.unwrap();
    assert!(
        page.contains(&format!("{merchant} has no endpoint, or it is switched off")),
        "{page}"
    );
    let health = operator.page("/notifications").await;
    assert!(health.contains("switched off: it answered 410"), "{health}");
    let cli = site
        .desk
        .run(&["notifications", "show", GIVEN_UP, "--json"])
        .json();
    assert_eq!(
        cli["status"],
        json!("exhausted"),
        "the command line sees the same"
    );
    site.close().await;
}
