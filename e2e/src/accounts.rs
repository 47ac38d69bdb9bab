//! A merchant's accounts at the providers besides Stripe: opened at the sandbox, and handed to the console.
//!
//! Every account belongs to one merchant, so cases do not see each other's. What signs requests is the same test key for
//! all of them; it opens nothing anywhere.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Merchant, World};

/// Signs a merchant's requests to Alipay and WeChat Pay.
const MERCHANT_KEY: &str = include_str!("accounts/merchant_key.pem");
/// What the sandbox checks them with.
const MERCHANT_PUBLIC_KEY: &str = include_str!("accounts/merchant_public_key.pem");

/// The providers at which accounts are opened here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// Alipay.
    Alipay,
    /// WeChat Pay.
    Wechat,
    /// PayPal.
    Paypal,
}

impl Account {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Alipay, Self::Wechat, Self::Paypal];

    /// The channel's name.
    pub const fn channel(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
            Self::Paypal => "paypal",
        }
    }
}

impl World {
    /// Opens an account for the merchant and makes it known; gives the account's name at the provider, as fault dials
    /// know it.
    ///
    /// # Errors
    /// The sandbox or the console refuses or does not answer.
    pub async fn open_account(&self, merchant: &Merchant, account: Account) -> anyhow::Result<String> {
        let (name, credentials) = match account {
            Account::Alipay => self.open_at_alipay().await?,
            Account::Wechat => self.open_at_wechat().await?,
            Account::Paypal => self.open_at_paypal(merchant).await?,
        };
        let channel = account.channel();
        let set = [
            "channels",
            "set",
            "--merchant",
            &merchant.id,
            "--channel",
            channel,
            "--from",
            "stdin",
        ];
        self.console.run(&set, &credentials.to_string()).await?;
        Ok(name)
    }

    async fn open_at_alipay(&self) -> anyhow::Result<(String, Value)> {
        let (app_id, seller_id) = (digits(16), format!("2088{}", digits(12)));
        let opened = self
            .sandbox
            .put(
                &format!("/sandbox/alipay/apps/{app_id}"),
                json!({ "public_key": MERCHANT_PUBLIC_KEY, "seller_id": seller_id }),
            )
            .await?;
        let credentials = json!({
            "app_id": app_id, "seller_id": seller_id, "private_key": MERCHANT_KEY,
            "alipay_public_keys": [opened["alipay_public_key"]],
        });
        Ok((app_id, credentials))
    }

    async fn open_at_wechat(&self) -> anyhow::Result<(String, Value)> {
        let (mchid, appid, serial_no) = (digits(10), format!("wx{}", digits(16)), digits(40));
        let apiv3_key = Uuid::new_v4().simple().to_string();
        let opened = self
            .sandbox
            .put(
                &format!("/sandbox/wechat/merchants/{mchid}"),
                json!({
                    "appid": appid, "serial_no": serial_no, "public_key": MERCHANT_PUBLIC_KEY,
                    "apiv3_key": apiv3_key, "key_mode": "public_key",
                }),
            )
            .await?;
        let credentials = json!({
            "mchid": mchid, "appid": appid, "serial_no": serial_no, "private_key": MERCHANT_KEY,
            "apiv3_keys": [apiv3_key],
            "verifiers": [{ "id": opened["wechat"]["public_key_id"], "public_key": opened["wechat"]["public_key"] }],
        });
        Ok((mchid, credentials))
    }

    async fn open_at_paypal(&self, merchant: &Merchant) -> anyhow::Result<(String, Value)> {
        let (client_id, secret) = (format!("client-{}", digits(16)), Uuid::new_v4().to_string());
        let merchant_id = digits(13);
        let url = merchant.callback_url.replace("/stripe/", "/paypal/");
        let webhook_id = digits(17);
        self.sandbox
            .put(
                &format!("/sandbox/paypal/apps/{client_id}"),
                json!({
                    "secret": secret, "merchant_id": merchant_id,
                    "webhook": { "id": webhook_id, "url": url },
                }),
            )
            .await?;
        let credentials = json!({
            "client_id": client_id, "client_secret": secret, "webhook_ids": [webhook_id],
            "merchant_id": merchant_id,
        });
        Ok((client_id, credentials))
    }
}

/// So many digits that nobody else has.
fn digits(count: usize) -> String {
    let random = Uuid::new_v4().as_u128().to_string().repeat(2);
    random.chars().take(count).collect()
}
