//! `merchants`: who may ask for payments.

use std::io::Read;

use chrono::SecondsFormat;
use domain::{api_key::ApiKeyText, channel::Channel, id::MerchantId, secret::Secret};
use serde_json::Value;
use store::{Doing, Merchant, NewMerchant, NewTerms, Store};

use crate::{
    Answer, Console, ConsoleError,
    answer::Facts,
    args::{CreateMerchant, SetTerms},
    channel_credentials, endpoint_url, endpoints, keys,
};

/// Whom the workers take for the publisher of a job that names none. A merchant with this name would be paid for the
/// jobs of all who leave theirs out.
const NOBODY: &str = "anonymous";

/// The longest name, in characters.
pub(crate) const LONGEST_NAME: usize = 200;

/// The longest RabbitMQ user, in bytes: AMQP has short strings for names.
const LONGEST_AMQP_USER: usize = 255;

impl Console<'_> {
    pub(crate) async fn create_merchant(
        &self,
        args: &CreateMerchant,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        let secret = match &args.endpoint {
            Some(_) => Some(endpoints::secret(args.endpoint_secret)?),
            None => None,
        };
        let credentials = args
            .stripe
            .map(|source| channel_credentials::read_stripe(source, input))
            .transpose()?;
        let wanted = Wanted {
            id: MerchantId::random(),
            name: &args.name,
            amqp_user: args.amqp_user.as_deref(),
            endpoint: args.endpoint.as_deref().zip(secret.clone()),
            key: keys::new_key()?,
        };
        let new = create(&self.store, &wanted, self.doing()).await?;
        let (id, key) = (new.id, &wanted.key);
        if let Some(credentials) = &credentials {
            let stored = self
                .store
                .set_credentials(id, Channel::Stripe, credentials, self.doing())
                .await;
            stored.map_err(|source| ConsoleError::HalfCreated {
                merchant: id,
                hides_endpoint_secret: secret.is_some() && args.endpoint_secret.is_shown(),
                source,
            })?;
        }
        let url = new.endpoint.map(|(url, _)| url);
        let shown = secret.filter(|_| args.endpoint_secret.is_shown());
        Ok(Answer::new([
            ("merchant_id", Value::from(id.to_string())),
            ("name", Value::from(new.name)),
            ("api_key_id", Value::from(key.id())),
            ("api_key", Value::from(key.expose().expose())),
            ("endpoint_url", Value::from(url)),
            (
                "endpoint_secret",
                Value::from(shown.map(|secret| secret.expose().to_owned())),
            ),
            ("amqp_user", Value::from(new.amqp_user)),
            (
                "stripe_callback_path",
                Value::from(channel_credentials::callback_path(Channel::Stripe, id)),
            ),
        ]))
    }

    pub(crate) async fn list_merchants(&self) -> Result<Answer, ConsoleError> {
        let merchants = self.store.merchants().await?;
        Ok(Answer::Many(merchants.iter().map(facts).collect()))
    }

    pub(crate) async fn set_terms(&self, args: &SetTerms) -> Result<Answer, ConsoleError> {
        let id = self.merchant(&args.merchant).await?.id;
        let new = NewTerms {
            payment_expiry_s: args.payment_expiry_s,
            late_payments: args.late_payments,
        };
        let set = self.store.set_terms(id, new, self.doing()).await?;
        let terms = set.ok_or(ConsoleError::UnknownMerchant(id))?;
        Ok(Answer::new([
            ("merchant_id", Value::from(id.to_string())),
            ("payment_expiry_s", Value::from(terms.payment_expiry_s)),
            ("late_payments", Value::from(terms.late_payments.name())),
        ]))
    }
}

/// A merchant that somebody wants.
pub(crate) struct Wanted<'a> {
    pub id: MerchantId,
    pub name: &'a str,
    pub amqp_user: Option<&'a str>,
    /// Where its notifications go, and what signs them.
    pub endpoint: Option<(&'a str, Secret)>,
    pub key: ApiKeyText,
}

/// Creates a merchant with its first key; gives it as it is stored.
///
/// # Errors
/// Something about it cannot be used, or it was created before.
pub(crate) async fn create(
    store: &Store,
    wanted: &Wanted<'_>,
    doing: Doing<'_>,
) -> Result<NewMerchant, ConsoleError> {
    let name = wanted.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(ConsoleError::Name);
    }
    let amqp_user = wanted.amqp_user.map(str::trim);
    if let Some(user) = amqp_user {
        check_amqp_user(user)?;
        check_is_free(store, wanted.id, user).await?;
    }
    let endpoint = match &wanted.endpoint {
        Some((url, secret)) => Some((endpoint_url::check(url)?, secret.clone())),
        None => None,
    };
    let new = NewMerchant {
        id: wanted.id,
        name: name.to_owned(),
        amqp_user: amqp_user.map(str::to_owned),
        endpoint,
        key: keys::row(&wanted.key, wanted.id),
    };
    if store.create_merchant(&new, doing).await? {
        return Ok(new);
    }
    // Somebody may have given it to another merchant in the same instant.
    if let Some(user) = &new.amqp_user {
        check_is_free(store, new.id, user).await?;
    }
    Err(ConsoleError::MerchantCreated(new.id))
}

fn check_amqp_user(user: &str) -> Result<(), ConsoleError> {
    if user.is_empty() || user.len() > LONGEST_AMQP_USER {
        Err(ConsoleError::AmqpUser)
    } else if user == NOBODY {
        Err(ConsoleError::AmqpUserReserved(user.to_owned()))
    } else {
        Ok(())
    }
}

async fn check_is_free(store: &Store, id: MerchantId, user: &str) -> Result<(), ConsoleError> {
    match store.merchant_of_amqp_user(user).await? {
        // The same form once more: what there is to say is said by the insert.
        Some(merchant) if merchant != id => Err(ConsoleError::AmqpUserTaken {
            user: user.to_owned(),
            merchant,
        }),
        Some(_) | None => Ok(()),
    }
}

fn facts(merchant: &Merchant) -> Facts {
    vec![
        ("merchant_id", Value::from(merchant.id.to_string())),
        ("name", Value::from(merchant.name.as_str())),
        ("endpoint_url", Value::from(merchant.endpoint_url.clone())),
        (
            "endpoint_disabled_reason",
            Value::from(merchant.endpoint_disabled_reason.clone()),
        ),
        ("amqp_user", Value::from(merchant.amqp_user.clone())),
        ("payment_expiry_s", Value::from(merchant.terms.payment_expiry_s)),
        ("late_payments", Value::from(merchant.terms.late_payments.name())),
        (
            "created_at",
            Value::from(merchant.created_at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        ),
    ]
}
