//! The requests that open a trade, one for each flow.
//!
//! Three of the four are not sent by us: the payer's browser opens the signed address, or the wallet takes the signed
//! text, and only then there is a trade. So that they die with the payment, they carry the moment at which it expires.
//! The same intent gives the same request apart from its timestamp, and Alipay opens one trade for one number.

use chrono::{DateTime, TimeDelta, Utc};
use domain::channel::{CallError, Flow, Method, NewIntent};
use serde::Serialize;

use super::{ApiMethod, Request};
use crate::alipay::{
    CAPABILITIES,
    words::{out_trade_no, shanghai, subject, yuan},
};

/// The furthest end that Alipay lets a trade have: 15 days (<https://opendocs.alipay.com/open/028r8t>), less what a request
/// needs to arrive.
const FURTHEST_END: TimeDelta = TimeDelta::minutes(15 * 24 * 60 - 5);

/// A request that opens a trade, and what the caller needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::alipay) struct Prepared {
    pub(in crate::alipay) flow: Flow,
    pub(in crate::alipay) request: Request,
    /// After this nobody can pay by it.
    pub(in crate::alipay) expires_at: DateTime<Utc>,
}

/// In the order in which it is written.
#[derive(Serialize)]
struct Content<'a> {
    out_trade_no: String,
    total_amount: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_code: Option<&'static str>,
    time_expire: String,
    /// Where a payer who gives up on the wallet's page for phones goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    quit_url: Option<&'a str>,
}

/// The request that opens the trade of a new intent.
///
/// # Errors
/// Alipay has nothing of this kind, or the time to pay is over. Nothing was asked.
pub(in crate::alipay) fn prepare(new: &NewIntent, now: DateTime<Utc>) -> Result<Prepared, CallError> {
    let flow = checked(new)?;
    let expires_at = new.expires_at.min(now + FURTHEST_END);
    if expires_at <= now {
        return Err(refused("expired", "the time to pay is over"));
    }
    let (method, product_code) = match flow {
        Flow::Web => (ApiMethod::PagePay, Some("FAST_INSTANT_TRADE_PAY")),
        Flow::MobileWeb => (ApiMethod::WapPay, Some("QUICK_WAP_WAY")),
        Flow::App => (ApiMethod::AppPay, Some("QUICK_MSECURITY_PAY")),
        Flow::QrCode => (ApiMethod::Precreate, None),
        Flow::Embedded | Flow::InApp | Flow::Direct => return Err(unsupported("flow")),
    };
    let is_page = matches!(flow, Flow::Web | Flow::MobileWeb);
    let return_url = new.return_url.as_deref().filter(|_| is_page);
    let content = Content {
        out_trade_no: out_trade_no(new.payment_id),
        total_amount: yuan(new.money),
        subject: subject(new.description.as_deref()),
        product_code,
        time_expire: shanghai(expires_at),
        quit_url: return_url.filter(|_| flow == Flow::MobileWeb),
    };
    let biz_content = serde_json::to_string(&content)
        .map_err(|_| refused("unwritable", "the request cannot be written as JSON"))?;
    let request = Request {
        notify_url: Some(new.callback_url.clone()),
        return_url: return_url.map(str::to_owned),
        ..Request::of(method, biz_content)
    };
    Ok(Prepared {
        flow,
        request,
        expires_at,
    })
}

/// The flow of an intent, all of which Alipay can do.
fn checked(new: &NewIntent) -> Result<Flow, CallError> {
    if new.payment_method.is_some() {
        return Err(unsupported("payment_method"));
    }
    if new.connected_account.is_some() {
        return Err(unsupported("connected_account"));
    }
    if let Err(problem) = CAPABILITIES.check_amount(new.money) {
        return Err(refused("amount", &problem.to_string()));
    }
    let offer = CAPABILITIES.offer(new.method.unwrap_or(Method::Alipay));
    let flows = offer.ok_or_else(|| unsupported("method"))?.flows;
    let wanted = |flow: &Flow| new.flow.is_none_or(|wanted| wanted == *flow);
    let mut offered = flows.iter().map(|rule| rule.flow);
    offered.find(wanted).ok_or_else(|| unsupported("flow"))
}

fn unsupported(field: &str) -> CallError {
    refused("unsupported", &format!("Alipay has no such {field}"))
}

