//! Captures: the money of an order, and what becomes of it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::book::Book;
use super::errors::ApiError;
use super::events::Kind;
use super::ids::resource_id;
use super::money::Money;
use super::orders::{Order, OrderStatus};
use super::plan::{CaptureEnding, Differences, RefundEnding};
use super::refunds::RefundStatus;
use super::time::written;

/// What PayPal keeps of a payment, in ten thousandths, and per payment in minor units (or whole ones without decimals).
const FEE: (i64, i64) = (349, 49);

/// What became of a capture, refunds aside, which are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureState {
    /// The money is there.
    Completed,
    /// It may come or not.
    Pending,
    /// It did not come.
    Declined,
}

/// A capture.
#[derive(Debug, Clone)]
pub struct Capture {
    /// 17 letters and digits.
    pub id: String,
    /// Its order.
    pub order: String,
    /// How much.
    pub amount: Money,
    /// What became of it.
    pub state: CaptureState,
    /// The order's `custom_id`.
    pub custom_id: Option<String>,
    /// The order's `invoice_id`.
    pub invoice_id: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it last changed.
    pub updated: DateTime<Utc>,
    /// Its refunds, oldest first.
    pub refunds: Vec<String>,
    /// How its refunds go.
    pub refunds_go: RefundEnding,
}

impl Capture {
    /// Whether its money came, even if it was given back since.
    pub fn is_paid(&self) -> bool {
        self.state == CaptureState::Completed
    }

    /// What PayPal keeps.
    pub fn fee(&self) -> i64 {
        let (rate, fixed) = FEE;
        ((self.amount.minor * rate + 5_000) / 10_000 + fixed).min(self.amount.minor)
    }
}

impl Book {
    /// Captures an order that the payer approved.
    pub fn capture_order(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), ApiError> {
        let status = self.order(id, now)?.status;
        match status {
            OrderStatus::Approved => {}
            OrderStatus::Completed => {
                return Err(ApiError::unprocessable(
                    "ORDER_ALREADY_CAPTURED",
                    "Order already captured. If 'intent=CAPTURE' only one capture per order is allowed.",
                ));
            }
            OrderStatus::Created | OrderStatus::PayerActionRequired | OrderStatus::Voided => {
                return Err(ApiError::unprocessable(
                    "ORDER_NOT_APPROVED",
                    "Payer has not yet approved the Order for payment. Please redirect the payer to the 'rel':'approve' \
                     url returned as part of the HATEOAS links within the Create Order call.",
                ));
            }
        }
        self.refuse_used_invoice(id)?;
        let Some(order) = self.orders.get_mut(id) else {
            return Err(ApiError::not_found());
        };
        let (state, kind) = match order.plan.next_capture() {
            CaptureEnding::Completed => (CaptureState::Completed, Kind::CaptureCompleted),
            CaptureEnding::Pending => (CaptureState::Pending, Kind::CapturePending),
            CaptureEnding::Declined => (CaptureState::Declined, Kind::CaptureDenied),
            CaptureEnding::InstrumentDeclined => return Err(instrument_declined(&order.page(&self.base))),
        };
        let capture = Capture::of(order, state, now)?;
        let capture_id = capture.id.clone();
        order.status = OrderStatus::Completed;
        order.updated = now;
        order.captures.push(capture_id.clone());
        self.captures.insert(&capture_id, capture);
        self.touch();
        self.emit_capture(kind, &capture_id, None, now);
        Ok(())
    }

    /// PayPal takes money for an invoice id once, unless the account says otherwise.
    fn refuse_used_invoice(&self, order: &str) -> Result<(), ApiError> {
        let wanted = self
            .orders
            .get(order)
            .and_then(|order| order.unit_text("invoice_id"));
        let used = |invoice: &str| {
            let taken = |state| matches!(state, CaptureState::Completed | CaptureState::Pending);
            self.captures
                .iter()
                .any(|capture| taken(capture.state) && capture.invoice_id.as_deref() == Some(invoice))
        };
        if self.invoice_ids_repeat || !wanted.is_some_and(used) {
            return Ok(());
        }
        Err(ApiError::unprocessable(
            "DUPLICATE_INVOICE_ID",
            "Duplicate Invoice ID detected. To avoid a potential duplicate transaction your account setting requires \
             that Invoice Id be unique for each transaction.",
        ))
    }

    /// Ends a pending capture, or answers false when it is not pending.
    pub fn settle_capture(&mut self, id: &str, paid: bool, now: DateTime<Utc>) -> bool {
        let Some(capture) = self.captures.get_mut(id) else {
            return false;
        };
        if capture.state != CaptureState::Pending {
            return false;
        }
        let (state, kind) = if paid {
            (CaptureState::Completed, Kind::CaptureCompleted)
        } else {
            (CaptureState::Declined, Kind::CaptureDenied)
        };
        capture.state = state;
        capture.updated = now;
        self.touch();
        self.emit_capture(kind, id, None, now);
        true
    }

