//! `channels set-fees`: what a merchant's provider may keep.

use domain::reconciliation::AgreedFee;
use serde_json::Value;

use crate::{Answer, Console, ConsoleError, args::SetFees};

impl Console<'_> {
    pub(crate) async fn set_fees(&self, args: &SetFees) -> Result<Answer, ConsoleError> {
        let (merchant, channel) = (self.merchant(&args.merchant).await?.id, args.channel);
        let agreed = AgreedFee {
            bps: args.fee_bps,
            fixed_minor: args.fee_fixed_minor,
        };
        let set = self
            .store
            .set_fees(merchant, channel, agreed, &self.actor, self.now());
        if !set.await? {
            return Err(ConsoleError::NoCredentials { merchant, channel });
        }
        Ok(Answer::new([
            ("merchant_id", Value::from(merchant.to_string())),
            ("channel", Value::from(channel.name())),
            ("fee_bps", Value::from(agreed.bps)),
            ("fee_fixed_minor", Value::from(agreed.fixed_minor)),
        ]))
    }
}
