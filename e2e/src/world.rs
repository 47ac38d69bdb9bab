//! Where everything is, and merchants who live there.

use std::time::Duration;

use anyhow::Context;
use reqwest::Client as Http;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{client::Client, console::Console, rabbit::Rabbit, sandbox_client::Sandbox};

/// A deployment of Sluice with the sandbox as its provider.
pub struct World {
    /// The address of ingress.
    pub ingress: String,
    /// The provider, and the merchants' endpoints.
    pub sandbox: Sandbox,
    /// RabbitMQ as operations people see it.
    pub rabbit: Rabbit,
    /// Where merchants are registered.
    pub console: Box<dyn Console>,
    /// How long to wait for something before it counts as not happening.
    pub patience: Duration,
    /// For requests that are nobody's in particular.
    pub http: Http,
}

/// A merchant with an account of its own at the provider and an endpoint of its own.
pub struct Merchant {
    /// Its id at Sluice.
    pub id: String,
    /// Its name at the sandbox.
    pub name: String,
    /// Its secret key at the provider, which also names its account at the sandbox.
    pub account: String,
    /// Where the provider's callbacks for it go.
    pub callback_url: String,
    /// What its own system signs in with.
    pub api_key: String,
    /// Its own system.
    pub api: Client,
}

/// An HTTP client that works without anything else being set up.
///
/// # Errors
/// The machine gives no TLS provider.
pub fn http() -> anyhow::Result<Http> {
    // A second install is refused and harmless.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    // Without TLS: to read the machine's certificates takes longer than most of what is asked.
    let client = Http::builder().no_proxy().tls_certs_only([]).build();
    client.context("the HTTP client")
}

impl World {
    /// Registers a new merchant, as operations people do it.
    ///
    /// # Errors
    /// The console or the sandbox refuses or does not answer.
    pub async fn merchant(&self, name: &str) -> anyhow::Result<Merchant> {
        self.register(name, None, &["*"]).await
    }

    /// Registers a new merchant whom the provider calls back about these types of events only.
    ///
    /// # Errors
    /// The console or the sandbox refuses or does not answer.
    pub async fn merchant_called_of(&self, name: &str, types: &[&str]) -> anyhow::Result<Merchant> {
        self.register(name, None, types).await
    }

    /// Registers a new merchant for whom a RabbitMQ user may publish jobs.
    ///
    /// # Errors
    /// The console or the sandbox refuses or does not answer.
    pub async fn merchant_on_amqp(&self, name: &str, amqp_user: &str) -> anyhow::Result<Merchant> {
        self.register(name, Some(amqp_user), &["*"]).await
    }

    async fn register(
        &self,
        name: &str,
        amqp_user: Option<&str>,
        callbacks: &[&str],
    ) -> anyhow::Result<Merchant> {
        let unique = Uuid::new_v4().simple().to_string();
        let name = format!("{name}-{unique}");
        let endpoint = self.sandbox.merchant_endpoint(&name);
        let mut arguments = vec!["merchants", "create", "--name", &name, "--endpoint", &endpoint];
        arguments.extend(amqp_user.into_iter().flat_map(|user| ["--amqp-user", user]));
        let created = self.console.run(&arguments, "").await?;
        let [id, api_key, endpoint_secret, callback_path] = [
            "merchant_id",
            "api_key",
            "endpoint_secret",
            "stripe_callback_path",
        ]
        .map(|fact| text(&created, fact));

        let account = format!("sk_test_{unique}");
        let callback_url = format!("{}{callback_path}", self.ingress);
        let callback_secret = self
            .sandbox
            .register_callbacks_of(callbacks, &account, &callback_url)
            .await?;
        self.sandbox
            .register_connected(&account, &callback_url, &callback_secret)
            .await?;
        let credentials = json!({ "secret_key": account, "webhook_secrets": [callback_secret] }).to_string();
        let set_stripe = ["channels", "set-stripe", "--merchant", &id, "--from", "stdin"];
        self.console.run(&set_stripe, &credentials).await?;
        self.sandbox.set_secret(&name, &endpoint_secret).await?;
        let api = Client::new(self.http.clone(), &self.ingress, &api_key);
        Ok(Merchant {
            id,
            name,
            account,
            callback_url,
            api_key,
            api,
        })
    }
}

fn text(answer: &Value, fact: &str) -> String {
    answer[fact].as_str().unwrap_or_default().to_owned()
}
