//! Everything that is wrong with a request is told as a problem that says what to do.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    callbacks,
    world::{World, good_body, world, world_with},
};

const PAYMENTS: &str = "/api/v1/payments";

async fn with_text(world: &World, body: &str) -> crate::world::Answer {
    let request = world.request(Method::POST, PAYMENTS).bearer_auth(&world.shop.key);
    let request = request
        .header("idempotency-key", "k")
        .header("content-type", "application/json");
    world.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_with_its_place() {
    let world = world().await;
    for (body, field, words) in [
        ("", "body", "EOF"),
        ("{\"amount\": 1,}", "body", "trailing comma"),
        ("{\"amount\": 1", "body", "EOF"),
        ("[]", "body", "invalid length"),
        ("nonsense", "body", "expected"),
        (
            "{\"amount\": 1, \"currency\": \"USD\"} {}",
            "body",
            "trailing characters",
        ),
        ("{\"amount\": 1}", "currency", "missing field `currency`"),
        ("{\"currency\": \"USD\"}", "amount", "missing field `amount`"),
        (
            "{\"amount\": 1, \"amount\": 2, \"currency\": \"USD\"}",
            "amount",
            "duplicate field `amount`",
        ),
        (
            "{\"amount\": 1, \"currency\": 840}",
            "currency",
            "expected a string",
        ),
        (
            "{\"amount\": 1, \"currency\": \"USD\", \"metadata\": {\"a\": {}}}",
            "metadata.a",
            "expected a string",
        ),
        (
            "{\"amount\": 1, \"currency\": \"USD\", \"metadata\": []}",
            "metadata",
            "expected a map",
        ),
        (
            "{\"amount\": 1, \"currency\": \"USD\", \"card\": \"4242\"}",
            "card",
            "unknown field `card`",
        ),
    ] {
        let answer = with_text(&world, body).await;
        answer
            .is_problem(400, "/problems/malformed-json")
            .names(field, words);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains("line 1 column"), "{detail}");
    }
    let answer = with_text(
        &world,
        "{\n \"amount\": 1,\n \"currency\": \"USD\",\n \"description\": 4242}",
    )
    .await;
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("description: expected a string (line 4 column")
    );
    assert!(!answer.body.to_string().contains("4242"));
    let invalid_utf8 = world.request(Method::POST, PAYMENTS).bearer_auth(&world.shop.key);
    let invalid_utf8 = invalid_utf8
        .header("idempotency-key", "k")
        .header("content-type", "application/json");
    let answer = world
        .send(invalid_utf8.body(b"{\"currency\": \"\xff\"}".to_vec()))
        .await;
    answer.is_problem(400, "/problems/malformed-json");
    world.close().await;
}

#[tokio::test]
async fn a_value_that_cannot_be_used_is_named() {
    let world = world().await;
    world.ready().await;
    let long = "x".repeat(501);
    let too_many: Value = (0..21)
        .map(|n| (format!("k{n}"), Value::from("v")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for (field, value, words) in [
        ("amount", json!(0), "greater than zero"),
        ("amount", json!(-1), "greater than zero"),
        ("amount", json!(10.5), "without a fraction"),
        ("amount", json!(1e3), "without a fraction"),
        ("amount", json!("1999"), "JSON number"),
        ("amount", json!(null), "JSON number"),
        ("amount", json!({"minor": 1}), "JSON number"),
        ("amount", json!(1_000_000_000_000_u64), "at most"),
        ("amount", json!(u64::MAX), "at most"),
        ("amount", json!(1e300), "at most"),
        ("amount", json!(100_000_000), "at most"),
        ("amount", json!(1), "at least"),
        ("currency", json!("XYZ"), "unknown currency"),
        ("currency", json!(""), "unknown currency"),
        ("currency", json!("US"), "unknown currency"),
        ("currency", json!("UGX"), "does not take"),
        ("description", json!(long), "500 characters"),
        ("description", json!(""), "1 to 500"),
        ("reference", json!("a\0b"), "no control characters"),
        ("return_url", json!("javascript:alert(1)"), "https://"),
        ("metadata", too_many, "at most 20"),
        ("metadata", json!({"": "x"}), "1 to 40"),
    ] {
        let mut body = good_body();
        body[field] = value.clone();
        let answer = world.send(world.pay("k", &body)).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, words);
    }
    let both = world
        .send(world.pay("k", &json!({"amount": "1", "currency": "XYZ"})))
        .await;
    both.names("amount", "JSON number");
    both.names("currency", "unknown currency");
    let kwd = world
        .send(world.pay("k", &json!({"amount": 1999, "currency": "KWD"})))
        .await;
    kwd.is_problem(422, "/problems/invalid-request")
        .names("amount", "multiples of");
    let huge = with_text(
        &world,
        "{\"amount\": 99999999999999999999999, \"currency\": \"USD\"}",
    )
    .await;
    huge.is_problem(422, "/problems/invalid-request")
        .names("amount", "at most");
    assert_eq!(
        world.take_jobs("create_intent", 10).await.len(),
        0,
        "something was accepted"
    );
    world.close().await;
}

#[tokio::test]
async fn who_asks_has_to_be_known() {
    let world = world().await;
    let mut wrong_secret = world.shop.key.clone();
    let last = if wrong_secret.ends_with('0') { "1" } else { "0" };
    wrong_secret.replace_range(wrong_secret.len() - 1.., last);
    let unknown = format!("slk_{}_{}", "0".repeat(16), "0".repeat(64));
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    for header in [
        None,
        bearer(""),
        bearer("sk_test_123"),
        bearer(&world.shop.key[..50]),
        bearer(&wrong_secret),
        bearer(&unknown),
        Some(format!("Basic {}", world.shop.key)),
        Some(world.shop.key.clone()),
    ] {
        for (method, path) in [
            (Method::POST, PAYMENTS),
            (Method::GET, PAYMENTS),
            (Method::GET, "/api/v1/payments/x"),
        ] {
            let mut request = world
                .request(method, path)
                .header("idempotency-key", "k")
                .json(&good_body());
            if let Some(header) = &header {
                request = request.header("authorization", header);
            }
            let answer = world.send(request).await;
            answer.is_problem(401, "/problems/unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"sluice\""));
        }
    }
    world.close().await;
}

