//! `keys`: how merchants prove who they are.

use domain::{api_key::ApiKeyText, id::MerchantId};
use ring::rand::{SecureRandom, SystemRandom};
use store::ApiKey;

use crate::{Answer, Console, ConsoleError};

impl Console<'_> {
    pub(crate) async fn create_key(&self, merchant: &str) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(merchant).await?.id;
        let text = new_key()?;
        self.store
            .add_key(&row(&text, merchant), &self.actor, self.now())
            .await?;
        Ok(Answer::new([
            ("merchant_id", merchant.to_string()),
            ("api_key_id", text.id().to_owned()),
            ("api_key", text.expose().expose().to_owned()),
        ]))
    }

    pub(crate) async fn revoke_key(&self, id: &str) -> Result<Answer, ConsoleError> {
        if !self.store.revoke_key(id, &self.actor, self.now()).await? {
            // Somebody may have pasted the whole key: only the part that is no secret is repeated.
            return Err(ConsoleError::UnknownKey(id.chars().take(16).collect()));
        }
        Ok(Answer::new([("revoked", id)]))
    }
}

/// A new key from the system's randomness.
pub(crate) fn new_key() -> Result<ApiKeyText, ConsoleError> {
    let mut bytes = [0; ApiKeyText::RANDOM_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ConsoleError::NoRandomness)?;
    Ok(ApiKeyText::from_random(&bytes))
}

/// What is stored of a key.
pub(crate) fn row(text: &ApiKeyText, merchant_id: MerchantId) -> ApiKey {
    ApiKey {
        id: text.id().to_owned(),
        merchant_id,
        secret_hash: text.secret_hash(),
        revoked: false,
    }
}
