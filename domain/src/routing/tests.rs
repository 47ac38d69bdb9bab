//! Every rule once by example, and what holds for all merchants by the thousand.

use std::collections::HashSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    examples::usd,
    id::{MerchantId, PaymentId, RouteId},
    payment::PaymentRequest,
};

const ANY: Way = Way {
    method: None,
    flow: None,
};

fn facts(channel: Channel) -> ChannelFacts {
    ChannelFacts {
        channel,
        is_configured: true,
        is_healthy: true,
        takes: Ok(vec![ANY]),
    }
}

fn all() -> Vec<ChannelFacts> {
    Channel::PROVIDERS.iter().map(|channel| facts(*channel)).collect()
}

fn route(number: u128, channel: Channel) -> Route {
    Route {
        id: RouteId::from_uuid(Uuid::from_u128(number)),
        merchant_id: MerchantId::from_uuid(Uuid::nil()),
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

fn payment(number: u128) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(number))
}

fn channels(decision: &Decision) -> Vec<Channel> {
    decision.order.iter().map(|choice| choice.channel).collect()
}

fn why(decision: &Decision, place: usize) -> &str {
    match &decision.considered[place].verdict {
        Verdict::LeftOut { why } => why,
        verdict @ (Verdict::Chosen | Verdict::Next) => panic!("{verdict:?}"),
    }
}

#[test]
fn a_wallet_is_taken_by_those_who_ask_for_it_and_by_nobody_else() {
    let wallet = facts(Channel::Wallet);
    let everywhere: Vec<_> = all().into_iter().chain([wallet]).collect();
    let order = |request: &PaymentRequest, routes: &[Route]| {
        channels(&decide(payment(1), &Wish::of(request, None), routes, &everywhere))
    };
    let plain = PaymentRequest::of(usd(1999));
    let by_method = PaymentRequest {
        method: Some(Method::Wallet),
        ..plain.clone()
    };
    let by_channel = PaymentRequest {
        channel: Some(Channel::Wallet),
        ..plain.clone()
    };
    let routes = [route(1, Channel::Paypal)];
    for routes in [&[][..], &routes] {
        assert!(!order(&plain, routes).contains(&Channel::Wallet));
        assert_eq!(order(&by_method, routes), [Channel::Wallet]);
        assert_eq!(order(&by_channel, routes), [Channel::Wallet]);
    }
}

#[test]
fn without_routes_every_channel_that_is_set_up_is_there_in_its_order() {
    let request = PaymentRequest::of(usd(1999));
    let mut facts = all();
    facts[1].is_configured = false;
    facts[2].takes = Err("wechat does not take USD".into());
    facts.reverse();
    let decision = decide(payment(1), &Wish::of(&request, None), &[], &facts);
    assert_eq!(channels(&decision), [Channel::Stripe, Channel::Paypal]);
    assert_eq!(decision.considered[0].verdict, Verdict::Chosen);
    assert_eq!(why(&decision, 1), "the merchant has no credentials for alipay");
    assert_eq!(why(&decision, 2), "wechat does not take USD");
    assert_eq!(decision.considered[3].verdict, Verdict::Next);
}

#[test]
fn with_routes_only_they_count() {
    let request = PaymentRequest::of(usd(1999));
    let wish = Wish::of(&request, None);
    let decide = |routes: &[Route]| decide(payment(1), &wish, routes, &all());
    let paypal = route(1, Channel::Paypal);
    assert_eq!(
        channels(&decide(std::slice::from_ref(&paypal))),
        [Channel::Paypal]
    );
    let disabled = Route {
        enabled: false,
        ..paypal
    };
    let decision = decide(&[disabled]);
    assert_eq!(channels(&decision), []);
    let id = decision.considered[0].route.unwrap();
    assert_eq!(
        decision.refusal(),
        format!("no channel takes this payment: paypal by {id}: is disabled")
    );
}

#[test]
fn a_route_is_about_the_payments_that_it_names() {
    let request = PaymentRequest {
        method: Some(Method::Card),
        country: Some("DE".into()),
        ..PaymentRequest::of(usd(1999))
    };
    let plain = route(1, Channel::Stripe);
    let refused = |change: fn(&mut Route)| {
        let mut changed = plain.clone();
        change(&mut changed);
        let decision = decide(payment(1), &Wish::of(&request, None), &[changed], &all());
        why(&decision, 0).to_owned()
    };
    assert_eq!(
        refused(|r| r.method = Some(Method::Alipay)),
        "is for the method alipay, not card"
    );
    assert_eq!(
        refused(|r| r.currency = Some(Currency::EUR)),
        "is for EUR, not USD"
    );
    assert_eq!(
        refused(|r| r.min_amount_minor = Some(2000)),
        "begins at USD 20.00"
    );
    assert_eq!(refused(|r| r.max_amount_minor = Some(1998)), "ends at USD 19.98");
    assert_eq!(
        refused(|r| r.country = Some("FR".into())),
        "is for payers from FR, not DE"
    );
    let unsaid = PaymentRequest::of(usd(1999));
    let german = Route {
        country: Some("DE".into()),
        ..plain
    };
    let decision = decide(payment(1), &Wish::of(&unsaid, None), &[german], &all());
    assert!(why(&decision, 0).contains("does not say"));
}

