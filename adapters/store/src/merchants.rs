//! Merchants, their keys and their endpoints.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::{id::MerchantId, merchant::Terms, secret::Secret};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use crate::{
    Store, StoreError, Vault,
    audit::{self, Doing},
    gathered::Found,
    pool::answered,
    terms::read_terms,
    write::Tx,
};

/// A merchant as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// Its name.
    pub name: String,
    /// Where its notifications go.
    pub endpoint_url: Option<String>,
    /// Why they no longer go there, when they do not.
    pub endpoint_disabled_reason: Option<String>,
    /// The RabbitMQ user that may publish jobs for it.
    pub amqp_user: Option<String>,
    /// What it has agreed to about its payments.
    pub terms: Terms,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// What is needed to create a merchant.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// Its id.
    pub id: MerchantId,
    /// Its name.
    pub name: String,
    /// The RabbitMQ user that may publish jobs for it.
    pub amqp_user: Option<String>,
    /// Where its notifications go, and the secret that signs them.
    pub endpoint: Option<(String, Secret)>,
    /// Its first API key.
    pub key: ApiKey,
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The part of the key that names it.
    pub id: String,
    /// Whose key it is.
    pub merchant_id: MerchantId,
    /// SHA-256 of the part of the key that proves it.
    pub secret_hash: [u8; 32],
    /// Whether it was revoked.
    pub revoked: bool,
}

/// An API key as people see it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ListedKey {
    /// The part of the key that names it.
    pub id: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Where a merchant's notifications go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub url: String,
    /// The secrets that sign, newest first.
    pub secrets: Vec<EndpointSecret>,
    /// Why it is switched off, when it is.
    pub disabled_reason: Option<String>,
}

/// A signing secret and how long it is still used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSecret {
    /// `whsec_…`
    pub secret: Secret,
    /// After this it no longer signs; `None` is the present one.
    pub until: Option<DateTime<Utc>>,
}

/// Of two who set the first endpoint at once, one's secret signs, and both are told whose.
const SET_ENDPOINT: &str = "
update merchants
set endpoint_url = $2, endpoint_secrets = case when endpoint_url is null then $3 else endpoint_secrets end,
    endpoint_disabled_at = null, endpoint_disabled_reason = null
where id = $1";

/// Merchants as people see them.
macro_rules! select_merchants {
    ($which:literal) => {
        concat!(
            "select id, name, endpoint_url, endpoint_disabled_reason, amqp_user, payment_expiry_s, late_payments, created_at
             from merchants ",
            $which
        )
    };
}

const SELECT_MERCHANTS: &str = select_merchants!("order by created_at, id");
const SELECT_MERCHANT: &str = select_merchants!("where id = $1");

/// How the list of secrets looks inside its seal.
#[derive(Serialize, Deserialize)]
struct SealedSecret {
    secret: String,
    until: Option<DateTime<Utc>>,
}

impl Store {
    /// Stores a merchant with its first key and endpoint, and who did it; false when there is one of this id, or with this
    /// RabbitMQ user, already.
    ///
    /// # Errors
    /// PostgreSQL is away, or there is a key of the first key's id already; nothing was stored then.
    pub async fn create_merchant(&self, new: &NewMerchant, doing: Doing<'_>) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let (url, secrets) = match &new.endpoint {
            Some((url, secret)) => {
                let secrets = [EndpointSecret {
                    secret: secret.clone(),
                    until: None,
                }];
                (
                    Some(url.as_str()),
                    Some(seal_secrets(&self.vault, new.id, &secrets)),
                )
            }
            None => (None, None),
        };
        let insert = "insert into merchants (id, name, amqp_user, endpoint_url, endpoint_secrets, created_at)
                      values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
        let inserted = sqlx::query(insert)
            .bind(new.id.as_uuid())
            .bind(&new.name)
            .bind(&new.amqp_user)
            .bind(url)
            .bind(secrets)
            .bind(doing.at)
            .execute(&mut *tx)
            .await?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        if !insert_key(&mut tx, &new.key, doing.at).await? {
            return Err(StoreError::Contended(format!("the API key {}", new.key.id)));
        }
        audit::write(&mut tx, "merchant.create", &new.id.to_string(), doing).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Adds an API key to a merchant; false when there is one of this id already.
    ///
    /// # Errors
    /// PostgreSQL is away, or there is no such merchant.
    pub async fn add_key(&self, key: &ApiKey, doing: Doing<'_>) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let added = insert_key(&mut tx, key, doing.at).await?;
        if added {
            audit::write(&mut tx, "key.create", &key.id, doing).await?;
        }
        tx.commit().await?;
        Ok(added)
    }

