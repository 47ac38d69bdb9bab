//! Amounts as PayPal writes them: strings, with as many decimals as PayPal (and not ISO 4217) gives the currency.
//!
//! Written down here and not taken from the pipeline's own table, so that an error there shows up against this one.

use serde_json::{Value, json};

use super::errors::ApiError;

/// The currencies PayPal takes.
const SUPPORTED: [&str; 24] = [
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR",
    "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];

/// Those that take no decimals, although two of them have some elsewhere.
const WITHOUT_DECIMALS: [&str; 3] = ["HUF", "JPY", "TWD"];

/// The most characters of a `value`.
const LONGEST: usize = 32;

/// A sum of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// Three capital letters.
    pub currency: String,
    /// In the currency's smallest unit as PayPal counts it.
    pub minor: i64,
}

impl Money {
    /// Reads a `money` object; `field` is its place in the request, for the error.
    pub fn parse(object: &Value, field: &str) -> Result<Self, ApiError> {
        let text = |name: &str| match object.get(name) {
            None | Some(Value::Null) => Err(ApiError::missing(&format!("{field}/{name}"))),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(ApiError::syntax(&format!("{field}/{name}"))),
        };
        let (currency, value) = (text("currency_code")?, text("value")?);
        Self::of(currency, value, field)
    }

    /// Reads a currency and a value.
    pub fn of(currency: &str, value: &str, field: &str) -> Result<Self, ApiError> {
        if currency.len() != 3 {
            return Err(ApiError::length(&format!("{field}/currency_code")));
        }
        if !SUPPORTED.contains(&currency) {
            return Err(ApiError::unprocessable(
                "CURRENCY_NOT_SUPPORTED",
                "Currency code is not currently supported.",
            )
            .field(&format!("{field}/currency_code")));
        }
        let minor = minor_of(value, decimals(currency), &format!("{field}/value"))?;
        Ok(Self {
            currency: currency.to_owned(),
            minor,
        })
    }

    /// Another sum of the same currency.
    pub fn of_same(&self, minor: i64) -> Self {
        Self {
            currency: self.currency.clone(),
            minor,
        }
    }

    /// The `value` string.
    pub fn value(&self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = self.minor.unsigned_abs();
        match decimals(&self.currency) {
            0 => format!("{sign}{digits}"),
            _ => format!("{sign}{}.{:02}", digits / 100, digits % 100),
        }
    }

    /// The `money` object.
    pub fn render(&self) -> Value {
        json!({ "currency_code": self.currency, "value": self.value() })
    }
}

fn decimals(currency: &str) -> usize {
    if WITHOUT_DECIMALS.contains(&currency) {
        0
    } else {
        2
    }
}

fn minor_of(value: &str, decimals: usize, field: &str) -> Result<i64, ApiError> {
    if value.len() > LONGEST {
        return Err(ApiError::length(field));
    }
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = match unsigned.split_once('.') {
        // The grammar asks for a digit after the point, but for none before it.
        Some((_, "")) => return Err(ApiError::syntax(field)),
        Some(parts) => parts,
        None => (unsigned, ""),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(ApiError::syntax(field));
    }
    if decimals == 0 && !fraction.is_empty() {
        let told =
            "Currency does not support decimals. Please refer to the currency codes for more information.";
        return Err(ApiError::unprocessable("DECIMALS_NOT_SUPPORTED", told).field(field));
    }
    if fraction.len() > decimals {
        let told = "If the currency supports decimals, only two decimal place precision is supported.";
        return Err(ApiError::unprocessable("DECIMAL_PRECISION", told).field(field));
    }
    let minor: i64 = format!("{whole}{fraction:0<decimals$}")
        .parse()
        .map_err(|_| ApiError::length(field))?;
    if minor == 0 || unsigned.len() != value.len() {
        return Err(
            ApiError::unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE", "Must be greater than zero.").field(field),
        );
    }
    Ok(minor)
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn what_is_read_is_written_with_the_decimals_of_the_currency() {
        for (currency, value, minor, written) in [
            ("USD", "88.88", 8888, "88.88"),
            ("USD", "88.8", 8880, "88.80"),
            ("USD", "88", 8800, "88.00"),
            ("USD", ".05", 5, "0.05"),
            ("JPY", "8888", 8888, "8888"),
            ("HUF", "100", 100, "100"),
        ] {
            let money = Money::of(currency, value, "/amount").unwrap();
            assert_eq!((money.minor, money.value().as_str()), (minor, written), "{value}");
        }
    }

    #[test]
    fn what_paypal_refuses_is_refused_with_its_issue() {
        for (currency, value, issue) in [
            ("TWD", "1.00", "DECIMALS_NOT_SUPPORTED"),
            ("USD", "1.001", "DECIMAL_PRECISION"),
            ("KWD", "1.00", "CURRENCY_NOT_SUPPORTED"),
            ("USD", "0.00", "CANNOT_BE_ZERO_OR_NEGATIVE"),
            ("USD", "-1.00", "CANNOT_BE_ZERO_OR_NEGATIVE"),
            ("USD", "1,00", "INVALID_PARAMETER_SYNTAX"),
            ("USD", "1.", "INVALID_PARAMETER_SYNTAX"),
            ("USD", "", "INVALID_PARAMETER_SYNTAX"),
            ("USD", "+1", "INVALID_PARAMETER_SYNTAX"),
        ] {
            let refused = Money::of(currency, value, "/amount").unwrap_err();
            assert_eq!(refused.issue(), Some(issue), "{value}");
        }
    }
}
