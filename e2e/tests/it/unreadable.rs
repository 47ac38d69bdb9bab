//! Messages that are no jobs: each is parked with its reason, and none of them stops or delays the workers.

use lapin::types::{AMQPValue, FieldTable};
use serde_json::json;

use crate::{
    harness::{Sluice, until},
    upstream::{Post, Upstream, create_intent, letter, request},
};

const MIB: usize = 1024 * 1024;

fn with_body(message_id: &'static str, body: Vec<u8>) -> Post {
    Post {
        body,
        ..create_intent(message_id, "", json!({}))
    }
}

fn with_header(post: Post, name: &str, value: AMQPValue) -> Post {
    let mut headers = FieldTable::default();
    headers.insert(name.into(), value);
    Post { headers, ..post }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_job_is_parked_with_its_reason() {
    let sluice = Sluice::start().await;
    let upstream = Upstream::join(&sluice.vhost).await;
    let merchant = sluice
        .world
        .merchant_on_amqp("upstream", &upstream.user)
        .await
        .unwrap();
    let good = |message_id| create_intent(message_id, &merchant.id, request());
    let newer = with_header(good("newer-schema"), "schema", AMQPValue::LongInt(99));
    let unknown_kind = Post {
        kind: "fly_to_the_moon",
        ..good("unknown-kind")
    };
    let posts = [
        (
            with_body("garbage", b"\x00\xff\xfenot json".to_vec()),
            "payload does not follow the contract",
        ),
        (
            with_body("empty", Vec::new()),
            "payload does not follow the contract",
        ),
        (
            with_body("other-json", b"[1, 2, 3]".to_vec()),
            "payload does not follow the contract",
        ),
        (
            with_body("nested", "[".repeat(100_000).into_bytes()),
            "payload does not follow the contract",
        ),
        (
            with_body("a-mebibyte", vec![b'x'; MIB]),
            "payload does not follow the contract",
        ),
        (
            create_intent("no-merchant", "mer_nobody", request()),
            "payload does not follow the contract",
        ),
        (newer, "schema 99"),
        (unknown_kind, "fly_to_the_moon"),
    ];
    for (post, _) in &posts {
        upstream.publish(post).await;
    }
    for (post, reason) in &posts {
        let letter = letter(&sluice, "dead.create_intent", post.message_id).await;
        assert_eq!(letter.header("error_class"), "unreadable", "{}", post.message_id);
        assert!(
            letter.header("reason").contains(reason),
            "{}: {}",
            post.message_id,
            letter.header("reason")
        );
    }

    let nowhere = Post {
        routing_key: "fly_to_the_moon",
        ..good("no-such-queue")
    };
    upstream.publish(&nowhere).await;
    letter(&sluice, "dead.unroutable", "no-such-queue").await;
    for (kind, queue) in [
        ("process_callback", "dead.process_callback"),
        ("notify_merchant", "dead.notify_merchant"),
        ("query_payment", "dead.query_payment"),
    ] {
        upstream
            .publish(&Post {
                routing_key: kind,
                kind,
                ..with_body("garbage", b"{".to_vec())
            })
            .await;
        assert_eq!(
            letter(&sluice, queue, "garbage").await.header("error_class"),
            "unreadable"
        );
    }

    // The workers are as well as before.
    let scene = sluice.scene("afterwards").await;
    let (payment, intent) = scene
        .payable(&json!({ "amount": 1999, "currency": "USD" }))
        .await
        .unwrap();
    scene.pay(&intent, "pm_card_visa").await.unwrap();
    assert_eq!(
        scene
            .payment_until(&payment, "succeeded")
            .await
            .unwrap()
            .text("/status"),
        "succeeded"
    );
    assert_eq!(
        sluice
            .world
            .sandbox
            .intents(&merchant.account)
            .await
            .unwrap()
            .len(),
        0
    );
    sluice.vhost.management().remove_user(&upstream.user).await;
    sluice.stop().await;
}

/// What stands in the headers is no reason to lose a job whose body is right, or to believe anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_good_job_with_odd_headers_is_done() {
    let sluice = Sluice::start().await;
    let upstream = Upstream::join(&sluice.vhost).await;
    let merchant = sluice
        .world
        .merchant_on_amqp("upstream", &upstream.user)
        .await
        .unwrap();
    let odd = [
        ("attempt", AMQPValue::LongString("many".into())),
        ("snoozes", AMQPValue::Double(1e300)),
        ("schema", AMQPValue::Boolean(true)),
        ("traceparent", AMQPValue::LongString(vec![0xff, 0xfe].into())),
        ("published_by", AMQPValue::FieldTable(FieldTable::default())),
        ("x-delivery-count", AMQPValue::LongInt(1_000)),
        ("x-death", AMQPValue::LongString("yesterday".into())),
    ];
    for (name, value) in odd {
        let post = with_header(create_intent("odd-headers", &merchant.id, request()), name, value);
        upstream.publish(&post).await;
    }
    let payments = async || merchant.api.payments("status=requires_action").await.unwrap();
    let open = async || payments().await.body["data"].as_array().map(Vec::len);
    assert_eq!(until(Some(1), open).await, Some(1));
    assert_eq!(
        sluice
            .world
            .sandbox
            .intents(&merchant.account)
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(
        sluice
            .world
            .rabbit
            .peek("dead.create_intent")
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(sluice.count("select count(*) from job_failures").await, 0);
    sluice.vhost.management().remove_user(&upstream.user).await;
    sluice.stop().await;
}

/// What ingress refuses is refused on this way in, too: the field is named, and the provider is not asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_ingress_would_refuse_is_parked() {
    let sluice = Sluice::start().await;
    let upstream = Upstream::join(&sluice.vhost).await;
    let merchant = sluice
        .world
        .merchant_on_amqp("upstream", &upstream.user)
        .await
        .unwrap();
    let long = "x".repeat(MIB);
    let posts = [
        ("zero", json!({ "amount_minor": 0, "currency": "USD" }), "amount"),
        (
            "negative",
            json!({ "amount_minor": -500, "currency": "USD" }),
            "amount",
        ),
        (
            "too-large",
            json!({ "amount_minor": i64::MAX, "currency": "USD" }),
            "amount",
        ),
        (
            "no-currency",
            json!({ "amount_minor": 1999, "currency": "XXQ" }),
            "currency",
        ),
        (
            "long",
            json!({ "amount_minor": 1999, "currency": "USD", "description": long }),
            "description",
        ),
        (
            "url",
            json!({ "amount_minor": 1999, "currency": "USD", "return_url": "javascript:x" }),
            "return_url",
        ),
    ];
    for (message_id, request, _) in &posts {
        upstream
            .publish(&create_intent(message_id, &merchant.id, request.clone()))
            .await;
    }
    for (message_id, _, field) in &posts {
        let letter = letter(&sluice, "dead.create_intent", message_id).await;
        assert_eq!(
            letter.header("attempt"),
            "1",
            "{message_id}: {}",
            letter.header("reason")
        );
        assert!(
            letter.header("reason").contains(field),
            "{message_id}: {}",
            letter.header("reason")
        );
    }
    assert_eq!(
        sluice
            .world
            .sandbox
            .calls(&merchant.account, "POST /v1/payment_intents")
            .await
            .unwrap()
            .len(),
        0
    );
    sluice.vhost.management().remove_user(&upstream.user).await;
    sluice.stop().await;
}
