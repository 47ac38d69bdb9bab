//! What refunds take back from the account that a payment's money went on to.

use crate::{
    payment::Payment,
    refund::{Refund, RefundRefused},
};

/// What the refunds of a payment have taken back from there, or are about to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// All of them but those that failed, in the payment's minor unit.
    pub amount_minor: i64,
    /// Whether one failed after its provider had made it, and so had taken its part back.
    pub has_come_back: bool,
}

impl Refund {
    /// The same refund, with what it takes back from where the payment's money went on to; nothing when it went nowhere.
    /// `payment` and `before` are as they were before anything was set aside for it.
    ///
    /// All refunds together take back what [`Destination::sent_on`](crate::channel::Destination::sent_on) says of all that is
    /// refunded, so that nothing is lost or won by rounding. Once all is refunded, that is all that went on.
    ///
    /// # Errors
    /// A refund has come back. The provider has taken its part back and is not known to send it on again, so that another
    /// refund would take more than went on.
    pub fn taking_back(self, payment: &Payment, before: TakenBack) -> Result<Self, RefundRefused> {
        let Some(destination) = &payment.request.destination else {
            return Ok(self);
        };
        if before.has_come_back {
            return Err(RefundRefused::CameBack);
        }
        let amount_minor = self.money.amount_minor;
        let refunded_minor = payment.refunded_minor + payment.refund_reserved_minor + amount_minor;
        let together_minor = destination.sent_on(refunded_minor, payment.money.amount_minor);
        // Where refunds have failed, those that are left may have taken some units too many or too few.
        let reversed_minor = (together_minor - before.amount_minor).clamp(0, amount_minor);
        Ok(Self {
            reversed_minor,
            ..self
        })
    }
}

#[cfg(test)]
mod tests;
