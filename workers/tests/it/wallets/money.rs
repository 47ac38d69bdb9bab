//! Wallets with something in them, and what is in them afterwards.

use domain::{currency::Currency, id::WalletId, ledger::Transfer, money::Money, wallet::Wallet};
use store::{Record, TransferRecord, Verdict};

use crate::support::{World, now};

pub const fn dollars(amount_minor: i64) -> Money {
    Money {
        amount_minor,
        currency: Currency::USD,
    }
}

impl World {
    /// A wallet in dollars with so much in it.
    pub async fn filled_wallet(&self, user: &str, amount_minor: i64) -> WalletId {
        let wallet = Wallet::new(self.merchant_id, user.parse().unwrap(), Currency::USD, now());
        let id = wallet.id;
        let record = Record {
            new_wallet: Some(wallet),
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
        if amount_minor > 0 {
            self.fill(id, amount_minor).await;
        }
        id
    }

    /// Moves money into a wallet, or out of it.
    pub async fn fill(&self, id: WalletId, amount_minor: i64) {
        let wallet = self.store.wallet(id).await.unwrap().unwrap();
        let subject = format!("adj_{id}_{}", wallet.version);
        let transfer = Transfer::wallet_adjusted(&wallet, amount_minor, subject);
        let at = now();
        let record = Record {
            wallets: vec![wallet.after(&transfer, None, at).unwrap()],
            transfers: vec![TransferRecord { transfer, at }],
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
    }

    /// What is in a wallet, and how much of that is held.
    pub async fn wallet_figures(&self, id: WalletId) -> (i64, i64) {
        let wallet = self.store.wallet(id).await.unwrap().unwrap();
        (wallet.balance_minor, wallet.held_minor)
    }
}
