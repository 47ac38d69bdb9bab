//! The arguments of `routes`, and of `channels set` and `channels list`.

use clap::{Args, Subcommand, ValueEnum};
use domain::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    id::{PaymentId, RouteId},
};

use super::CredentialsSource;

/// About routes.
#[derive(Debug, Subcommand)]
pub enum RoutesCommand {
    /// Add a route: payments like this may take this channel. From the first one on, a merchant's payments take what its
    /// routes allow, and nothing else.
    Add(AddRoute),
    /// List a merchant's routes, in the order in which they are tried.
    List {
        /// The merchant's id, mer_….
        #[arg(long)]
        merchant: String,
    },
    /// Change a route. What is left out stays as it is.
    Set(SetRoute),
    /// Remove a route. Payments that it led somewhere stay there.
    Remove {
        /// The route's id, rte_….
        #[arg(long)]
        route: RouteId,
    },
    /// Tell where a payment would go and why, or where one has gone.
    Explain(ExplainRoutes),
}

/// What a route says; all of it may be left out.
#[derive(Debug, Args)]
pub struct RouteFields {
    /// Only payments by this method; one that does not say is paid by it.
    #[arg(long)]
    pub method: Option<Method>,
    /// Only payments by this flow; one that does not say takes it.
    #[arg(long)]
    pub flow: Option<Flow>,
    /// Only payments in this currency.
    #[arg(long)]
    pub currency: Option<Currency>,
    /// Only payments of at least this, in the minor unit of the route's currency.
    #[arg(long, value_name = "AMOUNT")]
    pub min_amount_minor: Option<i64>,
    /// Only payments of at most this, likewise.
    #[arg(long, value_name = "AMOUNT")]
    pub max_amount_minor: Option<i64>,
    /// Only payers from this country, such as DE.
    #[arg(long)]
    pub country: Option<String>,
    /// Where it stands: 1 is tried first. A new route has 1.
    #[arg(long)]
    pub priority: Option<u16>,
    /// Its share of the payments among routes of its priority. A new route has 1.
    #[arg(long)]
    pub weight: Option<u16>,
    /// Whether it counts. A new route does.
    #[arg(long)]
    pub enabled: Option<bool>,
}

/// The arguments of `routes add`.
#[derive(Debug, Args)]
pub struct AddRoute {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// Where the payments go.
    #[arg(long)]
    pub channel: Channel,
    #[command(flatten)]
    /// What it says.
    pub fields: RouteFields,
}

/// The arguments of `routes set`.
#[derive(Debug, Args)]
pub struct SetRoute {
    /// The route's id, rte_….
    #[arg(long)]
    pub route: RouteId,
    /// Where the payments go.
    #[arg(long)]
    pub channel: Option<Channel>,
    #[command(flatten)]
    /// What it is to say.
    pub fields: RouteFields,
    /// What it is to say no more, so that it holds for any; may be repeated.
    #[arg(long, value_name = "FIELD")]
    pub any: Vec<Condition>,
}

/// What a route may leave unsaid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Condition {
    /// The method.
    Method,
    /// The flow.
    Flow,
    /// The currency, and with it the amounts.
    Currency,
    /// The smallest amount.
    MinAmountMinor,
    /// The largest amount.
    MaxAmountMinor,
    /// The country.
    Country,
}

/// The arguments of `routes explain`.
#[derive(Debug, Args)]
pub struct ExplainRoutes {
    /// A payment's id, pay_…: tells what was decided about it, and what became of that.
    #[arg(long, conflicts_with_all = ["merchant", "amount", "currency", "method", "flow", "country", "channel"])]
    pub payment: Option<PaymentId>,
    /// The merchant's id, mer_…: tells what would be decided about a payment of its.
    #[arg(
        long,
        required_unless_present = "payment",
        requires = "amount",
        requires = "currency"
    )]
    pub merchant: Option<String>,
    /// The payment's amount, in the minor unit.
    #[arg(long)]
    pub amount: Option<i64>,
    /// Its currency.
    #[arg(long)]
    pub currency: Option<Currency>,
    /// Its method.
    #[arg(long)]
    pub method: Option<Method>,
    /// Its flow.
    #[arg(long)]
    pub flow: Option<Flow>,
    /// The payer's country.
    #[arg(long)]
    pub country: Option<String>,
    /// The only channel that it may take.
    #[arg(long)]
    pub channel: Option<Channel>,
}

/// The arguments of `channels set`.
#[derive(Debug, Args)]
pub struct SetChannel {
    /// The merchant's id, mer_….
    #[arg(long)]
    pub merchant: String,
    /// The channel.
    #[arg(long)]
    pub channel: Channel,
    /// Where the credentials come from; `env` reads CHANNEL_CREDENTIALS.
    #[arg(long, value_name = "SOURCE", default_value = "env")]
    pub from: CredentialsSource,
    /// Store credentials for another account even though something is under way at the present one. A Stripe
    /// key does not say whose it is: another key needs this as well.
    #[arg(long)]
    pub replace_account: bool,
}
