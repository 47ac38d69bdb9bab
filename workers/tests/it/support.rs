//! A deployment of workers of its own for each test, and the ways to look at it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use broker::{Caller, Publisher, Target, testing::TestVhost};
use channels::{ChannelsConfig, ContainmentConfig, Credentials, StripeCredentials};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    channel::Channel,
    clock::{Clock, SystemClock},
    currency::Currency,
    id::{IdempotencyKey, MerchantId, PaymentId},
    job::{CreateIntent, Envelope, Job, ProcessCallback},
    money::Money,
    payment::{Payment, PaymentRequest, PaymentStatus},
    secret::Secret,
    trace::TraceParent,
};
use futures::future::join_all;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use store::{
    ApiKey, Doing, EndpointSecret, NewMerchant, Record, Recorder, Store, StoreError, Vault, Verdict,
    testing::{TEST_KEY, TestDatabase},
};
use tokio::sync::Notify;
use workers::{Running, Workers, WorkersConfig};

/// The unit of the retry ladder in tests.
pub const UNIT: Duration = Duration::from_millis(20);
pub const ENDPOINT_SECRET: &str = "whsec_c2x1aWNlLXRlc3Qtc2VjcmV0LTMyLWJ5dGVzISE=";
const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    pub database: TestDatabase,
    pub store: Store,
    pub recorder: Recorder,
    vhost: TestVhost,
    pub publisher: Publisher,
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
    pub merchant_id: MerchantId,
    /// The merchant's account at the provider and its name at the sandbox.
    pub account: String,
    /// What the next process of workers is started with.
    pub config: WorkersConfig,
    workers: Vec<Running>,
}

/// The machine's clock, set forward.
pub struct Ahead(pub TimeDelta);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

pub async fn world() -> World {
    world_with(|_| ()).await
}

pub async fn world_with(adjust: impl FnOnce(&mut WorkersConfig)) -> World {
    runtime::install_crypto();
    let (database, vhost) = tokio::join!(TestDatabase::create(), TestVhost::create());
    let sandbox = sandbox::start(SandboxConfig::default()).await.unwrap();
    let mut config = WorkersConfig {
        callback_base: "http://127.0.0.1:1".into(),
        broker: vhost.config(UNIT),
        store: store::StoreConfig {
            // With the rights that workers have in production, and no others.
            url: Secret::new(format!("{}?options=-c%20role%3Dsluice_writer", database.url())),
            max_connections: 8,
            acquire_timeout: Duration::from_secs(2),
            read_only: false,
        },
        vault: Vault::from_keys(&Secret::new(TEST_KEY)).unwrap(),
        channels: ChannelsConfig {
            stripe_api_base: sandbox.base_url(),
            alipay_gateway: format!("{}/alipay/gateway.do", sandbox.base_url()),
            wechat_api_base: format!("{}/wechat", sandbox.base_url()),
            paypal_api_base: format!("{}/paypal", sandbox.base_url()),
            timeout: Duration::from_millis(500),
            containment: ContainmentConfig {
                open_for: UNIT * 5,
                ..ContainmentConfig::default()
            },
            ..ChannelsConfig::default()
        },
        internal_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        concurrency: 32,
        notify_timeout: Duration::from_millis(300),
        notify_allow_private: true,
        ledger_check_every: Duration::from_secs(3600),
        retain_exchanges: None,
        stop_timeout: Duration::from_secs(5),
    };
    adjust(&mut config);
    let workers = vec![Workers::start(config.clone(), SystemClock).await.unwrap()];
    let store = database.store(false);
    let recorder = Recorder::start(store.clone(), Arc::new(Notify::new()));
    let merchant_id = MerchantId::random();
    let account = format!("sk_test_{}", merchant_id.as_uuid().simple());
    let publisher = Publisher::connect(vhost.config(UNIT));
    let http = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let world = World {
        database,
        store,
        recorder,
        vhost,
        publisher,
        sandbox,
        http,
        merchant_id,
        account,
        config,
        workers,
    };
    world.create_merchant(world.merchant_id).await;
    world
}

pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}

pub fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(text.to_owned()).unwrap()
}

pub fn request(payment_method: Option<&str>) -> PaymentRequest {
    PaymentRequest {
        reference: Some("order-1".into()),
        payment_method: payment_method.map(str::to_owned),
        ..PaymentRequest::of(Money {
            amount_minor: 1999,
            currency: Currency::USD,
        })
    }
}

impl World {
    pub async fn another_merchant(&self) -> MerchantId {
        let id = MerchantId::random();
        self.create_merchant(id).await;
        id
    }

