//! What a merchant asks for when it creates a payment.

use std::collections::BTreeMap;

use ring::digest;
use serde::{Deserialize, Serialize};

use crate::money::Money;

/// The validated request for a payment: facts that never change afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRequest {
    /// How much, in which currency.
    #[serde(flatten)]
    pub money: Money,
    /// What the payer reads on the provider's side; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The merchant's own number for this sale; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The merchant's own notes, given back unchanged; see [`Self::MAX_METADATA_KEYS`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// A payment method known to the provider, to be charged at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// Where the payer's browser returns to after a step on another page; http or https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
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
    /// How long a metadata value may be, in characters. All together fit a notification of 20 KB.
    pub const MAX_METADATA_VALUE: usize = 200;

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
            if !key_fits || value.chars().count() > Self::MAX_METADATA_VALUE || has_nul(key) || has_nul(value)
            {
                let (key_limit, value_limit) = (Self::MAX_METADATA_KEY, Self::MAX_METADATA_VALUE);
                let limits =
                    format!("keys of 1 to {key_limit} characters, values of at most {value_limit}, no NUL");
                return invalid("metadata", limits);
            }
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

/// PostgreSQL stores no NUL character in text.
fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

fn at_most(field: &'static str, value: Option<&str>, limit: usize) -> Result<(), InvalidRequest> {
    match value {
        Some(text) if text.is_empty() || text.chars().count() > limit || has_nul(text) => {
            Err(InvalidRequest {
                field,
                problem: format!("1 to {limit} characters, no NUL"),
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
