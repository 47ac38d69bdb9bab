//! Refunds that cannot be made as the payment stands: the same problem, whoever finds out.
//!
//! The door refuses what PostgreSQL shows to be impossible; what gets past it, because PostgreSQL was away or another
//! refund was faster, the worker stores as failed. A client has one thing to understand in both cases.

use axum::{http::StatusCode, response::Response};
use domain::{
    id::RefundId,
    money::Money,
    payment::Failure,
    refund::{RefundRefused, RefundStatus, RefundView},
};

use super::location;
use crate::{
    answers::located,
    problem::{Problem, ProblemKind, Refusal},
};

/// Refused at the door: nothing was stored.
pub(super) fn at_the_door(refused: RefundRefused, refund_id: RefundId) -> Problem {
    let Failure { code, message, .. } = refused.failure();
    let amount_refundable = match refused {
        RefundRefused::TooMuch(Money { amount_minor, .. }) => Some(amount_minor),
        RefundRefused::NothingLeft => Some(0),
        RefundRefused::NotPaid(_) | RefundRefused::OtherCurrency(_) => None,
    };
    Problem::new(kind(refused), message).with_refusal(Refusal {
        code: Some(code),
        refund_id: Some(refund_id),
        amount_refundable,
    })
}

/// The answer that is a refund: the refund itself, or the problem of one that was refused before it was sent.
pub(super) fn answer(status: StatusCode, view: &RefundView) -> Result<Response, Problem> {
    match by_the_worker(view) {
        Some(problem) => Err(problem),
        None => Ok(located(status, location(view.id), view)),
    }
}

fn by_the_worker(view: &RefundView) -> Option<Problem> {
    let is_unsent = view.status == RefundStatus::Failed && view.channel_refund_id.is_none();
    let failure = view.failure.as_ref().filter(|_| is_unsent)?;
    let refusal = Refusal {
        code: Some(failure.code.clone()),
        refund_id: Some(view.id),
        amount_refundable: None,
    };
    Some(Problem::new(kind_of(&failure.code)?, failure.message.as_str()).with_refusal(refusal))
}

const fn kind(refused: RefundRefused) -> ProblemKind {
    match refused {
        RefundRefused::NotPaid(_) => ProblemKind::PaymentNotPaid,
        RefundRefused::OtherCurrency(_) => ProblemKind::RefundCurrencyDiffers,
        RefundRefused::NothingLeft => ProblemKind::NothingLeftToRefund,
        RefundRefused::TooMuch(_) => ProblemKind::RefundTooLarge,
    }
}

/// The kind of a stored refusal; `None` for any other failure, such as a provider's.
fn kind_of(code: &str) -> Option<ProblemKind> {
    Some(match code {
        "payment_not_paid" => ProblemKind::PaymentNotPaid,
        "refund_currency_differs" => ProblemKind::RefundCurrencyDiffers,
        "nothing_left_to_refund" => ProblemKind::NothingLeftToRefund,
        "refund_too_large" => ProblemKind::RefundTooLarge,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use domain::{currency::Currency, payment::PaymentStatus};

    use super::*;

    #[test]
    fn what_is_stored_as_refused_is_the_same_kind_as_at_the_door() {
        let money = Money {
            amount_minor: 1,
            currency: Currency::USD,
        };
        for refused in [
            RefundRefused::NotPaid(PaymentStatus::Pending),
            RefundRefused::OtherCurrency(money),
            RefundRefused::NothingLeft,
            RefundRefused::TooMuch(money),
        ] {
            assert_eq!(kind_of(refused.code()), Some(kind(refused)), "{refused}");
        }
        assert_eq!(kind_of("provider_unavailable"), None);
    }
}
