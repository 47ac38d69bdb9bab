//! Values in bodies and queries: how those are read that several requests have, and how one that cannot be used is told.

use std::{fmt::Display, str::FromStr};

use channels::AmountRefused;
use domain::{
    currency::{Currency, UnknownCurrency},
    money::InvalidAmount,
    texts::InvalidText,
    user::{InvalidUserId, UserId},
};
use serde_json::Value;

use crate::problem::{FieldError, Problem, ProblemKind};

/// The amount in the minor unit: an integer; not a decimal fraction that happens to be whole, as clients that send one
/// compute with floats.
pub(crate) fn amount(amount: &Value) -> Result<i64, FieldError> {
    whole_minor_units(amount).map_err(|detail| error("amount", detail))
}

/// An amount of a wallet, read in the same way.
pub(crate) fn amount_minor(amount: &Value) -> Result<i64, Problem> {
    whole_minor_units(amount).map_err(|detail| invalid(vec![error("amount_minor", detail)]))
}

/// The currency of this code, in either case.
pub(crate) fn currency(code: &str) -> Result<Currency, FieldError> {
    code.parse()
        .map_err(|unknown: UnknownCurrency| error("currency", unknown.to_string()))
}

/// What is wrong with one field of a body.
pub(crate) fn error(field: &str, detail: String) -> FieldError {
    FieldError {
        field: field.to_owned(),
        detail,
    }
}

/// The body can be read, but these values cannot be used.
pub(crate) fn invalid(errors: Vec<FieldError>) -> Problem {
    Problem::fields(ProblemKind::InvalidRequest, errors)
}

/// A query parameter has to be something else.
pub(crate) fn invalid_query(field: &str, right: &str) -> Problem {
    let errors = vec![error(field, format!("must be {right}"))];
    Problem::fields(ProblemKind::InvalidQuery, errors)
}

/// The value of this name in a query, of all that there are.
pub(crate) fn one_of<T: Copy>(
    field: &str,
    given: Option<&str>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let find = |text: &str| all.iter().copied().find(|one| name(*one) == text);
    let names = || all.iter().map(|one| name(*one)).collect::<Vec<_>>().join(", ");
    let wrong = || invalid_query(field, &format!("one of {}", names()));
    given.map(|text| find(text).ok_or_else(wrong)).transpose()
}

/// The value of this name, if one is given.
pub(crate) fn named<T: FromStr<Err: Display>>(
    field: &str,
    given: Option<&str>,
) -> Result<Option<T>, FieldError> {
    let parsed = given.map(str::parse).transpose();
    parsed.map_err(|unknown: T::Err| error(field, unknown.to_string()))
}

/// The user that a query is about, if it names one.
pub(crate) fn user_id(given: Option<&str>) -> Result<Option<UserId>, Problem> {
    given
        .map(str::parse)
        .transpose()
        .map_err(|invalid: InvalidUserId| {
            let errors = vec![error("user_id", invalid.to_string())];
            Problem::fields(ProblemKind::InvalidQuery, errors)
        })
}

impl From<InvalidText> for FieldError {
    fn from(invalid: InvalidText) -> Self {
        error(invalid.field, invalid.problem)
    }
}

impl From<AmountRefused> for FieldError {
    fn from(refused: AmountRefused) -> Self {
        let field = match &refused {
            AmountRefused::Currency { .. } => "currency",
            AmountRefused::TooSmall { .. }
            | AmountRefused::TooLarge { .. }
            | AmountRefused::TooFine { .. } => "amount",
        };
        error(field, refused.to_string())
    }
}

fn whole_minor_units(amount: &Value) -> Result<i64, String> {
    const RIGHT: &str = "must be a whole number of the currency's minor unit, such as 1999 for USD 19.99";
    let Value::Number(number) = amount else {
        return Err(format!("{RIGHT}; written as a JSON number"));
    };
    if let Some(amount) = number.as_i64() {
        return Ok(amount);
    }
    // Integers beyond 64 bits arrive as floats too, and those are large, not fractional.
    if number.is_u64() || number.as_f64().is_some_and(|float| float >= i64::MAX as f64) {
        return Err(InvalidAmount::TooLarge.to_string());
    }
    if number.as_f64().is_some_and(|float| float <= 0.0) {
        return Err(InvalidAmount::NotPositive.to_string());
    }
    Err(format!("{RIGHT}; without a fraction or an exponent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<i64, String> {
        whole_minor_units(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn an_amount_is_an_integer_and_nothing_that_looks_like_one() {
        assert_eq!(read("1999"), Ok(1999));
        assert_eq!(read("-5"), Ok(-5));
        for (bad, said) in [
            ("10.5", "without a fraction"),
            ("10.0", "without a fraction"),
            ("1e3", "without a fraction"),
            ("\"1999\"", "JSON number"),
            ("null", "JSON number"),
            ("true", "JSON number"),
            ("9223372036854775808", "at most"),
            ("99999999999999999999999", "at most"),
            ("1e300", "at most"),
            ("-99999999999999999999999", "greater than zero"),
        ] {
            assert!(read(bad).unwrap_err().contains(said), "{bad}: {:?}", read(bad));
        }
    }
}
