//! The bodies of requests about orders, and every reason not to take them that needs no look at the order.

use std::collections::BTreeMap;

use domain::{
    channel::{Channel, Flow, Method},
    order::{ItemCount, ItemRequest, OrderRequest, OrderStep, PayOrder},
    payment::{Payer, PayerDetails},
    user::InvalidUserId,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    auth::Caller,
    fields::{self, error, invalid, named},
    problem::{FieldError, Problem},
};

/// The body of a request for an order. Prices are read as whatever they are, so that one of the wrong kind is explained.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of an order")]
pub(crate) struct OrderBody {
    currency: String,
    items: Vec<ItemBody>,
    total: Option<Value>,
    user_id: Option<String>,
    reference: Option<String>,
    description: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    operator: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of an item")]
struct ItemBody {
    name: String,
    sku: String,
    unit_price: Value,
    quantity: u32,
    currency: Option<String>,
}

impl OrderBody {
    /// The request of this caller, once every value in it can be used.
    pub(super) fn into_request(self, caller: &Caller) -> Result<OrderRequest, Problem> {
        let currency = fields::currency(&self.currency);
        let items: Result<Vec<_>, FieldError> = (0..).zip(self.items).map(ItemBody::read).collect();
        let total = self.total.as_ref().map(fields::amount).transpose();
        let total = total.map_err(|wrong| error("total", wrong.detail));
        let user_id = self.user_id.map(|id| id.parse()).transpose();
        let user_id = user_id.map_err(|wrong: InvalidUserId| error("user_id", wrong.to_string()));
        let (currency, items, total_minor, user_id) = match (currency, items, total, user_id) {
            (Ok(currency), Ok(items), Ok(total), Ok(user_id)) => (currency, items, total, user_id),
            (currency, items, total, user_id) => {
                let errors = [currency.err(), items.err(), total.err(), user_id.err()];
                return Err(invalid(errors.into_iter().flatten().collect()));
            }
        };
        let request = OrderRequest {
            currency,
            items,
            total_minor,
            user_id: caller.owner(user_id)?,
            reference: self.reference,
            description: self.description,
            metadata: self.metadata.unwrap_or_default(),
            operator: self.operator,
        };
        request
            .validate()
            .map_err(|refused| invalid(vec![refused.into()]))?;
        Ok(request)
    }
}

impl ItemBody {
    fn read((place, item): (usize, Self)) -> Result<ItemRequest, FieldError> {
        let about = |field: &str, detail: String| error(&format!("items[{place}].{field}"), detail);
        let currency = item.currency.as_deref().map(fields::currency).transpose();
        Ok(ItemRequest {
            unit_price_minor: fields::amount(&item.unit_price)
                .map_err(|wrong| about("unit_price", wrong.detail))?,
            currency: currency.map_err(|wrong| about("currency", wrong.detail))?,
            name: item.name,
            sku: item.sku,
            quantity: item.quantity,
        })
    }
}

/// What the body of every step may say: who decided it, and why.
pub(super) struct Said {
    pub step: OrderStep,
    pub operator: Option<String>,
    pub reason: Option<String>,
}

/// A body that asks for a step.
pub(super) trait StepBody {
    /// What is asked for, once every value in it can be used.
    fn said(self) -> Result<Said, Problem>;
}

/// The body of a wish to pay.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with the fields of a payment, without its amount"
)]
pub(crate) struct PayBody {
    payment_method: Option<String>,
    return_url: Option<String>,
    expires_in_s: Option<u32>,
    method: Option<String>,
    flow: Option<String>,
    channel: Option<String>,
    country: Option<String>,
    connected_account: Option<String>,
    payer: Option<Payer>,
    operator: Option<String>,
    reason: Option<String>,
}

/// The body of a wish to cancel or complete.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with reason and operator")]
struct PlainBody {
    operator: Option<String>,
    reason: Option<String>,
}

/// The body of a wish to cancel.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct CancelBody(PlainBody);

/// The body of a wish to complete.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct CompleteBody(PlainBody);

/// The body of a wish to refund.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with the fields of an order's refund"
)]
pub(crate) struct RefundBody {
    items: Option<Vec<ItemCount>>,
    operator: Option<String>,
    reason: Option<String>,
}

/// The body of a wish to ship.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of a shipment")]
pub(crate) struct ShipBody {
    carrier: String,
    tracking: String,
    operator: Option<String>,
    reason: Option<String>,
}

impl StepBody for PayBody {
    fn said(self) -> Result<Said, Problem> {
        let (method, flow, channel) = match (
            named::<Method>("method", self.method.as_deref()),
            named::<Flow>("flow", self.flow.as_deref()),
            named::<Channel>("channel", self.channel.as_deref()),
        ) {
            (Ok(method), Ok(flow), Ok(channel)) => (method, flow, channel),
            (method, flow, channel) => {
                let errors = [method.err(), flow.err(), channel.err()];
                return Err(invalid(errors.into_iter().flatten().collect()));
            }
        };
        let pay = PayOrder {
            payment_method: self.payment_method,
            return_url: self.return_url,
            expires_in_s: self.expires_in_s,
            method,
            flow,
            channel,
            country: self.country,
            connected_account: self.connected_account,
            payer: self.payer.map(PayerDetails::Plain),
        };
        Ok(Said {
            step: OrderStep::Pay(Box::new(pay)),
            operator: self.operator,
            reason: self.reason,
        })
    }
}

impl PlainBody {
    fn said(self, step: OrderStep) -> Said {
        let Self { operator, reason } = self;
        Said {
            step,
            operator,
            reason,
        }
    }
}

impl StepBody for CancelBody {
    fn said(self) -> Result<Said, Problem> {
        Ok(self.0.said(OrderStep::Cancel {}))
    }
}

impl StepBody for CompleteBody {
    fn said(self) -> Result<Said, Problem> {
        Ok(self.0.said(OrderStep::Complete {}))
    }
}

impl StepBody for RefundBody {
    fn said(self) -> Result<Said, Problem> {
        let Self {
            items,
            operator,
            reason,
        } = self;
        Ok(Said {
            step: OrderStep::Refund { items },
            operator,
            reason,
        })
    }
}

impl StepBody for ShipBody {
    fn said(self) -> Result<Said, Problem> {
        let Self {
            carrier,
            tracking,
            operator,
            reason,
        } = self;
        Ok(Said {
            step: OrderStep::Ship { carrier, tracking },
            operator,
            reason,
        })
    }
}
