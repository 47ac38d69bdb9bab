//! Accounts of merchants' users: opened once whatever goes wrong, and kept as their provider says.

pub mod destinations;
mod ended;
mod forgotten;
mod in_review;
mod opening;
mod payouts;
mod racing;
mod told;

use domain::{
    connect::{AccountStatus, ConnectedAccount},
    id::WalletId,
    job::CreateAccount,
};
use serde_json::{Value, json};

use crate::support::{World, key};

/// The call that opens an account.
pub const OPENING: &str = "POST /v1/accounts";

impl World {
    pub fn account_job(&self, name: &str, wallet_id: WalletId) -> CreateAccount {
        CreateAccount {
            merchant_id: self.merchant_id,
            idempotency_key: key(name),
            wallet_id,
            country: "US".into(),
        }
    }

    /// The account of a user, opened at the provider.
    pub async fn account(&self, user: &str) -> ConnectedAccount {
        let job = self.account_job(user, self.wallet(user).await);
        self.publish(&job).await;
        self.account_until(&job, AccountStatus::Onboarding).await
    }

    pub async fn account_until(&self, job: &CreateAccount, status: AccountStatus) -> ConnectedAccount {
        let ask = async || {
            let account = self.store.connected_account(job.account_id()).await.unwrap();
            account.map(|account| account.status)
        };
        self.wait_until(Some(status), ask).await;
        self.store
            .connected_account(job.account_id())
            .await
            .unwrap()
            .unwrap()
    }

    /// The provider's id of a user's account, whose owner has told all that is asked and which is known to be active.
    pub async fn activated(&self, user: &str) -> String {
        let account = self.account(user).await;
        self.complete(&account).await;
        let id = account.channel_account_id.unwrap();
        let object = json!({ "id": id, "object": "account" });
        let event = format!("evt_active_{user}");
        self.publish(&self.callback_of(Some(&id), &event, "account.updated", &object))
            .await;
        let active = "select count(*) from connected_accounts where status = 'active'";
        self.wait_until(1, async || self.count(active).await).await;
        id
    }

    /// The accounts that the provider really has for the merchant.
    pub async fn accounts_at_provider(&self) -> Vec<Value> {
        let path = format!("/sandbox/stripe/accounts?account={}", self.account);
        self.get(&path).await.as_array().unwrap().clone()
    }

    /// The owner of an account tells the provider all that it asks for.
    pub async fn complete(&self, account: &ConnectedAccount) {
        let id = account.channel_account_id.as_deref().unwrap();
        let path = format!("/sandbox/stripe/accounts/{id}/complete");
        self.post(&path, json!({})).await;
    }
}
