//! What the payer needs in order to pay: one shape for every channel.
//!
//! Whoever holds it can pay, or see what is paid for, so it is sealed at rest, never printed, and given to nobody but the
//! merchant that asks.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What the payer needs in order to pay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// What to do with it.
    #[serde(flatten)]
    pub step: PayerStep,
    /// After this it is of no use any more; RFC 3339, UTC. None when the provider sets no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The payer's next step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PayerStep {
    /// The provider's script on the merchant's page pays the intent with this.
    ClientSecret {
        /// What the script asks for.
        client_secret: String,
    },
    /// The payer's browser goes to this address.
    Redirect {
        /// The provider's page.
        url: String,
    },
    /// The payer scans this as a QR code with the wallet's app.
    QrCode {
        /// What the code says.
        content: String,
        /// The code as an SVG picture, where one was drawn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        svg: Option<String>,
    },
    /// The merchant's app hands these to the wallet's SDK.
    App {
        /// What the SDK asks for, by its names.
        parameters: BTreeMap<String, String>,
    },
    /// The page inside of the wallet's app hands these to its bridge.
    InApp {
        /// What the bridge asks for, by its names.
        parameters: BTreeMap<String, String>,
    },
}

impl PayerStep {
    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ClientSecret { .. } => "client_secret",
            Self::Redirect { .. } => "redirect",
            Self::QrCode { .. } => "qr_code",
            Self::App { .. } => "app",
            Self::InApp { .. } => "in_app",
        }
    }
}

impl NextAction {
    /// The payer's browser pays with this secret, as long as the intent is open.
    pub const fn client_secret(client_secret: String) -> Self {
        Self {
            step: PayerStep::ClientSecret { client_secret },
            expires_at: None,
        }
    }
}

impl fmt::Debug for PayerStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayerStep({}, hidden)", self.name())
    }
}

impl fmt::Debug for NextAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextAction")
            .field("step", &self.step)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_flat_object_that_reads_back() {
        let action = NextAction {
            step: PayerStep::Redirect {
                url: "https://pay.example/1".into(),
            },
            expires_at: DateTime::from_timestamp(1_800_000_000, 0),
        };
        let json = serde_json::to_string(&action).unwrap();
        let expected =
            r#"{"type":"redirect","url":"https://pay.example/1","expires_at":"2027-01-15T08:00:00Z"}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<NextAction>(&json).unwrap(), action);
    }

    #[test]
    fn printing_it_shows_nothing_to_pay_with() {
        let printed = format!("{:?}", NextAction::client_secret("pi_1_secret_x".into()));
        assert!(
            printed.contains("client_secret") && !printed.contains("pi_1"),
            "{printed}"
        );
    }
}
