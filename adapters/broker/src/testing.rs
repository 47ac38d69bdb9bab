//! A vhost of its own for every test, and the broker's management API to look into it from outside.
//!
//! For integration tests only (feature `testing`). It panics where it cannot go on: that is how a test fails.
#![expect(
    clippy::expect_used,
    reason = "support for tests: a panic with its reason is the failure report"
)]

use std::{net::SocketAddr, time::Duration};

use domain::secret::Secret;
use lapin::uri::{AMQPUri, AMQPUserInfo};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::BrokerConfig;

/// An empty vhost with a user of its own. Both are deleted when it is dropped.
pub struct TestVhost {
    uri: AMQPUri,
    management: Management,
}

impl TestVhost {
    /// Makes a vhost with a random name on the servers that the environment names.
    pub async fn create() -> Self {
        Self::create_on(&setting("AMQP_URL"), &setting("RABBITMQ_MANAGEMENT_URL")).await
    }

    /// The same on other servers.
    pub async fn create_on(amqp_url: &str, management_url: &str) -> Self {
        let first = amqp_url.split(',').next().unwrap_or_default();
        let mut uri: AMQPUri = first.parse().expect("an AMQP address");
        uri.vhost = format!("test-{}", Uuid::new_v4().simple());
        let management = Management::new(management_url, &uri.vhost);
        management.put("vhosts/{vhost}", json!({})).await;
        let (username, password) = management.create_user().await;
        uri.authority.userinfo = AMQPUserInfo { username, password };
        Self { uri, management }
    }

    /// The address of the vhost.
    pub fn url(&self) -> Secret {
        Secret::new(self.uri.to_string())
    }

    /// The address of the vhost for another user.
    pub fn url_for(&self, user: &str, password: &str) -> Secret {
        let mut uri = self.uri.clone();
        uri.authority.userinfo = AMQPUserInfo {
            username: user.to_owned(),
            password: password.to_owned(),
        };
        Secret::new(uri.to_string())
    }

    /// The address of the vhost by way of each of `wires`, as if they were the nodes of a cluster.
    pub fn url_through(&self, wires: &[SocketAddr]) -> Secret {
        let addresses = wires.iter().map(|wire| {
            let mut uri = self.uri.clone();
            uri.authority.host = wire.ip().to_string();
            uri.authority.port = wire.port();
            uri.to_string()
        });
        Secret::new(addresses.collect::<Vec<_>>().join(","))
    }

    /// Where the server listens.
    pub async fn server(&self) -> SocketAddr {
        let authority = &self.uri.authority;
        let found = tokio::net::lookup_host((authority.host.as_str(), authority.port)).await;
        found
            .expect("the server's name is known")
            .next()
            .expect("the server's name has an address")
    }

    /// Settings for the vhost, with retry delays counted in `retry_unit`.
    pub fn config(&self, retry_unit: Duration) -> BrokerConfig {
        BrokerConfig {
            url: self.url(),
            connection_name: "test".to_owned(),
            retry_unit,
        }
    }

    /// The user that [`TestVhost::url`] connects as.
    pub fn user(&self) -> &str {
        &self.uri.authority.userinfo.username
    }

    /// Closes every connection of that user by force.
    pub async fn close_connections(&self) {
        self.management
            .delete(&format!("connections/username/{}", self.user()))
            .await;
    }

    /// The management API.
    pub fn management(&self) -> &Management {
        &self.management
    }
}

impl Drop for TestVhost {
    /// On a thread of its own, as a test's runtime cannot be waited on from here.
    fn drop(&mut self) {
        let management = self.management.elsewhere();
        let user = self.user().to_owned();
        let deletion = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                // What is left behind hurts nobody; the test's own failure should be seen instead.
                for path in ["vhosts/{vhost}".to_owned(), format!("users/{user}")] {
                    let _ = management.send(Method::DELETE, &path, None).await;
                }
            });
        });
        let _ = deletion.join();
    }
}

/// The management API, as seen from one vhost. In paths, `{vhost}` stands for its name.
#[derive(Clone)]
pub struct Management {
    base: String,
    vhost: String,
    client: reqwest::Client,
}

impl Management {
    fn new(url: &str, vhost: &str) -> Self {
        // Fails when another test of this process has done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            base: url.trim_end_matches('/').to_owned(),
            vhost: vhost.to_owned(),
            client: client(),
        }
    }

    /// The same on another runtime: a client's connections live on that on which they were opened.
    fn elsewhere(&self) -> Self {
        Self {
            client: client(),
            ..self.clone()
        }
    }

    /// Reads what is at `api/<path>`, or `None` when there is no such thing.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let (status, body) = self.send(Method::GET, path, None).await;
        match status {
            StatusCode::NOT_FOUND => None,
            status if status.is_success() => {
                Some(serde_json::from_str(&body).expect("the management API speaks JSON"))
            }
            status => panic!("GET {path}: {status} {body}"),
        }
    }

    /// Writes to `api/<path>`.
    pub async fn put(&self, path: &str, body: Value) {
        self.expect_success(Method::PUT, path, Some(body)).await;
    }

    /// Posts to `api/<path>` and gives the answer.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.expect_success(Method::POST, path, Some(body)).await;
        serde_json::from_str(&answer).unwrap_or(Value::Null)
    }

    /// Deletes what is at `api/<path>`.
    pub async fn delete(&self, path: &str) {
        self.expect_success(Method::DELETE, path, None).await;
    }

    /// Makes a user with every permission in the vhost and gives its name and password. Remove it with
    /// [`Management::remove_user`].
    pub async fn create_user(&self) -> (String, String) {
        let (name, password) = (
            format!("user-{}", Uuid::new_v4().simple()),
            Uuid::new_v4().to_string(),
        );
        self.put(
            &format!("users/{name}"),
            json!({ "password": password, "tags": "" }),
        )
        .await;
        self.allow(&name).await;
        (name, password)
    }

    /// Removes a user.
    pub async fn remove_user(&self, name: &str) {
        self.delete(&format!("users/{name}")).await;
    }

    /// Takes up to `count` messages out of a queue, as the management pages show them.
    pub async fn take(&self, queue: &str, count: u32) -> Vec<Value> {
        let how = json!({ "count": count, "ackmode": "ack_requeue_false", "encoding": "auto" });
        let messages = self.post(&format!("queues/{{vhost}}/{queue}/get"), how).await;
        messages.as_array().cloned().unwrap_or_default()
    }

    async fn allow(&self, user: &str) {
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        self.put(&format!("permissions/{{vhost}}/{user}"), all).await;
    }

    async fn expect_success(&self, method: Method, path: &str, body: Option<Value>) -> String {
        let (status, answer) = self.send(method.clone(), path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, String) {
        let url = format!("{}/api/{}", self.base, path.replace("{vhost}", &self.vhost));
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the management API answers");
        (response.status(), response.text().await.unwrap_or_default())
    }
}

/// Without TLS, and so without the machine's certificates, which take their time to be read.
fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().tls_certs_only([]).build();
    client.expect("there is an HTTP client")
}

fn setting(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: these tests need a RabbitMQ; run `make test`"))
}
