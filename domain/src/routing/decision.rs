//! What was decided and why, and what became of it: recorded with the payment.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, Flow, Method},
    id::RouteId,
};

/// Where a payment goes, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The channels to take, one after the other while the one before has surely done nothing; none twice.
    pub order: Vec<Choice>,
    /// Everything that was looked at, in the order in which it was.
    pub considered: Vec<Considered>,
}

/// A channel to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The channel.
    pub channel: Channel,
    /// With what the payer pays there; whatever the merchant has switched on at the provider when there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// How the payer gets there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// The route that led to it; none when the merchant has no routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteId>,
}

/// A route, or a channel of a merchant without routes, and what was thought of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The channel.
    pub channel: Channel,
    /// The route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteId>,
    /// What was thought of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What was thought of a route or a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The payment goes there.
    Chosen,
    /// The payment goes there when nothing before it can be used.
    Next,
    /// It does not.
    LeftOut {
        /// Why, for people.
        why: String,
    },
}

impl Decision {
    /// Why there is nothing to take, in one sentence for people.
    pub fn refusal(&self) -> String {
        let reasons: Vec<_> = self.considered.iter().map(Considered::to_string).collect();
        match reasons.as_slice() {
            [] => "no channel takes this payment: the merchant has none".into(),
            reasons => format!("no channel takes this payment: {}", reasons.join("; ")),
        }
    }
}

impl fmt::Display for Considered {
    /// `stripe by rte_…: is disabled`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.channel)?;
        if let Some(route) = self.route {
            write!(f, " by {route}")?;
        }
        match &self.verdict {
            Verdict::Chosen => f.write_str(": chosen"),
            Verdict::Next => f.write_str(": next"),
            Verdict::LeftOut { why } => write!(f, ": {why}"),
        }
    }
}

/// A decision and the steps along its order that were taken since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// As it was made when the payment was stored; never changed.
    #[serde(flatten)]
    pub decision: Decision,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failovers: Vec<Failover>,
}

/// A payment took the next channel, as the one before had surely done nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failover {
    /// The channel that was left.
    pub from: Channel,
    /// The channel that was taken.
    pub to: Channel,
    /// Why, for people; without secrets or personal data.
    pub why: String,
    /// When, RFC 3339, UTC.
    pub at: DateTime<Utc>,
}

impl From<Decision> for Routing {
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            failovers: Vec::new(),
        }
    }
}

impl Routing {
    /// The choice of a channel.
    pub fn choice(&self, channel: Channel) -> Option<&Choice> {
        self.decision
            .order
            .iter()
            .find(|choice| choice.channel == channel)
    }

    /// The choice that comes after a channel.
    pub fn after(&self, channel: Channel) -> Option<&Choice> {
        let mut rest = self
            .decision
            .order
            .iter()
            .skip_while(|choice| choice.channel != channel);
        rest.nth(1)
    }
}
