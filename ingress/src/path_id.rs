//! The id in an address.

use std::{fmt::Display, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use domain::id::{HoldId, OrderId, PaymentId, RefundId, WalletId, WithdrawalId};
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

impl Addressed for HoldId {
    const WHAT: &'static str = "hold";
    const PREFIX: &'static str = "hld_";
    const FIELD: &'static str = "hold_id";
}

impl Addressed for WithdrawalId {
    const WHAT: &'static str = "withdrawal";
    const PREFIX: &'static str = "wdr_";
    const FIELD: &'static str = "withdrawal_id";
}

/// The one id of the address. Extract it after whoever asks is known: strangers learn nothing of what an id looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathId<T>(pub T);

impl<T: Addressed> FromRequestParts<Shared> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        // An address that is not UTF-8 once decoded holds no id either.
        let text = Path::<String>::from_request_parts(parts, app).await.ok();
        read(text.as_deref().map(String::as_str)).map(Self)
    }
}

/// The two ids of the address: of a thing, and of something that belongs to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathIds<T, U>(pub T, pub U);

impl<T: Addressed, U: Addressed> FromRequestParts<Shared> for PathIds<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let texts = Path::<(String, String)>::from_request_parts(parts, app)
            .await
            .ok();
        let (first, second) = texts.map(|Path(texts)| texts).unzip();
        Ok(Self(read(first.as_deref())?, read(second.as_deref())?))
    }
}

fn read<T: Addressed>(text: Option<&str>) -> Result<T, Problem> {
    let Some(id) = text.and_then(|text| text.parse::<T>().ok()) else {
        let detail = format!(
            "Every {}'s id is {} and 32 hexadecimal digits.",
            T::WHAT,
            T::PREFIX
        );
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    Span::current().record(T::FIELD, display(&id));
    Ok(id)
}
