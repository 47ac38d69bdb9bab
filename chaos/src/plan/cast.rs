//! Who can be struck.

use std::fmt;

use crate::fleet::Role;

/// A process of Sluice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// One that takes requests, counted from 1.
    Ingress(u8),
    /// One that does jobs, counted from 1.
    Workers(u8),
}

impl Member {
    /// Every process of a run.
    pub const ALL: [Self; 5] = [
        Self::Ingress(1),
        Self::Ingress(2),
        Self::Workers(1),
        Self::Workers(2),
        Self::Workers(3),
    ];

    /// Its program.
    pub const fn role(self) -> Role {
        match self {
            Self::Ingress(_) => Role::Ingress,
            Self::Workers(_) => Role::Workers,
        }
    }

    /// The servers it has wires to.
    pub const fn peers(self) -> &'static [Peer] {
        match self {
            Self::Ingress(_) => &[Peer::Postgres, Peer::RabbitMq],
            Self::Workers(_) => &Peer::ALL,
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ingress(number) => write!(f, "ingress-{number}"),
            Self::Workers(number) => write!(f, "workers-{number}"),
        }
    }
}

/// A server that can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Server {
    /// PostgreSQL.
    Postgres,
    /// RabbitMQ.
    RabbitMq,
}

impl Server {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Postgres, Self::RabbitMq];

    /// What `scripts/servers` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::RabbitMq => "rabbitmq",
        }
    }
}

/// What a wire leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// PostgreSQL.
    Postgres,
    /// RabbitMQ.
    RabbitMq,
    /// The payment provider.
    Provider,
}

impl Peer {
    /// All.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::RabbitMq, Self::Provider];

    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::RabbitMq => "rabbitmq",
            Self::Provider => "provider",
        }
    }
}
