//! `merchants`: who may ask for payments.

use std::io::Read;

use chrono::SecondsFormat;
use domain::{channel::Channel, id::MerchantId};
use serde_json::Value;
use store::{Merchant, NewMerchant, NewTerms};

use crate::{
    Answer, Console, ConsoleError,
    answer::Facts,
    args::{CreateMerchant, SetTerms},
    channel_credentials, endpoint_url, endpoints, keys,
};

/// Whom the workers take for the publisher of a job that names none. A merchant with this name would be paid for the
/// jobs of all who leave theirs out.
const NOBODY: &str = "anonymous";

impl Console<'_> {
    pub(crate) async fn create_merchant(
        &self,
        args: &CreateMerchant,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        let name = args.name.trim();
        if name.is_empty() || name.chars().count() > 200 {
            return Err(ConsoleError::Name);
        }
        self.check_amqp_user(args.amqp_user.as_deref()).await?;
        let endpoint = match &args.endpoint {
            Some(url) => Some((
                endpoint_url::check(url)?,
                endpoints::secret(args.endpoint_secret)?,
            )),
            None => None,
        };
        let credentials = args
            .stripe
            .map(|source| channel_credentials::read_stripe(source, input))
            .transpose()?;

        let (id, key) = (MerchantId::random(), keys::new_key()?);
        let new = NewMerchant {
            id,
            name: name.to_owned(),
            amqp_user: args.amqp_user.clone(),
            endpoint: endpoint.clone(),
            key: keys::row(&key, id),
        };
        let now = self.now();
        self.store.create_merchant(&new, &self.actor, now).await?;
        if let Some(credentials) = &credentials {
            let stored = self
                .store
                .set_credentials(id, Channel::Stripe, credentials, &self.actor, now)
                .await;
            stored.map_err(|source| ConsoleError::HalfCreated {
                merchant: id,
                hides_endpoint_secret: endpoint.is_some() && args.endpoint_secret.is_shown(),
                source,
            })?;
        }
        let (url, secret) = endpoint.unzip();
        let shown = secret.filter(|_| args.endpoint_secret.is_shown());
        Ok(Answer::new([
            ("merchant_id", Value::from(id.to_string())),
            ("name", Value::from(name)),
            ("api_key_id", Value::from(key.id())),
            ("api_key", Value::from(key.expose().expose())),
            ("endpoint_url", Value::from(url)),
            (
                "endpoint_secret",
                Value::from(shown.map(|secret| secret.expose().to_owned())),
            ),
            ("amqp_user", Value::from(args.amqp_user.clone())),
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
        let set = self.store.set_terms(id, new, &self.actor, self.now()).await?;
        let terms = set.ok_or(ConsoleError::UnknownMerchant(id))?;
        Ok(Answer::new([
            ("merchant_id", Value::from(id.to_string())),
            ("payment_expiry_s", Value::from(terms.payment_expiry_s)),
            ("late_payments", Value::from(terms.late_payments.name())),
        ]))
    }

    async fn check_amqp_user(&self, wanted: Option<&str>) -> Result<(), ConsoleError> {
        let Some(user) = wanted else { return Ok(()) };
        if user == NOBODY {
            return Err(ConsoleError::AmqpUserReserved(user.to_owned()));
        }
        match self.store.merchant_of_amqp_user(user).await? {
            Some(merchant) => Err(ConsoleError::AmqpUserTaken {
                user: user.to_owned(),
                merchant,
            }),
            None => Ok(()),
        }
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