    /// A merchant's API keys, the newest first. Nothing of their secrets is known.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn keys_of(&self, merchant: MerchantId) -> Result<Vec<ListedKey>, StoreError> {
        let select = "select id, created_at, revoked_at from api_keys where merchant_id = $1
                      order by created_at desc, id";
        let asking = sqlx::query_as(select).bind(merchant.as_uuid());
        answered(asking.fetch_all(&self.pool)).await
    }

    /// Revokes an API key; false when there is none that is still good.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn revoke_key(&self, id: &str, doing: Doing<'_>) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let revoke = "update api_keys set revoked_at = $2 where id = $1 and revoked_at is null";
        let revoked = sqlx::query(revoke)
            .bind(id)
            .bind(doing.at)
            .execute(&mut *tx)
            .await?
            .rows_affected()
            == 1;
        if revoked {
            audit::write(&mut tx, "key.revoke", id, doing).await?;
        }
        tx.commit().await?;
        Ok(revoked)
    }

    /// The API key of this id.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn key(&self, id: &str) -> Result<Option<ApiKey>, StoreError> {
        let select = "select merchant_id, secret_hash, revoked_at is not null from api_keys where id = $1";
        let row: Option<(Uuid, Vec<u8>, bool)> =
            answered(sqlx::query_as(select).bind(id).fetch_optional(&self.pool)).await?;
        row.map(|(merchant_id, hash, revoked)| {
            let secret_hash = hash
                .try_into()
                .map_err(|_| StoreError::unreadable("API key", "its hash"))?;
            Ok(ApiKey {
                id: id.to_owned(),
                merchant_id: MerchantId::from_uuid(merchant_id),
                secret_hash,
                revoked,
            })
        })
        .transpose()
    }

    /// Every merchant, oldest first.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn merchants(&self) -> Result<Vec<Merchant>, StoreError> {
        let asking = sqlx::query_as(SELECT_MERCHANTS);
        let rows: Vec<MerchantRow> = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter().map(Merchant::try_from).collect()
    }

    /// The merchant of this id.
    ///
    /// # Errors
    /// PostgreSQL is away, or the row cannot be read.
    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, StoreError> {
        let asking = sqlx::query_as(SELECT_MERCHANT).bind(id.as_uuid());
        let row: Option<MerchantRow> = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(Merchant::try_from).transpose()
    }

    /// Whether there is a merchant of this id.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn has_merchant(&self, id: MerchantId) -> Result<bool, StoreError> {
        let select = "select exists (select from merchants where id = $1)";
        let asking = sqlx::query_scalar(select).bind(id.as_uuid());
        answered(asking.fetch_one(&self.pool)).await
    }

    /// The merchant for which this RabbitMQ user may publish jobs.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn merchant_of_amqp_user(&self, user: &str) -> Result<Option<MerchantId>, StoreError> {
        let select = "select id from merchants where amqp_user = $1";
        let id: Option<Uuid> =
            answered(sqlx::query_scalar(select).bind(user).fetch_optional(&self.pool)).await?;
        Ok(id.map(MerchantId::from_uuid))
    }

    /// Where a merchant's notifications go; `None` when it has no endpoint, or does not exist.
    ///
    /// # Errors
    /// PostgreSQL is away, or the secrets do not open.
    pub async fn endpoint(&self, merchant: MerchantId) -> Result<Option<Endpoint>, StoreError> {
        let store = self.clone();
        let endpoints = &self.gathering.endpoints;
        endpoints
            .get(merchant, move |ids| store.clone().all_endpoints(ids))
            .await
    }

    async fn all_endpoints(
        self,
        merchants: Vec<MerchantId>,
    ) -> Result<Found<MerchantId, Endpoint>, StoreError> {
        let select = "select id, endpoint_url, endpoint_secrets, endpoint_disabled_reason
                      from merchants where id = any($1) and endpoint_url is not null";
        let ids: Vec<Uuid> = merchants.iter().map(|id| id.as_uuid()).collect();
        let rows: Vec<(Uuid, String, Vec<u8>, Option<String>)> =
            self.read_often(sqlx::query_as(select).bind(ids)).await?;
        let named = |(id, url, sealed, disabled_reason): (Uuid, String, Vec<u8>, Option<String>)| {
            let merchant = MerchantId::from_uuid(id);
            let secrets = open_secrets(&self.vault, merchant, &sealed);
            let endpoint = secrets.map(|secrets| Endpoint {
                url,
                secrets,
                disabled_reason,
            });
            (merchant, endpoint)
        };
        Ok(rows.into_iter().map(named).collect())
    }

    /// Sets where a merchant's notifications go, and switches the endpoint on again. What signs is set where it is the first
    /// endpoint, and stays otherwise. Tells whether it is the first; `None` when there is no such merchant.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn set_endpoint(
        &self,
        merchant: MerchantId,
        url: &str,
        first: &[EndpointSecret],
        doing: Doing<'_>,
    ) -> Result<Option<bool>, StoreError> {
        let setting = self.set_endpoint_if(merchant, url, first, |_, _| Ok(()), doing);
        setting.await
    }

    /// The same, unless `check` refuses when it sees the address of now, and why the endpoint is switched off.
    ///
    /// # Errors
    /// PostgreSQL is away, or `check` refuses.
    pub async fn set_endpoint_if<E: From<StoreError>>(
        &self,
        merchant: MerchantId,
        url: &str,
        first: &[EndpointSecret],
        check: impl FnOnce(Option<&str>, Option<&str>) -> Result<(), E> + Send,
        doing: Doing<'_>,
    ) -> Result<Option<bool>, E> {
        let mut tx = self.pool.begin().await.map_err(StoreError::from)?;
        let lock = "select endpoint_url, endpoint_disabled_reason from merchants where id = $1 for update";
        let locking = sqlx::query_as(lock).bind(merchant.as_uuid());
        let before: Option<(Option<String>, Option<String>)> =
            locking.fetch_optional(&mut *tx).await.map_err(StoreError::from)?;
        let Some((address, disabled_reason)) = before else {
            return Ok(None);
        };
        check(address.as_deref(), disabled_reason.as_deref())?;
        sqlx::query(SET_ENDPOINT)
            .bind(merchant.as_uuid())
            .bind(url)
            .bind(seal_secrets(&self.vault, merchant, first))
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        audit::write(&mut tx, "endpoint.set", &merchant.to_string(), doing).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Some(address.is_none()))
    }

    /// Changes what signs a merchant's notifications as it stands by now, and leaves the endpoint as it is; false when it has
    /// none.
    ///
    /// # Errors
    /// PostgreSQL is away, or the secrets do not open, or `change` refuses.
    pub async fn change_endpoint_secrets<E: From<StoreError>>(
        &self,
        merchant: MerchantId,
        change: impl FnOnce(Vec<EndpointSecret>) -> Result<Vec<EndpointSecret>, E> + Send,
        doing: Doing<'_>,
    ) -> Result<bool, E> {
        let mut tx = self.pool.begin().await.map_err(StoreError::from)?;
        let lock =
            "select endpoint_secrets from merchants where id = $1 and endpoint_url is not null for update";
        let locking = sqlx::query_scalar(lock).bind(merchant.as_uuid());
        let sealed: Option<Vec<u8>> = locking.fetch_optional(&mut *tx).await.map_err(StoreError::from)?;
        let Some(sealed) = sealed else {
            return Ok(false);
        };
        let secrets = change(open_secrets(&self.vault, merchant, &sealed)?)?;
        sqlx::query("update merchants set endpoint_secrets = $2 where id = $1")
            .bind(merchant.as_uuid())
            .bind(seal_secrets(&self.vault, merchant, &secrets))
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        audit::write(&mut tx, "endpoint.rotate", &merchant.to_string(), doing).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(true)
    }

    /// Runs a statement about one row together with its line in the audit log; false when it changed nothing.
    pub(crate) async fn audited(
        &self,
        statement: Query<'_, Postgres, PgArguments>,
        action: &str,
        subject: impl fmt::Display,
        doing: Doing<'_>,
    ) -> Result<bool, StoreError> {
        let subject = subject.to_string();
        let mut tx = self.pool.begin().await?;
        let changed = statement.execute(&mut *tx).await?.rows_affected() == 1;
        if changed {
            audit::write(&mut tx, action, &subject, doing).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}

#[derive(FromRow)]
struct MerchantRow {
    id: Uuid,
    name: String,
    endpoint_url: Option<String>,
    endpoint_disabled_reason: Option<String>,
    amqp_user: Option<String>,
    payment_expiry_s: i32,
    late_payments: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<MerchantRow> for Merchant {
    type Error = StoreError;

    fn try_from(row: MerchantRow) -> Result<Self, StoreError> {
        let id = MerchantId::from_uuid(row.id);
        Ok(Self {
            id,
            name: row.name,
            endpoint_url: row.endpoint_url,
            endpoint_disabled_reason: row.endpoint_disabled_reason,
            amqp_user: row.amqp_user,
            terms: read_terms(id, row.payment_expiry_s, &row.late_payments)?,
            created_at: row.created_at,
        })
    }
}

/// Inserts a key; false when there is one of its id.
async fn insert_key(tx: &mut Tx<'_>, key: &ApiKey, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let insert = "insert into api_keys (id, merchant_id, secret_hash, created_at) values ($1, $2, $3, $4)
                  on conflict (id) do nothing";
    let inserted = sqlx::query(insert)
        .bind(&key.id)
        .bind(key.merchant_id.as_uuid())
        .bind(&key.secret_hash[..])
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

fn secrets_place(merchant: MerchantId) -> String {
    format!("merchants.endpoint_secrets:{merchant}")
}

pub fn open_text(vault: &Vault, place: &str, sealed: &[u8]) -> Result<Secret, StoreError> {
    let plain = vault
        .open(place, sealed)
        .map_err(|error| StoreError::unreadable(place, error))?;
    String::from_utf8(plain)
        .map(Secret::new)
        .map_err(|error| StoreError::unreadable(place, error.utf8_error()))
}

fn seal_secrets(vault: &Vault, merchant: MerchantId, secrets: &[EndpointSecret]) -> Vec<u8> {
    let list: Vec<SealedSecret> = secrets
        .iter()
        .map(|s| SealedSecret {
            secret: s.secret.expose().to_owned(),
            until: s.until,
        })
        .collect();
    vault.seal(
        &secrets_place(merchant),
        serde_json::to_string(&list).unwrap_or_default().as_bytes(),
    )
}

fn open_secrets(
    vault: &Vault,
    merchant: MerchantId,
    sealed: &[u8],
) -> Result<Vec<EndpointSecret>, StoreError> {
    let place = secrets_place(merchant);
    let list: Vec<SealedSecret> = serde_json::from_str(open_text(vault, &place, sealed)?.expose())
        .map_err(|error| StoreError::unreadable(place, error))?;
    Ok(list
        .into_iter()
        .map(|s| EndpointSecret {
            secret: Secret::new(s.secret),
            until: s.until,
        })
        .collect())
}