    pub async fn merchant_without_credentials(&self) -> MerchantId {
        let id = MerchantId::random();
        let key = ApiKey {
            id: id.to_string(),
            merchant_id: id,
            secret_hash: [0; 32],
            revoked: false,
        };
        let new = NewMerchant {
            id,
            name: "New".into(),
            amqp_user: None,
            endpoint: None,
            key,
        };
        self.store
            .create_merchant(&new, Doing::by("test", now()))
            .await
            .unwrap();
        id
    }

    async fn create_merchant(&self, id: MerchantId) {
        let now = now();
        let endpoint = format!("{}/merchant/{id}", self.sandbox.base_url());
        let api_key = ApiKey {
            id: id.to_string(),
            merchant_id: id,
            secret_hash: [0; 32],
            revoked: false,
        };
        let new = NewMerchant {
            id,
            name: "Shop".into(),
            amqp_user: None,
            endpoint: Some((endpoint, Secret::new(ENDPOINT_SECRET))),
            key: api_key,
        };
        self.store
            .create_merchant(&new, Doing::by("test", now))
            .await
            .unwrap();
        let stripe =
            StripeCredentials::new(Secret::new(&*self.account), vec![Secret::new("whsec_callbacks")])
                .unwrap();
        let credentials = Credentials::Stripe(stripe).to_json().unwrap();
        self.store
            .set_credentials(id, Channel::Stripe, &credentials, Doing::by("test", now))
            .await
            .unwrap();
        self.put(
            &format!("/sandbox/merchants/{id}"),
            json!({ "secret": ENDPOINT_SECRET }),
        )
        .await;
    }

    pub fn job(&self, name: &str, request: PaymentRequest) -> CreateIntent {
        CreateIntent {
            merchant_id: self.merchant_id,
            idempotency_key: key(name),
            request,
        }
    }

    pub async fn publish<J: Job>(&self, job: &J) {
        self.publish_envelope(&Envelope::new(job, TraceParent::root(), now()))
            .await;
    }

    /// Publishes jobs and waits for the workers' answers.
    pub fn caller(&self) -> Caller {
        Caller::connect(self.vhost.config(UNIT))
    }

    pub async fn publish_envelope(&self, envelope: &Envelope) {
        self.publisher.publish(Target::Jobs, envelope).await.unwrap();
    }

