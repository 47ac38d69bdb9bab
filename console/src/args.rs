//! The command line. No argument ever carries a secret.

mod reconciliation;

pub use reconciliation::{Differences, DifferencesCommand, ReconcileDay, ResolveDifference};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Operates Sluice: the database schema, merchants, their keys, endpoints and provider credentials.
///
/// Settings come from the environment: DATABASE_URL (a role that may write) and SLUICE_SECRETS_KEY (the key ring that
/// ingress and workers use).
#[derive(Debug, Parser)]
#[command(name = "console")]
pub struct Cli {
    /// Answer with one JSON value instead of lines for people.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the database schema up to date. Safe to repeat, and from several places at once.
    Migrate,
    /// Merchants: who may ask for payments.
    #[command(subcommand)]
    Merchants(MerchantsCommand),
    /// API keys: how merchants prove who they are.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Endpoints: where merchants are notified.
    #[command(subcommand)]
    Endpoints(EndpointsCommand),
    /// Channels: the providers a merchant is paid through.
    #[command(subcommand)]
    Channels(ChannelsCommand),
    /// Have a day compared with what a provider says, and wait for the result. Ends with 0 when both agree, with 1 when they
    /// differ, and with 2 when there is no result.
    Reconcile(ReconcileDay),
    /// Differences that comparisons have found: list them, or write down what one is.
    Differences(Differences),
}

/// About merchants.
#[derive(Debug, Subcommand)]
pub enum MerchantsCommand {
    /// Create a merchant with its first API key. The key is shown once.
    Create(CreateMerchant),
    /// List all merchants, oldest first.
    List,
}

/// The arguments of `merchants create`.
#[derive(Debug, Args)]
pub struct CreateMerchant {
    /// The merchant's name, as people know it.
    #[arg(long)]
    pub name: String,
    /// Where its notifications go: an https address.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Where the secret that signs its notifications comes from; `env` reads ENDPOINT_SECRET.
    #[arg(
        long,
        value_name = "SOURCE",
        default_value = "generate",
        requires = "endpoint"
    )]
    pub endpoint_secret: EndpointSecretSource,
    /// The RabbitMQ user that may publish jobs for it.
    #[arg(long, value_name = "USER")]
    pub amqp_user: Option<String>,
    /// Also store Stripe credentials, read from the environment or standard input; see `channels set-stripe`.
    #[arg(long, value_name = "SOURCE")]
    pub stripe: Option<CredentialsSource>,
}

/// About API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Add an API key to a merchant. The key is shown once.
    Create {
        /// The merchant's id, mer_….
        #[arg(long)]
        merchant: String,
    },
    /// Revoke an API key. Ingress notices within ten seconds.
    Revoke {
        /// The key's id: the 16 digits after slk_.
        #[arg(long)]
        id: String,
    },
}

/// About endpoints.
#[derive(Debug, Subcommand)]
pub enum EndpointsCommand {
    /// Set where a merchant's notifications go, and switch the endpoint on again. Its signing secret stays.
    Set(SetEndpoint),
    /// Give an endpoint a new signing secret. The old one signs as well until its time is over.
    Rotate(RotateEndpoint),
}

/// The arguments of `endpoints set`.
#[derive(Debug, Args)]
pub struct SetEndpoint {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// The address: https, or http where the host is private.
    #[arg(long)]
    pub url: String,
    /// Where the secret comes from when the merchant has no endpoint yet; `env` reads ENDPOINT_SECRET.
    #[arg(long, value_name = "SOURCE", default_value = "generate")]
    pub endpoint_secret: EndpointSecretSource,
}

/// The arguments of `endpoints rotate`.
#[derive(Debug, Args)]
pub struct RotateEndpoint {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// For how many hours the old secret signs as well.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u16).range(0..=720))]
    pub keep_hours: u16,
    /// Where the new secret comes from; `env` reads ENDPOINT_SECRET.
    #[arg(long, value_name = "SOURCE", default_value = "generate")]
    pub endpoint_secret: EndpointSecretSource,
}

/// About channels.
#[derive(Debug, Subcommand)]
pub enum ChannelsCommand {
    /// Store a merchant's Stripe credentials. `env` reads STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET (several, newest
    /// first, separated by commas); `stdin` reads {"secret_key": "sk_…", "webhook_secrets": ["whsec_…"]}.
    SetStripe(SetStripe),
}

/// The arguments of `channels set-stripe`.
#[derive(Debug, Args)]
pub struct SetStripe {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// Where the credentials come from.
    #[arg(long, value_name = "SOURCE", default_value = "env")]
    pub from: CredentialsSource,
}

/// Where a provider's credentials are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CredentialsSource {
    /// Environment variables.
    Env,
    /// JSON on standard input.
    Stdin,
}

/// Where an endpoint's signing secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EndpointSecretSource {
    /// A new random secret, shown once.
    Generate,
    /// The environment variable ENDPOINT_SECRET.
    Env,
}
