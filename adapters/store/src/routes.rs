//! Merchants' routes, and all that a decision about a payment has to know of its merchant.

use chrono::{DateTime, Utc};
use domain::{
    channel::Channel,
    id::{MerchantId, RouteId},
    merchant::Terms,
    reconciliation::AgreedFee,
    routing::Route,
};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{FromRow, Postgres, Transaction};
use uuid::Uuid;

use crate::{
    Scoped, Store, StoreError,
    audit::{self, Doing},
    gathered::Found,
    pool::answered,
    terms::read_terms,
};

/// Asked once for each new payment, so it is one statement.
const SELECT_SETUP: &str = "
select id, payment_expiry_s, late_payments,
       array(select channel from channel_configs where merchant_id = merchant.id) as configured,
       array(select to_jsonb(route) from payment_routes as route where merchant_id = merchant.id) as routes
from merchants as merchant where id = any($1)";

const SELECT_ROUTES: &str = "
select to_jsonb(route) from payment_routes as route where merchant_id = $1 order by priority, created_at, id";

const SELECT_ROUTE: &str = "select to_jsonb(route) from payment_routes as route where id = $1";

const LOCK_ROUTE: &str = "select to_jsonb(route) from payment_routes as route where id = $1 for update";

const INSERT: &str = "
insert into payment_routes (id, merchant_id, channel, method, flow, currency, min_amount_minor, max_amount_minor, country,
                            priority, weight, enabled, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
on conflict (id) do nothing";

const UPDATE: &str = "
update payment_routes
set channel = $3, method = $4, flow = $5, currency = $6, min_amount_minor = $7, max_amount_minor = $8, country = $9,
    priority = $10, weight = $11, enabled = $12, updated_at = $13
where id = $1 and merchant_id = $2";

const SELECT_CHANNELS: &str = "select channel, updated_at, expires_at, fee_bps, fee_fixed_minor from channel_configs where merchant_id = $1 order by channel";

/// What a decision about a payment has to know of its merchant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MerchantSetup {
    /// What it has agreed to about its payments.
    pub terms: Terms,
    /// The channels that it has credentials for.
    pub configured: Vec<Channel>,
    /// All its routes.
    pub routes: Vec<Route>,
}

/// A channel that a merchant is set up for. Its credentials are no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfiguredChannel {
    /// The channel.
    pub channel: Channel,
    /// When its credentials were last set.
    pub updated_at: DateTime<Utc>,
    /// When they end, as far as it is known.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the provider may keep, where that was agreed.
    pub agreed: Option<AgreedFee>,
}

#[derive(FromRow)]
struct ChannelRow {
    channel: String,
    updated_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    fee_bps: Option<i32>,
    fee_fixed_minor: Option<i64>,
}

#[derive(FromRow)]
struct SetupRow {
    id: Uuid,
    payment_expiry_s: i32,
    late_payments: String,
    configured: Vec<String>,
    routes: Vec<Value>,
}

