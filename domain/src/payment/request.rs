//! What a merchant asks for when it creates a payment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, Destination, Flow, Method},
    currency::Currency,
    fingerprint::Fingerprint,
    id::{OrderId, WalletId},
    money::Money,
    payment::PayerDetails,
    texts::{InvalidText, check_metadata, check_text},
    user::UserId,
};

/// The validated request for a payment: facts that never change afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Fields", into = "Fields")]
pub struct PaymentRequest {
    /// How much, in which currency.
    pub money: Money,
    /// What the payer reads on the provider's side; at most 500 characters.
    pub description: Option<String>,
    /// The merchant's own number for this sale; at most 200 characters.
    pub reference: Option<String>,
    /// The merchant's own notes, given back unchanged; see [`crate::texts`].
    pub metadata: BTreeMap<String, String>,
    /// A payment method known to the provider, to be charged at once.
    pub payment_method: Option<String>,
    /// Where the payer's browser returns to after a step on another page; http or https.
    pub return_url: Option<String>,
    /// After how many seconds the payment is closed when it was not paid; the merchant's default when it is not said.
    pub expires_in_s: Option<u32>,
    /// With what the payer pays; anything that the merchant's channels take when it is not said.
    pub method: Option<Method>,
    /// How the payer gets there; the channel's first way when it is not said.
    pub flow: Option<Flow>,
    /// The only channel it may take; any that the merchant's routes allow when it is not said.
    pub channel: Option<Channel>,
    /// The payer's country, an ISO 3166-1 alpha-2 code, for routes that ask for it.
    pub country: Option<String>,
    /// The provider's account that is paid through the merchant's own, such as `acct_…` of Stripe Connect.
    pub connected_account: Option<String>,
    /// A connected account that the money goes on to once it is paid, less what the merchant keeps.
    pub destination: Option<Destination>,
    /// The merchant's user that the payment belongs to, when it is one's.
    pub user_id: Option<UserId>,
    /// What some flows need to know of the payer. It is no part of the fingerprint: it says who pays, not what is sold.
    pub payer: Option<PayerDetails>,
    /// The order that it pays. Only Sluice itself says so.
    pub order_id: Option<OrderId>,
    /// The wallet that it is paid into.
    pub wallet_id: Option<WalletId>,
}

/// The request as it is written in a job: a misspelt field is an error, not a field left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    amount_minor: i64,
    currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    return_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_in_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<Method>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flow: Option<Flow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connected_account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination: Option<Destination>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payer: Option<PayerDetails>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order_id: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wallet_id: Option<WalletId>,
}

impl From<Fields> for PaymentRequest {
    fn from(fields: Fields) -> Self {
        let Fields {
            amount_minor,
            currency,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
            expires_in_s,
            method,
            flow,
            channel,
            country,
            connected_account,
            destination,
            user_id,
            payer,
            order_id,
            wallet_id,
        } = fields;
        let money = Money {
            amount_minor,
            currency,
        };
        Self {
            money,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
            expires_in_s,
            method,
            flow,
            channel,
            country,
            connected_account,
            destination,
            user_id,
            payer,
            order_id,
            wallet_id,
        }
    }
}

impl From<PaymentRequest> for Fields {
    fn from(request: PaymentRequest) -> Self {
        let PaymentRequest {
            money,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
            expires_in_s,
            method,
            flow,
            channel,
            country,
            connected_account,
            destination,
            user_id,
            payer,
            order_id,
            wallet_id,
        } = request;
        let Money {
            amount_minor,
            currency,
        } = money;
        Self {
            amount_minor,
            currency,
            description,
            reference,
            metadata,
            payment_method,
            return_url,
            expires_in_s,
            method,
            flow,
            channel,
            country,
            connected_account,
            destination,
            user_id,
            payer,
            order_id,
            wallet_id,
        }
    }
}

/// A field of the request cannot be used.
pub type InvalidRequest = InvalidText;

impl PaymentRequest {
    /// How long a payment may wait to be paid at the most, in seconds: 30 days.
    pub const MAX_EXPIRY_S: u32 = 2_592_000;

