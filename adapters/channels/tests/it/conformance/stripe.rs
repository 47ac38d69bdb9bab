//! Stripe's bench.

use std::{marker::PhantomData, time::Duration};

use channels::{CallbackVerifier, Credentials, capabilities};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Intent, NewIntent},
    clock::{Clock, SystemClock},
    id::PaymentId,
};
use http::HeaderValue;
use ring::hmac;
use serde_json::{Value, json};

use super::{
    bench::{Bench, Forgery, Operation, Truth},
    cases::cases,
    suite,
};
use crate::{
    listener::{Listener, RawCallback},
    setting::{credentials, new_intent},
    stand::Stand,
};

const SECRET_KEY: &str = "sk_test_conformance";
/// The secret in the credentials of [`crate::setting`].
const SIGNING_SECRET: &str = "whsec_test";

/// Whose account is paid.
pub trait Paid {
    /// The account that is paid through the merchant's own; none for the merchant's own.
    const THROUGH: Option<&'static str>;
}

/// The merchant's own account.
pub struct Own;

impl Paid for Own {
    const THROUGH: Option<&'static str> = None;
}

pub type StripeBench = AtStripe<Own>;

/// A merchant's account at Stripe, or one that is paid through it.
pub struct AtStripe<P> {
    paid: PhantomData<P>,
    stand: Stand,
    listener: Listener,
    credentials: Credentials,
    verifier: CallbackVerifier,
}

impl<P: Paid> AtStripe<P> {
    /// What a browser pays with. Says whether Stripe let it be.
    async fn pay(&self, intent: &Intent, payment_method: &str, even_if_closed: bool) -> bool {
        let path = format!("stripe/intents/{}/pay", intent.id);
        let payment = json!({ "payment_method": payment_method, "even_if_closed": even_if_closed });
        self.stand.ask(&path, &payment).await.is_success
    }
}

impl<P: Paid> Bench for AtStripe<P> {
    const CHANNEL: Channel = Channel::Stripe;
    const STALE_AFTER: Duration = Duration::from_secs(300);
    const EXEMPT: &'static [(&'static str, &'static str)] = &[
        ("agreed_money_moves_when_it_is_captured", CAPTURES),
        ("what_nobody_agreed_to_is_not_captured", CAPTURES),
        ("a_capture_undone_without_an_answer_is_repeated", CAPTURES),
        ("a_capture_done_without_an_answer_is_not_done_twice", CAPTURES),
        ("too_many_captures_at_once_are_not_done", CAPTURES),
        (
            "another_account_is_told_apart",
            "The signing secret belongs to one account or platform. Of which connected account an event is, is told with it, and whoever knows the payment compares.",
        ),
    ];

    async fn start() -> Self {
        let stand = Stand::start().await;
        let listener = Listener::answering(capabilities(Channel::Stripe).callbacks.taken).await;
        let endpoint = json!({ "account": SECRET_KEY, "url": listener.url, "secret": SIGNING_SECRET,
            "connect": P::THROUGH.is_some() });
        stand.order("stripe/webhook_endpoints", &endpoint).await;
        Self {
            paid: PhantomData,
            stand,
            listener,
            credentials: credentials(SECRET_KEY),
            verifier: CallbackVerifier::default(),
        }
    }

    fn stand(&self) -> &Stand {
        &self.stand
    }

    fn listener(&self) -> &Listener {
        &self.listener
    }

    fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    fn unknown_credentials(&self) -> Credentials {
        credentials("sk_live_not_of_the_sandbox")
    }

    fn verifier(&self) -> &CallbackVerifier {
        &self.verifier
    }

    fn new_intent(&self) -> NewIntent {
        NewIntent {
            connected_account: P::THROUGH.map(Into::into),
            ..new_intent(None)
        }
    }

    fn id_of_nobody(&self) -> String {
        "pi_3nobody".into()
    }

    async fn payer_agrees(&self, intent: &Intent) -> bool {
        self.pay(intent, "pm_card_visa", false).await
    }

    async fn payer_is_declined(&self, intent: &Intent) {
        assert!(!self.pay(intent, "pm_card_chargeDeclined", false).await);
    }

    async fn payment_arrives_late(&self, intent: &Intent) {
        assert!(self.pay(intent, "pm_card_visa", true).await);
    }

    fn dial(&self, operation: Operation, fault: &str, times: u32) -> Value {
        let route = match operation {
            Operation::Open => "POST /v1/payment_intents",
            Operation::Show => "GET /v1/payment_intents/{id}",
            Operation::Find => "GET /v1/payment_intents",
            Operation::Close => "POST /v1/payment_intents/{id}/cancel",
            Operation::Capture => "POST /v1/payment_intents/{id}/capture",
            Operation::Refund => "POST /v1/refunds",
            Operation::ShowRefund => "GET /v1/refunds/{id}",
            Operation::FindRefund => "GET /v1/refunds",
        };
        json!({ "route": route, "fault": fault, "times": times })
    }

    async fn truth(&self, payment_id: PaymentId) -> Truth {
        let marked = format!("?metadata[sluice_payment_id]={payment_id}");
        let intents = self.stand.shown(&format!("stripe/intents{marked}")).await;
        let refunds = self.stand.shown(&format!("stripe/refunds{marked}")).await;
        let sum = |of: &[Value], name: &str| of.iter().map(|one| one[name].as_i64().unwrap()).sum();
        let charges: i64 = sum(&intents, "charges_succeeded");
        Truth {
            intents: intents.len(),
            payments: usize::try_from(charges).unwrap(),
            received_minor: sum(&intents, "amount_received"),
            refunds: refunds.len(),
            refunded_minor: sum(&refunds, "amount"),
        }
    }

    async fn forged(&self, callback: &RawCallback, forgery: &Forgery) -> RawCallback {
        let mut event: Value = serde_json::from_slice(&callback.body).unwrap();
        let (mut at, mut secret) = (SystemClock.now(), SIGNING_SECRET);
        let object = &mut event["data"]["object"];
        match forgery {
            Forgery::AnotherKey => secret = "whsec_of_somebody_else",
            Forgery::SignedAt(then) => at = *then,
            Forgery::Amount(amount_minor) => {
                object["amount"] = (*amount_minor).into();
                object["amount_received"] = (*amount_minor).into();
            }
            Forgery::Currency(currency) => object["currency"] = currency.code().to_lowercase().into(),
            Forgery::Account => event["account"] = "acct_of_another".into(),
            Forgery::Object(id) => object["id"] = id.as_str().into(),
        }
        signed(event.to_string().into_bytes(), secret, at)
    }
}

const CAPTURES: &str = "Stripe takes the money when the payer pays; there is nothing left to capture.";

/// A body with the header that Stripe would send with it.
fn signed(body: Vec<u8>, secret: &str, at: DateTime<Utc>) -> RawCallback {
    let at_s = at.timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, &[format!("{at_s}.").as_bytes(), &body].concat());
    let header = format!("t={at_s},v1={}", hex::encode(tag));
    let header = HeaderValue::from_str(&header).unwrap();
    RawCallback {
        headers: [(
            http::HeaderName::from_static(channels::stripe::SIGNATURE_HEADER),
            header,
        )]
        .into_iter()
        .collect(),
        body,
    }
}

cases!(suite; StripeBench);
