//! `change_order`: what a merchant wants done with an order that exists: pay, cancel, refund, ship or complete it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    fingerprint::Fingerprint,
    id::{IdempotencyKey, JobId, MerchantId, OrderId, PaymentId},
    job::{CancelPayment, Contract, CreateIntent, CreateRefund, Job, Kind, Wish},
    order::{ItemCount, Order, OrderRefund, OrderStep, OrderView, PayOrder},
    payment::ActionRequest,
    refund::RefundRequest,
    retry::RetrySchedule,
    texts::{InvalidText, check_text},
};

/// The payload. Upstream systems that publish jobs themselves write exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeOrder {
    /// Who asks.
    pub merchant_id: MerchantId,
    /// The asker's name for this wish.
    pub idempotency_key: IdempotencyKey,
    /// About which order.
    pub order_id: OrderId,
    /// What is wanted.
    pub request: OrderStep,
    /// Who decided it, by the merchant's own name for that person; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Why, in the merchant's words; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ChangeOrder {
    /// Checks every field that can be checked without the order.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        self.request.validate()?;
        check_text("reason", self.reason.as_deref(), 500)?;
        check_text("operator", self.operator.as_deref(), 200)
    }

    /// SHA-256 of the wish in one canonical form.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("order_id", Some(&self.order_id.to_string()));
        fingerprint.field("reason", self.reason.as_deref());
        fingerprint.field("operator", self.operator.as_deref());
        self.request.add_to(&mut fingerprint);
        fingerprint.finish()
    }

    /// The payment that a wish to pay begins: one for each key.
    pub fn payment_id(&self) -> PaymentId {
        PaymentId::derive(self.merchant_id, &self.own_key())
    }

    /// The job that begins the payment of `order`.
    pub fn pay(&self, order: &Order, pay: &PayOrder) -> CreateIntent {
        CreateIntent {
            merchant_id: self.merchant_id,
            idempotency_key: self.own_key(),
            request: pay.request_for(order),
        }
    }

    /// The job that gives these items of an order back, which `payment_id` has paid and which come to `amount_minor`.
    pub fn refund(&self, payment_id: PaymentId, amount_minor: i64, items: Vec<ItemCount>) -> CreateRefund {
        CreateRefund {
            merchant_id: self.merchant_id,
            idempotency_key: self.own_key(),
            request: RefundRequest {
                amount_minor: Some(amount_minor),
                operator: self.operator.clone(),
                description: self.reason.clone(),
                order: Some(OrderRefund {
                    order_id: self.order_id,
                    items,
                }),
                ..RefundRequest::all_of(payment_id)
            },
        }
    }

    /// The job that closes a payment of an order that is canceled: one for each payment.
    pub fn cancel(&self, payment_id: PaymentId) -> CancelPayment {
        CancelPayment(Wish {
            merchant_id: self.merchant_id,
            idempotency_key: IdempotencyKey::of_order(self.order_id, &payment_id.to_string()),
            payment_id,
            request: ActionRequest::Cancel {
                reason: self.reason.clone(),
                operator: self.operator.clone(),
            },
        })
    }

    fn own_key(&self) -> IdempotencyKey {
        IdempotencyKey::of_order(self.order_id, self.idempotency_key.as_str())
    }
}

impl Job for ChangeOrder {
    const CONTRACT: Contract = Contract {
        kind: Kind::ChangeOrder,
        schema: 1,
        retry: RetrySchedule::Steps,
        timeout: Duration::from_secs(60),
        from_upstream: true,
    };

    /// The fingerprint belongs to the id: the same key with another body is another job, and is refused as such.
    fn id(&self) -> JobId {
        let merchant_id = self.merchant_id.as_uuid();
        let key = self.idempotency_key.as_str().as_bytes();
        JobId::derive(
            Kind::ChangeOrder.name(),
            &[merchant_id.as_bytes(), key, &self.fingerprint()],
        )
    }

    fn correlation_id(&self) -> String {
        self.order_id.to_string()
    }

    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }

    fn may_come_from_upstream(&self) -> bool {
        !self.idempotency_key.is_of_order()
    }
}

/// What a worker answers to whoever waits for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ChangeOrderReply {
    /// It was taken: the order as it stands now.
    Order(Box<OrderView>),
    /// It could not be, and the order stays as it was.
    Refused {
        /// A stable code, such as `order_not_payable`.
        code: String,
        /// One sentence for people.
        message: String,
    },
    /// The merchant has no such order.
    NoSuchOrder,
    /// The idempotency key belongs to another wish.
    Conflict,
}
