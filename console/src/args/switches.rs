//! The arguments of `pause` and `resume`.

use clap::{Args, Subcommand};
use domain::{channel::Channel, id::MerchantId, job::Kind, switch::Switch};

/// The arguments of `pause` and `resume`.
#[derive(Debug, Args)]
pub struct Switching {
    /// What it is about.
    #[command(subcommand)]
    pub switch: SwitchArgument,
    /// Why, 1 to 500 characters; the audit log keeps it.
    #[arg(
        long,
        global = true,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub reason: String,
}

/// What can be paused.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum SwitchArgument {
    /// The jobs of one kind: they wait in their queue.
    Queue {
        /// The kind, as in the name of its queue: create_intent.
        kind: Kind,
    },
    /// The calls to one provider: jobs that need them wait, and new payments take another way where they have one.
    Channel {
        /// The channel.
        channel: Channel,
    },
    /// What one merchant is told: it is kept, and sent later.
    Notifications {
        /// The merchant's id, mer_….
        merchant: MerchantId,
    },
}

impl From<SwitchArgument> for Switch {
    fn from(argument: SwitchArgument) -> Self {
        match argument {
            SwitchArgument::Queue { kind } => Self::Queue(kind),
            SwitchArgument::Channel { channel } => Self::Channel(channel),
            SwitchArgument::Notifications { merchant } => Self::Notifications(merchant),
        }
    }
}
