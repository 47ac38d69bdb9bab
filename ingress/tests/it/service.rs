//! The process as its operators see it: probes, metrics, the description of the API.

use std::time::Duration;

use reqwest::{Method, StatusCode};

use crate::world::{good_body, world};

#[tokio::test]
async fn every_answer_carries_its_trace_and_forbids_caching() {
    let world = world().await;
    for path in ["/healthz", "/nowhere", "/api/v1/payments"] {
        let answer = world.send(world.request(Method::GET, path)).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-request-id").unwrap().len(), 32, "{path}");
    }
    world.close().await;
}

#[tokio::test]
async fn the_description_is_served() {
    let world = world().await;
    let answer = world
        .send(world.request(Method::GET, "/api/v1/openapi.json"))
        .await;
    assert_eq!(
        (answer.status, answer.body["openapi"].as_str()),
        (StatusCode::OK, Some("3.1.0"))
    );
    for (path, operations) in answer.body["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{id}", "pay_1").replace("{merchant}", "mer_1");
            let status = world.send(world.request(method.clone(), &path)).await.status;
            assert_ne!(
                status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path} is described, but not served"
            );
        }
    }
    world.close().await;
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_clients_made_up() {
    runtime::telemetry::install_recorder().unwrap();
    let world = world().await;
    world.ready().await;
    assert_eq!(
        world.send(world.pay("k", &good_body())).await.status,
        StatusCode::ACCEPTED
    );
    let id = world.job("k").payment_id();
    world.send(world.get(&format!("/api/v1/payments/{id}"))).await;
    world
        .send(world.request(Method::from_bytes(b"BREW").unwrap(), "/made/up"))
        .await;
    let url = format!("http://{}/metrics", world.ingress.internal_addr());
    let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
    for wanted in [
        "sluice_requests_accepted_total{route=\"/api/v1/payments\"}",
        "sluice_http_requests_total{route=\"/api/v1/payments/{id}\",method=\"GET\",status=\"404\"}",
        "sluice_http_requests_total{route=\"unmatched\",method=\"OTHER\",status=\"404\"}",
        "sluice_http_request_duration_seconds_bucket{route=\"/api/v1/payments\",le=\"0.001\"}",
    ] {
        assert!(metrics.contains(wanted), "{wanted}\n{metrics}");
    }
    assert!(!metrics.contains("made/up") && !metrics.contains("BREW") && !metrics.contains(&id.to_string()));
    let ready = reqwest::get(format!("http://{}/readyz", world.ingress.internal_addr()))
        .await
        .unwrap();
    assert_eq!(ready.status(), StatusCode::OK);
    world.close().await;
}

/// How many sessions are at work in the test's database, this one not counted.
async fn busy_sessions(connection: &mut sqlx::PgConnection) -> i64 {
    let count = "select count(*) from pg_stat_activity \
                 where datname = current_database() and state = 'active' and pid <> pg_backend_pid()";
    sqlx::query_scalar(count).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn the_public_probe_cannot_keep_the_database_busy() {
    let world = world().await;
    world.ready().await;
    let url = world.database.url();
    let connect = || <sqlx::PgConnection as sqlx::Connection>::connect(&url);
    let (mut lock, mut eye) = (connect().await.unwrap(), connect().await.unwrap());
    // From here on a look at the schema's version stays under way.
    let locking = "begin; lock table _sqlx_migrations in access exclusive mode";
    sqlx::raw_sql(locking).execute(&mut lock).await.unwrap();

    let asking = async {
        let asked = (0..40).map(|_| world.request(Method::GET, "/readyz").send());
        futures::future::join_all(asked).await
    };
    let watching = async {
        let mut most = 0;
        for _ in 0..30 {
            most = most.max(busy_sessions(&mut eye).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        most
    };
    let (answers, most) = tokio::join!(asking, watching);
    assert!(most <= 1, "{most} sessions at work for the public probe");
    for answer in answers {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    sqlx::raw_sql("rollback").execute(&mut lock).await.unwrap();
    world.close().await;
}
