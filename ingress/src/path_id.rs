//! The id in an address.

use std::{fmt::Display, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use domain::id::{OrderId, PaymentId, RefundId, WalletId};
use tracing::{Span, field::display};

use crate::{
    app::Shared,
    problem::{Problem, ProblemKind},
};

/// An id that addresses are made of.
pub(crate) trait Addressed: FromStr + Display {
    /// What it names.
    const WHAT: &'static str;
    /// How it begins.
    const PREFIX: &'static str;
    /// The field of the request's span that it is noted in.
    const FIELD: &'static str;
}

impl Addressed for PaymentId {
    const WHAT: &'static str = "payment";
    const PREFIX: &'static str = "pay_";
    const FIELD: &'static str = "payment_id";
}

impl Addressed for RefundId {
    const WHAT: &'static str = "refund";
    const PREFIX: &'static str = "rfd_";
    const FIELD: &'static str = "refund_id";
}

impl Addressed for OrderId {
    const WHAT: &'static str = "order";
    const PREFIX: &'static str = "ord_";
    const FIELD: &'static str = "order_id";
}

impl Addressed for WalletId {
    const WHAT: &'static str = "wallet";
    const PREFIX: &'static str = "wal_";
    const FIELD: &'static str = "wallet_id";
}

/// The one id of the address. Extract it after whoever asks is known: strangers learn nothing of what an id looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathId<T>(pub T);

impl<T: Addressed> FromRequestParts<Shared> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        // An address that is not UTF-8 once decoded holds no id either.
        let text = Path::<String>::from_request_parts(parts, app).await.ok();
        match text.and_then(|Path(text)| text.parse::<T>().ok()) {
            Some(id) => {
                Span::current().record(T::FIELD, display(&id));
                Ok(Self(id))
            }
            None => {
                let detail = format!(
                    "Every {}'s id is {} and 32 hexadecimal digits.",
                    T::WHAT,
                    T::PREFIX
                );
                Err(Problem::new(ProblemKind::NotFound, detail))
            }
        }
    }
}
