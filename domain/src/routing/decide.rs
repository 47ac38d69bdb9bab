//! The decision itself.

use std::collections::{BTreeMap, HashSet};

use super::{ChannelFacts, Choice, Considered, Decision, Route, Verdict, Way, Wish, weighing::weigh};
use crate::{channel::Channel, id::PaymentId};

/// Decides which channel a payment takes, and which are next.
///
/// Routes of priority 1 come first; those of one priority are ordered by weight, the same way for the same payment
/// whenever it is asked. A merchant without routes has every provider that it is set up for, in the order of
/// [`Channel::PROVIDERS`]; one that has routes, even if they are all disabled, has nothing else. Whatever does not take the
/// payment is left out, a channel that is there before counts once, and channels whose provider does not answer come last.
/// No route leads to a wallet or away from it: a payment that asks for it takes it.
pub fn decide(payment_id: PaymentId, wish: &Wish<'_>, routes: &[Route], facts: &[ChannelFacts]) -> Decision {
    let mut candidates = candidates(payment_id, wish, routes);
    let is_sick = |channel| {
        facts
            .iter()
            .any(|about| about.channel == channel && !about.is_healthy)
    };
    candidates.sort_by_key(|(channel, _)| is_sick(*channel));

    let mut decision = Decision {
        order: Vec::new(),
        considered: Vec::new(),
    };
    let mut taken = HashSet::new();
    for (channel, route) in candidates {
        let way = judge(wish, channel, route, facts).and_then(|way| {
            let is_first = taken.insert(channel);
            is_first
                .then_some(way)
                .ok_or_else(|| format!("{channel} is there already"))
        });
        let route = route.map(|route| route.id);
        let verdict = match way {
            Ok(Way { method, flow }) => {
                let is_chosen = decision.order.is_empty();
                decision.order.push(Choice {
                    channel,
                    method,
                    flow,
                    route,
                });
                if is_chosen { Verdict::Chosen } else { Verdict::Next }
            }
            Err(why) => Verdict::LeftOut { why },
        };
        decision.considered.push(Considered {
            channel,
            route,
            verdict,
        });
    }
    decision
}

/// Everything that could be taken, in order: a channel and the route that leads to it.
fn candidates<'a>(
    payment_id: PaymentId,
    wish: &Wish<'_>,
    routes: &'a [Route],
) -> Vec<(Channel, Option<&'a Route>)> {
    let channels = wish.channels();
    if routes.is_empty() || channels == [Channel::Wallet] {
        return channels.iter().map(|channel| (*channel, None)).collect();
    }
    let mut by_priority: BTreeMap<u16, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        by_priority.entry(route.priority).or_default().push(route);
    }
    let ordered = by_priority
        .into_values()
        .flat_map(|routes| weigh(payment_id, routes));
    ordered.map(|route| (route.channel, Some(route))).collect()
}

/// The way in which the channel is to be used; or why it is not.
fn judge(
    wish: &Wish<'_>,
    channel: Channel,
    route: Option<&Route>,
    facts: &[ChannelFacts],
) -> Result<Way, String> {
    if let Some(asked) = wish.channel
        && asked != channel
    {
        return Err(format!("the payment asks for {asked}"));
    }
    route.map_or(Ok(()), |route| route.matches(wish))?;
    let about = facts.iter().find(|about| about.channel == channel);
    let about = about.filter(|about| about.is_configured);
    let about = about.ok_or_else(|| format!("the merchant has no credentials for {channel}"))?;
    let ways = about.takes.as_ref().map_err(String::clone)?;
    let (method, flow) = (
        route.and_then(|route| route.method),
        route.and_then(|route| route.flow),
    );
    let fits =
        |way: &&Way| (method.is_none() || way.method == method) && (flow.is_none() || way.flow == flow);
    let way = ways.iter().find(fits).copied();
    way.ok_or_else(|| format!("{channel} does not take this payment by the route's method and flow"))
}
