//! The one list of all channels. Adding a channel means adding its folder and its lines here, in
//! [`Channel`](domain::channel::Channel) and nowhere else; leaving one out does not compile.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::{
    callback::{CallbackHead, CallbackNews},
    channel::{CallError, Channel},
    secret::Secret,
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::{
    alipay::{self, Alipay, AlipayCredentials},
    callback::{CallbackProblem, CallbackRefused, SignatureRefused},
    capabilities::Capabilities,
    channel::{ChannelsError, PaymentChannel},
    containment::{ContainmentConfig, Gate},
    credentials::{Flaw, InvalidCredentials, read_fields},
    http::{HttpConfig, Line},
    paypal::{self, Paypal, PaypalCredentials},
    stripe::{self, Stripe, StripeConfig, StripeCredentials},
    wallet,
    wechat::{self, Wechat, WechatCredentials},
};

/// What a channel takes and promises.
pub const fn capabilities(channel: Channel) -> &'static Capabilities {
    match channel {
        Channel::Stripe => &stripe::CAPABILITIES,
        Channel::Alipay => &alipay::CAPABILITIES,
        Channel::Wechat => &wechat::CAPABILITIES,
        Channel::Paypal => &paypal::CAPABILITIES,
        Channel::Wallet => &wallet::CAPABILITIES,
    }
}

/// How the providers are reached. The same limits hold for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelsConfig {
    /// The address of Stripe's API, without a path.
    pub stripe_api_base: String,
    /// The address of Alipay's gateway.
    pub alipay_gateway: String,
    /// The address of WeChat Pay's API, without a path.
    pub wechat_api_base: String,
    /// The address of PayPal's API.
    pub paypal_api_base: String,
    /// How long a call may take in all, however many requests to its provider it needs.
    pub timeout: Duration,
    /// How long connecting may take; shorter than `timeout`.
    pub connect_timeout: Duration,
    /// How long looking for a lost intent or refund may take, all pages together.
    pub find_timeout: Duration,
    /// How many pages of a provider's list are looked through for a lost intent or refund.
    pub find_page_limit: u32,
    /// How long fetching a statement may take, all pages together.
    pub statement_timeout: Duration,
    /// How many pages a statement may have.
    pub statement_page_limit: u32,
    /// How each channel's calls are contained.
    pub containment: ContainmentConfig,
}

impl Default for ChannelsConfig {
    fn default() -> Self {
        let StripeConfig {
            api_base,
            find_page_limit,
            statement_page_limit,
        } = StripeConfig::default();
        Self {
            stripe_api_base: api_base,
            alipay_gateway: "https://openapi.alipay.com/gateway.do".into(),
            wechat_api_base: "https://api.mch.weixin.qq.com".into(),
            paypal_api_base: "https://api-m.paypal.com".into(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            find_timeout: Duration::from_secs(20),
            find_page_limit,
            statement_timeout: Duration::from_secs(300),
            statement_page_limit,
            containment: ContainmentConfig::default(),
        }
    }
}

/// The client of every channel.
#[derive(Debug)]
pub(crate) struct Clients {
    stripe: Stripe,
    alipay: Alipay,
    wechat: Wechat,
    paypal: Paypal,
}

impl Clients {
    /// The clients, each behind its channel's gate.
    pub(crate) fn new(
        config: &ChannelsConfig,
        gate: impl Fn(Channel) -> Arc<Gate>,
    ) -> Result<Self, ChannelsError> {
        let http = HttpConfig {
            // A call of one request ends by this and not by its own limit, so that the gate learns of it.
            timeout: config.timeout * 9 / 10,
            connect_timeout: config.connect_timeout,
        };
        let line = |channel| Line::new(&http, gate(channel));
        let stripe = StripeConfig {
            api_base: config.stripe_api_base.clone(),
            find_page_limit: config.find_page_limit,
            statement_page_limit: config.statement_page_limit,
        };
        Ok(Self {
            stripe: Stripe::new(stripe, line(Channel::Stripe)?)?,
            alipay: Alipay::new(&config.alipay_gateway, line(Channel::Alipay)?)?,
            wechat: Wechat::new(&config.wechat_api_base, line(Channel::Wechat)?)?,
            paypal: Paypal::new(&config.paypal_api_base, line(Channel::Paypal)?, config.timeout)?,
        })
    }

