//! What came of a wish about a wallet.

use chrono::{DateTime, Utc};

use super::{Hold, WalletTransaction, Withdrawal};
use crate::{
    id::{IdempotencyKey, MerchantId, WalletId},
    payment::ActionOutcome,
    wallet::WalletStepKind,
};

/// What a step that was taken has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletResult {
    /// A hold.
    Hold(Hold),
    /// A withdrawal.
    Withdrawal(Withdrawal),
    /// A line of the wallet's statement.
    Transaction(WalletTransaction),
}

/// A wish about a wallet and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletAction {
    /// Whose wish it was.
    pub merchant_id: MerchantId,
    /// About which wallet.
    pub wallet_id: WalletId,
    /// What was wanted.
    pub kind: WalletStepKind,
    /// The key it came under.
    pub idempotency_key: IdempotencyKey,
    /// SHA-256 of the wish; the same key with another fingerprint is a conflict.
    pub fingerprint: [u8; 32],
    /// What came of it.
    pub outcome: ActionOutcome,
    /// Who decided it, by the merchant's own name for that person.
    pub operator: Option<String>,
    /// When that was known.
    pub at: DateTime<Utc>,
}
