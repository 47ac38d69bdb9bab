//! `routes`: which channels a merchant's payments take, and why one took its.

use channels::{capabilities, facts};
use domain::{
    channel::Channel,
    id::{IdempotencyKey, MerchantId, PaymentId, RouteId},
    money::Money,
    payment::PaymentRequest,
    routing::{Choice, Considered, Decision, Failover, Route, Routing, Verdict, Wish, decide},
};
use serde_json::Value;
use store::{Doing, Store};

use crate::{
    Answer, Console, ConsoleError,
    answer::Facts,
    args::{AddRoute, Condition, ExplainRoutes, RouteFields, RoutesCommand, SetRoute},
};

impl Console<'_> {
    pub(crate) async fn routes(&self, command: &RoutesCommand) -> Result<Answer, ConsoleError> {
        match command {
            RoutesCommand::Add(args) => self.add_route(args).await,
            RoutesCommand::List { merchant } => {
                let merchant = self.merchant(merchant).await?.id;
                let routes = self.store.routes(merchant).await?;
                Ok(Answer::Many(routes.iter().map(about_route).collect()))
            }
            RoutesCommand::Set(args) => self.change_route(args).await,
            RoutesCommand::Remove { route } => self.remove_route(*route).await,
            RoutesCommand::Explain(args) => match args.payment {
                Some(payment) => self.explain_payment(payment).await,
                None => self.explain_wish(args).await,
            },
        }
    }

    async fn add_route(&self, args: &AddRoute) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(&args.merchant).await?.id;
        let route = with(blank(RouteId::random(), merchant, args.channel), &args.fields);
        let route = add(&self.store, route, self.doing()).await?;
        Ok(Answer::One(about_route(&route)))
    }

    async fn change_route(&self, args: &SetRoute) -> Result<Answer, ConsoleError> {
        let changing = change(
            &self.store,
            args.route,
            |route| Ok(changed(route, args)),
            self.doing(),
        );
        Ok(Answer::One(about_route(&changing.await?)))
    }

    async fn remove_route(&self, id: RouteId) -> Result<Answer, ConsoleError> {
        remove(&self.store, id, self.doing()).await?;
        Ok(Answer::new([
            ("route_id", id.to_string()),
            ("removed", "true".into()),
        ]))
    }

    async fn explain_payment(&self, id: PaymentId) -> Result<Answer, ConsoleError> {
        let payment = self.store.payment(id).await?;
        let payment = payment.ok_or(ConsoleError::UnknownPayment(id))?;
        let routing = payment.routing.ok_or(ConsoleError::Unrouted(id))?;
        let facts = vec![
            ("payment_id", Value::from(id.to_string())),
            ("merchant_id", Value::from(payment.merchant_id.to_string())),
            ("channel", Value::from(payment.channel.name())),
            ("status", Value::from(payment.status.name())),
        ];
        Ok(explained(facts, &routing))
    }

    /// Among routes of one priority, each payment has an order of its own; this is that of one payment.
    async fn explain_wish(&self, args: &ExplainRoutes) -> Result<Answer, ConsoleError> {
        let merchant = self
            .merchant(args.merchant.as_deref().unwrap_or_default())
            .await?
            .id;
        let (Some(amount_minor), Some(currency)) = (args.amount, args.currency) else {
            return Err(ConsoleError::NoAmount);
        };
        let request = PaymentRequest {
            method: args.method,
            flow: args.flow,
            country: args.country.clone(),
            channel: args.channel,
            ..PaymentRequest::of(Money {
                amount_minor,
                currency,
            })
        };
        request.validate()?;
        let wish = Wish {
            // What a flow needs of the payer is left to whoever asks for the payment.
            has_user: true,
            has_return_url: true,
            has_payer_ip: true,
            has_payer_openid: true,
            ..Wish::of(&request, None)
        };
        let setup = self.store.setup(merchant).await?;
        let facts = facts(&wish, &setup.configured, |_| true);
        let decision = decide(example(merchant), &wish, &setup.routes, &facts);
        let told = vec![
            ("merchant_id", Value::from(merchant.to_string())),
            ("money", Value::from(request.money.to_string())),
            ("routes", Value::from(setup.routes.len())),
        ];
        Ok(explained(told, &Routing::from(decision)))
    }
}

/// A route that says nothing but where it leads.
pub(crate) const fn blank(id: RouteId, merchant_id: MerchantId, channel: Channel) -> Route {
    Route {
        id,
        merchant_id,
        channel,
        method: None,
        flow: None,
        currency: None,
        min_amount_minor: None,
        max_amount_minor: None,
        country: None,
        priority: 1,
        weight: 1,
        enabled: true,
    }
}

/// Adds a route of a merchant that is there; gives it as it is stored.
///
/// # Errors
/// It makes no sense, no payment could take it, or it was added before.
pub(crate) async fn add(store: &Store, route: Route, doing: Doing<'_>) -> Result<Route, ConsoleError> {
    let route = checked(route)?;
    if store.add_route(&route, doing).await? {
        Ok(route)
    } else {
        Err(ConsoleError::RouteAdded(route.id))
    }
}

