//! `keys`: how merchants prove who they are.

use domain::{api_key::ApiKeyText, id::MerchantId};
use ring::rand::{SecureRandom, SystemRandom};
use store::{ApiKey, Doing, Store};

use crate::{Answer, Console, ConsoleError};

impl Console<'_> {
    pub(crate) async fn create_key(&self, merchant: &str) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(merchant).await?.id;
        let text = new_key()?;
        create(&self.store, merchant, &text, self.doing()).await?;
        Ok(Answer::new([
            ("merchant_id", merchant.to_string()),
            ("api_key_id", text.id().to_owned()),
            ("api_key", text.expose().expose().to_owned()),
        ]))
    }

    pub(crate) async fn revoke_key(&self, id: &str) -> Result<Answer, ConsoleError> {
        revoke(&self.store, id, self.doing()).await?;
        Ok(Answer::new([("revoked", id)]))
    }
}

/// Stores a key of a merchant that is there.
///
/// # Errors
/// There is a key of its id.
pub(crate) async fn create(
    store: &Store,
    merchant: MerchantId,
    text: &ApiKeyText,
    doing: Doing<'_>,
) -> Result<(), ConsoleError> {
    if store.add_key(&row(text, merchant), doing).await? {
        Ok(())
    } else {
        Err(ConsoleError::KeyMade(text.id().to_owned()))
    }
}

/// Lets a key prove nothing any more.
///
/// # Errors
/// There is no such key that is still good.
pub(crate) async fn revoke(store: &Store, id: &str, doing: Doing<'_>) -> Result<(), ConsoleError> {
    if store.revoke_key(id, doing).await? {
        return Ok(());
    }
    // Somebody may have pasted the whole key: only the part that is no secret is repeated.
    Err(ConsoleError::UnknownKey(id.chars().take(16).collect()))
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
