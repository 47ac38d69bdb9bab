//! The settings that processes under destruction share.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use e2e::{issuer, sandbox_client::Sandbox};
use serde_json::json;

use super::{Environment, Launch, Role};

/// Where processes are started, and how fast time passes for them.
#[derive(Debug, Clone)]
pub struct Settings {
    environment: Environment,
    logs: PathBuf,
}

/// Delays that are long enough to be seen and no longer: the retry ladder and all that is measured in its unit shrink a
/// hundredfold, and so do the sandbox's seconds, by which providers space refunds and repeat callbacks. The sandbox forgets
/// nothing that a run may leave behind, and as a provider it never gives a callback up within one: a callback that is not
/// delivered in the end was refused for ever.
const PACE: [(&str, &str); 11] = [
    ("INGRESS_DRAIN_MS", "0"),
    ("RETRY_UNIT_MS", "10"),
    ("CHANNEL_TIMEOUT_MS", "300"),
    ("NOTIFY_TIMEOUT_MS", "500"),
    ("NOTIFY_ALLOW_PRIVATE", "true"),
    ("SANDBOX_SECOND_MS", "10"),
    ("SANDBOX_SETTLE_MS", "100"),
    ("SANDBOX_WEBHOOK_RETRY_MS", "50"),
    ("SANDBOX_WEBHOOK_RETRY_MAX_MS", "1000"),
    ("SANDBOX_WEBHOOK_ATTEMPTS", "100000"),
    ("SANDBOX_LOG_LIMIT", "200000"),
];

/// What an ingress has to know of the one who signs administrators in, who correct wallets.
const SIGN_IN: [(&str, &str); 5] = [
    ("JWT_ALGORITHM", "HS256"),
    ("JWT_SECRET", issuer::SECRET),
    ("JWT_ISSUER", issuer::ISSUER),
    ("JWT_AUDIENCE", issuer::AUDIENCE),
    ("JWT_ADMINS", "true"),
];

impl Settings {
    /// Settings for processes on the ground that `environment` describes; their logs go to the folder `logs`.
    pub fn new(environment: Environment, logs: &Path) -> Self {
        let pace = PACE.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            environment: environment.into_iter().chain(pace).collect(),
            logs: logs.to_owned(),
        }
    }

    /// The same with one setting changed for all processes.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same for an ingress that trusts the sandbox's PayPal, and no other.
    ///
    /// # Errors
    /// The sandbox does not answer, or its root certificate cannot be written down.
    pub async fn trusting(&self, sandbox: &Sandbox, provider: &str) -> anyhow::Result<Self> {
        let app = sandbox.put("/sandbox/paypal/apps/whoever", json!({})).await?;
        let root = app["trusted_root_pem"].as_str();
        let path = self.logs.join("paypal-roots.pem");
        fs::write(&path, root.context("the sandbox tells PayPal's root")?)
            .with_context(|| format!("{}", path.display()))?;
        let trusting = self
            .clone()
            .with("PAYPAL_CERTIFICATE_BASE", &format!("{provider}/paypal"));
        Ok(trusting.with("PAYPAL_TRUST_ROOTS_FILE", &path.to_string_lossy()))
    }

    /// A sandbox.
    ///
    /// # Errors
    /// As [`Launch::new`].
    pub fn sandbox(&self, name: &str) -> anyhow::Result<Launch> {
        self.launch(Role::Sandbox, name)
    }

    /// An ingress.
    ///
    /// # Errors
    /// As [`Launch::new`].
    pub fn ingress(&self, name: &str) -> anyhow::Result<Launch> {
        let launch = self.launch(Role::Ingress, name)?;
        let signed_in = SIGN_IN.iter();
        Ok(signed_in.fold(launch, |launch, (name, value)| launch.with(name, value)))
    }

    /// Workers whose providers are all at `provider`, as the sandbox serves them.
    ///
    /// # Errors
    /// As [`Launch::new`].
    pub fn workers(&self, name: &str, provider: &str) -> anyhow::Result<Launch> {
        let launch = self.launch(Role::Workers, name)?;
        Ok(launch
            .with("STRIPE_API_BASE", provider)
            .with("ALIPAY_GATEWAY", &format!("{provider}/alipay/gateway.do"))
            .with("WECHAT_API_BASE", provider)
            .with("PAYPAL_API_BASE", &format!("{provider}/paypal")))
    }

    fn launch(&self, role: Role, name: &str) -> anyhow::Result<Launch> {
        Launch::new(role, name, self.environment.clone(), &self.logs)
    }
}
