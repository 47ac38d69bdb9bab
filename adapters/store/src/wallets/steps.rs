//! Reading what a step of a wallet looks at, and what came of one.

use chrono::{DateTime, Utc};
use domain::{
    id::{HoldId, IdempotencyKey, MerchantId, WalletId, WithdrawalId},
    wallet::{
        Hold, Wallet, WalletAction, WalletResult, WalletStanding, WalletStep, WalletStepKind, WalletSubject,
        Withdrawal,
    },
};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Scoped, Store, StoreError, pool::answered};

const SELECT_ACTION: &str = "
select wallet_id, fingerprint, outcome, operator, at
from wallet_actions where merchant_id = $1 and action = $2 and idempotency_key = $3";

impl Store {
    /// What a step looks at, unless the merchant has no such wallet. The wallet is read last and guards the rest: what has
    /// changed meanwhile has changed it as well, or has a version of its own.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn wallet_standing(
        &self,
        merchant_id: MerchantId,
        id: WalletId,
        step: &WalletStep,
    ) -> Result<Option<WalletStanding>, StoreError> {
        let (mut hold, mut withdrawal, mut recipient) = (None, None, None);
        match step {
            WalletStep::Capture { hold_id, .. } | WalletStep::Release { hold_id } => {
                hold = self.hold_of(id, *hold_id).await?;
            }
            WalletStep::CompleteWithdrawal { withdrawal_id, .. }
            | WalletStep::RejectWithdrawal { withdrawal_id, .. }
            | WalletStep::EndWithdrawal { withdrawal_id, .. } => {
                withdrawal = self.withdrawal_of(id, *withdrawal_id).await?;
            }
            WalletStep::Transfer { to_wallet_id, .. } => {
                recipient = self.wallet_of(merchant_id, *to_wallet_id).await?;
            }
            WalletStep::Hold { .. } | WalletStep::Withdraw { .. } | WalletStep::Adjust { .. } => {}
        }
        let wallet = self.wallet_of(merchant_id, id).await?;
        Ok(wallet.map(|wallet| WalletStanding {
            wallet,
            hold,
            withdrawal,
            recipient,
        }))
    }

    /// What came of a step about this, as it stands now.
    ///
    /// # Errors
    /// As [`Self::wallet_standing`].
    pub async fn wallet_result(
        &self,
        id: WalletId,
        subject: WalletSubject,
    ) -> Result<Option<WalletResult>, StoreError> {
        Ok(match subject {
            WalletSubject::Hold(hold) => self.hold_of(id, hold).await?.map(WalletResult::Hold),
            WalletSubject::Withdrawal(withdrawal) => self
                .withdrawal_of(id, withdrawal)
                .await?
                .map(WalletResult::Withdrawal),
            WalletSubject::Movement(movement) => {
                let line = self.wallet_transaction(id, &movement.to_string()).await?;
                line.map(WalletResult::Transaction)
            }
        })
    }

    /// What came of the wish about a wallet that a merchant had under this key, once that is known.
    ///
    /// # Errors
    /// As [`Self::wallet_standing`].
    pub async fn wallet_action(
        &self,
        merchant_id: MerchantId,
        kind: WalletStepKind,
        key: &IdempotencyKey,
    ) -> Result<Option<WalletAction>, StoreError> {
        let asking = sqlx::query_as::<_, ActionRow>(SELECT_ACTION)
            .bind(merchant_id.as_uuid())
            .bind(kind.name())
            .bind(key.as_str());
        let row = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(|row| row.into_action(merchant_id, kind, key)).transpose()
    }

    async fn wallet_of(&self, merchant_id: MerchantId, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        let wallet = self.wallet(id).await?;
        Ok(wallet.filter(|wallet| wallet.merchant_id == merchant_id))
    }

    async fn hold_of(&self, wallet: WalletId, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let hold = self.hold(id).await?;
        Ok(hold.filter(|hold| hold.wallet_id == wallet))
    }

    async fn withdrawal_of(
        &self,
        wallet: WalletId,
        id: WithdrawalId,
    ) -> Result<Option<Withdrawal>, StoreError> {
        let withdrawal = self.withdrawal(id).await?;
        Ok(withdrawal.filter(|withdrawal| withdrawal.wallet_id == wallet))
    }
}

impl Scoped<'_> {
    /// What a step looks at, if the wallet is there to be seen. One that is to gain may be anybody's of the same merchant.
    ///
    /// # Errors
    /// As [`Store::wallet_standing`].
    pub async fn wallet_standing(
        &self,
        merchant_id: MerchantId,
        id: WalletId,
        step: &WalletStep,
    ) -> Result<Option<WalletStanding>, StoreError> {
        let standing = self.store.wallet_standing(merchant_id, id, step).await?;
        Ok(standing.filter(|standing| self.covers_wallet(&standing.wallet)))
    }

    /// What came of a step about this, as it stands now. Whoever asks has seen the wallet.
    ///
    /// # Errors
    /// As [`Store::wallet_standing`].
    pub async fn wallet_result(
        &self,
        wallet: &Wallet,
        subject: WalletSubject,
    ) -> Result<Option<WalletResult>, StoreError> {
        if self.covers_wallet(wallet) {
            self.store.wallet_result(wallet.id, subject).await
        } else {
            Ok(None)
        }
    }

    /// What came of the wish about a wallet that a merchant had under this key, once that is known. Whoever acts for a
    /// merchant knows the key.
    ///
    /// # Errors
    /// As [`Store::wallet_standing`].
    pub async fn wallet_action(
        &self,
        merchant_id: MerchantId,
        kind: WalletStepKind,
        key: &IdempotencyKey,
    ) -> Result<Option<WalletAction>, StoreError> {
        if self.scope.reaches(merchant_id) {
            self.store.wallet_action(merchant_id, kind, key).await
        } else {
            Ok(None)
        }
    }
}

#[derive(FromRow)]
struct ActionRow {
    wallet_id: Uuid,
    fingerprint: Vec<u8>,
    outcome: Value,
    operator: Option<String>,
    at: DateTime<Utc>,
}

impl ActionRow {
    fn into_action(
        self,
        merchant_id: MerchantId,
        kind: WalletStepKind,
        key: &IdempotencyKey,
    ) -> Result<WalletAction, StoreError> {
        let unreadable =
            |problem: String| StoreError::unreadable(format!("the wish {:?}", key.as_str()), problem);
        Ok(WalletAction {
            merchant_id,
            wallet_id: WalletId::from_uuid(self.wallet_id),
            kind,
            idempotency_key: key.clone(),
            fingerprint: self
                .fingerprint
                .try_into()
                .map_err(|_| unreadable("fingerprint".into()))?,
            outcome: serde_json::from_value(self.outcome).map_err(|e| unreadable(e.to_string()))?,
            operator: self.operator,
            at: self.at,
        })
    }
}
