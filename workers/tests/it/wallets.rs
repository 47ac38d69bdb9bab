//! Wallets: opened once, filled, held, paid out, and refused where they do not allow it.

mod after_all;
mod money;
mod opening;
pub mod paying;
mod steps;
mod topping_up;

use std::time::Duration;

use broker::Called;
use domain::{
    currency::Currency,
    id::WalletId,
    job::{ChangeWallet, ChangeWalletReply, CreateWallet, Envelope, Job},
    trace::TraceParent,
    wallet::WalletStep,
};

use crate::support::{World, key, now};

/// How long somebody waits for the end of a job.
const WAIT: Duration = Duration::from_secs(30);

pub fn adjust(amount_minor: i64) -> WalletStep {
    WalletStep::Adjust {
        amount_minor,
        reason: "found in the till".into(),
        administrator: "root".into(),
    }
}

pub fn hold(amount_minor: i64) -> WalletStep {
    let reason = "a deposit".into();
    WalletStep::Hold { amount_minor, reason }
}

pub fn withdraw(amount_minor: i64) -> WalletStep {
    let note = Some("to my bank".into());
    WalletStep::Withdraw { amount_minor, note }
}

pub fn transfer(to_wallet_id: WalletId, amount_minor: i64) -> WalletStep {
    WalletStep::Transfer {
        to_wallet_id,
        amount_minor,
        note: Some("thanks".into()),
    }
}

impl World {
    pub fn wallet_wish(&self, name: &str, wallet_id: WalletId, request: WalletStep) -> ChangeWallet {
        ChangeWallet {
            merchant_id: self.merchant_id,
            idempotency_key: key(name),
            wallet_id,
            request,
            operator: None,
        }
    }

    /// Publishes a wish and waits for its end; none when nobody answered.
    pub async fn ask_wallet(&self, job: &ChangeWallet) -> Option<ChangeWalletReply> {
        let reply = self.answer_to(job).await?;
        Some(serde_json::from_slice(&reply).unwrap())
    }

    pub fn wallet_job(&self, user: &str) -> CreateWallet {
        CreateWallet {
            merchant_id: self.merchant_id,
            user_id: user.parse().unwrap(),
            currency: Currency::EUR,
            account: None,
        }
    }

    /// A wallet in euros of this user, and its id.
    pub async fn wallet(&self, user: &str) -> WalletId {
        let job = self.wallet_job(user);
        self.answer_to(&job).await.unwrap();
        job.wallet_id()
    }

    /// Publishes a job and waits for its end; none when nobody answered.
    pub async fn answer_to(&self, job: &impl Job) -> Option<Vec<u8>> {
        let envelope = Envelope::new(job, TraceParent::root(), now());
        match self.caller().call(&envelope, WAIT).await.unwrap() {
            Called::Replied(body) => Some(body),
            Called::TimedOut => None,
        }
    }

    /// The books agree with themselves and with all that they are about.
    pub async fn books_agree(&self) {
        let report = self.store.ledger_check().await.unwrap();
        assert!(report.agrees(), "{:?}", report.disagreements);
    }
}
