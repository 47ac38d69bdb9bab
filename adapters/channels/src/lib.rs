//! The payment providers Sluice pays through: one folder each, behind one trait.
//!
//! A channel owns everything its provider says differently from us: amounts, statuses, error codes,
//! signatures, the HTTP client. What leaves this crate is in the words of [`domain::channel`] and
//! [`domain::callback`]. Verifying and translating a callback are pure functions over raw bytes; only a
//! channel's `client.rs`, with what stands under it, does I/O. Nothing here decides about a payment, stores anything or retries: that is
//! the caller's, who knows what came before.
//!
//! - [`Channels`] makes the calls, measures each and gives the [`domain::channel::Exchange`] to store with it.
//! - [`capabilities`] says as data what a channel takes, so that ingress can refuse at the door.
//! - [`CallbackVerifier`] and [`translate_callback`] read what a provider sends us.
//! - [`standard_webhooks`] signs what we send to merchants.

pub mod alipay;
mod callback;
mod calls;
mod capabilities;
mod channel;
mod containment;
mod credentials;
mod exchange;
mod http;
pub mod paypal;
mod redact;
mod registry;
pub mod standard_webhooks;
mod standstill;
pub mod stripe;
mod taking;
mod wallet;
pub mod wechat;

pub use alipay::AlipayCredentials;
pub use callback::{CallbackProblem, CallbackRefused, SignatureRefused, UnreadableCallback};
pub use calls::{Called, Channels};
pub use capabilities::{
    AmountRefused, CallbackAnswer, CallbackRefusal, CallbackRules, Capabilities, CurrencyRule, FlowRule,
    Need, Offer, RefundNotTaken, RefundRules,
};
pub use channel::{
    Cancellation, Capture, CapturesIntents, ChannelsError, Confirmation, ConfirmsIntents, ConnectsAccounts,
    GivesStatements, LostIntent, PaymentChannel, Period, StatementPeriod,
};
pub use containment::{ContainmentConfig, ShutCircuit};
pub use credentials::{Flaw, InvalidCredentials};
pub use http::HttpConfig;
pub use paypal::PaypalCredentials;
pub use redact::redact;
pub use registry::{
    CallbackKeys, CallbackVerifier, CallbacksConfig, ChannelsConfig, Credentials, capabilities,
    translate_callback,
};
pub use stripe::StripeCredentials;
pub use taking::{NotTaken, check_taken, facts};
pub use wechat::WechatCredentials;