impl SetupRow {
    fn into_setup(self) -> Result<MerchantSetup, StoreError> {
        let merchant_id = MerchantId::from_uuid(self.id);
        let configured = self.configured.iter().map(|name| read_channel(merchant_id, name));
        Ok(MerchantSetup {
            terms: read_terms(merchant_id, self.payment_expiry_s, &self.late_payments)?,
            configured: configured.collect::<Result<_, _>>()?,
            routes: self
                .routes
                .into_iter()
                .map(read_route)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// A route as its row is read; columns for people are passed over.
#[derive(Deserialize)]
struct RouteRow {
    id: Uuid,
    merchant_id: Uuid,
    channel: String,
    method: Option<String>,
    flow: Option<String>,
    currency: Option<String>,
    min_amount_minor: Option<i64>,
    max_amount_minor: Option<i64>,
    country: Option<String>,
    priority: u16,
    weight: u16,
    enabled: bool,
}

impl Store {
    /// All that a decision about a payment has to know of its merchant; nothing but everybody's terms of one that is not
    /// there.
    ///
    /// # Errors
    /// PostgreSQL is away, or a row cannot be read.
    pub async fn setup(&self, merchant_id: MerchantId) -> Result<MerchantSetup, StoreError> {
        let store = self.clone();
        let setups = &self.gathering.setups;
        let setup = setups.get(merchant_id, move |ids| store.clone().all_setups(ids));
        Ok(setup.await?.unwrap_or_default())
    }

    async fn all_setups(
        self,
        merchants: Vec<MerchantId>,
    ) -> Result<Found<MerchantId, MerchantSetup>, StoreError> {
        let ids: Vec<Uuid> = merchants.iter().map(|id| id.as_uuid()).collect();
        let asking = sqlx::query_as::<_, SetupRow>(SELECT_SETUP).bind(ids);
        let rows = self.read_often(asking).await?;
        let named = |row: SetupRow| (MerchantId::from_uuid(row.id), row.into_setup());
        Ok(rows.into_iter().map(named).collect())
    }

    /// A merchant's routes, in the order in which they are tried.
    ///
    /// # Errors
    /// As [`Self::setup`].
    pub async fn routes(&self, merchant_id: MerchantId) -> Result<Vec<Route>, StoreError> {
        let asking = sqlx::query_scalar(SELECT_ROUTES).bind(merchant_id.as_uuid());
        let rows: Vec<Value> = answered(asking.fetch_all(&self.pool)).await?;
        rows.into_iter().map(read_route).collect()
    }

    /// One route.
    ///
    /// # Errors
    /// As [`Self::setup`].
    pub async fn route(&self, id: RouteId) -> Result<Option<Route>, StoreError> {
        let asking = sqlx::query_scalar(SELECT_ROUTE).bind(id.as_uuid());
        let row: Option<Value> = answered(asking.fetch_optional(&self.pool)).await?;
        row.map(read_route).transpose()
    }

    /// Adds a route, and writes down who did it; false when there is one of this id already.
    ///
    /// # Errors
    /// PostgreSQL is away or refuses, as when there is no such merchant.
    pub async fn add_route(&self, route: &Route, doing: Doing<'_>) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let added = write_route(&mut tx, INSERT, route, doing).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Changes a route as it stands by now, and writes down who did it; gives it as it is then, or none when it is not
    /// there.
    ///
    /// # Errors
    /// PostgreSQL is away or refuses, or `change` does.
    pub async fn change_route<E: From<StoreError>>(
        &self,
        id: RouteId,
        change: impl FnOnce(Route) -> Result<Route, E> + Send,
        doing: Doing<'_>,
    ) -> Result<Option<Route>, E> {
        let mut tx = self.pool.begin().await.map_err(StoreError::from)?;
        let locking = sqlx::query_scalar(LOCK_ROUTE).bind(id.as_uuid());
        let row: Option<Value> = locking.fetch_optional(&mut *tx).await.map_err(StoreError::from)?;
        let Some(row) = row else { return Ok(None) };
        let route = change(read_route(row)?)?;
        write_route(&mut tx, UPDATE, &route, doing).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Some(route))
    }

    /// Removes a route, and writes down who did it; false when it is not there. Payments that it led somewhere stay there.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub async fn remove_route(&self, id: RouteId, doing: Doing<'_>) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let delete = "delete from payment_routes as route where id = $1 returning to_jsonb(route)";
        let removing = sqlx::query_scalar(delete).bind(id.as_uuid());
        let removed: Option<Value> = removing.fetch_optional(&mut *tx).await?;
        let Some(removed) = removed else {
            return Ok(false);
        };
        let route = read_route(removed)?;
        let subject = format!("{}: {}", route.merchant_id, told(&route));
        audit::write(&mut tx, "route.remove", &subject, doing).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The channels that a merchant is set up for.
    ///
    /// # Errors
    /// As [`Self::setup`].
    pub async fn configured_channels(
        &self,
        merchant_id: MerchantId,
    ) -> Result<Vec<ConfiguredChannel>, StoreError> {
        let asking = sqlx::query_as(SELECT_CHANNELS).bind(merchant_id.as_uuid());
        let rows: Vec<ChannelRow> = answered(asking.fetch_all(&self.pool)).await?;
        let read = |row: ChannelRow| {
            let agreed = row.fee_bps.zip(row.fee_fixed_minor);
            Ok(ConfiguredChannel {
                channel: read_channel(merchant_id, &row.channel)?,
                updated_at: row.updated_at,
                expires_at: row.expires_at,
                agreed: agreed.map(|(bps, fixed_minor)| AgreedFee {
                    bps: bps.cast_unsigned(),
                    fixed_minor,
                }),
            })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Scoped<'_> {
    /// The same, of a merchant whose data can be seen.
    ///
    /// # Errors
    /// As [`Store::setup`].
    pub async fn setup(&self, merchant_id: MerchantId) -> Result<MerchantSetup, StoreError> {
        if self.scope.reaches(merchant_id) {
            self.store.setup(merchant_id).await
        } else {
            Ok(MerchantSetup::default())
        }
    }
}

/// Writes a route, and who did it; false when there was nothing to do.
async fn write_route(
    tx: &mut Transaction<'_, Postgres>,
    sql: &'static str,
    route: &Route,
    doing: Doing<'_>,
) -> Result<bool, StoreError> {
    let writing = sqlx::query(sql)
        .bind(route.id.as_uuid())
        .bind(route.merchant_id.as_uuid())
        .bind(route.channel.name())
        .bind(route.method.map(|method| method.name()))
        .bind(route.flow.map(|flow| flow.name()))
        .bind(route.currency.map(|currency| currency.code()))
        .bind(route.min_amount_minor)
        .bind(route.max_amount_minor)
        .bind(route.country.as_deref())
        .bind(i32::from(route.priority))
        .bind(i32::from(route.weight))
        .bind(route.enabled)
        .bind(doing.at);
    let written = writing.execute(&mut **tx).await?.rows_affected() == 1;
    if written {
        let subject = format!("{}: {}", route.merchant_id, told(route));
        audit::write(tx, "route.set", &subject, doing).await?;
    }
    Ok(written)
}

/// A route in the audit log: everything that it says.
fn told(route: &Route) -> String {
    let said = serde_json::to_value(route).map(|mut json| {
        if let Some(fields) = json.as_object_mut() {
            fields.retain(|name, value| name != "merchant_id" && !value.is_null());
        }
        json.to_string()
    });
    said.unwrap_or_else(|_| route.id.to_string())
}

fn read_channel(merchant_id: MerchantId, name: &str) -> Result<Channel, StoreError> {
    name.parse()
        .map_err(|error| StoreError::unreadable(format!("a channel of {merchant_id}"), error))
}

fn read_route(row: Value) -> Result<Route, StoreError> {
    let row: RouteRow =
        serde_json::from_value(row).map_err(|error| StoreError::unreadable("a route", error))?;
    let id = RouteId::from_uuid(row.id);
    let unreadable = |error: String| StoreError::unreadable(id.to_string(), error);
    let method = row.method.map(|name| name.parse()).transpose();
    let flow = row.flow.map(|name| name.parse()).transpose();
    let currency = row.currency.map(|code| code.parse()).transpose();
    Ok(Route {
        id,
        merchant_id: MerchantId::from_uuid(row.merchant_id),
        channel: row.channel.parse().map_err(|e| unreadable(format!("{e}")))?,
        method: method.map_err(|e| unreadable(format!("{e}")))?,
        flow: flow.map_err(|e| unreadable(format!("{e}")))?,
        currency: currency.map_err(|e| unreadable(format!("{e}")))?,
        min_amount_minor: row.min_amount_minor,
        max_amount_minor: row.max_amount_minor,
        country: row.country,
        priority: row.priority,
        weight: row.weight,
        enabled: row.enabled,
    })
}