    /// A request that says how much, and nothing else.
    pub const fn of(money: Money) -> Self {
        Self {
            money,
            description: None,
            reference: None,
            metadata: BTreeMap::new(),
            payment_method: None,
            return_url: None,
            expires_in_s: None,
            method: None,
            flow: None,
            channel: None,
            country: None,
            connected_account: None,
            destination: None,
            user_id: None,
            payer: None,
            order_id: None,
            wallet_id: None,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidRequest> {
        let invalid = |field, problem: String| Err(InvalidRequest { field, problem });
        if let Err(error) = Money::chargeable(self.money.amount_minor, self.money.currency) {
            return invalid("amount", error.to_string());
        }
        check_text("description", self.description.as_deref(), 500)?;
        check_text("reference", self.reference.as_deref(), 200)?;
        check_text("payment_method", self.payment_method.as_deref(), 255)?;
        check_url("return_url", self.return_url.as_deref())?;
        check_text("connected_account", self.connected_account.as_deref(), 255)?;
        self.check_destination()?;
        if let Some(country) = &self.country
            && !(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            return invalid("country", "an ISO 3166-1 alpha-2 code such as \"DE\"".into());
        }
        if let Some(PayerDetails::Plain(payer)) = &self.payer {
            payer.validate()?;
        }
        if self
            .expires_in_s
            .is_some_and(|expiry| !(1..=Self::MAX_EXPIRY_S).contains(&expiry))
        {
            return invalid("expires_in_s", format!("1 to {} seconds", Self::MAX_EXPIRY_S));
        }
        self.check_top_up()?;
        check_metadata(&self.metadata)
    }

    /// What is paid into a wallet is the merchant's first, and comes from outside.
    fn check_top_up(&self) -> Result<(), InvalidRequest> {
        let refused = |field, problem: &str| {
            let problem = problem.to_owned();
            Err(InvalidRequest { field, problem })
        };
        if self.wallet_id.is_none() {
            return Ok(());
        }
        if self.order_id.is_some() {
            return refused("wallet_id", "a payment is for an order or for a wallet");
        }
        if self.connected_account.is_some() {
            return refused(
                "connected_account",
                "what is paid into a wallet goes to the merchant's own account",
            );
        }
        if self.destination.is_some() {
            return refused(
                "destination",
                "what is paid into a wallet stays with the merchant",
            );
        }
        if self.method == Some(Method::Wallet) || self.channel == Some(Channel::Wallet) {
            return refused(
                "method",
                "a wallet is not paid into from a wallet: transfer the money",
            );
        }
        Ok(())
    }

    /// The merchant keeps no more than there is, and the money goes one way.
    fn check_destination(&self) -> Result<(), InvalidRequest> {
        let Some(destination) = &self.destination else {
            return Ok(());
        };
        check_text("destination", Some(&destination.account), 255)?;
        let invalid = |field, problem: String| Err(InvalidRequest { field, problem });
        if self.connected_account.is_some() {
            return invalid("destination", "either destination or connected_account".into());
        }
        let (amount_minor, fee) = (self.money.amount_minor, destination.application_fee_minor);
        if fee.is_some_and(|fee| !(1..=amount_minor).contains(&fee)) {
            let problem = format!("1 to {amount_minor}, the amount of the payment");
            return invalid("application_fee_minor", problem);
        }
        Ok(())
    }

    /// SHA-256 of the request in one canonical form, so that white space or the order of fields do not matter.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = Fingerprint::default();
        fingerprint.field("amount", Some(&self.money.amount_minor.to_string()));
        fingerprint.field("currency", Some(self.money.currency.code()));
        fingerprint.field("description", self.description.as_deref());
        fingerprint.field("reference", self.reference.as_deref());
        fingerprint.field("payment_method", self.payment_method.as_deref());
        fingerprint.field("return_url", self.return_url.as_deref());
        // Requests without it keep the fingerprint that they had before it could be said.
        if let Some(expiry) = self.expires_in_s {
            // No metadata can have this name, as no key has control characters.
            fingerprint.field("expires_in_s\n", Some(&expiry.to_string()));
        }
        // The same goes for all that came later.
        let destination = self.destination.as_ref();
        let fee = destination.and_then(|to| to.application_fee_minor);
        let fee = fee.map(|fee| fee.to_string());
        let order_id = self.order_id.map(|order_id| order_id.to_string());
        let wallet_id = self.wallet_id.map(|wallet_id| wallet_id.to_string());
        let later = [
            ("method\n", self.method.map(Method::name)),
            ("flow\n", self.flow.map(Flow::name)),
            ("channel\n", self.channel.map(Channel::name)),
            ("country\n", self.country.as_deref()),
            ("connected_account\n", self.connected_account.as_deref()),
            ("destination\n", destination.map(|to| to.account.as_str())),
            ("application_fee_minor\n", fee.as_deref()),
            ("order_id\n", order_id.as_deref()),
            ("user_id\n", self.user_id.as_ref().map(UserId::as_str)),
            ("wallet_id\n", wallet_id.as_deref()),
        ];
        for (name, value) in later.into_iter().filter(|(_, value)| value.is_some()) {
            fingerprint.field(name, value);
        }
        fingerprint.entries(&self.metadata);
        fingerprint.finish()
    }
}

/// Checks an address for the payer's browser that may be left out.
pub(super) fn check_url(field: &'static str, value: Option<&str>) -> Result<(), InvalidRequest> {
    check_text(field, value, 2000)?;
    match value {
        Some(url) if !(url.starts_with("https://") || url.starts_with("http://")) => Err(InvalidText {
            field,
            problem: "must start with https:// or http://".into(),
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::currency::Currency;

    fn request() -> PaymentRequest {
        PaymentRequest::of(Money {
            amount_minor: 1999,
            currency: Currency::USD,
        })
    }

    fn destination(application_fee_minor: Option<i64>) -> Destination {
        Destination {
            account: "x".into(),
            application_fee_minor,
        }
    }

    #[test]
    fn a_fingerprint_tells_every_field_apart() {
        let mut seen = vec![request().fingerprint()];
        let variants: [fn(&mut PaymentRequest); 19] = [
            |r| r.money.amount_minor += 1,
            |r| r.money.currency = Currency::EUR,
            |r| r.description = Some("x".into()),
            |r| r.reference = Some("x".into()),
            |r| r.payment_method = Some("x".into()),
            |r| r.return_url = Some("x".into()),
            |r| r.expires_in_s = Some(60),
            |r| r.method = Some(Method::Card),
            |r| r.flow = Some(Flow::Web),
            |r| r.channel = Some(Channel::Stripe),
            |r| r.country = Some("DE".into()),
            |r| r.connected_account = Some("x".into()),
            |r| r.destination = Some(destination(None)),
            |r| r.destination = Some(destination(Some(1))),
            |r| r.destination = Some(destination(Some(2))),
            |r| r.order_id = Some(OrderId::from_uuid(uuid::Uuid::nil())),
            |r| r.user_id = Some("x".parse().unwrap()),
            |r| r.wallet_id = Some(WalletId::from_uuid(uuid::Uuid::nil())),
            |r| drop(r.metadata.insert("x".into(), "x".into())),
        ];
        for change in variants {
            let mut changed = request();
            change(&mut changed);
            assert!(!seen.contains(&changed.fingerprint()));
            seen.push(changed.fingerprint());
        }
        assert_eq!(request().fingerprint(), seen[0]);
    }

    #[test]
    fn a_bad_field_is_named() {
        let field = |change: fn(&mut PaymentRequest)| {
            let mut changed = request();
            change(&mut changed);
            changed.validate().unwrap_err().field
        };
        assert_eq!(field(|r| r.money.amount_minor = 0), "amount");
        assert_eq!(field(|r| r.description = Some("x".repeat(501))), "description");
        assert_eq!(field(|r| r.reference = Some("a\0".into())), "reference");
        assert_eq!(field(|r| r.country = Some("de".into())), "country");
        assert_eq!(
            field(|r| r.return_url = Some("javascript:alert(1)".into())),
            "return_url"
        );
        assert_eq!(
            field(|r| drop(r.metadata.insert(String::new(), "x".into()))),
            "metadata"
        );
        const WALLET: WalletId = WalletId::from_uuid(uuid::Uuid::nil());
        let of_order = |r: &mut PaymentRequest| {
            r.wallet_id = Some(WALLET);
            r.order_id = Some(OrderId::from_uuid(uuid::Uuid::nil()));
        };
        assert_eq!(field(of_order), "wallet_id");
        let of_another = |r: &mut PaymentRequest| {
            r.wallet_id = Some(WALLET);
            r.connected_account = Some("acct_1".into());
        };
        assert_eq!(field(of_another), "connected_account");
        let from_wallet = |r: &mut PaymentRequest| {
            r.wallet_id = Some(WALLET);
            r.method = Some(Method::Wallet);
        };
        assert_eq!(field(from_wallet), "method");
        assert_eq!(request().validate(), Ok(()));
    }
}