    /// Stores a payment as it is after a change.
    pub async fn change(&self, payment: &Payment) {
        let record = Record {
            payment: Some(payment.clone()),
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
    }

    /// A stored payment that no job has touched.
    pub async fn stored(&self, name: &str) -> Payment {
        self.stored_for(self.merchant_id, name).await
    }

    pub async fn stored_for(&self, merchant_id: MerchantId, name: &str) -> Payment {
        let payment = Payment::new(
            merchant_id,
            key(name),
            request(None),
            Channel::Stripe,
            &domain::merchant::Terms::default(),
            now(),
        );
        self.store_new(&payment).await;
        payment
    }

    pub async fn store_new(&self, payment: &Payment) {
        let record = Record {
            new_payment: Some(payment.clone()),
            ..Record::default()
        };
        self.recorder.write(record).await.unwrap();
    }

    pub async fn wait_for(&self, id: PaymentId, status: PaymentStatus) -> Payment {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let payment = self.store.payment(id).await.unwrap();
            match payment {
                Some(payment) if payment.status == status => return payment,
                seen if tokio::time::Instant::now() > deadline => panic!("waited for {status}, saw {seen:?}"),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Waits until a question has this answer, and fails with what was seen last.
    pub async fn wait_until<T: PartialEq + std::fmt::Debug>(&self, expected: T, ask: impl AsyncFn() -> T) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let seen = ask().await;
            if seen == expected {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "waited for {expected:?}, saw {seen:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Has no sweep take up the payments there are, so that only their own jobs act upon them.
    pub async fn sweep_nothing(&self) {
        let put_off = "with put_off as (update payments set next_query_at = '9999-01-01' returning 1)
                       select count(*) from put_off";
        self.count(put_off).await;
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.query(sql).await
    }

    pub async fn query<T>(&self, sql: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.database.url())
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    /// How many notifications each merchant's endpoint received.
    pub async fn received(&self) -> Vec<Value> {
        let ids = "select coalesce(array_agg(id order by id), '{}') from merchants";
        let ids: Vec<uuid::Uuid> = self.query(ids).await;
        let ask = ids.into_iter().map(async |id| {
            let name = MerchantId::from_uuid(id);
            self.get(&format!("/sandbox/merchants/{name}")).await
        });
        join_all(ask).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sandbox.base_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.sandbox.base_url());
        self.http
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
    }

    pub async fn put(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.sandbox.base_url());
        self.http
            .put(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
    }

    /// Turns a fault dial for this merchant's account alone.
    pub async fn fault(&self, route: &str, fault: &str, mut more: Value) {
        more["route"] = route.into();
        more["fault"] = fault.into();
        more["account"] = self.account.as_str().into();
        self.post("/sandbox/faults", more).await;
    }

    /// Takes every fault dial back.
    pub async fn mend_provider(&self) {
        self.delete("/sandbox/faults").await;
    }

    pub async fn delete(&self, path: &str) {
        let url = format!("{}{path}", self.sandbox.base_url());
        self.http
            .delete(url)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap();
    }

    /// What the merchant received.
    pub async fn deliveries(&self) -> Vec<Value> {
        list(
            self.get(&format!("/sandbox/merchants/{}/deliveries", self.merchant_id))
                .await,
        )
    }

    pub async fn behave(&self, behaviour: Value) {
        self.post(
            &format!("/sandbox/merchants/{}/behaviour", self.merchant_id),
            behaviour,
        )
        .await;
    }

    /// How many runs of jobs of a kind have ended like this in this process, which has to be the test's own.
    pub fn ended(&self, kind: &str, outcome: &str) -> u64 {
        let counter = format!("sluice_jobs_handled_total{{kind=\"{kind}\",outcome=\"{outcome}\"}} ");
        let text = runtime::telemetry::metrics_text();
        let counted = text.lines().find_map(|line| line.strip_prefix(&counter));
        counted.map_or(0, |count| count.parse().unwrap())
    }

    /// Takes the one job of a kind that was parked, once it is there.
    pub async fn parked(&self, kind: &str) -> Value {
        let queue = format!("dead.{kind}");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let [parked] = &self.vhost.management().take(&queue, 5).await[..] {
                return parked.clone();
            }
            assert!(tokio::time::Instant::now() < deadline, "nothing came to {queue}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The broker's management API.
    pub fn management(&self) -> &broker::testing::Management {
        self.vhost.management()
    }

    pub async fn set_secrets(&self, secrets: &[EndpointSecret]) {
        let change = |_| Ok::<_, StoreError>(secrets.to_vec());
        let doing = Doing::by("test", now());
        let set = self
            .store
            .change_endpoint_secrets(self.merchant_id, change, doing);
        assert!(set.await.unwrap());
    }

    /// A verified callback as ingress would publish it.
    pub fn callback(&self, event_id: &str, event_type: &str, object: &Value) -> ProcessCallback {
        self.callback_of(None, event_id, event_type, object)
    }

    /// The same of an account that is connected to the merchant's own.
    pub fn callback_of(
        &self,
        account: Option<&str>,
        event_id: &str,
        event_type: &str,
        object: &Value,
    ) -> ProcessCallback {
        let event = json!({
            "id": event_id, "object": "event", "type": event_type, "created": now().timestamp(),
            "account": account, "data": { "object": object },
        });
        self.verified(
            Channel::Stripe,
            event_id,
            event_type,
            event.to_string().as_bytes(),
        )
    }

    /// A callback of any channel, verified, with this body.
    pub fn verified(
        &self,
        channel: Channel,
        event_id: &str,
        event_type: &str,
        body: &[u8],
    ) -> ProcessCallback {
        let place = ProcessCallback::place(channel, self.merchant_id, event_id);
        ProcessCallback {
            channel,
            merchant_id: self.merchant_id,
            event_id: event_id.into(),
            event_type: event_type.into(),
            received_at: now(),
            sealed_body: self.store.vault().seal_text(&place, body),
        }
    }

    /// Starts another process of workers.
    pub async fn start_workers(&mut self, clock: impl Clock + 'static) {
        let workers = Workers::start(self.config.clone(), clock).await.unwrap();
        self.workers.push(workers);
    }

    /// The internal listener of the process that was started first.
    pub fn internal_addr(&self) -> SocketAddr {
        self.workers[0].internal_addr()
    }

    /// Stops every process of workers.
    pub async fn stop_workers(&mut self) {
        join_all(self.workers.drain(..).map(Running::stop)).await;
    }

    pub async fn close(mut self) {
        self.stop_workers().await;
        self.sandbox.stop().await;
        self.store.close().await;
    }
}

/// The sandbox wraps its lists.
pub fn list(answer: Value) -> Vec<Value> {
    let list = answer.get("data").cloned().unwrap_or(answer);
    serde_json::from_value(list).unwrap()
}
