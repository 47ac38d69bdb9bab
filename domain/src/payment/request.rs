//! What a merchant asks for when it creates a payment.

use std::collections::BTreeMap;

use ring::digest;
use serde::{Deserialize, Serialize};

use crate::{currency::Currency, money::Money};

/// The validated request for a payment: facts that never change afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Fields", into = "Fields")]
pub struct PaymentRequest {
    /// How much, in which currency.
    pub money: Money,
    /// What the payer reads on the provider's side; at most 500 characters.
    pub description: Option<String>,
    /// The merchant's own number for this sale; at most 200 characters.
    pub reference: Option<String>,
    /// The merchant's own notes, given back unchanged; see [`Self::MAX_METADATA_KEYS`].
    pub metadata: BTreeMap<String, String>,
    /// A payment method known to the provider, to be charged at once.
    pub payment_method: Option<String>,
    /// Where the payer's browser returns to after a step on another page; http or https.
    pub return_url: Option<String>,
}

/// The request as it is written in a job: a misspelt field is an error, not a field left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    amount_minor: i64,
    currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    return_url: Option<String>,
}

impl From<Fields> for PaymentRequest {
    fn from(fields: Fields) -> Self {
        let Fields {
            amount_minor,
            currency,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
        } = fields;
        let money = Money {
            amount_minor,
            currency,
        };
        Self {
            money,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
        }
    }
}

impl From<PaymentRequest> for Fields {
    fn from(request: PaymentRequest) -> Self {
        let PaymentRequest {
            money,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
        } = request;
        let Money {
            amount_minor,
            currency,
        } = money;
        Self {
            amount_minor,
            currency,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
        }
    }
}

/// A field of the request cannot be used.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {problem}")]
pub struct InvalidRequest {
    /// The field, by its name in the API.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

impl PaymentRequest {
    /// How many metadata entries a payment may carry.
    pub const MAX_METADATA_KEYS: usize = 20;
    /// How long a metadata key may be, in characters.
    pub const MAX_METADATA_KEY: usize = 40;
    /// How long a metadata value may be, in characters.
    pub const MAX_METADATA_VALUE: usize = 200;
    /// How long the metadata may be in all, in bytes of JSON: with the rest of a payment it has to fit a notification.
    pub const MAX_METADATA_BYTES: usize = 8_192;

    /// Checks every field.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidRequest> {
        let invalid = |field, problem: String| Err(InvalidRequest { field, problem });
        if let Err(error) = Money::chargeable(self.money.amount_minor, self.money.currency) {
            return invalid("amount", error.to_string());
        }
        at_most("description", self.description.as_deref(), 500)?;
        at_most("reference", self.reference.as_deref(), 200)?;
        at_most("payment_method", self.payment_method.as_deref(), 255)?;
        at_most("return_url", self.return_url.as_deref(), 2000)?;
        if let Some(url) = &self.return_url
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return invalid("return_url", "must start with https:// or http://".into());
        }
        if self.metadata.len() > Self::MAX_METADATA_KEYS {
            return invalid("metadata", format!("at most {} entries", Self::MAX_METADATA_KEYS));
        }
        for (key, value) in &self.metadata {
            let key_fits = (1..=Self::MAX_METADATA_KEY).contains(&key.chars().count());
            if !key_fits
                || value.chars().count() > Self::MAX_METADATA_VALUE
                || has_control(key)
                || has_control(value)
            {
                let (key_limit, value_limit) = (Self::MAX_METADATA_KEY, Self::MAX_METADATA_VALUE);
                let limits = format!(
                    "keys of 1 to {key_limit} characters, values of at most {value_limit}, no control characters"
                );
                return invalid("metadata", limits);
            }
        }
        let metadata_bytes = serde_json::to_vec(&self.metadata).map_or(usize::MAX, |json| json.len());
        if metadata_bytes > Self::MAX_METADATA_BYTES {
            return invalid(
                "metadata",
                format!("at most {} bytes of JSON in all", Self::MAX_METADATA_BYTES),
            );
        }
        Ok(())
    }

    /// SHA-256 of the request in one canonical form, so that white space or the order of fields do not matter.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut field = |name: &str, value: Option<&str>| {
            for text in [Some(name), value] {
                let bytes = text.unwrap_or_default().as_bytes();
                context.update(&[u8::from(text.is_some())]);
                context.update(&(bytes.len() as u64).to_be_bytes());
                context.update(bytes);
            }
        };
        field("amount", Some(&self.money.amount_minor.to_string()));
        field("currency", Some(self.money.currency.code()));
        field("description", self.description.as_deref());
        field("reference", self.reference.as_deref());
        field("payment_method", self.payment_method.as_deref());
        field("return_url", self.return_url.as_deref());
        for (key, value) in &self.metadata {
            field(key, Some(value));
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        fingerprint
    }
}

/// Control characters have no place in such texts, take six bytes each in JSON, and PostgreSQL stores no control characters at all.
fn has_control(text: &str) -> bool {
    text.contains(char::is_control)
}

fn at_most(field: &'static str, value: Option<&str>, limit: usize) -> Result<(), InvalidRequest> {
    match value {
        Some(text) if text.is_empty() || text.chars().count() > limit || has_control(text) => {
            Err(InvalidRequest {
                field,
                problem: format!("1 to {limit} characters, no control characters"),
            })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;

    fn request() -> PaymentRequest {
        PaymentRequest {
            money: Money {
                amount_minor: 1999,
                currency: Currency::USD,
            },
            description: None,
            reference: None,
            metadata: BTreeMap::new(),
            payment_method: None,
            return_url: None,
        }
    }

    #[test]
    fn a_fingerprint_tells_every_field_apart() {
        let mut seen = vec![request().fingerprint()];
        let variants: [fn(&mut PaymentRequest); 7] = [
            |r| r.money.amount_minor += 1,
            |r| r.money.currency = Currency::EUR,
            |r| r.description = Some("x".into()),
            |r| r.reference = Some("x".into()),
            |r| r.payment_method = Some("x".into()),
            |r| r.return_url = Some("x".into()),
            |r| drop(r.metadata.insert("x".into(), "x".into())),
        ];
        for change in variants {
            let mut changed = request();
            change(&mut changed);
            assert!(!seen.contains(&changed.fingerprint()));
            seen.push(changed.fingerprint());
        }
        assert_eq!(request().fingerprint(), seen[0]);
    }

    #[test]
    fn a_bad_field_is_named() {
        let field = |change: fn(&mut PaymentRequest)| {
            let mut changed = request();
            change(&mut changed);
            changed.validate().unwrap_err().field
        };
        assert_eq!(field(|r| r.money.amount_minor = 0), "amount");
        assert_eq!(field(|r| r.description = Some("x".repeat(501))), "description");
        assert_eq!(field(|r| r.reference = Some("a\0".into())), "reference");
        assert_eq!(
            field(|r| r.return_url = Some("javascript:alert(1)".into())),
            "return_url"
        );
        assert_eq!(
            field(|r| drop(r.metadata.insert(String::new(), "x".into()))),
            "metadata"
        );
        assert_eq!(request().validate(), Ok(()));
    }
}
