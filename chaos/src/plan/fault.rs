//! The faults there are.

use std::{fmt, time::Duration};

use super::{Member, Peer, Server};

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A process ends as by `kill -9`.
    Kill(Member),
    /// A server ends as by `kill -9` and is started again with its data.
    Crash(Server),
    /// RabbitMQ believes to be short of memory and reads nothing from publishers.
    MemoryAlarm,
    /// A wire does not do what wires do.
    Wire {
        /// Where it leads to.
        to: Peer,
        /// Whose it is; everybody's when none.
        of: Option<Member>,
        /// What is wrong with it.
        damage: Damage,
    },
    /// Every provider misbehaves, some calls long.
    Provider {
        /// What the calls are for that are struck.
        call: &'static str,
        /// Their routes at the providers, as the sandbox's dials name them.
        routes: &'static [&'static str],
        /// The sandbox's name for it.
        how: &'static str,
        /// How many calls are struck on each route.
        times: u64,
        /// For `slow`: by how much.
        delay_ms: u64,
    },
    /// The provider's callbacks come in a way that is allowed and unpleasant.
    Callbacks(CallbackDial),
    /// A merchant's endpoint refuses the next few notifications.
    Endpoint {
        /// The merchant's number.
        merchant: usize,
        /// How many it refuses.
        times: u64,
    },
}

/// What can be wrong with a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Every connection breaks, and every new one.
    Cut,
    /// Nothing is passed on.
    Stalled,
    /// Everything is late by this.
    Slow(Duration),
    /// What is asked arrives; the answer is lost, and the connection with it.
    AnswersLost,
}

impl Damage {
    const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Stalled => "stalled",
            Self::Slow(_) => "slow",
            Self::AnswersLost => "answers lost",
        }
    }
}

/// How callbacks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackDial {
    /// Each so many times.
    Duplicate(u64),
    /// Each late by so many milliseconds.
    Delayed(u64),
    /// Those of a window of so many milliseconds, newest first.
    Reordered(u64),
    /// Before the call is answered that caused them.
    BeforeAnswer,
}

impl CallbackDial {
    const fn name(self) -> &'static str {
        match self {
            Self::Duplicate(_) => "duplicated",
            Self::Delayed(_) => "delayed",
            Self::Reordered(_) => "reordered",
            Self::BeforeAnswer => "before the answer",
        }
    }
}

impl Fault {
    /// Its kind, under which faults are counted.
    pub fn class(&self) -> String {
        match self {
            Self::Kill(Member::Ingress(_)) => "kill ingress".to_owned(),
            Self::Kill(Member::Workers(_)) => "kill workers".to_owned(),
            Self::Crash(server) => format!("kill {}", server.name()),
            Self::MemoryAlarm => "memory alarm of rabbitmq".to_owned(),
            Self::Wire { to, damage, .. } => format!("wire to {}: {}", to.name(), damage.name()),
            Self::Provider { call, how, .. } => format!("provider: {how} on {call}"),
            Self::Callbacks(dial) => format!("callbacks {}", dial.name()),
            Self::Endpoint { .. } => "endpoint refuses".to_owned(),
        }
    }

    /// How long it may take after the fault until everything that was struck is at work again by itself.
    pub const fn aftermath(&self) -> Duration {
        match self {
            Self::Crash(Server::RabbitMq) => Duration::from_secs(10),
            Self::Crash(Server::Postgres) => Duration::from_secs(5),
            Self::MemoryAlarm => Duration::from_secs(2),
            Self::Kill(_)
            | Self::Wire { .. }
            | Self::Provider { .. }
            | Self::Callbacks(_)
            | Self::Endpoint { .. } => Duration::ZERO,
        }
    }

    /// Whether it lasts a while.
    pub const fn lasts(&self) -> bool {
        !matches!(self, Self::Kill(_) | Self::Endpoint { .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(member) => write!(f, "kill -9 {member}"),
            Self::Crash(server) => write!(f, "kill -9 {}, away", server.name()),
            Self::MemoryAlarm => f.write_str("memory alarm of rabbitmq"),
            Self::Wire { to, of, damage } => {
                match of {
                    Some(member) => write!(f, "wire {member} - {}", to.name())?,
                    None => write!(f, "all wires to {}", to.name())?,
                }
                write!(f, ": {}", damage.name())
            }
            Self::Provider { call, how, times, .. } => write!(f, "provider: {how} on {call} x{times}"),
            Self::Callbacks(dial) => write!(f, "callbacks {}", dial.name()),
            Self::Endpoint { merchant, times } => {
                write!(f, "endpoint of merchant {merchant} refuses x{times}")
            }
        }
    }
}