    /// The client of the provider that takes these credentials.
    pub(crate) const fn of(&self, credentials: &Credentials) -> &dyn PaymentChannel {
        match credentials {
            Credentials::Stripe(_) => &self.stripe,
            Credentials::Alipay(_) => &self.alipay,
            Credentials::Wechat(_) => &self.wechat,
            Credentials::Paypal(_) => &self.paypal,
        }
    }
}

/// Decrypted credentials of one merchant at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// For Stripe.
    Stripe(StripeCredentials),
    /// For Alipay.
    Alipay(AlipayCredentials),
    /// For WeChat Pay.
    Wechat(WechatCredentials),
    /// For PayPal.
    Paypal(PaypalCredentials),
}

/// The sealed form. The tag keeps one provider's credentials from being read as another's.
#[derive(Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
enum Sealed {
    Stripe(stripe::CredentialFields),
    Alipay(alipay::CredentialFields),
    Wechat(wechat::CredentialFields),
    Paypal(paypal::CredentialFields),
}

impl Credentials {
    /// The channel they belong to.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Stripe(_) => Channel::Stripe,
            Self::Alipay(_) => Channel::Alipay,
            Self::Wechat(_) => Channel::Wechat,
            Self::Paypal(_) => Channel::Paypal,
        }
    }

    /// The account at the provider, by its public number: other credentials with this number are for the same account. None
    /// where they do not say it, as Stripe's.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Stripe(_) => None,
            Self::Alipay(alipay) => Some(alipay.app_id()),
            Self::Wechat(wechat) => Some(wechat.mchid()),
            Self::Paypal(paypal) => paypal.merchant_id(),
        }
    }

    /// When they have to be replaced, as far as they say it: WeChat Pay's certificates do. Nothing else in credentials tells its
    /// end.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Wechat(wechat) => wechat.expires_at(),
            Self::Stripe(_) | Self::Alipay(_) | Self::Paypal(_) => None,
        }
    }

    /// Whether these are surely for the account that `other` is for. Stripe's do not say whose they are: only the same key is
    /// surely the same account's.
    pub fn is_of_account_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stripe(ours), Self::Stripe(theirs)) => ours.has_key_of(theirs),
            (ours, theirs) => {
                ours.channel() == theirs.channel()
                    && ours.account().is_some()
                    && ours.account() == theirs.account()
            }
        }
    }

    /// What the merchant's callbacks are verified with, and nothing else of the credentials.
    pub fn callback_keys(&self) -> CallbackKeys {
        match self {
            Self::Stripe(stripe) => CallbackKeys::Stripe(stripe.webhook_secrets().to_vec()),
            Self::Alipay(alipay) => CallbackKeys::Alipay(alipay.callback_keys()),
            Self::Wechat(wechat) => CallbackKeys::Wechat(wechat.callback_keys()),
            Self::Paypal(paypal) => CallbackKeys::Paypal(paypal.callback_keys()),
        }
    }

    /// Reads credentials as people hand them in: a JSON object with the channel's fields (docs/channels.md lists them).
    ///
    /// # Errors
    /// Names the field and says what is wrong with it, never what was read.
    pub fn read(channel: Channel, json: &Secret) -> Result<Self, InvalidCredentials> {
        Ok(match channel {
            Channel::Stripe => Self::Stripe(read_fields::<stripe::CredentialFields>(json)?.try_into()?),
            Channel::Alipay => Self::Alipay(read_fields::<alipay::CredentialFields>(json)?.try_into()?),
            Channel::Wechat => Self::Wechat(read_fields::<wechat::CredentialFields>(json)?.try_into()?),
            Channel::Paypal => Self::Paypal(read_fields::<paypal::CredentialFields>(json)?.try_into()?),
            Channel::Wallet => return Err(InvalidCredentials::new("channel", Flaw::Wallet)),
        })
    }

    /// The form to encrypt and store.
    ///
    /// # Errors
    /// Never for credentials made by this module; the error is there because serialising can fail in general.
    pub fn to_json(&self) -> Result<Secret, InvalidCredentials> {
        let sealed = match self {
            Self::Stripe(stripe) => Sealed::Stripe(stripe.into()),
            Self::Alipay(alipay) => Sealed::Alipay(alipay.into()),
            Self::Wechat(wechat) => Sealed::Wechat(wechat.into()),
            Self::Paypal(paypal) => Sealed::Paypal(paypal.into()),
        };
        serde_json::to_string(&sealed)
            .map(Secret::new)
            .map_err(|_| unreadable())
    }

    /// Reads back what [`Self::to_json`] gave.
    ///
    /// # Errors
    /// Says what is wrong, never what was read.
    pub fn from_json(json: &Secret) -> Result<Self, InvalidCredentials> {
        // The parser's own error would quote what it stumbled over.
        Ok(
            match serde_json::from_str(json.expose()).map_err(|_| unreadable())? {
                Sealed::Stripe(fields) => Self::Stripe(fields.try_into()?),
                Sealed::Alipay(fields) => Self::Alipay(fields.try_into()?),
                Sealed::Wechat(fields) => Self::Wechat(fields.try_into()?),
                Sealed::Paypal(fields) => Self::Paypal(fields.try_into()?),
            },
        )
    }
}

