//! Accounts that are connected to the merchant's own: opened once, shown, found again, and the links to where their owners
//! tell about themselves.

use domain::{
    channel::{CallError, ChannelAccount, NewAccount, NewAccountLink},
    clock::{Clock, SystemClock},
    connect::Abilities,
    id::{ConnectedAccountId, IdempotencyKey, MerchantId},
};
use serde_json::json;

use crate::setting::{Setting, lately};

const CREATE: &str = "POST /v1/accounts";
const LIST: &str = "GET /v1/accounts";
const LINK: &str = "POST /v1/account_links";

/// An account that nobody has asked for yet.
pub fn new_account() -> NewAccount {
    let key = IdempotencyKey::try_from("seller-1".to_owned()).unwrap();
    NewAccount {
        account_id: ConnectedAccountId::derive(MerchantId::random(), &key),
        country: "US".into(),
    }
}

impl Setting {
    pub async fn open_account(&self, new: &NewAccount) -> Result<ChannelAccount, CallError> {
        let (account, exchange) = self.channels.create_account(&self.credentials, new).await;
        assert_eq!(exchange.operation.name(), "create_account");
        account
    }

    /// An account whose owner has told Stripe all that it asks; its id.
    pub async fn active_account(&self) -> String {
        let account = self.open_account(&new_account()).await.unwrap();
        self.complete(&account.id).await;
        account.id
    }

    async fn complete(&self, id: &str) {
        self.order(&format!("stripe/accounts/{id}/complete"), &json!({}))
            .await;
    }

    async fn found(&self, new: &NewAccount) -> Result<Option<ChannelAccount>, CallError> {
        let finding = self
            .channels
            .find_account(&self.credentials, new.account_id, lately());
        finding.await.0
    }
}

#[tokio::test]
async fn an_account_is_opened_once_under_its_own_key() {
    let setting = Setting::new().await;
    let new = new_account();
    let account = setting.open_account(&new).await.unwrap();
    assert_eq!(account.account_id, Some(new.account_id));
    assert_eq!(account.abilities, Abilities::default());
    assert!(!account.requirements.currently_due.is_empty());
    assert_eq!(setting.open_account(&new).await, Ok(account.clone()));
    let calls = setting.calls(CREATE).await;
    assert_eq!(
        calls[0]["idempotency_key"],
        format!("{}/create_account", new.account_id)
    );
    assert_eq!(
        calls[0]["metadata"]["sluice_account_id"],
        new.account_id.to_string()
    );
    assert_eq!(calls[1]["replayed"], true);
    assert_eq!(setting.shown("stripe/accounts").await.len(), 1);

    setting.complete(&account.id).await;
    let (shown, exchange) = setting
        .channels
        .retrieve_account(&setting.credentials, &account.id)
        .await;
    assert_eq!(
        (exchange.operation.name(), exchange.outcome),
        ("retrieve_account", "ok")
    );
    let shown = shown.unwrap();
    let all = Abilities {
        charges_enabled: true,
        payouts_enabled: true,
        transfers_enabled: true,
        details_submitted: true,
    };
    assert_eq!((shown.id, shown.abilities), (account.id, all));
    assert!(shown.requirements.currently_due.is_empty());
}

#[tokio::test]
async fn an_account_opened_unseen_is_unknown_then_found_and_a_repeat_opens_no_other() {
    for fault in ["hang_after", "reset_after", "malformed", "error_after"] {
        let setting = Setting::new().await;
        let new = new_account();
        setting.open_account(&new_account()).await.unwrap();
        assert_eq!(setting.found(&new).await, Ok(None));
        setting.fault_once(CREATE, fault).await;
        let lost = setting.open_account(&new).await;
        assert!(
            matches!(lost, Err(CallError::Unknown { .. })),
            "{fault}: {lost:?}"
        );
        let found = setting.found(&new).await.unwrap().unwrap();
        assert_eq!(found.account_id, Some(new.account_id), "{fault}");
        let repeated = setting.open_account(&new).await;
        // An error that Stripe has kept under the key is answered again.
        if fault != "error_after" {
            assert_eq!(repeated, Ok(found), "{fault}");
        }
        assert_eq!(setting.shown("stripe/accounts").await.len(), 2, "{fault}");
    }
}

#[tokio::test]
async fn only_what_surely_was_not_opened_is_told_as_such() {
    let setting = Setting::new().await;
    for (fault, outcome) in [
        ("hang_before", "unknown"),
        ("reset_before", "unknown"),
        ("error", "unknown"),
        ("rate_limit", "not_done"),
    ] {
        setting.fault_once(CREATE, fault).await;
        let new = new_account();
        let (_, exchange) = setting.channels.create_account(&setting.credentials, &new).await;
        assert_eq!(exchange.outcome, outcome, "{fault}: {exchange:?}");
        assert_eq!(setting.found(&new).await, Ok(None), "{fault}");
    }
    for fault in ["error", "reset_before", "malformed", "rate_limit"] {
        setting.fault_once(LIST, fault).await;
        let found = setting.found(&new_account()).await;
        assert!(found.is_err(), "{fault}: {found:?}");
    }
    let nowhere = NewAccount {
        country: "KP".into(),
        ..new_account()
    };
    let refused = setting.open_account(&nowhere).await;
    assert!(
        matches!(&refused, Err(CallError::Refused { code, .. }) if code == "country_unsupported"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_link_leads_its_owner_to_where_all_is_told() {
    let setting = Setting::new().await;
    let account = setting.open_account(&new_account()).await.unwrap();
    let new = NewAccountLink {
        channel_account_id: account.id.clone(),
        return_url: "https://shop.example/back?a=1&b=2".into(),
        refresh_url: "https://shop.example/again".into(),
    };
    let make = async |new: &NewAccountLink| {
        setting
            .channels
            .create_account_link(&setting.credentials, new)
            .await
    };
    let link = make(&new).await.unwrap();
    assert!(link.expires_at > SystemClock.now());
    assert!(!format!("{link:?}").contains(&link.url), "{link:?}");
    let (_, page) = link.url.split_once("/sandbox/").unwrap();
    setting.order(page, &json!({})).await;
    let shown = setting
        .channels
        .retrieve_account(&setting.credentials, &account.id)
        .await;
    assert!(shown.0.unwrap().abilities.details_submitted);
    // Each is another one, and no key says that it is the same.
    assert_ne!(make(&new).await.unwrap().url, link.url);
    assert!(setting.calls(LINK).await[0]["idempotency_key"].is_null());
    for fault in ["hang_after", "error", "malformed"] {
        setting.fault_once(LINK, fault).await;
        assert!(make(&new).await.is_err(), "{fault}");
    }
    let nobodys = NewAccountLink {
        channel_account_id: "acct_nobody".into(),
        ..new
    };
    let refused = make(&nobodys).await;
    assert!(matches!(refused, Err(CallError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_account_id_is_not_sent() {
    let setting = Setting::new().await;
    for crooked in ["", "acct_1/reject", "../payment_intents/pi_1"] {
        let (shown, _) = setting
            .channels
            .retrieve_account(&setting.credentials, crooked)
            .await;
        assert!(
            matches!(&shown, Err(CallError::Refused { code, .. }) if code == "invalid_account_id"),
            "{shown:?}"
        );
    }
    assert!(setting.shown("calls").await.is_empty());
}
