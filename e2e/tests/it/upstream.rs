//! Upstream systems that publish jobs themselves, over AMQP with a RabbitMQ user of their own.

use broker::testing::TestVhost;
use domain::secret::Secret;
use e2e::{rabbit::Letter, wait};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::{AMQPValue, FieldTable},
};
use serde_json::{Value, json};

use crate::harness::Sluice;

/// A connection of a RabbitMQ user to the exchange where jobs are published.
pub struct Upstream {
    pub user: String,
    _connection: Connection,
    channel: Channel,
}

/// What an upstream system writes.
pub struct Post {
    pub message_id: &'static str,
    pub routing_key: &'static str,
    pub kind: &'static str,
    pub headers: FieldTable,
    pub body: Vec<u8>,
}

impl Upstream {
    /// Connects a new user.
    pub async fn join(vhost: &TestVhost) -> Self {
        let (user, password) = vhost.management().create_user().await;
        let url: Secret = vhost.url_for(&user, &password);
        let connection = Connection::connect(url.expose(), ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .unwrap();
        Self {
            user,
            _connection: connection,
            channel,
        }
    }

    /// Publishes under a name that the broker checks; false when the broker refuses.
    pub async fn publish_as(&self, user_id: Option<&str>, post: &Post) -> bool {
        let mut properties = BasicProperties::default()
            .with_message_id(post.message_id.into())
            .with_type(post.kind.into())
            .with_content_type("application/json".into())
            .with_delivery_mode(2)
            .with_headers(post.headers.clone());
        if let Some(user_id) = user_id {
            properties = properties.with_user_id(user_id.into());
        }
        let options = BasicPublishOptions::default();
        let published = self
            .channel
            .basic_publish(
                "jobs".into(),
                post.routing_key.into(),
                options,
                &post.body,
                properties,
            )
            .await;
        match published {
            Ok(confirm) => confirm.await.is_ok_and(|confirmation| confirmation.is_ack()),
            Err(_) => false,
        }
    }

    /// Publishes under its own name.
    pub async fn publish(&self, post: &Post) {
        assert!(
            self.publish_as(Some(&self.user), post).await,
            "{} was not taken",
            post.message_id
        );
    }
}

/// A job that opens an intent, as the contract has it.
pub fn create_intent(message_id: &'static str, merchant_id: &str, request: Value) -> Post {
    let body = json!({ "merchant_id": merchant_id, "idempotency_key": message_id, "request": request });
    Post {
        message_id,
        routing_key: "create_intent",
        kind: "create_intent",
        headers: FieldTable::default(),
        body: body.to_string().into_bytes(),
    }
}

pub fn request() -> Value {
    json!({ "amount_minor": 1999, "currency": "USD" })
}

/// The message of this id in a queue, once it is there.
pub async fn letter(sluice: &Sluice, queue: &str, message_id: &str) -> Letter {
    let ask = async || {
        let letters = sluice.world.rabbit.peek(queue).await?;
        Ok(letters
            .into_iter()
            .find(|letter| letter.property("message_id") == message_id))
    };
    let letter = wait::until(sluice.world.patience, ask, Option::is_some)
        .await
        .unwrap();
    letter.unwrap_or_else(|| panic!("{message_id} is not in {queue}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_user_opens_payments_for_its_own_merchant() {
    let sluice = Sluice::start().await;
    let upstream = Upstream::join(&sluice.vhost).await;
    let merchant = sluice
        .world
        .merchant_on_amqp("upstream", &upstream.user)
        .await
        .unwrap();
    let post = create_intent("order-1", &merchant.id, request());
    upstream.publish(&post).await;
    upstream.publish(&post).await;

    let ask = async || merchant.api.payments("").await;
    let payable = |list: &e2e::Answer| list.text("/data/0/status") == "requires_action";
    let list = wait::until(sluice.world.patience, ask, payable).await.unwrap();
    assert_eq!(list.text("/data/0/status"), "requires_action", "{}", list.body);
    let intent = list.text("/data/0/channel_intent_id");
    assert!(
        sluice
            .world
            .sandbox
            .pay(intent, "pm_card_visa")
            .await
            .unwrap()
            .status
            < 300
    );
    let paid = |list: &e2e::Answer| list.text("/data/0/status") == "succeeded";
    let list = wait::until(sluice.world.patience, ask, paid).await.unwrap();
    assert_eq!(list.text("/data/0/status"), "succeeded", "{}", list.body);
    assert_eq!(list.body["data"].as_array().map(Vec::len), Some(1));
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
    let received = async || sluice.world.sandbox.received(&merchant.name).await;
    let told = wait::until(sluice.world.patience, received, |told| !told.is_empty())
        .await
        .unwrap();
    assert_eq!(
        told.first().and_then(|told| told.kind.as_deref()),
        Some("payment.succeeded")
    );
    sluice.vhost.management().remove_user(&upstream.user).await;
    sluice.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_publishes_for_another_merchant() {
    let sluice = Sluice::start().await;
    let (upstream, stranger) = tokio::join!(Upstream::join(&sluice.vhost), Upstream::join(&sluice.vhost));
    sluice
        .world
        .merchant_on_amqp("upstream", &upstream.user)
        .await
        .unwrap();
    let victim_user = format!("{}-victim", upstream.user);
    let victim = sluice
        .world
        .merchant_on_amqp("victim", &victim_user)
        .await
        .unwrap();

    let another = create_intent("for-another", &victim.id, request());
    upstream.publish(&another).await;
    let unregistered = create_intent("unregistered", &victim.id, request());
    stranger.publish(&unregistered).await;
    let unnamed = create_intent("unnamed", &victim.id, request());
    assert!(upstream.publish_as(None, &unnamed).await);
    let mut forged = create_intent("forged-header", &victim.id, request());
    forged.headers.insert(
        "published_by".into(),
        AMQPValue::LongString(victim_user.clone().into()),
    );
    upstream.publish(&forged).await;
    for message_id in ["for-another", "unregistered", "unnamed", "forged-header"] {
        let letter = letter(&sluice, "dead.create_intent", message_id).await;
        assert_eq!(letter.header("error_class"), "forbidden", "{message_id}");
        assert!(
            letter.header("reason").contains(&victim.id),
            "{message_id}: {}",
            letter.header("reason")
        );
    }
    // RabbitMQ itself refuses a name that is not the connection's; it closes the channel for it.
    let posing = create_intent("posing", &victim.id, request());
    assert!(
        !upstream.publish_as(Some(&victim_user), &posing).await,
        "RabbitMQ took a forged user_id"
    );

    let list = victim.api.payments("").await.unwrap();
    assert_eq!(
        list.body["data"].as_array().map(Vec::len),
        Some(0),
        "{}",
        list.body
    );
    assert_eq!(
        sluice.world.sandbox.intents(&victim.account).await.unwrap().len(),
        0
    );
    for user in [&upstream.user, &stranger.user] {
        sluice.vhost.management().remove_user(user).await;
    }
    sluice.stop().await;
}

/// Callbacks are believed because ingress verified them, so nobody else may bring them in; likewise notifications
/// and queries.
#[tokio::test(flavor = "multi_thread")]
async fn only_payments_can_be_asked_for() {
    let sluice = Sluice::start().await;
    let upstream = Upstream::join(&sluice.vhost).await;
    let merchant = sluice
        .world
        .merchant_on_amqp("upstream", &upstream.user)
        .await
        .unwrap();
    let callback = json!({
        "channel": "stripe", "merchant_id": merchant.id, "event_id": "evt_1", "event_type": "payment_intent.succeeded",
        "received_at": "2026-01-01T00:00:00Z", "sealed_body": "AAAA",
    });
    let id = "0".repeat(32);
    let notification = json!({
        "notification_id": format!("ntf_{id}"), "merchant_id": merchant.id, "payment_id": format!("pay_{id}"),
    });
    let query = json!({ "payment_id": format!("pay_{id}"), "merchant_id": merchant.id, "query": 1 });
    for (kind, queue, body) in [
        ("process_callback", "dead.process_callback", callback),
        ("notify_merchant", "dead.notify_merchant", notification),
        ("query_payment", "dead.query_payment", query),
    ] {
        let post = Post {
            routing_key: kind,
            kind,
            body: body.to_string().into_bytes(),
            ..create_intent("own", "", json!({}))
        };
        upstream.publish(&post).await;
        assert_eq!(
            letter(&sluice, queue, "own").await.header("error_class"),
            "forbidden",
            "{kind}"
        );
    }
    sluice.vhost.management().remove_user(&upstream.user).await;
    sluice.stop().await;
}
