//! Refunds that cannot be made as the payment stands: the same problem, whoever finds out.
//!
//! The door refuses what PostgreSQL shows to be impossible; what gets past it, because PostgreSQL was away or another
//! refund was faster, the worker stores as failed. A client has one thing to understand in both cases.

use axum::{http::StatusCode, response::Response};
use channels::RefundNotTaken;
use domain::{
    id::RefundId,
    money::Money,
    payment::Failure,
    refund::{RefundRefused, RefundStatus, RefundView},
};

use super::location;
use crate::{
    answers::located,
    fields::error,
    problem::{Problem, ProblemKind, Refusal},
};

/// Refused at the door: nothing was stored.
pub(super) fn at_the_door(refused: RefundRefused, refund_id: RefundId) -> Problem {
    let amount_refundable = match refused {
        RefundRefused::TooMuch(Money { amount_minor, .. }) => Some(amount_minor),
        RefundRefused::NothingLeft => Some(0),
        RefundRefused::NotPaid(_)
        | RefundRefused::OfOrder(_)
        | RefundRefused::OtherCurrency(_)
        | RefundRefused::CameBack => None,
    };
    problem(kind(refused), &refused.failure(), refund_id, amount_refundable)
}

/// Refused at the door, because the channel does not give the money back so.
pub(super) fn not_taken(refused: RefundNotTaken, refund_id: RefundId) -> Problem {
    problem(kind_of_not_taken(refused), &refused.failure(), refund_id, None)
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
    Some(problem(kind_of(&failure.code)?, failure, view.id, None))
}

fn problem(
    kind: ProblemKind,
    failure: &Failure,
    refund_id: RefundId,
    amount_refundable: Option<i64>,
) -> Problem {
    let message = failure.message.as_str();
    // Of all refusals only this one is about a value in the body, whatever the payment is like.
    let is_about_a_field = kind == ProblemKind::InvalidRequest;
    let errors = is_about_a_field.then(|| error("amount", message.to_owned()));
    Problem::new(kind, message)
        .with_errors(errors.into_iter().collect())
        .with_refusal(Refusal {
            code: Some(failure.code.clone()),
            refund_id: Some(refund_id),
            amount_refundable,
        })
}

const fn kind(refused: RefundRefused) -> ProblemKind {
    match refused {
        RefundRefused::NotPaid(_) => ProblemKind::PaymentNotPaid,
        RefundRefused::OfOrder(_) | RefundRefused::CameBack => ProblemKind::ActionRefused,
        RefundRefused::OtherCurrency(_) => ProblemKind::RefundCurrencyDiffers,
        RefundRefused::NothingLeft => ProblemKind::NothingLeftToRefund,
        RefundRefused::TooMuch(_) => ProblemKind::RefundTooLarge,
    }
}

const fn kind_of_not_taken(refused: RefundNotTaken) -> ProblemKind {
    match refused {
        RefundNotTaken::Amount(_) => ProblemKind::InvalidRequest,
        RefundNotTaken::TooMany { .. } | RefundNotTaken::TooLate { .. } => ProblemKind::RefundNotTaken,
    }
}

/// The kind of a stored refusal; `None` for any other failure, such as a provider's.
fn kind_of(code: &str) -> Option<ProblemKind> {
    Some(match code {
        "payment_not_paid" => ProblemKind::PaymentNotPaid,
        // The last two are what a wallet answers.
        "payment_of_order" | "refund_came_back" | "insufficient_balance" | "balance_too_large" => {
            ProblemKind::ActionRefused
        }
        "refund_currency_differs" => ProblemKind::RefundCurrencyDiffers,
        "nothing_left_to_refund" => ProblemKind::NothingLeftToRefund,
        "refund_too_large" => ProblemKind::RefundTooLarge,
        "refund_amount_not_taken" => ProblemKind::InvalidRequest,
        "too_many_refunds" | "refund_too_late" => ProblemKind::RefundNotTaken,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use channels::AmountRefused;
    use domain::{
        channel::Channel,
        currency::Currency,
        id::{IdempotencyKey, MerchantId, OrderId},
        payment::PaymentStatus,
    };

    use super::*;

    #[test]
    fn what_is_stored_as_refused_is_the_same_kind_as_at_the_door() {
        let money = Money {
            amount_minor: 1,
            currency: Currency::USD,
        };
        let key = IdempotencyKey::try_from("k".to_owned()).unwrap();
        for refused in [
            RefundRefused::NotPaid(PaymentStatus::Pending),
            RefundRefused::OfOrder(OrderId::derive(MerchantId::random(), &key)),
            RefundRefused::OtherCurrency(money),
            RefundRefused::NothingLeft,
            RefundRefused::CameBack,
            RefundRefused::TooMuch(money),
        ] {
            assert_eq!(kind_of(refused.code()), Some(kind(refused)), "{refused}");
        }
        let channel = Channel::Wechat;
        let currency = Currency::USD;
        for refused in [
            RefundNotTaken::Amount(AmountRefused::Currency { channel, currency }),
            RefundNotTaken::TooMany { channel, most: 50 },
            RefundNotTaken::TooLate { channel, days: 365 },
        ] {
            assert_eq!(
                kind_of(refused.code()),
                Some(kind_of_not_taken(refused)),
                "{refused}"
            );
        }
        assert_eq!(kind_of("provider_unavailable"), None);
    }
}