/// Changes a route; gives it as it is then.
///
/// # Errors
/// There is no such route, `change` refuses, or what it would be makes no sense, or no payment could take it.
pub(crate) async fn change(
    store: &Store,
    id: RouteId,
    change: impl FnOnce(Route) -> Result<Route, ConsoleError> + Send,
    doing: Doing<'_>,
) -> Result<Route, ConsoleError> {
    let change = |route| checked(change(route)?);
    let changed = store.change_route(id, change, doing).await?;
    changed.ok_or(ConsoleError::UnknownRoute(id))
}

/// Removes a route.
///
/// # Errors
/// There is no such route.
pub(crate) async fn remove(store: &Store, id: RouteId, doing: Doing<'_>) -> Result<(), ConsoleError> {
    if store.remove_route(id, doing).await? {
        Ok(())
    } else {
        Err(ConsoleError::UnknownRoute(id))
    }
}

/// A payment that nobody asks for.
fn example(merchant: MerchantId) -> PaymentId {
    let key = IdempotencyKey::try_from("example".to_owned());
    key.map_or_else(
        |_| PaymentId::from_uuid(merchant.as_uuid()),
        |key| PaymentId::derive(merchant, &key),
    )
}

fn changed(mut route: Route, args: &SetRoute) -> Route {
    route.channel = args.channel.unwrap_or(route.channel);
    for unsaid in &args.any {
        match unsaid {
            Condition::Method => route.method = None,
            Condition::Flow => route.flow = None,
            Condition::Currency => {
                (route.currency, route.min_amount_minor, route.max_amount_minor) = (None, None, None);
            }
            Condition::MinAmountMinor => route.min_amount_minor = None,
            Condition::MaxAmountMinor => route.max_amount_minor = None,
            Condition::Country => route.country = None,
        }
    }
    with(route, &args.fields)
}

/// A route has to make sense, and some payment has to be able to take it. Its country may be typed in small letters.
fn checked(route: Route) -> Result<Route, ConsoleError> {
    let country = route.country.map(|country| country.to_uppercase());
    let route = Route { country, ..route };
    route.validate()?;
    capabilities(route.channel).check_route(&route)?;
    Ok(route)
}

fn with(route: Route, fields: &RouteFields) -> Route {
    Route {
        method: fields.method.or(route.method),
        flow: fields.flow.or(route.flow),
        currency: fields.currency.or(route.currency),
        min_amount_minor: fields.min_amount_minor.or(route.min_amount_minor),
        max_amount_minor: fields.max_amount_minor.or(route.max_amount_minor),
        country: fields.country.clone().or(route.country),
        priority: fields.priority.unwrap_or(route.priority),
        weight: fields.weight.unwrap_or(route.weight),
        enabled: fields.enabled.unwrap_or(route.enabled),
        ..route
    }
}

fn about_route(route: &Route) -> Facts {
    vec![
        ("route_id", Value::from(route.id.to_string())),
        ("merchant_id", Value::from(route.merchant_id.to_string())),
        ("channel", Value::from(route.channel.name())),
        ("method", Value::from(route.method.map(|method| method.name()))),
        ("flow", Value::from(route.flow.map(|flow| flow.name()))),
        (
            "currency",
            Value::from(route.currency.map(|currency| currency.code())),
        ),
        ("min_amount_minor", Value::from(route.min_amount_minor)),
        ("max_amount_minor", Value::from(route.max_amount_minor)),
        ("country", Value::from(route.country.clone())),
        ("priority", Value::from(route.priority)),
        ("weight", Value::from(route.weight)),
        ("enabled", Value::from(route.enabled)),
    ]
}

/// The facts with the decision below them.
fn explained(mut facts: Facts, routing: &Routing) -> Answer {
    let Routing { decision, failovers } = routing;
    let Decision { order, considered } = decision;
    if order.is_empty() {
        facts.push(("refusal", Value::from(decision.refusal())));
    }
    Answer::Report {
        facts,
        lists: vec![
            ("order", order.iter().map(about_choice).collect()),
            ("considered", considered.iter().map(about_considered).collect()),
            ("failovers", failovers.iter().map(about_failover).collect()),
        ],
        passed: true,
    }
}

fn about_choice(choice: &Choice) -> Facts {
    vec![
        ("channel", Value::from(choice.channel.name())),
        ("method", Value::from(choice.method.map(|method| method.name()))),
        ("flow", Value::from(choice.flow.map(|flow| flow.name()))),
        (
            "route_id",
            Value::from(choice.route.map(|route| route.to_string())),
        ),
    ]
}

fn about_considered(considered: &Considered) -> Facts {
    let (verdict, why) = match &considered.verdict {
        Verdict::Chosen => ("chosen", None),
        Verdict::Next => ("next", None),
        Verdict::LeftOut { why } => ("left_out", Some(why.as_str())),
    };
    vec![
        ("channel", Value::from(considered.channel.name())),
        (
            "route_id",
            Value::from(considered.route.map(|route| route.to_string())),
        ),
        ("verdict", Value::from(verdict)),
        ("why", Value::from(why)),
    ]
}

fn about_failover(failover: &Failover) -> Facts {
    vec![
        ("from", Value::from(failover.from.name())),
        ("to", Value::from(failover.to.name())),
        ("why", Value::from(failover.why.as_str())),
        ("at", Value::from(failover.at.to_rfc3339())),
    ]
}
