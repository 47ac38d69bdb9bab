//! Setting an amount aside on a payment, so that no two refunds give the same money back.

use chrono::{DateTime, Utc};

use crate::{
    channel::RefundReason,
    id::{IdempotencyKey, MerchantId, OrderId, RefundId},
    money::Money,
    order::Order,
    payment::{Failure, Payment, PaymentStatus},
    refund::{Refund, RefundRequest, RefundStatus},
};

/// Why a payment cannot be refunded as asked. Nothing was sent to the provider.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum RefundRefused {
    /// It was not paid.
    #[error("the payment is {0}, and only a payment that succeeded can be refunded")]
    NotPaid(PaymentStatus),
    /// It has paid an order, which counts what is given back of it.
    #[error("the payment has paid {0}: refund the order instead")]
    OfOrder(OrderId),
    /// The request names another currency.
    #[error("the payment is in another currency: it is about {0}")]
    OtherCurrency(Money),
    /// Everything was refunded, is about to be, or is disputed.
    #[error("nothing of the payment is left to refund")]
    NothingLeft,
    /// It went on to another account, and a refund of it came back.
    #[error(
        "a refund of the payment came back after its part was taken back from the destination: at the provider, send that on \
         again and make further refunds"
    )]
    CameBack,
    /// More than is left.
    #[error("at most {0} of the payment can still be refunded")]
    TooMuch(Money),
}

impl RefundRefused {
    /// The stable code in failures and problem documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPaid(_) => "payment_not_paid",
            Self::OfOrder(_) => "payment_of_order",
            Self::OtherCurrency(_) => "refund_currency_differs",
            Self::NothingLeft => "nothing_left_to_refund",
            Self::CameBack => "refund_came_back",
            Self::TooMuch(_) => "refund_too_large",
        }
    }

    /// The failure of a refund that is refused for this.
    pub fn failure(self) -> Failure {
        Failure::refund_refused(self.code(), &self.to_string())
    }
}

impl Payment {
    /// What can still be refunded, in minor units: what was paid less what was refunded, is set aside for that, or is
    /// disputed.
    pub const fn refundable_minor(&self) -> i64 {
        let taken = self.refunded_minor + self.refund_reserved_minor + self.disputed_minor;
        match self.status {
            PaymentStatus::Succeeded if taken < self.money.amount_minor => self.money.amount_minor - taken,
            PaymentStatus::Pending
            | PaymentStatus::NeedsReview
            | PaymentStatus::RequiresAction
            | PaymentStatus::Processing
            | PaymentStatus::Failed
            | PaymentStatus::Canceled
            | PaymentStatus::Expired
            | PaymentStatus::Succeeded => 0,
        }
    }

    /// How much a request would give back. `order` is the payment's order, if it has one, read after the payment: what has
    /// paid it is given back through it, and what it did not take beside it.
    ///
    /// # Errors
    /// The payment cannot be refunded as asked.
    pub fn check_refund(
        &self,
        order: Option<&Order>,
        request: &RefundRequest,
    ) -> Result<Money, RefundRefused> {
        if self.status != PaymentStatus::Succeeded {
            return Err(RefundRefused::NotPaid(self.status));
        }
        // Without its word, it may have been paid by this payment.
        let took = |id| order.is_none_or(|order| order.id != id || order.paid_by == Some(self.id));
        let may_refund = request.order.is_some() || request.reason == Some(RefundReason::PaidLate);
        if let Some(order_id) = self.request.order_id.filter(|id| took(*id) && !may_refund) {
            return Err(RefundRefused::OfOrder(order_id));
        }
        let currency = self.money.currency;
        if request.currency.is_some_and(|wanted| wanted != currency) {
            return Err(RefundRefused::OtherCurrency(self.money));
        }
        let of = |amount_minor| Money {
            amount_minor,
            currency,
        };
        let left = self.refundable_minor();
        match request.amount_minor {
            _ if left == 0 => Err(RefundRefused::NothingLeft),
            Some(wanted) if wanted > left => Err(RefundRefused::TooMuch(of(left))),
            Some(wanted) => Ok(of(wanted)),
            None => Ok(of(left)),
        }
    }

    /// Sets aside what a refund of `money` needs, which [`Self::check_refund`] has found to be there.
    #[must_use]
    pub fn with_reserved(self, money: Money) -> Self {
        Self {
            refund_reserved_minor: self.refund_reserved_minor + money.amount_minor,
            ..self
        }
    }
}

impl Refund {
    /// The refund of `money` that a request asks for, before anything was done about it.
    pub fn new(
        payment: &Payment,
        idempotency_key: IdempotencyKey,
        request: RefundRequest,
        money: Money,
        now: DateTime<Utc>,
    ) -> Self {
        let merchant_id: MerchantId = payment.merchant_id;
        Self {
            id: RefundId::derive(merchant_id, &idempotency_key),
            merchant_id,
            payment_id: payment.id,
            idempotency_key,
            fingerprint: request.fingerprint(),
            status: RefundStatus::Pending,
            money,
            reversed_minor: 0,
            channel: payment.channel,
            channel_refund_id: None,
            failure: None,
            request,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// The same refund, failed before anything was set aside or sent.
    #[must_use]
    pub fn refused(self, failure: Failure) -> Self {
        Self {
            status: RefundStatus::Failed,
            failure: Some(failure),
            ..self
        }
    }
}
