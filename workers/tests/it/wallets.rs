//! Wallets: opened once, filled, held, paid out, and refused where they do not allow it.

mod opening;

use std::time::Duration;

use broker::Called;
use domain::{
    currency::Currency,
    id::WalletId,
    job::{CreateWallet, Envelope, Job},
    trace::TraceParent,
};

use crate::support::{World, now};

/// How long somebody waits for the end of a job.
const WAIT: Duration = Duration::from_secs(30);

impl World {
    pub fn wallet_job(&self, user: &str) -> CreateWallet {
        CreateWallet {
            merchant_id: self.merchant_id,
            user_id: user.parse().unwrap(),
            currency: Currency::EUR,
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