    /// Emits an event about a capture, which tells something else if there are differences.
    pub fn emit_capture(&mut self, kind: Kind, id: &str, lie: Option<&Differences>, now: DateTime<Utc>) {
        let Some(capture) = self.captures.get(id) else {
            return;
        };
        let mut resource = self.render_capture(capture);
        resource["supplementary_data"] = json!({ "related_ids": { "order_id": capture.order } });
        if let Some(lie) = lie {
            let told = [("value", &lie.value), ("currency_code", &lie.currency_code)];
            for (name, value) in told {
                if let Some(value) = value {
                    resource["amount"][name] = value.as_str().into();
                }
            }
            for (name, value) in [("custom_id", &lie.custom_id), ("invoice_id", &lie.invoice_id)] {
                if let Some(value) = value {
                    resource[name] = value.as_str().into();
                }
            }
        }
        self.emit(kind, &resource, now);
    }

    /// How much of a capture is refunded, or about to be.
    pub fn refunded(&self, capture: &Capture, counts: impl Fn(RefundStatus) -> bool) -> i64 {
        let refunds = capture.refunds.iter().filter_map(|id| self.refunds.get(id));
        refunds
            .filter(|refund| counts(refund.status))
            .map(|refund| refund.amount.minor)
            .sum()
    }

    /// A capture's status in PayPal's words.
    pub fn capture_status(&self, capture: &Capture) -> &'static str {
        match capture.state {
            CaptureState::Pending => "PENDING",
            CaptureState::Declined => "DECLINED",
            CaptureState::Completed => {
                let refunded = self.refunded(capture, |status| status == RefundStatus::Completed);
                match refunded {
                    0 => "COMPLETED",
                    _ if refunded < capture.amount.minor => "PARTIALLY_REFUNDED",
                    _ => "REFUNDED",
                }
            }
        }
    }

    /// A capture in full.
    pub fn render_capture(&self, capture: &Capture) -> Value {
        let own = format!("{}/paypal/v2/payments/captures/{}", self.base, capture.id);
        let order = format!("{}/paypal/v2/checkout/orders/{}", self.base, capture.order);
        let mut shown = json!({
            "id": capture.id, "status": self.capture_status(capture), "amount": capture.amount.render(),
            "final_capture": true, "disbursement_mode": "INSTANT", "seller_protection": { "status": "ELIGIBLE",
            "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"] },
            "create_time": written(capture.created), "update_time": written(capture.updated),
            "links": [
                { "href": own, "rel": "self", "method": "GET" },
                { "href": format!("{own}/refund"), "rel": "refund", "method": "POST" },
                { "href": order, "rel": "up", "method": "GET" },
            ],
        });
        for (name, value) in [
            ("custom_id", &capture.custom_id),
            ("invoice_id", &capture.invoice_id),
        ] {
            if let Some(value) = value {
                shown[name] = value.as_str().into();
            }
        }
        match capture.state {
            CaptureState::Completed => shown["seller_receivable_breakdown"] = breakdown(capture),
            CaptureState::Pending => shown["status_details"] = json!({ "reason": "PENDING_REVIEW" }),
            CaptureState::Declined => {}
        }
        shown
    }
}

impl Capture {
    /// The capture of an order, with what the order's plan says is different about it.
    fn of(order: &Order, state: CaptureState, now: DateTime<Utc>) -> Result<Self, ApiError> {
        let differs = &order.plan.differs;
        let (value, currency) = (order.amount.value(), order.amount.currency.as_str());
        let amount = Money::of(
            differs.currency_code.as_deref().unwrap_or(currency),
            differs.value.as_deref().unwrap_or(&value),
            "/amount",
        )?;
        let text = |other: &Option<String>, name| {
            let own = order.unit_text(name).map(str::to_owned);
            other.clone().or(own)
        };
        Ok(Self {
            id: resource_id(),
            order: order.id.clone(),
            amount,
            state,
            custom_id: text(&differs.custom_id, "custom_id"),
            invoice_id: text(&differs.invoice_id, "invoice_id"),
            created: now,
            updated: now,
            refunds: Vec::new(),
            refunds_go: order.plan.refunds,
        })
    }
}

fn breakdown(capture: &Capture) -> Value {
    let (gross, fee) = (&capture.amount, capture.fee());
    json!({
        "gross_amount": gross.render(), "paypal_fee": gross.of_same(fee).render(),
        "net_amount": gross.of_same(gross.minor - fee).render(),
    })
}

fn instrument_declined(page: &str) -> ApiError {
    ApiError::unprocessable(
        "INSTRUMENT_DECLINED",
        "The instrument presented was either declined by the processor or bank, or it can't be used for this payment.",
    )
    .link(page, "redirect")
}
