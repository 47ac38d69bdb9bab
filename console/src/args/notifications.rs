//! The arguments of `notifications`.

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use domain::id::{MerchantId, NotificationId, OrderId, PaymentId};
use store::NotificationState;

/// About what merchants are told.
#[derive(Debug, Subcommand)]
pub enum NotificationsCommand {
    /// Tell how merchants' endpoints do: what they took last, what not and why, and what waits or was given up.
    Health {
        /// Only this merchant's, mer_….
        #[arg(long)]
        merchant: Option<MerchantId>,
    },
    /// List notifications, newest first.
    List(ListNotifications),
    /// Show a notification and each try to deliver it. What it says is not shown.
    Show {
        /// The notification's id, ntf_….
        id: NotificationId,
    },
    /// Send notifications again, under their ids, with a fresh schedule of tries. What is being sent is left alone.
    Resend(ResendNotifications),
}

/// The arguments of `notifications list`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("of").required(true)))]
pub struct ListNotifications {
    /// Those of this merchant, mer_….
    #[arg(long, group = "of")]
    pub merchant: Option<MerchantId>,
    /// Those about this payment, its refunds and disputes, pay_….
    #[arg(long, group = "of")]
    pub payment: Option<PaymentId>,
    /// Those about this order, ord_….
    #[arg(long, group = "of")]
    pub order: Option<OrderId>,
    /// Only those that have come so far.
    #[arg(long)]
    pub state: Option<StateArgument>,
    /// How many at the most.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
}

/// How far a notification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateArgument {
    /// Not delivered yet.
    Waiting,
    /// Kept, as the merchant's are paused.
    Held,
    /// Taken by the merchant.
    Delivered,
    /// Given up, or without an endpoint.
    GivenUp,
}

impl From<StateArgument> for NotificationState {
    fn from(argument: StateArgument) -> Self {
        match argument {
            StateArgument::Waiting => Self::Waiting,
            StateArgument::Held => Self::Held,
            StateArgument::Delivered => Self::Delivered,
            StateArgument::GivenUp => Self::GivenUp,
        }
    }
}

/// The arguments of `notifications resend`.
#[derive(Debug, Args)]
pub struct ResendNotifications {
    /// The notifications, ntf_….
    #[arg(
        value_name = "ID",
        required_unless_present = "merchant",
        conflicts_with = "merchant"
    )]
    pub ids: Vec<NotificationId>,
    /// Those of this merchant, mer_….
    #[arg(long, requires = "given_up")]
    pub merchant: Option<MerchantId>,
    /// All that were given up, or found no endpoint.
    #[arg(long, requires = "merchant")]
    pub given_up: bool,
    /// Only what was given up from this moment on, as in 2026-11-27T10:00:00Z.
    #[arg(long, value_name = "TIME", requires = "given_up")]
    pub since: Option<DateTime<Utc>>,
    /// How many at the most, the oldest first.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
    /// Why, 1 to 500 characters; the audit log keeps it.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