#[test]
fn a_route_says_the_method_and_the_flow_that_the_payment_leaves_open() {
    let request = PaymentRequest::of(usd(1999));
    let code = Way {
        method: Some(Method::WechatPay),
        flow: Some(Flow::QrCode),
    };
    let stripe = ChannelFacts {
        takes: Ok(vec![ANY, code]),
        ..facts(Channel::Stripe)
    };
    let by_code = Route {
        method: Some(Method::WechatPay),
        ..route(1, Channel::Stripe)
    };
    let facts = [stripe];
    let choice = |routes: &[Route]| {
        let decision = decide(payment(1), &Wish::of(&request, None), routes, &facts);
        decision.order.into_iter().next()
    };
    assert_eq!(choice(&[]).unwrap().method, None);
    let chosen = choice(std::slice::from_ref(&by_code)).unwrap();
    assert_eq!((chosen.method, chosen.flow), (code.method, code.flow));
    let by_card = Route {
        method: Some(Method::Card),
        ..by_code
    };
    assert_eq!(choice(&[by_card]), None);
}

#[test]
fn a_payment_that_names_its_channel_takes_no_other() {
    let request = PaymentRequest {
        channel: Some(Channel::Wechat),
        ..PaymentRequest::of(usd(1999))
    };
    let wish = Wish::of(&request, None);
    assert_eq!(
        channels(&decide(payment(1), &wish, &[], &all())),
        [Channel::Wechat]
    );
    let decision = decide(payment(1), &wish, &[route(1, Channel::Stripe)], &all());
    assert_eq!(why(&decision, 0), "the payment asks for wechat");
}

#[test]
fn weights_share_out_the_payments() {
    let request = PaymentRequest::of(usd(1999));
    let heavy = Route {
        weight: 3,
        ..route(1, Channel::Stripe)
    };
    let routes = [heavy, route(2, Channel::Paypal)];
    let first = (0..4000).filter(|number| {
        let decision = decide(payment(*number), &Wish::of(&request, None), &routes, &all());
        channels(&decision)[0] == Channel::Stripe
    });
    let share = first.count();
    assert!((2800..3200).contains(&share), "{share} of 4000");
}

#[test]
fn it_reads_back_as_it_is_recorded() {
    let request = PaymentRequest::of(usd(1999));
    let decision = decide(
        payment(1),
        &Wish::of(&request, None),
        &[route(1, Channel::Paypal)],
        &all(),
    );
    let json = serde_json::to_value(Routing::from(decision.clone())).unwrap();
    let id = decision.order[0].route.unwrap();
    let expected = serde_json::json!({
        "order": [{"channel": "paypal", "route": id}],
        "considered": [{"channel": "paypal", "route": id, "verdict": "chosen"}],
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Routing>(json).unwrap(), decision.into());
}

fn any_channel() -> impl Strategy<Value = Channel> {
    (0..Channel::PROVIDERS.len()).prop_map(|place| Channel::PROVIDERS[place])
}

fn any_facts() -> impl Strategy<Value = Vec<ChannelFacts>> {
    prop::collection::vec(any::<(bool, bool, bool)>(), Channel::PROVIDERS.len()).prop_map(|states| {
        let each = Channel::PROVIDERS.iter().zip(states);
        each.map(|(channel, (is_configured, is_healthy, takes))| ChannelFacts {
            is_configured,
            is_healthy,
            takes: takes.then(|| vec![ANY]).ok_or_else(|| "no".to_owned()),
            ..facts(*channel)
        })
        .collect()
    })
}

fn any_routes() -> impl Strategy<Value = Vec<Route>> {
    let one = (any_channel(), 1..4_u16, 1..10_u16, any::<bool>());
    prop::collection::vec(one, 0..8).prop_map(|routes| {
        let each = routes.into_iter().zip(1..);
        each.map(|((channel, priority, weight, enabled), number)| Route {
            priority,
            weight,
            enabled,
            ..route(number, channel)
        })
        .collect()
    })
}

proptest! {
    #[test]
    fn what_is_decided_holds_for_every_merchant(
        number: u128, routes in any_routes(), facts in any_facts(), turn in 0..8_usize,
    ) {
        let request = PaymentRequest::of(usd(1999));
        let wish = Wish::of(&request, None);
        let decision = decide(payment(number), &wish, &routes, &facts);
        let about = |channel| facts.iter().find(|about| about.channel == channel).unwrap();

        // The order in which routes are read from a table says nothing.
        let mut turned = routes.clone();
        turned.rotate_left(turn.checked_rem(routes.len()).unwrap_or_default());
        prop_assert_eq!(&decision, &decide(payment(number), &wish, &turned, &facts));

        let order = channels(&decision);
        prop_assert_eq!(order.iter().collect::<HashSet<_>>().len(), order.len(), "none twice");
        prop_assert!(order.iter().all(|channel| about(*channel).is_configured && about(*channel).takes.is_ok()));
        let states: Vec<_> = order.iter().map(|channel| about(*channel).is_healthy).collect();
        prop_assert!(states.is_sorted_by(|one, next| one >= next), "the unhealthy come last: {states:?}");

        // What could be taken is in it, and is its first or comes later; everything else has a reason.
        let usable: HashSet<_> = if routes.is_empty() {
            facts.iter().map(|about| about.channel).collect()
        } else {
            routes.iter().filter(|route| route.enabled).map(|route| route.channel).collect()
        };
        let usable = usable.into_iter().filter(|channel| about(*channel).is_configured && about(*channel).takes.is_ok());
        prop_assert_eq!(usable.collect::<HashSet<_>>(), order.iter().copied().collect::<HashSet<_>>());
        let chosen = decision.considered.iter().filter(|one| one.verdict == Verdict::Chosen);
        prop_assert_eq!(chosen.count(), usize::from(!order.is_empty()));

        // Among the healthy, and among the others, no later priority comes before an earlier one.
        let places: Vec<_> = decision.order.iter().filter_map(|choice| {
            let route = routes.iter().find(|route| Some(route.id) == choice.route)?;
            Some((!about(choice.channel).is_healthy, route.priority))
        }).collect();
        prop_assert!(places.is_sorted(), "{places:?}");
    }
}
