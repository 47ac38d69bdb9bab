//! What a merchant wants done with a payment that exists: cancel it, or confirm it.
//!
//! Each wish is carried out once under its own key, and what came of it is kept, so that a repeat is answered and a
//! refusal can be seen.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::request::check_url;
use crate::{
    fingerprint::Fingerprint,
    id::{IdempotencyKey, MerchantId, PaymentId},
    texts::{InvalidText, check_text},
};

/// What can be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// Close the payment before it is paid.
    Cancel,
    /// Try to pay it with a payment method.
    Confirm,
}

impl ActionKind {
    /// The name used in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Confirm => "confirm",
        }
    }
}

/// The details of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionRequest {
    /// Close the payment before it is paid.
    Cancel {
        /// Why, in the merchant's words; at most 500 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Who decided it, by the merchant's own name for that person; at most 200 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operator: Option<String>,
    },
    /// Try to pay it.
    Confirm {
        /// A payment method known to the provider; the one already on the intent when it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_method: Option<String>,
        /// Where the payer's browser returns to after a step on another page; http or https.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        return_url: Option<String>,
    },
}

impl ActionRequest {
    /// What is wanted.
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Cancel { .. } => ActionKind::Cancel,
            Self::Confirm { .. } => ActionKind::Confirm,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        match self {
            Self::Cancel { reason, operator } => {
                check_text("reason", reason.as_deref(), 500)?;
                check_text("operator", operator.as_deref(), 200)
            }
            Self::Confirm {
                payment_method,
                return_url,
            } => {
                check_text("payment_method", payment_method.as_deref(), 255)?;
                check_url("return_url", return_url.as_deref())
            }
        }
    }

    /// SHA-256 of the wish about this payment in one canonical form.
    pub fn fingerprint(&self, payment_id: PaymentId) -> [u8; 32] {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("payment_id", Some(&payment_id.to_string()));
        fingerprint.field("action", Some(self.kind().name()));
        match self {
            Self::Cancel { reason, operator } => {
                fingerprint.field("reason", reason.as_deref());
                fingerprint.field("operator", operator.as_deref());
            }
            Self::Confirm {
                payment_method,
                return_url,
            } => {
                fingerprint.field("payment_method", payment_method.as_deref());
                fingerprint.field("return_url", return_url.as_deref());
            }
        }
        fingerprint.finish()
    }
}

/// A wish and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAction {
    /// Whose wish it was.
    pub merchant_id: MerchantId,
    /// About which payment.
    pub payment_id: PaymentId,
    /// The key it came under.
    pub idempotency_key: IdempotencyKey,
    /// SHA-256 of the wish; the same key with another fingerprint is a conflict.
    pub fingerprint: [u8; 32],
    /// The wish.
    pub request: ActionRequest,
    /// What came of it.
    pub outcome: ActionOutcome,
    /// When that was known.
    pub at: DateTime<Utc>,
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ActionOutcome {
    /// It was carried out; the payment says how it stands.
    Done,
    /// It could not be.
    Refused {
        /// A stable code, such as `payment_already_paid`.
        code: String,
        /// One sentence for people, without secrets or personal data.
        message: String,
    },
}