/// The answer to a call that carries another channel's credentials.
pub(crate) fn other_channel(channel: Channel, credentials: &Credentials) -> CallError {
    CallError::Refused {
        code: "credentials_of_another_channel".into(),
        message: format!(
            "{channel} cannot be called with credentials for {}",
            credentials.channel()
        ),
    }
}

fn unreadable() -> InvalidCredentials {
    InvalidCredentials::new("all", Flaw::NotSealed)
}

/// What a merchant's callbacks are verified with. Ingress keeps it for a while; what calls are made with is no part of it.
#[derive(Debug, Clone)]
pub enum CallbackKeys {
    /// The secrets that sign Stripe's, newest first.
    Stripe(Vec<Secret>),
    /// For Alipay's.
    Alipay(alipay::CallbackKeys),
    /// For WeChat Pay's.
    Wechat(wechat::CallbackKeys),
    /// For PayPal's.
    Paypal(paypal::CallbackKeys),
}

/// What callbacks are verified with besides the merchants' own keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbacksConfig {
    /// The one address, such as `http://127.0.0.1:4010/paypal`, under which PayPal's certificates may be fetched, in place of
    /// PayPal's own hosts: for tests and the sandbox. Never set it in production.
    pub paypal_certificate_base: Option<String>,
    /// The authorities that may vouch for PayPal's certificates, as PEM, in place of those that browsers trust.
    pub paypal_trust_roots: Option<String>,
    /// How long fetching a certificate may take in all.
    pub timeout: Duration,
    /// How long connecting for it may take; shorter than `timeout`.
    pub connect_timeout: Duration,
}

impl Default for CallbacksConfig {
    fn default() -> Self {
        Self {
            paypal_certificate_base: None,
            paypal_trust_roots: None,
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
        }
    }
}

impl CallbacksConfig {
    const fn http(&self) -> HttpConfig {
        HttpConfig {
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
        }
    }
}

/// Tells whether callbacks were signed by their providers. Pure, but for certificates that a provider names and keeps.
#[derive(Debug)]
pub struct CallbackVerifier {
    paypal: paypal::Certificates,
}

/// One that takes certificates of PayPal's from PayPal, vouched for by the authorities that browsers trust.
impl Default for CallbackVerifier {
    fn default() -> Self {
        let http = CallbacksConfig::default().http();
        Self {
            paypal: paypal::Certificates::of_paypal(http),
        }
    }
}

impl CallbackVerifier {
    /// A verifier that fetches nothing yet.
    ///
    /// # Errors
    /// The address is not one, or the trust roots cannot be read.
    pub fn new(config: &CallbacksConfig) -> Result<Self, ChannelsError> {
        let paypal = paypal::Certificates::new(&paypal::CertificatesConfig {
            base: config.paypal_certificate_base.clone(),
            roots: config.paypal_trust_roots.clone(),
            http: config.http(),
        })?;
        Ok(Self { paypal })
    }

