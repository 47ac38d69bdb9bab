//! The transitions of an order: what its merchant wants, and what its payments and refunds tell.

use crate::{
    id::PaymentId,
    order::{ItemCount, Order, OrderItem, OrderStage, OrderStatus, OrderStep, Shipment, StepKind},
};

/// Why a wish about an order is refused. Nothing was done.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum OrderRefused {
    /// It does not go with how the order stands.
    #[error("The order is {status} and cannot be {}.", step.done())]
    Illegal {
        /// What was wanted.
        step: StepKind,
        /// How the order stands.
        status: OrderStatus,
    },
    /// Everything was refunded, is about to be, or was free.
    #[error("The order is {0}, and what it is asked to refund comes to nothing.")]
    NothingLeft(OrderStatus),
    /// It has no such item.
    #[error("The order has no item of sku {0:?}.")]
    NoSuchItem(String),
    /// More is to be refunded than is left.
    #[error("Of item {sku:?} at most {left} can still be refunded.")]
    TooMany {
        /// Which item.
        sku: String,
        /// How many are left.
        left: u32,
    },
}

impl OrderRefused {
    /// The stable code in answers and problem documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Illegal { step, .. } => match step {
                StepKind::Pay => "order_not_payable",
                StepKind::Cancel => "order_not_cancelable",
                StepKind::Refund => "order_not_refundable",
                StepKind::Ship => "order_not_shippable",
                StepKind::Complete => "order_not_completable",
            },
            Self::NothingLeft(_) => "nothing_left_to_refund",
            Self::NoSuchItem(_) => "no_such_item",
            Self::TooMany { .. } => "refund_too_large",
        }
    }
}

/// News about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEvent<'a> {
    /// A payment of it has succeeded.
    Paid(PaymentId),
    /// A payment of it has failed.
    PaymentFailed(PaymentId),
    /// A refund of it has got on.
    Refund(RefundNews, &'a [ItemCount]),
}

/// How a refund has got on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundNews {
    /// The money was given back.
    Made,
    /// It was not.
    Failed,
    /// It had been, and came back.
    Returned,
}

/// An order after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardOrder {
    /// The order now.
    pub order: Order,
    /// False when the event told nothing new, so that nothing needs to be written.
    pub changed: bool,
    /// Whether the order takes the money that the event tells of; what it does not take has to be given back.
    pub is_wanted: bool,
}

impl Order {
    /// The order after a step that its merchant wants. `payment_id` is the payment that a step to pay begins.
    ///
    /// # Errors
    /// The order does not allow it as it stands.
    pub fn take(self, step: &OrderStep, payment_id: PaymentId) -> Result<Self, OrderRefused> {
        self.check(step.kind())?;
        Ok(match step {
            OrderStep::Pay(_) => Self {
                last_payment: Some(payment_id),
                ..self
            },
            OrderStep::Cancel {} => self.climb(OrderStage::Canceled),
            OrderStep::Ship { carrier, tracking } => Self {
                shipment: Some(Shipment {
                    carrier: carrier.clone(),
                    tracking: tracking.clone(),
                }),
                ..self.climb(OrderStage::Shipped)
            },
            OrderStep::Complete {} => self.climb(OrderStage::Completed),
            OrderStep::Refund { .. } => {
                let mut order = self;
                for ItemCount { sku, quantity } in order.refund_of(step)? {
                    let item = order.items.iter_mut().find(|item| item.sku == sku);
                    item.into_iter().for_each(|item| item.refunding += quantity);
                }
                order.status = order.status_of_refunds();
                order
            }
        })
    }

    /// Which items a step to refund gives back; none for any other step.
    ///
    /// # Errors
    /// There is no such item, or not so much of it is left.
    pub fn refund_of(&self, step: &OrderStep) -> Result<Vec<ItemCount>, OrderRefused> {
        let OrderStep::Refund { items } = step else {
            return Ok(Vec::new());
        };
        let items = match items {
            Some(items) => items.clone(),
            None => self.all_that_is_left(),
        };
        if self.price_of(&items)? == 0 {
            return Err(OrderRefused::NothingLeft(self.status));
        }
        Ok(items)
    }

