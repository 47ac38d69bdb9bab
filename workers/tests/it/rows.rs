//! What a test finds stored.

use domain::id::{OrderId, PaymentId, WalletId};
use serde_json::{Value, json};

use crate::support::World;

const ABOUT_PAYMENT: &str = "
select jsonb_build_object(
  'payment', (select jsonb_build_object('status', status, 'failure', failure, 'has_intent', intent_id is not null)
              from payments where id = $1),
  'told', (select jsonb_agg(jsonb_build_array(event_type, status) order by event_type)
           from notifications where payment_id = $1),
  'refunds', (select jsonb_agg(jsonb_build_array(status, amount_minor, failure ->> 'code') order by created_at)
              from refunds where payment_id = $1),
  'disputes', (select jsonb_agg(status) from disputes where payment_id = $1),
  'callbacks', (select jsonb_agg(outcome order by event_id) from payment_callbacks where payment_id = $1))";

const ABOUT_ORDER: &str = "
select jsonb_build_object(
  'order', (select jsonb_build_array(status, stage, refunding_minor, refunded_minor, carrier, version)
            from orders where id = $1),
  'items', (select jsonb_agg(jsonb_build_array(sku, refunding_quantity, refunded_quantity) order by position)
            from order_items where order_id = $1),
  'steps', (select jsonb_agg(jsonb_build_array(step, status, operator, reason) order by id)
            from order_logs where order_id = $1),
  'wishes', (select jsonb_agg(jsonb_build_array(action, outcome) order by action, idempotency_key)
             from order_actions where order_id = $1),
  'told', (select jsonb_agg(jsonb_build_array(event_type, status) order by event_type, id)
           from notifications where order_id = $1),
  'payments', (select jsonb_agg(jsonb_build_array(status, refunded_minor) order by status, refunded_minor)
               from payments where order_id = $1))";

const ABOUT_WALLET: &str = "
select jsonb_build_object(
  'wallet', (select jsonb_build_array(currency, balance_minor, held_minor, version) from wallets where id = $1),
  'lines', (select jsonb_agg(jsonb_build_array(number, kind, phase, amount_minor, hold_minor, note) order by number)
            from wallet_transactions where wallet_id = $1),
  'wishes', (select jsonb_agg(jsonb_build_array(action, outcome) order by at, action)
             from wallet_actions where wallet_id = $1),
  'holds', (select jsonb_agg(jsonb_build_array(status, captured_minor, version)) from wallet_holds where wallet_id = $1),
  'withdrawals', (select jsonb_agg(jsonb_build_array(status, reference, reason, version))
                  from wallet_withdrawals where wallet_id = $1))";

impl World {
    /// What is stored about a wallet: how it stands, its statement, what was wanted, and what is set aside.
    pub async fn rows_about_wallet(&self, id: WalletId) -> Value {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.database.url())
            .await
            .unwrap();
        sqlx::query_scalar(ABOUT_WALLET)
            .bind(id.as_uuid())
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// What is stored about an order: how it stands, what happened to it, what was wanted, and its payments.
    pub async fn rows_about_order(&self, id: OrderId) -> Value {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.database.url())
            .await
            .unwrap();
        sqlx::query_scalar(ABOUT_ORDER)
            .bind(id.as_uuid())
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// What is stored about a payment: how it stands, what its merchant is told, which callbacks came.
    pub async fn rows_about(&self, id: PaymentId) -> Value {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.database.url())
            .await
            .unwrap();
        sqlx::query_scalar(ABOUT_PAYMENT)
            .bind(id.as_uuid())
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    /// Every row of every table but these.
    pub async fn dump(&self, without: &[&str]) -> Value {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.database.url())
            .await
            .unwrap();
        let tables = "select relname::text from pg_class where relnamespace = 'public'::regnamespace
                      and relkind in ('r', 'p') and not relispartition order by 1";
        let tables: Vec<String> = sqlx::query_scalar(tables)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let mut dump = json!({});
        // What is parked is written down a moment after it is parked.
        let letters = |table: &str| table.starts_with("dead_letter");
        let dumped = tables
            .iter()
            .filter(|table| !letters(table) && !without.contains(&table.as_str()));
        for table in dumped {
            let rows = format!(
                "select coalesce(jsonb_agg(r order by r::text), '[]') from (select to_jsonb(t) as r from {table} t) s"
            );
            dump[table] = sqlx::query_scalar(sqlx::AssertSqlSafe(rows))
                .fetch_one(&mut connection)
                .await
                .unwrap();
        }
        dump
    }
}
