//! `create_wallet`: open a wallet, unless its owner has one in this currency already.
//!
//! Nobody outside is asked, so the whole job is one record. That the wallet is there already is no trouble: it is the same.

use domain::{
    job::{CreateWallet, CreateWalletReply},
    outcome::Outcome,
    wallet::{Wallet, WalletView},
};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, Run},
};

impl Handler for CreateWallet {
    async fn run(&self, context: &Context, _: &Run) -> Result<Outcome, StoreError> {
        let now = context.clock.now();
        let wallet = Wallet::new(self.merchant_id, self.user_id.clone(), self.currency, now);
        let record = Record {
            new_wallet: Some(wallet),
            ..Record::default()
        };
        match context.recorder.write(record).await? {
            Verdict::Written | Verdict::Duplicate => Ok(Outcome::Done),
            Verdict::Stale => Err(StoreError::Contended(self.wallet_id().to_string())),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let wallet = context.store.posted_wallet(self.wallet_id()).await?;
        let reply = wallet.map(|wallet| CreateWalletReply::Wallet(Box::new(WalletView::from(&wallet))));
        Ok(reply.and_then(|reply| serde_json::to_vec(&reply).ok()))
    }
}
