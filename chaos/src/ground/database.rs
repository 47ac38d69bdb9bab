//! A database of its own.

use std::thread;

use anyhow::Context;
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A database; gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    /// Its address.
    pub url: String,
    server: String,
    name: String,
    is_there: bool,
}

impl Database {
    /// Creates it, beside the one that `server` names.
    pub async fn create(server: &str, name: &str) -> anyhow::Result<Self> {
        let mut url = Url::parse(server).context("DATABASE_URL is not an address")?;
        url.set_path(name);
        let database = Self {
            url: url.into(),
            server: server.to_owned(),
            name: name.to_owned(),
            is_there: true,
        };
        execute(server, &format!("create database {name}")).await?;
        Ok(database)
    }

    /// Removes it, whoever is still connected.
    pub async fn remove(&mut self) -> anyhow::Result<()> {
        self.is_there = false;
        execute(&self.server, &self.removal()).await
    }

    fn removal(&self) -> String {
        format!("drop database if exists {} with (force)", self.name)
    }
}

impl Drop for Database {
    /// On a thread of its own, as nothing can be awaited here. What is left behind hurts nobody.
    fn drop(&mut self) {
        if self.is_there {
            let (server, sql) = (self.server.clone(), self.removal());
            let dropping = thread::spawn(move || super::alone(execute(&server, &sql)));
            let _ = dropping.join();
        }
    }
}

async fn execute(server: &str, sql: &str) -> anyhow::Result<()> {
    let connection = PgConnection::connect(server).await;
    let mut connection = connection.context("PostgreSQL does not let us in")?;
    sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}