fn refused(code: &str, message: &str) -> CallError {
    CallError::Refused {
        code: code.into(),
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        currency::Currency,
        id::{IdempotencyKey, MerchantId, PaymentId},
        money::Money,
        payment::Payer,
    };
    use serde_json::{Value, json};

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_170_000, 0).unwrap()
    }

    fn new(flow: Option<Flow>) -> NewIntent {
        let key = IdempotencyKey::try_from("order-1".to_owned()).unwrap();
        NewIntent {
            payment_id: PaymentId::derive(MerchantId::random(), &key),
            money: Money {
                amount_minor: 8_888,
                currency: Currency::CNY,
            },
            description: Some("One book & a pen".into()),
            payment_method: None,
            return_url: Some("https://shop.example/back?a=1&b=2".into()),
            method: Some(Method::Alipay),
            flow,
            payer: Payer::default(),
            expires_at: now() + TimeDelta::minutes(30),
            callback_url: "https://pay.example/webhooks/alipay/mer_1".into(),
            connected_account: None,
            destination: None,
        }
    }

    fn content(prepared: &Prepared) -> Value {
        serde_json::from_str(&prepared.request.biz_content).unwrap()
    }

    #[test]
    fn each_flow_has_its_method_and_product() {
        let cases = [
            (None, ApiMethod::PagePay, json!("FAST_INSTANT_TRADE_PAY"), true),
            (
                Some(Flow::MobileWeb),
                ApiMethod::WapPay,
                json!("QUICK_WAP_WAY"),
                true,
            ),
            (
                Some(Flow::App),
                ApiMethod::AppPay,
                json!("QUICK_MSECURITY_PAY"),
                false,
            ),
            (Some(Flow::QrCode), ApiMethod::Precreate, Value::Null, false),
        ];
        for (flow, method, product, returns) in cases {
            let new = new(flow);
            let prepared = prepare(&new, now()).unwrap();
            assert_eq!(prepared.request.method, method);
            assert_eq!(prepared.request.notify_url.as_ref(), Some(&new.callback_url));
            assert_eq!(prepared.request.return_url.is_some(), returns, "{method:?}");
            assert_eq!(prepared.expires_at, new.expires_at);
            let content = content(&prepared);
            assert_eq!(content["product_code"], product);
            assert_eq!(content["out_trade_no"], json!(out_trade_no(new.payment_id)));
            assert_eq!(content["total_amount"], "88.88");
            assert_eq!(content["subject"], "One book a pen");
            assert_eq!(content["time_expire"], "2026-11-20 18:50:00");
        }
    }

    #[test]
    fn a_later_repeat_differs_by_its_timestamp_only() {
        let new = new(None);
        let (first, later) = (prepare(&new, now()), prepare(&new, now() + TimeDelta::minutes(7)));
        assert_eq!(first, later);
    }

    #[test]
    fn no_trade_stays_open_for_longer_than_alipay_lets_it() {
        let mut new = new(None);
        new.expires_at = now() + TimeDelta::days(30);
        let prepared = prepare(&new, now()).unwrap();
        assert_eq!(prepared.expires_at, now() + FURTHEST_END);
        assert_eq!(
            content(&prepared)["time_expire"],
            json!(shanghai(now() + FURTHEST_END))
        );
    }

    #[test]
    fn what_alipay_does_not_do_is_refused_here() {
        let refused = |change: fn(&mut NewIntent)| {
            let mut new = new(None);
            change(&mut new);
            match prepare(&new, now()) {
                Err(CallError::Refused { code, .. }) => code,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(refused(|new| new.money.currency = Currency::USD), "amount");
        assert_eq!(refused(|new| new.money.amount_minor = 10_000_000_001), "amount");
        assert_eq!(refused(|new| new.method = Some(Method::Card)), "unsupported");
        assert_eq!(refused(|new| new.flow = Some(Flow::Embedded)), "unsupported");
        assert_eq!(refused(|new| new.flow = Some(Flow::InApp)), "unsupported");
        assert_eq!(
            refused(|new| new.payment_method = Some("pm".into())),
            "unsupported"
        );
        assert_eq!(
            refused(|new| new.connected_account = Some("a".into())),
            "unsupported"
        );
        assert_eq!(refused(|new| new.expires_at = now()), "expired");
    }
}
