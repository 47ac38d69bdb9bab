//! The body of a request for a payment, and every reason not to take it.

use std::collections::BTreeMap;

use channels::AmountRefused;
use domain::{
    channel::Channel,
    currency::{Currency, UnknownCurrency},
    money::{InvalidAmount, Money},
    payment::PaymentRequest,
};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{FieldError, Problem, ProblemKind};

/// The only channel there is.
const CHANNEL: Channel = Channel::Stripe;

/// The body as a client writes it. The amount is read as whatever it is, so that an amount of the wrong kind is
/// explained and not only refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the fields of a payment")]
pub(crate) struct PaymentBody {
    amount: Value,
    currency: String,
    description: Option<String>,
    reference: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    payment_method: Option<String>,
    return_url: Option<String>,
    expires_in_s: Option<u32>,
}

impl PaymentBody {
    /// The request, once every value in it can be used.
    pub(crate) fn into_request(self) -> Result<PaymentRequest, Problem> {
        let amount = whole_minor_units(&self.amount).map_err(|detail| error("amount", detail));
        let currency = self.currency.parse::<Currency>();
        let currency = currency.map_err(|unknown: UnknownCurrency| error("currency", unknown.to_string()));
        let (amount_minor, currency) = match (amount, currency) {
            (Ok(amount), Ok(currency)) => (amount, currency),
            (amount, currency) => {
                return Err(invalid(amount.err().into_iter().chain(currency.err()).collect()));
            }
        };
        let request = PaymentRequest {
            money: Money {
                amount_minor,
                currency,
            },
            description: self.description,
            reference: self.reference,
            metadata: self.metadata.unwrap_or_default(),
            payment_method: self.payment_method,
            return_url: self.return_url,
            expires_in_s: self.expires_in_s,
        };
        request
            .validate()
            .map_err(|refused| invalid(vec![error(refused.field, refused.problem)]))?;
        let taken = channels::capabilities(CHANNEL).check_amount(request.money);
        taken.map_err(|refused| invalid(vec![error(field_of(&refused), refused.to_string())]))?;
        Ok(request)
    }
}

/// An integer; not a decimal fraction that happens to be whole, as clients that send one compute with floats.
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

const fn field_of(refused: &AmountRefused) -> &'static str {
    match refused {
        AmountRefused::Currency { .. } => "currency",
        AmountRefused::TooSmall { .. } | AmountRefused::TooLarge { .. } | AmountRefused::TooFine { .. } => {
            "amount"
        }
    }
}

fn error(field: &str, detail: String) -> FieldError {
    FieldError {
        field: field.to_owned(),
        detail,
    }
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    Problem::fields(ProblemKind::InvalidRequest, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Result<i64, String> {
        whole_minor_units(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn an_amount_is_an_integer_and_nothing_that_looks_like_one() {
        assert_eq!(amount("1999"), Ok(1999));
        assert_eq!(amount("-5"), Ok(-5));
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
            assert!(
                amount(bad).unwrap_err().contains(said),
                "{bad}: {:?}",
                amount(bad)
            );
        }
    }
}