    /// What so many of these items cost.
    ///
    /// # Errors
    /// There is no such item, or not so much of it is left.
    pub fn price_of(&self, items: &[ItemCount]) -> Result<i64, OrderRefused> {
        let price = |count: &ItemCount| {
            let item = self.items.iter().find(|item| item.sku == count.sku);
            let item = item.ok_or_else(|| OrderRefused::NoSuchItem(count.sku.clone()))?;
            if count.quantity > item.left() {
                let (sku, left) = (count.sku.clone(), item.left());
                return Err(OrderRefused::TooMany { sku, left });
            }
            Ok(item.price_of(count.quantity))
        };
        items.iter().map(price).sum()
    }

    /// The order after what its payments or refunds tell. What is late, repeated or about another payment changes nothing.
    pub fn hear(self, event: OrderEvent<'_>) -> HeardOrder {
        match event {
            OrderEvent::Paid(payment_id) if self.is_open() => Self {
                paid_by: Some(payment_id),
                ..self.climb(OrderStage::Paid)
            }
            .heard(true, true),
            OrderEvent::Paid(payment_id) => {
                let is_wanted = self.paid_by == Some(payment_id);
                self.heard(false, is_wanted)
            }
            OrderEvent::PaymentFailed(payment_id)
                if self.is_open() && self.last_payment == Some(payment_id) =>
            {
                self.climb(OrderStage::PaymentFailed).heard(true, true)
            }
            OrderEvent::PaymentFailed(_) => self.heard(false, true),
            OrderEvent::Refund(news, items) => self.hear_of_refund(news, items).heard(true, true),
        }
    }

    /// Whether the order takes the money of this payment, if it succeeds now.
    pub fn takes(&self, payment_id: PaymentId) -> bool {
        self.is_open() || self.paid_by == Some(payment_id)
    }

    const fn heard(self, changed: bool, is_wanted: bool) -> HeardOrder {
        HeardOrder {
            order: self,
            changed,
            is_wanted,
        }
    }

    fn hear_of_refund(mut self, news: RefundNews, items: &[ItemCount]) -> Self {
        for ItemCount { sku, quantity } in items {
            let item = self.items.iter_mut().find(|item| item.sku == *sku);
            item.into_iter().for_each(|item| item.hear(news, *quantity));
        }
        self.status = self.status_of_refunds();
        self
    }

    /// Moves up to `stage`, which is higher.
    const fn climb(mut self, stage: OrderStage) -> Self {
        self.stage = stage;
        self.status = stage.status();
        self
    }

    /// Whether it can still be paid.
    const fn is_open(&self) -> bool {
        matches!(self.stage, OrderStage::Created | OrderStage::PaymentFailed)
    }

    /// Whether the order goes on: something of it was paid for good, and nothing is on its way back.
    fn goes_on(&self) -> bool {
        self.refunding_minor() == 0 && self.refunded_minor() < self.money.amount_minor
    }

    fn check(&self, step: StepKind) -> Result<(), OrderRefused> {
        let is_legal = match step {
            StepKind::Pay | StepKind::Cancel => self.is_open(),
            StepKind::Refund => self.stage >= OrderStage::Paid,
            StepKind::Ship => self.stage == OrderStage::Paid && self.goes_on(),
            StepKind::Complete => self.stage == OrderStage::Shipped && self.goes_on(),
        };
        let status = self.status;
        is_legal
            .then_some(())
            .ok_or(OrderRefused::Illegal { step, status })
    }

    fn all_that_is_left(&self) -> Vec<ItemCount> {
        let left = self.items.iter().filter(|item| item.left() > 0);
        left.map(|item| ItemCount {
            sku: item.sku.clone(),
            quantity: item.left(),
        })
        .collect()
    }

    fn status_of_refunds(&self) -> OrderStatus {
        if self.refunding_minor() > 0 {
            OrderStatus::Refunding
        } else if self.refunded_minor() > 0 {
            OrderStatus::Refunded
        } else {
            self.stage.status()
        }
    }
}

impl OrderItem {
    /// Each refund tells each of its ends once, and what it gives back was set aside before.
    const fn hear(&mut self, news: RefundNews, quantity: u32) {
        match news {
            RefundNews::Made => {
                self.refunding = self.refunding.saturating_sub(quantity);
                self.refunded += quantity;
            }
            RefundNews::Failed => self.refunding = self.refunding.saturating_sub(quantity),
            RefundNews::Returned => self.refunded = self.refunded.saturating_sub(quantity),
        }
    }
}

#[cfg(test)]
mod tests;
