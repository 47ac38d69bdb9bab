//! The few fields of PayPal's objects that Sluice reads (<https://developer.paypal.com/docs/api/orders/v2/>,
//! <https://developer.paypal.com/docs/api/payments/v2/>).
//!
//! Everything else in an answer or an event is ignored, whatever its shape. What they mean is in `status.rs`. Nothing here
//! says who paid: names and addresses of payers are never read.

use chrono::{DateTime, Utc};
use domain::id::{PaymentId, RefundId};
use serde::Deserialize;

use super::amount::WireAmount;

/// An order: what PayPal calls the object that Sluice calls an intent.
#[derive(Deserialize)]
pub(super) struct WireOrder {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) create_time: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(super) purchase_units: Vec<WireUnit>,
    #[serde(default)]
    pub(super) links: Vec<WireLink>,
}

/// What an order is for. Ours have one.
#[derive(Deserialize)]
pub(super) struct WireUnit {
    pub(super) amount: Option<WireAmount>,
    pub(super) custom_id: Option<String>,
    pub(super) payments: Option<WirePayments>,
}

/// The money of a unit.
#[derive(Default, Deserialize)]
pub(super) struct WirePayments {
    #[serde(default)]
    pub(super) captures: Vec<WireCapture>,
    #[serde(default)]
    pub(super) refunds: Vec<WireRefund>,
}

/// Money that was taken from a payer, or was to be.
#[derive(Clone, Deserialize)]
pub(super) struct WireCapture {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) amount: WireAmount,
    pub(super) custom_id: Option<String>,
    pub(super) status_details: Option<WireStatusDetails>,
    pub(super) supplementary_data: Option<WireSupplement>,
}

/// Money that was given back, or was to be.
#[derive(Clone, Deserialize)]
pub(super) struct WireRefund {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) amount: Option<WireAmount>,
    pub(super) custom_id: Option<String>,
    pub(super) status_details: Option<WireStatusDetails>,
    pub(super) supplementary_data: Option<WireSupplement>,
}

/// Why something stands where it stands.
#[derive(Clone, Deserialize)]
pub(super) struct WireStatusDetails {
    pub(super) reason: Option<String>,
}

/// To what an object belongs.
#[derive(Clone, Deserialize)]
pub(super) struct WireSupplement {
    pub(super) related_ids: Option<WireRelated>,
}

/// The ids of what an object belongs to.
#[derive(Clone, Deserialize)]
pub(super) struct WireRelated {
    pub(super) order_id: Option<String>,
}

/// Where something is to be had.
#[derive(Deserialize)]
pub(super) struct WireLink {
    pub(super) href: String,
    pub(super) rel: String,
}

/// An error of the API (<https://developer.paypal.com/api/rest/responses/>). The values that its details quote are not read.
#[derive(Default, Deserialize)]
pub(super) struct WireError {
    pub(super) name: Option<String>,
    pub(super) message: Option<String>,
    pub(super) debug_id: Option<String>,
    #[serde(default)]
    pub(super) details: Vec<WireErrorDetail>,
    /// The word of the OAuth endpoint, which has a format of its own.
    pub(super) error: Option<String>,
}

/// One thing that was wrong.
#[derive(Deserialize)]
pub(super) struct WireErrorDetail {
    pub(super) issue: Option<String>,
    pub(super) description: Option<String>,
}

/// A token to call with (<https://developer.paypal.com/api/rest/authentication/>). No `Debug`: it is a secret.
#[derive(Deserialize)]
pub(super) struct WireToken {
    pub(super) access_token: String,
    pub(super) expires_in: u64,
}

/// The payment that something carries the mark of. What is no such id is not ours.
pub(super) fn payment_id(custom_id: Option<&str>) -> Option<PaymentId> {
    custom_id?.parse().ok()
}

/// The refund that something carries the mark of. What is no such id is not ours.
pub(super) fn refund_id(custom_id: Option<&str>) -> Option<RefundId> {
    custom_id?.parse().ok()
}

impl WireStatusDetails {
    /// The reason, where there is one.
    pub(super) fn reason_of(details: Option<&Self>) -> Option<&str> {
        details?.reason.as_deref()
    }
}

impl WireSupplement {
    /// The order that something belongs to, where it says so.
    pub(super) fn order_of(supplement: Option<Self>) -> Option<String> {
        supplement?.related_ids?.order_id
    }
}
