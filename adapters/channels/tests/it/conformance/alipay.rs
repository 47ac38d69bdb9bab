//! Alipay's bench. Payers scan a code: of the four flows it is the one in which opening an intent is a call.

use std::time::Duration;

use channels::{CallbackVerifier, Credentials, capabilities};
use chrono::TimeDelta;
use domain::{
    channel::{Channel, Flow, Intent, NewIntent},
    id::PaymentId,
    money::Money,
};
use serde_json::{Value, json};

use super::{
    bench::{Bench, Forgery, Operation, Truth},
    cases::cases,
    suite,
};
use crate::{
    alipay_setting::{AlipaySetting, new_intent, rest},
    listener::{Listener, RawCallback},
    stand::Stand,
};

pub struct AlipayBench {
    setting: AlipaySetting,
    listener: Listener,
    verifier: CallbackVerifier,
}

const CAPTURES: &str = "Alipay takes the money when the payer pays; there is nothing left to capture.";

impl Bench for AlipayBench {
    const CHANNEL: Channel = Channel::Alipay;
    const STALE_AFTER: Duration = Duration::from_secs(26 * 60 * 60);
    const EXEMPT: &'static [(&'static str, &'static str)] = &[
        ("agreed_money_moves_when_it_is_captured", CAPTURES),
        ("what_nobody_agreed_to_is_not_captured", CAPTURES),
        ("a_capture_undone_without_an_answer_is_repeated", CAPTURES),
        ("a_capture_done_without_an_answer_is_not_done_twice", CAPTURES),
        ("too_many_captures_at_once_are_not_done", CAPTURES),
        (
            "a_payer_is_declined_and_pays_after_all",
            "Alipay settles a failed attempt with the payer and tells the merchant nothing; the trade waits on.",
        ),
        (
            "headers_alone_prove_nothing",
            "The signature stands in the body; no header is signed, and a callback needs none.",
        ),
    ];

    async fn start() -> Self {
        Self {
            setting: AlipaySetting::new().await,
            listener: Listener::answering(capabilities(Channel::Alipay).callbacks.taken).await,
            verifier: CallbackVerifier::default(),
        }
    }

    fn stand(&self) -> &Stand {
        &self.setting
    }

    fn listener(&self) -> &Listener {
        &self.listener
    }

    fn credentials(&self) -> &Credentials {
        &self.setting.credentials
    }

    fn unknown_credentials(&self) -> Credentials {
        self.setting.unknown_credentials.clone()
    }

    fn verifier(&self) -> &CallbackVerifier {
        &self.verifier
    }

    fn new_intent(&self) -> NewIntent {
        new_intent(Flow::QrCode, &self.listener.url)
    }

    fn id_of_nobody(&self) -> String {
        "00112233445566778899aabbccddeeff".into()
    }

    async fn payer_looks(&self, intent: &Intent) {
        assert!(
            self.setting
                .payer(&intent.id, &json!({"outcome": "opened"}))
                .await
        );
    }

    async fn payer_agrees(&self, intent: &Intent) -> bool {
        self.setting.payer(&intent.id, &json!({})).await
    }

    async fn payer_is_declined(&self, intent: &Intent) {
        assert!(
            self.setting
                .payer(&intent.id, &json!({"outcome": "declined"}))
                .await
        );
    }

    async fn payment_arrives_late(&self, intent: &Intent) {
        assert!(
            self.setting
                .payer(&intent.id, &json!({"even_if_closed": true}))
                .await
        );
    }

    async fn refunds_rest(&self) {
        rest().await;
    }

    fn dial(&self, operation: Operation, fault: &str, times: u32) -> Value {
        let method = match operation {
            Operation::Open => "precreate",
            Operation::Show | Operation::Find => "query",
            Operation::Close => "close",
            Operation::Capture => "none",
            Operation::Refund => "refund",
            Operation::ShowRefund | Operation::FindRefund => "fastpay.refund.query",
        };
        let route = format!("POST /alipay/gateway.do#alipay.trade.{method}");
        json!({ "route": route, "fault": fault, "times": times })
    }

    async fn truth(&self, payment_id: PaymentId) -> Truth {
        let number = payment_id.as_uuid().simple();
        let shown = async |what: &str| {
            let path = format!("alipay/{what}?out_trade_no={number}");
            self.setting.shown(&path).await
        };
        let (trades, refunds) = (shown("trades").await, shown("refunds").await);
        let paid: Vec<_> = trades.iter().filter(|trade| trade["paid"] == true).collect();
        Truth {
            intents: trades.len(),
            payments: paid.len(),
            received_minor: paid.iter().map(|trade| fen(&trade["total_amount"])).sum(),
            refunds: refunds.len(),
            refunded_minor: refunds.iter().map(|refund| fen(&refund["refund_amount"])).sum(),
        }
    }

    /// The double itself sends it once more, to a place of its own.
    async fn forged(&self, callback: &RawCallback, forgery: &Forgery) -> RawCallback {
        let field = |name: &str, value: String| json!({ name: value });
        let fields = match forgery {
            Forgery::AnotherKey => json!({}),
            Forgery::SignedAt(then) => {
                let in_shanghai = *then + TimeDelta::hours(8);
                field("notify_time", in_shanghai.format("%Y-%m-%d %H:%M:%S").to_string())
            }
            Forgery::Amount(amount_minor) => {
                let money = Money {
                    amount_minor: *amount_minor,
                    currency: domain::currency::Currency::CNY,
                };
                field("total_amount", money.to_decimal().to_string())
            }
            Forgery::Currency(currency) => field("trans_currency", currency.code().to_owned()),
            Forgery::Account => field("seller_id", "2088000000000009".into()),
            Forgery::Object(id) => field("out_trade_no", id.clone()),
        };
        let elsewhere = Listener::answering(capabilities(Channel::Alipay).callbacks.taken).await;
        let path = format!("alipay/trades/{}/notify", number(callback));
        let is_forged = *forgery == Forgery::AnotherKey;
        let order = json!({ "fields": fields, "forged": is_forged, "url": elsewhere.url });
        self.setting.order(&path, &order).await;
        elsewhere.at(0).await
    }
}

/// An amount in yuan with two decimals, in our minor units.
fn fen(yuan: &Value) -> i64 {
    yuan.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// The number of the trade that a callback is about.
fn number(callback: &RawCallback) -> String {
    let body = std::str::from_utf8(&callback.body).unwrap();
    let mut fields = body.split('&');
    let number = fields.find_map(|field| field.strip_prefix("out_trade_no="));
    number.unwrap().to_owned()
}

cases!(suite; AlipayBench);
