//! What every test starts from: ingress with a merchant, on a vhost and a database of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use broker::testing::TestVhost;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    api_key::ApiKeyText,
    channel::{Channel, NextAction},
    clock::Clock,
    currency::Currency,
    id::{IdempotencyKey, MerchantId},
    job::{CreateIntent, Job},
    money::Money,
    payment::{Payment, PaymentRequest, PaymentStatus},
};
use ingress::{Config, Ingress, Running};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use runtime::Settings;
use serde_json::{Value, json};
use store::{
    ApiKey, Doing, NewMerchant, Record, Recorder, Store, Verdict,
    testing::{TEST_KEY, TestDatabase},
};
use tokio::sync::Notify;

use crate::contract;

/// The moment at which the signed callbacks of the fixtures were fresh.
pub const NOW_S: i64 = 1_795_170_000;

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub fn set(&self, unix_s: i64) {
        *self.0.lock().unwrap() = DateTime::from_timestamp(unix_s, 0).unwrap();
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A merchant and the key it shows.
pub struct Shop {
    pub id: MerchantId,
    pub key_id: String,
    pub key: String,
}

pub struct World {
    pub database: TestDatabase,
    pub vhost: TestVhost,
    pub store: Store,
    pub recorder: Recorder,
    pub clock: Arc<TestClock>,
    pub ingress: Running,
    pub shop: Shop,
    client: Client,
}

/// An answer that was held against the API's description.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks that it is this problem, told to the client in full.
    #[track_caller]
    pub fn is_problem(&self, status: u16, uri: &str) -> &Self {
        assert_eq!(
            (self.status.as_u16(), self.body["type"].as_str()),
            (status, Some(uri)),
            "{self:?}"
        );
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["trace_id"].as_str(), self.header("x-request-id"));
        assert!(
            self.body["instance"].as_str().unwrap().starts_with('/'),
            "{self:?}"
        );
        for text in ["title", "detail"] {
            assert!(!self.body[text].as_str().unwrap().is_empty(), "{self:?}");
        }
        self
    }

    /// Checks that a problem names this field and explains it with these words.
    #[track_caller]
    pub fn names(&self, field: &str, words: &str) {
        let errors = self.body["errors"].as_array().unwrap();
        let found = errors.iter().find(|error| error["field"] == field);
        let detail = found.unwrap_or_else(|| panic!("{field}: {self:?}"))["detail"]
            .as_str()
            .unwrap();
        assert!(detail.contains(words), "{detail}");
    }
}

pub async fn world() -> World {
    world_with(|_| {}).await
}

/// A world whose ingress runs with changed settings.
pub async fn world_with(change: impl FnOnce(&mut Config)) -> World {
    let (database, vhost) = (TestDatabase::create().await, TestVhost::create().await);
    let mut config = config(&database, vhost.url().expose());
    change(&mut config);
    let store = database.store(false);
    let shop = open_shop(&store).await;
    let clock = Arc::new(TestClock(Mutex::new(DateTime::from_timestamp(NOW_S, 0).unwrap())));
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let ingress = Ingress::start(config, shared).await.unwrap();
    let recorder = Recorder::start(store.clone(), Arc::new(Notify::new()));
    World {
        database,
        vhost,
        store,
        recorder,
        clock,
        ingress,
        shop,
        client: Client::new(),
    }
}

/// The settings of a deployment, on ports of its own.
pub fn config(database: &TestDatabase, amqp_url: &str) -> Config {
    let url = database.url();
    let settings = Settings::from_pairs([
        ("DATABASE_URL", url.as_str()),
        ("AMQP_URL", amqp_url),
        ("SLUICE_SECRETS_KEY", TEST_KEY),
        ("INGRESS_LISTEN", "127.0.0.1:0"),
        ("INGRESS_INTERNAL_LISTEN", "127.0.0.1:0"),
        ("INGRESS_DRAIN_MS", "0"),
    ]);
    Config::read(settings).unwrap()
}

/// Creates a merchant with a key.
pub async fn open_shop(store: &Store) -> Shop {
    let random = uuid::Uuid::new_v4();
    let bytes: [u8; ApiKeyText::RANDOM_BYTES] = std::array::from_fn(|index| random.as_bytes()[index % 16]);
    let (id, text) = (MerchantId::random(), ApiKeyText::from_random(&bytes));
    let key_id = text.id().to_owned();
    let key = ApiKey {
        id: key_id.clone(),
        merchant_id: id,
        secret_hash: text.secret_hash(),
        revoked: false,
    };
    let new = NewMerchant {
        id,
        name: "Shop".into(),
        amqp_user: None,
        endpoint: None,
        key,
    };
    store
        .create_merchant(&new, Doing::by("test", DateTime::UNIX_EPOCH))
        .await
        .unwrap();
    Shop {
        id,
        key_id,
        key: text.expose().expose().to_owned(),
    }
}

