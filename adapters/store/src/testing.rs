//! A fresh database for each test, on the server that `DATABASE_URL` names.

mod template;

use std::time::Duration;

use domain::secret::Secret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::{Store, StoreConfig, Vault};

/// The key ring of tests: 32 zero bytes.
pub const TEST_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A database of its own; gone when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// Creates and migrates it.
    ///
    /// # Panics
    /// Without a server to create it on.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its database")]
    pub async fn create() -> Self {
        let server =
            std::env::var("DATABASE_URL").expect("DATABASE_URL is not set: run the tests with `make test`");
        Self::create_on(&server).await
    }

    /// The same on another server.
    ///
    /// # Panics
    /// It does not answer.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its database")]
    pub async fn create_on(server: &str) -> Self {
        let template = template::of(server).await.expect("there is a template");
        Self::create_with(server, &format!("template {template}")).await
    }

    /// The same, without a schema: for tests of the migrations themselves.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn create_empty(server: &str) -> Self {
        Self::create_with(server, "").await
    }

    async fn create_with(server: &str, how: &str) -> Self {
        let database = Self {
            server: server.to_owned(),
            name: format!("sluice_test_{}", Uuid::new_v4().simple()),
        };
        database
            .execute(&format!("create database {} {how}", database.name))
            .await;
        database
    }

    /// Its URL.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its database")]
    pub fn url(&self) -> String {
        let (server, _) = self
            .server
            .rsplit_once('/')
            .expect("DATABASE_URL ends with a database");
        format!("{server}/{}", self.name)
    }

    /// A store on it, with the test key ring.
    pub fn store(&self, read_only: bool) -> Store {
        self.store_at(self.url(), read_only)
    }

    /// The same with the rights that workers have in production, and no others.
    pub fn store_as_writer(&self) -> Store {
        self.store_at(format!("{}?options=-c%20role%3Dsluice_writer", self.url()), false)
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without its database")]
    fn store_at(&self, url: String, read_only: bool) -> Store {
        let vault = Vault::from_keys(&Secret::new(TEST_KEY)).expect("the test key is good");
        let config = StoreConfig {
            url: Secret::new(url),
            max_connections: 8,
            // A crowd that a test makes waits in line for as long as it takes.
            acquire_timeout: Duration::from_secs(60),
            read_only,
        };
        Store::connect_lazily(&config, vault).expect("the URL is good")
    }

    /// Lets nobody in any more and throws everybody out, or lets them in again: PostgreSQL being away.
    pub async fn set_reachable(&self, reachable: bool) {
        self.execute(&format!(
            "alter database {} with allow_connections {reachable}",
            self.name
        ))
        .await;
        if !reachable {
            let name = &self.name;
            self.execute(&format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            ))
            .await;
        }
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without its database")]
    async fn execute(&self, sql: &str) {
        execute(&self.server, sql).await.expect("the statement runs");
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own, as a test's runtime cannot be waited on from here.
    fn drop(&mut self) {
        let (server, sql) = (
            self.server.clone(),
            format!("drop database if exists {} with (force)", self.name),
        );
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // What is left behind hurts nobody; the test's own failure should be seen instead.
            runtime.map(|runtime| runtime.block_on(execute(&server, &sql)))
        });
        let _ = dropping.join();
    }
}

async fn execute(server: &str, sql: &str) -> Result<(), sqlx::Error> {
    let mut server = PgConnection::connect(server).await?;
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(&mut server)
        .await?;
    Ok(())
}