    /// Checks what a callback's headers tell before its body is there, so that nobody waits for a body, or hashes one, whose
    /// signature cannot be right.
    ///
    /// # Errors
    /// Says what is wrong with the signature.
    pub fn check_headers(
        &self,
        channel: Channel,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<(), SignatureRefused> {
        match channel {
            Channel::Stripe => stripe::check_headers(headers, now),
            Channel::Alipay => alipay::check_headers(headers, now),
            Channel::Wechat => wechat::check_headers(headers, now),
            Channel::Paypal => self.paypal.check_headers(headers, now),
            // Nobody signs for it.
            Channel::Wallet => Err(SignatureRefused::NoSignature("wallet")),
        }
    }

    /// Checks that the provider signed these bytes, recently where it says when, for a holder of these keys.
    ///
    /// # Errors
    /// Says what is wrong with the signature, or that nobody can tell now.
    pub async fn verify(
        &self,
        keys: &CallbackKeys,
        headers: &HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<CallbackHead, CallbackRefused> {
        Ok(match keys {
            CallbackKeys::Stripe(secrets) => stripe::verify_callback(headers, body, secrets, now)?,
            CallbackKeys::Alipay(keys) => alipay::verify_callback(headers, body, keys, now)?,
            CallbackKeys::Wechat(keys) => wechat::verify_callback(headers, body, keys, now)?,
            CallbackKeys::Paypal(keys) => self.paypal.verify(keys, headers, body, now).await?,
        })
    }
}

/// What a verified callback says. Kinds of events that Sluice does not act upon are
/// [`CallbackEvent::Other`](domain::callback::CallbackEvent::Other).
/// `credentials` are the merchant's, where [`CallbackRules::needs_credentials`](crate::CallbackRules) asks for them.
///
/// # Errors
/// Names what a callback of a known kind lacks, or whose it is.
pub fn translate_callback(
    channel: Channel,
    credentials: Option<&Credentials>,
    body: &[u8],
) -> Result<CallbackNews, CallbackProblem> {
    let event = match (channel, credentials) {
        (Channel::Stripe, _) => return Ok(stripe::translate_callback(body)?),
        (Channel::Alipay, Some(Credentials::Alipay(alipay))) => alipay::translate_callback(alipay, body),
        (Channel::Wechat, Some(Credentials::Wechat(wechat))) => wechat::translate_callback(wechat, body),
        (Channel::Paypal, Some(Credentials::Paypal(paypal))) => paypal::translate_callback(paypal, body),
        (Channel::Alipay | Channel::Wechat | Channel::Paypal | Channel::Wallet, _) => {
            Err(CallbackProblem::NoCredentials)
        }
    };
    let account = None;
    event.map(|event| CallbackNews { account, event })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_capabilities_of_its_own_and_nothing_twice() {
        for channel in Channel::ALL {
            let capabilities = capabilities(*channel);
            assert_eq!(capabilities.channel, *channel);
            let mut currencies: Vec<_> = capabilities.currencies.iter().map(|rule| rule.currency).collect();
            currencies.sort();
            currencies.dedup();
            assert_eq!(currencies.len(), capabilities.currencies.len());
            let mut methods: Vec<_> = capabilities.offers.iter().map(|offer| offer.method).collect();
            methods.sort();
            methods.dedup();
            assert_eq!(methods.len(), capabilities.offers.len());
        }
    }

    #[test]
    fn a_channel_can_do_what_its_capabilities_say() {
        runtime::install_crypto();
        let config = ChannelsConfig::default();
        let gate = |channel| Arc::new(Gate::new(channel, &config.containment));
        let clients = Clients::new(&config, gate).unwrap();
        let each: [&dyn PaymentChannel; 4] =
            [&clients.stripe, &clients.alipay, &clients.wechat, &clients.paypal];
        assert_eq!(each.len(), Channel::PROVIDERS.len());
        for (channel, client) in Channel::PROVIDERS.iter().zip(each) {
            let said = capabilities(*channel);
            assert_eq!(client.capabilities(), said);
            assert_eq!(client.confirming().is_some(), said.confirms, "{channel}");
            assert_eq!(client.capturing().is_some(), said.captures, "{channel}");
            assert_eq!(client.stating().is_some(), said.states, "{channel}");
        }
    }

    #[test]
    fn json_reads_back_and_nothing_prints_it() {
        let handed_in =
            Secret::new(r#"{"secret_key":"sk_test_hunter2","webhook_secrets":["whsec_new","whsec_old"]}"#);
        let credentials = Credentials::read(Channel::Stripe, &handed_in).unwrap();
        let json = credentials.to_json().unwrap();
        let expected = r#"{"channel":"stripe","secret_key":"sk_test_hunter2","webhook_secrets":["whsec_new","whsec_old"]}"#;
        assert_eq!(json.expose(), expected);
        assert_eq!(Credentials::from_json(&json), Ok(credentials.clone()));
        assert_eq!(credentials.channel(), Channel::Stripe);
        let printed = format!("{credentials:?} {json:?} {:?}", credentials.callback_keys());
        assert!(
            !printed.contains("hunter2") && !printed.contains("whsec"),
            "{printed}"
        );
    }

    #[test]
    fn unreadable_json_is_not_quoted() {
        for json in [
            "",
            "{}",
            r#"{"channel":"stripe","secret_key":7}"#,
            r#"{"channel":"hunter2"}"#,
        ] {
            let refused = Credentials::from_json(&Secret::new(json)).unwrap_err();
            assert_eq!(refused, unreadable());
        }
        let read = |json| {
            Credentials::read(Channel::Stripe, &Secret::new(json))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            read(r#"{"secret_key":"sk_hunter2"}"#),
            "credentials: .: missing field `webhook_secrets`"
        );
        let wrong_kind = read(r#"{"secret_key":"sk_1","webhook_secrets":"hunter2"}"#);
        assert_eq!(
            wrong_kind,
            "credentials: webhook_secrets: is not of the kind that is asked for"
        );
    }
}