/// A body that is taken.
pub fn good_body() -> Value {
    json!({"amount": 1999, "currency": "USD", "description": "Two coffees", "metadata": {"table": "9"}})
}

impl World {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.ingress.addr())
    }

    /// A request without a key.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request of the shop.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path).bearer_auth(&self.shop.key)
    }

    /// A request of the shop for a payment.
    pub fn pay(&self, idempotency_key: &str, body: &Value) -> RequestBuilder {
        self.post("/api/v1/payments", idempotency_key, body)
    }

    /// A request of the shop for anything.
    pub fn post(&self, path: &str, idempotency_key: &str, body: &Value) -> RequestBuilder {
        let request = self.request(Method::POST, path).bearer_auth(&self.shop.key);
        request.header("idempotency-key", idempotency_key).json(body)
    }

    /// Sends a request and holds the answer against the API's description.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.client.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        contract::check(&method, &path, status, &headers, &body);
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Waits until ingress can publish.
    pub async fn ready(&self) {
        eventually("ingress is ready", async || {
            self.send(self.request(Method::GET, "/readyz")).await.status == StatusCode::OK
        })
        .await;
    }

    /// The jobs of a queue, taken out of it.
    pub async fn take_jobs(&self, kind: &str, at_most: u32) -> Vec<Value> {
        self.vhost
            .management()
            .take(&format!("jobs.{kind}"), at_most)
            .await
    }

    /// What ingress makes of a request, as a worker would find it.
    pub fn job(&self, idempotency_key: &str) -> CreateIntent {
        CreateIntent {
            merchant_id: self.shop.id,
            idempotency_key: IdempotencyKey::try_from(idempotency_key.to_owned()).unwrap(),
            request: PaymentRequest {
                description: Some("Two coffees".into()),
                metadata: BTreeMap::from([("table".into(), "9".into())]),
                ..PaymentRequest::of(Money {
                    amount_minor: 1999,
                    currency: Currency::USD,
                })
            },
        }
    }

    /// The payment of [`Self::job`], as a worker stores it `age_s` after the epoch.
    pub fn payment(&self, idempotency_key: &str, status: PaymentStatus, age_s: i64) -> Payment {
        self.payment_of(idempotency_key, None, status, age_s)
    }

    /// The same, of this user.
    pub fn payment_of(
        &self,
        idempotency_key: &str,
        user: Option<&str>,
        status: PaymentStatus,
        age_s: i64,
    ) -> Payment {
        let CreateIntent {
            merchant_id,
            idempotency_key,
            mut request,
        } = self.job(idempotency_key);
        request.user_id = user.map(|name| name.parse().unwrap());
        let created_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(age_s);
        let payment = Payment::new(
            merchant_id,
            idempotency_key,
            request,
            Channel::Stripe,
            &domain::merchant::Terms::default(),
            created_at,
        );
        let intent_id = Some(format!("pi_{}", payment.id));
        let next_action = Some(NextAction::client_secret(format!("pi_{}_secret", payment.id)));
        Payment {
            status,
            intent_id,
            next_action,
            ..payment
        }
    }

    /// Stores a payment as a worker does: first that it was asked for, then what the provider made of it.
    pub async fn store(&self, payment: &Payment) {
        let (key, request) = (payment.idempotency_key.clone(), payment.request.clone());
        let new = Payment::new(
            payment.merchant_id,
            key,
            request,
            payment.channel,
            &domain::merchant::Terms::default(),
            payment.created_at,
        );
        let records = [
            Record {
                new_payment: Some(new),
                ..Record::default()
            },
            Record {
                payment: Some(payment.clone()),
                ..Record::default()
            },
        ];
        for record in records.map(Box::new) {
            self.write(*record).await;
        }
    }

    /// Writes a record, of which nothing stands in the way.
    pub async fn write(&self, record: Record) {
        let written = Box::pin(self.recorder.write(record)).await;
        assert_eq!(written.unwrap(), Verdict::Written);
    }

    pub async fn close(self) {
        self.ingress.stop().await;
        self.store.close().await;
    }
}

/// The job ids of messages taken from a queue.
pub fn job_ids(messages: &[Value]) -> Vec<String> {
    messages
        .iter()
        .map(|message| message["properties"]["message_id"].as_str().unwrap().to_owned())
        .collect()
}

/// The id of the job that a request becomes.
pub fn job_id(job: &CreateIntent) -> String {
    job.id().to_string()
}

/// Tries again until it holds, for up to twenty seconds.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never happened: {what}");
}
