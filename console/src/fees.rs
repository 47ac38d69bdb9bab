//! `channels set-fees`: what a merchant's provider may keep.

use domain::{channel::Channel, id::MerchantId, reconciliation::AgreedFee};
use serde_json::Value;
use store::{Doing, Store};

use crate::{Answer, Console, ConsoleError, args::SetFees};

impl Console<'_> {
    pub(crate) async fn set_fees(&self, args: &SetFees) -> Result<Answer, ConsoleError> {
        let (merchant, channel) = (self.merchant(&args.merchant).await?.id, args.channel);
        let agreed = AgreedFee {
            bps: args.fee_bps,
            fixed_minor: args.fee_fixed_minor,
        };
        set(&self.store, merchant, channel, agreed, self.doing()).await?;
        Ok(Answer::new([
            ("merchant_id", Value::from(merchant.to_string())),
            ("channel", Value::from(channel.name())),
            ("fee_bps", Value::from(agreed.bps)),
            ("fee_fixed_minor", Value::from(agreed.fixed_minor)),
        ]))
    }
}

/// Sets what a merchant and its provider have agreed.
///
/// # Errors
/// The merchant does not use the channel.
pub(crate) async fn set(
    store: &Store,
    merchant: MerchantId,
    channel: Channel,
    agreed: AgreedFee,
    doing: Doing<'_>,
) -> Result<(), ConsoleError> {
    if store.set_fees(merchant, channel, agreed, doing).await? {
        Ok(())
    } else {
        Err(ConsoleError::NoCredentials { merchant, channel })
    }
}
