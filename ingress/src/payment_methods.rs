//! `GET /api/v1/payment-methods`: how a merchant's payers can pay an amount, before a payment is asked for.
//!
//! It is the decision that workers make for a payment, made for every method and flow there is. Which of several channels a
//! payment takes is decided for each anew, so what is answered here is what can be had, not where it goes. Whether a
//! provider answers at the moment is not asked. A wallet is there for a user who has the amount in it, and for a merchant that
//! keeps wallets in the currency.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use channels::{Need, capabilities, facts};
use domain::{
    channel::{Channel, Flow, Method},
    id::{MerchantId, PaymentId},
    money::Money,
    payment::PaymentRequest,
    routing::{Wish, decide},
};
use serde::{Deserialize, Serialize};
use store::MerchantSetup;

use crate::{app::Shared, auth::Caller, fields::invalid_query, paging::query, problem::Problem};

/// About which payments it is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MethodsQuery {
    amount: Option<String>,
    currency: Option<String>,
    country: Option<String>,
}

/// How payers can pay.
#[derive(Debug, Serialize)]
pub(crate) struct Methods {
    data: Vec<MethodView>,
}

#[derive(Debug, Serialize)]
struct MethodView {
    method: Method,
    flows: Vec<FlowView>,
}

#[derive(Debug, Serialize)]
struct FlowView {
    flow: Flow,
    channels: Vec<ChannelView>,
}

#[derive(Debug, Serialize)]
struct ChannelView {
    channel: Channel,
    needs: Vec<&'static str>,
}

/// The methods that the merchant's payers can pay this amount with.
pub(crate) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    given: Result<Query<MethodsQuery>, QueryRejection>,
) -> Result<Json<Methods>, Problem> {
    let request = request(query(given, "amount, currency and country")?)?;
    let merchant_id = caller.acts_for()?;
    let store = app.reads.seen_by(&caller);
    let setup = app.reads.patiently(store.setup(merchant_id)).await?;
    let pays_from_wallets = store.pays_from_wallets(merchant_id, request.money);
    let pays_from_wallets = app.reads.patiently(pays_from_wallets).await?;
    let of_method = |method: &Method| {
        let flows = Flow::ALL
            .iter()
            .filter_map(|flow| way(merchant_id, &setup, &request, *method, *flow));
        let flows: Vec<_> = flows.collect();
        (!flows.is_empty()).then_some(MethodView {
            method: *method,
            flows,
        })
    };
    let usable = Method::ALL
        .iter()
        .filter(|method| **method != Method::Wallet || pays_from_wallets);
    let data = usable.filter_map(of_method).collect();
    Ok(Json(Methods { data }))
}

/// The payment that is asked about.
fn request(given: MethodsQuery) -> Result<PaymentRequest, Problem> {
    const AMOUNT: &str = "a whole number of the currency's minor unit, greater than zero";
    const CURRENCY: &str = "an ISO 4217 code that Sluice takes, such as USD";
    let currency = given.currency.and_then(|code| code.parse().ok());
    let currency = currency.ok_or_else(|| invalid_query("currency", CURRENCY))?;
    let amount = given.amount.and_then(|amount| amount.parse().ok());
    let amount = amount.ok_or_else(|| invalid_query("amount", AMOUNT))?;
    let money = Money::chargeable(amount, currency).map_err(|_| invalid_query("amount", AMOUNT))?;
    let request = PaymentRequest {
        country: given.country,
        ..PaymentRequest::of(money)
    };
    let checked = request.validate();
    checked.map_err(|refused| invalid_query(refused.field, &refused.problem))?;
    Ok(request)
}

/// One way to pay, if a channel of the merchant has it.
fn way(
    merchant_id: MerchantId,
    setup: &MerchantSetup,
    request: &PaymentRequest,
    method: Method,
    flow: Flow,
) -> Option<FlowView> {
    let wish = Wish {
        method: Some(method),
        flow: Some(flow),
        has_user: true,
        has_return_url: true,
        has_payer_ip: true,
        has_payer_openid: true,
        ..Wish::of(request, None)
    };
    let facts = facts(&wish, &setup.configured, |_| true);
    // Only the order of equals depends on the payment.
    let nobody = PaymentId::from_uuid(merchant_id.as_uuid());
    let order = decide(nobody, &wish, &setup.routes, &facts).order;
    let channels: Vec<_> = order
        .iter()
        .map(|choice| ChannelView {
            channel: choice.channel,
            needs: needs(choice.channel, method, flow),
        })
        .collect();
    (!channels.is_empty()).then_some(FlowView { flow, channels })
}

fn needs(channel: Channel, method: Method, flow: Flow) -> Vec<&'static str> {
    let offer = capabilities(channel).offer(method);
    let rule = offer.and_then(|offer| offer.flows.iter().find(|rule| rule.flow == flow));
    let needs = rule.map_or(&[][..], |rule| rule.needs);
    needs.iter().map(|need: &Need| need.field()).collect()
}