#[tokio::test]
async fn the_idempotency_key_is_required_and_checked() {
    let world = world().await;
    let without = world
        .request(Method::POST, PAYMENTS)
        .bearer_auth(&world.shop.key)
        .json(&good_body());
    world
        .send(without.try_clone().unwrap())
        .await
        .is_problem(400, "/problems/idempotency-key");
    for bad in ["", "a b", "é", &"x".repeat(256)] {
        let request = without
            .try_clone()
            .unwrap()
            .header("idempotency-key", bad.as_bytes());
        world
            .send(request)
            .await
            .is_problem(400, "/problems/idempotency-key");
    }
    let twice = without
        .try_clone()
        .unwrap()
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    world
        .send(twice)
        .await
        .is_problem(400, "/problems/idempotency-key");
    world.close().await;
}

#[tokio::test]
async fn addresses_methods_and_types_that_are_not_served() {
    let world = world().await;
    for path in [
        "/",
        "/api",
        "/api/v1/payment",
        "/api/v1/payments/",
        "/api/v1/webhooks/paypal",
        "/metrics",
        "/%ff",
        "/api/v1/payments/%ff",
    ] {
        world
            .send(world.get(path))
            .await
            .is_problem(404, "/problems/not-found");
    }
    let callback = world.request(Method::POST, "/api/v1/webhooks/stripe/%ff");
    world.send(callback).await.is_problem(404, "/problems/not-found");
    for (method, path, allowed) in [
        (Method::DELETE, PAYMENTS, "GET,HEAD,POST"),
        (Method::PUT, "/api/v1/payments/pay_1", "GET,HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/healthz", "GET,HEAD"),
        (Method::GET, "/api/v1/webhooks/stripe/mer_1", "POST"),
    ] {
        let answer = world.send(world.request(method, path)).await;
        answer.is_problem(405, "/problems/method-not-allowed");
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
    for media_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let request = world.pay("k", &good_body()).header("content-type", media_type);
        // reqwest keeps the first one unless told otherwise.
        let mut request = request.build().unwrap();
        request
            .headers_mut()
            .insert("content-type", media_type.parse().unwrap());
        let request = reqwest::RequestBuilder::from_parts(reqwest::Client::new(), request);
        world
            .send(request)
            .await
            .is_problem(415, "/problems/unsupported-media-type");
    }
    world.close().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_or_not_it_says_so() {
    let world = world().await;
    let body = format!("{{\"description\": \"{}\"}}", "x".repeat(70_000));
    with_text(&world, &body)
        .await
        .is_problem(413, "/problems/body-too-large");

    let mut stream = TcpStream::connect(world.ingress.addr()).await.unwrap();
    let head = format!(
        "POST {PAYMENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        world.shop.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..5 {
        let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");

    callbacks::set_secrets(&world, &[callbacks::SECRET]).await;
    let large = world.request(
        Method::POST,
        &format!("/api/v1/webhooks/stripe/{}", world.shop.id),
    );
    let large = large.header("stripe-signature", callbacks::signed("").0);
    let answer = world.send(large.body(vec![b' '; 1_100_000])).await;
    answer.is_problem(413, "/problems/body-too-large");
    world.close().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let world = world_with(|config| config.limits.request_timeout = Duration::from_millis(300)).await;
    let mut stream = TcpStream::connect(world.ingress.addr()).await.unwrap();
    let head = format!(
        "POST {PAYMENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nidempotency-key: k\r\n\
         content-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{{",
        world.shop.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_string(&mut answer)).await;
    read.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("/problems/request-timeout"), "{answer}");
    world.close().await;
}

#[tokio::test]
async fn a_callback_that_cannot_be_signed_is_refused_before_its_body_arrives() {
    let world = world().await;
    callbacks::set_secrets(&world, &[callbacks::SECRET]).await;
    for header in [
        "",
        "stripe-signature: t=1,v1=00\r\n",
        "stripe-signature: nonsense\r\n",
    ] {
        let mut stream = TcpStream::connect(world.ingress.addr()).await.unwrap();
        let head = format!(
            "POST /api/v1/webhooks/stripe/{} HTTP/1.1\r\nhost: x\r\n{header}content-length: 1000000\r\n\r\n",
            world.shop.id
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await;
        read.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 400", "{header}");
    }
    world.close().await;
}

#[tokio::test]
async fn query_parameters_are_checked() {
    let world = world().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("status=paid", "status"),
        ("cursor=zzz", "cursor"),
        ("cursor=", "cursor"),
    ] {
        let answer = world.send(world.get(&format!("{PAYMENTS}?{query}"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names(field, "must be");
    }
    let answer = world.send(world.get(&format!("{PAYMENTS}?stauts=failed"))).await;
    assert!(
        answer.is_problem(400, "/problems/invalid-query").body["detail"]
            .as_str()
            .unwrap()
            .contains("stauts")
    );
    assert_eq!(world.send(world.get(PAYMENTS)).await.status, StatusCode::OK);
    world.close().await;
}
