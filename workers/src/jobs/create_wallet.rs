//! `create_wallet`: open a wallet, unless its owner has one in this currency already.
//!
//! Nobody outside is asked, so the whole job is one record. That the wallet is there already is no trouble: it is the same. The
//! account that its owner is to have is a job of its own, published with the record, and once more by whoever finds the wallet
//! there: an account is opened once, and one that is left on the way is gone on with.

use domain::{
    job::{CreateAccount, CreateWallet, CreateWalletReply, Envelope},
    outcome::{ErrorClass, Outcome, Reason},
    wallet::{Wallet, WalletView},
};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{Handler, Run},
};

impl Handler for CreateWallet {
    async fn run(&self, context: &Context, run: &Run) -> Result<Outcome, StoreError> {
        let account = self.create_account();
        if let Some(Err(error)) = account.as_ref().map(CreateAccount::validate) {
            let reason = Reason::new(ErrorClass::Invalid, error.to_string());
            return Ok(Outcome::Fail(reason));
        }
        let now = context.clock.now();
        let wallet = Wallet::new(self.merchant_id, self.user_id.clone(), self.currency, now);
        let opened = account.map(|job| Envelope::new(&job, run.trace, now));
        let published = Record {
            jobs: opened.into_iter().collect(),
            ..Record::default()
        };
        let record = Record {
            new_wallet: Some(wallet),
            ..published.clone()
        };
        match context.recorder.write(record).await? {
            Verdict::Written => Ok(Outcome::Done),
            Verdict::Duplicate if published.jobs.is_empty() => Ok(Outcome::Done),
            Verdict::Duplicate => {
                context.recorder.write(published).await?;
                Ok(Outcome::Done)
            }
            Verdict::Stale => Err(StoreError::Contended(self.wallet_id().to_string())),
        }
    }

    async fn reply(&self, context: &Context) -> Result<Option<Vec<u8>>, StoreError> {
        let wallet = context.store.posted_wallet(self.wallet_id()).await?;
        let reply = wallet.map(|wallet| CreateWalletReply::Wallet(Box::new(WalletView::from(&wallet))));
        Ok(reply.and_then(|reply| serde_json::to_vec(&reply).ok()))
    }
}
