//! The command line. No argument ever carries a secret.

mod dead_letters;
mod notifications;
mod operators;
mod reconciliation;
mod routing;
mod switches;
mod timeline;

pub use dead_letters::{
    AskForLetters, DeadLettersCommand, LetterSearch, ListActions, ListGroups, ListLetters,
};
pub use notifications::{ListNotifications, NotificationsCommand, ResendNotifications};
pub use operators::{AddOperator, OperatorsCommand, PasswordSource};
pub use reconciliation::{Differences, DifferencesCommand, ReconcileDay, ResolveDifference};
pub use routing::{AddRoute, Condition, ExplainRoutes, RouteFields, RoutesCommand, SetChannel, SetRoute};
pub use switches::Switching;
pub use timeline::ShowTimeline;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum, builder::TypedValueParser};
use domain::{channel::Channel, merchant::LatePayments, payment::PaymentRequest, reconciliation::AgreedFee};

use crate::endpoints::LONGEST_KEPT_H;

/// Operates Sluice: the database schema, merchants, their keys, terms, endpoints, channels and routes, and the ledger.
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
    /// Routes: which channels a merchant's payments take.
    #[command(subcommand)]
    Routes(RoutesCommand),
    /// The ledger: whether it agrees with everything else, and what is on its accounts.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Have a day compared with what a provider says, and wait for the result. Ends with 0 when both agree, with 1 when they
    /// differ, and with 2 when there is no result.
    Reconcile(ReconcileDay),
    /// Show everything that is stored about a payment, a refund, an order or a wallet, in one list by time. Personal data is
    /// masked.
    Timeline(ShowTimeline),
    /// Notifications: whether what merchants are told arrives, and having it sent again.
    #[command(subcommand)]
    Notifications(NotificationsCommand),
    /// Pause a queue, a channel or a merchant's notifications. It holds for all workers and over restarts, until it is resumed.
    Pause(Switching),
    /// Let go on what is paused.
    Resume(Switching),
    /// List what is paused, by whom, why and since when.
    Switches,
    /// Differences that comparisons have found: list them, or write down what one is.
    Differences(Differences),
    /// Dead letters: what was parked. List, search, group and show it, send it again, throw it away.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Operators: who may use the web console, and what they may do there.
    #[command(subcommand)]
    Operators(OperatorsCommand),
    /// Serve the web console, until it is told to stop.
    Serve,
}

impl Command {
    /// Whether it is asked whether two sides agree.
    pub const fn compares(&self) -> bool {
        matches!(self, Self::Reconcile(_) | Self::Ledger(LedgerCommand::Check))
    }
}

/// About merchants.
#[derive(Debug, Subcommand)]
pub enum MerchantsCommand {
    /// Create a merchant with its first API key. The key is shown once.
    Create(CreateMerchant),
    /// List all merchants, oldest first.
    List,
    /// Set what holds for a merchant's payments. What is left out stays as it is.
    SetTerms(SetTerms),
}

/// The arguments of `merchants set-terms`.
#[derive(Debug, Args)]
pub struct SetTerms {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// After how many seconds a payment that was not paid is closed, unless its request says otherwise. Holds for payments
    /// to come.
    #[arg(
        long,
        value_name = "SECONDS",
        required_unless_present = "late_payments",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(PaymentRequest::MAX_EXPIRY_S))
    )]
    pub payment_expiry_s: Option<u32>,
    /// What becomes of a payment that is paid after it was closed: `accept` lets it count, `refund` gives it back.
    /// Holds at once, also for payments that are closed already.
    #[arg(long, value_name = "POLICY")]
    pub late_payments: Option<LatePayments>,
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

fn keep_hours() -> impl TypedValueParser<Value = u16> {
    clap::value_parser!(u16).range(0..=i64::from(LONGEST_KEPT_H))
}

/// The arguments of `endpoints rotate`.
#[derive(Debug, Args)]
pub struct RotateEndpoint {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// For how many hours the old secret signs as well.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = keep_hours())]
    pub keep_hours: u16,
    /// Where the new secret comes from; `env` reads ENDPOINT_SECRET.
    #[arg(long, value_name = "SOURCE", default_value = "generate")]
    pub endpoint_secret: EndpointSecretSource,
}

/// About channels.
#[derive(Debug, Subcommand)]
pub enum ChannelsCommand {
    /// Store a merchant's credentials for a channel, as the JSON that the channel asks for, read from CHANNEL_CREDENTIALS or
    /// standard input. Prints the path to register with the provider for callbacks.
    Set(SetChannel),
    /// List the channels that a merchant is set up for. Shows no secrets.
    List {
        /// The merchant's id, mer_….
        #[arg(long)]
        merchant: String,
    },
    /// Store a merchant's Stripe credentials. `env` reads STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET (several, newest
    /// first, separated by commas); `stdin` reads {"secret_key": "sk_…", "webhook_secrets": ["whsec_…"]}.
    SetStripe(SetStripe),
    /// Set what a merchant's provider may keep of a payment, as agreed with it; reconciliation holds its statements
    /// against that.
    SetFees(SetFees),
    /// Say when a merchant's credentials for a channel end: its certificate at the provider, or a key with an end. An alert
    /// calls people a month before. Storing credentials forgets it.
    SetExpiry(SetExpiry),
}

/// The arguments of `channels set-expiry`.
#[derive(Debug, Args)]
pub struct SetExpiry {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// The channel.
    #[arg(long)]
    pub channel: Channel,
    /// When the first of them ends, such as 2027-03-01T00:00:00Z.
    #[arg(
        long,
        value_name = "TIME",
        required_unless_present = "never",
        conflicts_with = "never"
    )]
    pub at: Option<DateTime<Utc>>,
    /// They do not end.
    #[arg(long)]
    pub never: bool,
}

/// The arguments of `channels set-fees`.
#[derive(Debug, Args)]
pub struct SetFees {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// The channel.
    #[arg(long)]
    pub channel: Channel,
    /// The share of a payment, in hundredths of a percent: 290 for 2.9 %.
    #[arg(long, value_name = "BPS", value_parser = clap::value_parser!(u32).range(0..=i64::from(AgreedFee::MOST_BPS)))]
    pub fee_bps: u32,
    /// What comes on top of the share, in the minor unit of the payment's currency.
    #[arg(long, value_name = "AMOUNT", value_parser = clap::value_parser!(i64).range(0..))]
    pub fee_fixed_minor: i64,
}

/// About the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Compare the whole ledger with itself and with the payments, refunds and disputes it is about. Ends with 0 when
    /// everything agrees, with 1 when anything disagrees, and with 2 when there is no result.
    Check,
    /// Show a wallet and the newest lines of its statement.
    Wallet {
        /// The wallet's id, wal_….
        #[arg(long)]
        wallet: String,
        /// How many lines.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// List what is on a merchant's accounts.
    Balances {
        /// The merchant's id, mer_….
        #[arg(long)]
        merchant: String,
    },
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
    /// Store another secret key even though something is under way at Stripe. A key does not say whose it is: see to it that it
    /// is the same account's.
    #[arg(long)]
    pub replace_account: bool,
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
