//! What some flows need to know of the payer: a small piece of personal data, sealed wherever it rests.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::texts::{InvalidText, check_text};

/// What a provider wants to know of the payer.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// The address of the payer's browser; some pages for phones ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The payer's id in the merchant's page inside of the wallet's app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
}

/// A [`Payer`] on its way: plain from upstream systems that publish jobs themselves, sealed by ingress and wherever it is
/// stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PayerDetails {
    /// Sealed for [`Payer::place`] of the payment.
    Sealed(String),
    /// As the merchant wrote it.
    Plain(Payer),
}

impl Payer {
    /// What a sealed payer belongs to, so that it cannot be opened as another payment's.
    pub fn place(payment_id: crate::id::PaymentId) -> String {
        format!("payments.payer:{payment_id}")
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub fn validate(&self) -> Result<(), InvalidText> {
        check_text("payer.openid", self.openid.as_deref(), 128)
    }
}

impl fmt::Debug for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payer(hidden)")
    }
}

impl fmt::Debug for PayerDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayerDetails(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_read_back_and_print_nothing() {
        let plain = PayerDetails::Plain(Payer {
            ip: Some("192.0.2.1".parse().unwrap()),
            openid: Some("oUpF8".into()),
        });
        for details in [plain, PayerDetails::Sealed("v1.AAAA".into())] {
            let json = serde_json::to_string(&details).unwrap();
            assert_eq!(serde_json::from_str::<PayerDetails>(&json).unwrap(), details);
            assert_eq!(format!("{details:?}"), "PayerDetails(hidden)");
        }
        let misspelt = r#"{"ipp":"192.0.2.1"}"#;
        assert!(serde_json::from_str::<PayerDetails>(misspelt).is_err());
    }
}
