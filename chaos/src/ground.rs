//! A fresh database and vhost that one run has to itself.
//!
//! They are made on the servers that `DATABASE_URL`, `AMQP_URL` and `RABBITMQ_MANAGEMENT_URL` name. Everything that a run
//! breaks, it breaks on ground of its own, so that runs and tests go on side by side.

mod database;
mod vhost;

use std::env;

use anyhow::{Context, ensure};
use e2e::console::{Console, Program};
use rand::RngExt;

use crate::fleet::{Environment, program};
use database::Database;
use vhost::Vhost;

/// The ground. It is cleared when it is dropped, unless it was cleared before.
#[derive(Debug)]
pub struct Ground {
    /// The database, as its owner.
    pub database_url: String,
    /// The vhost, as a user who may do anything in it and nothing elsewhere. Addresses of several nodes are separated by
    /// commas.
    pub amqp_url: String,
    /// The management API, as the user of the servers.
    pub management_url: String,
    /// The key ring of all processes.
    pub secrets_key: String,
    database: Database,
    vhost: Vhost,
}

impl Ground {
    /// Makes a database with the current schema and a vhost, both named after `name`: small letters, digits and underscores.
    ///
    /// # Errors
    /// A server is not named or refuses, or the programs are not built.
    pub async fn prepare(name: &str) -> anyhow::Result<Self> {
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        ensure!(
            name.chars().all(is_plain),
            "{name:?} cannot be the name of a database"
        );
        let [database_url, amqp_url, management_url] =
            ["DATABASE_URL", "AMQP_URL", "RABBITMQ_MANAGEMENT_URL"].map(setting);
        let (amqp_url, management_url) = (amqp_url?, management_url?);
        let unique = format!("{name}_{:08x}", rand::rng().random::<u32>());
        let vhost = Vhost::create(&management_url, &unique).await?;
        let database = Database::create(&database_url?, &unique).await?;
        let ground = Self {
            database_url: database.url.clone(),
            amqp_url: vhost.address_of_each(&amqp_url)?,
            management_url,
            secrets_key: random_key(),
            database,
            vhost,
        };
        ground.migrate().await?;
        Ok(ground)
    }

    /// What processes on this ground have to be told of it.
    pub fn environment(&self) -> Environment {
        [
            ("DATABASE_URL", &self.database_url),
            ("AMQP_URL", &self.amqp_url),
            ("SLUICE_SECRETS_KEY", &self.secrets_key),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect()
    }

    /// The console for this database.
    ///
    /// # Errors
    /// It is not built.
    pub fn console(&self) -> anyhow::Result<Program> {
        Ok(Program::at(program("console")?).with(self.environment()))
    }

    /// Removes the database and the vhost.
    ///
    /// # Errors
    /// A server refuses.
    pub async fn clear(mut self) -> anyhow::Result<()> {
        self.vhost.remove().await?;
        self.database.remove().await
    }

    async fn migrate(&self) -> anyhow::Result<()> {
        self.console()?.run(&["migrate"], "").await.map(drop)
    }
}

fn setting(name: &str) -> anyhow::Result<String> {
    env::var(name).with_context(|| format!("{name} is not set: start servers with scripts/servers up"))
}

/// Waits for `work` on a thread that has no runtime.
fn alone<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

/// 32 random bytes in base64.
fn random_key() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut random = rand::rng();
    // 42 digits of six bits, four bits more, and the padding: 256 bits.
    let digits = (0..42).map(|_| random.random_range(0..64));
    let mut key: String = digits.map(|digit| char::from(ALPHABET[digit])).collect();
    key.push(char::from(ALPHABET[random.random_range(0..16) * 4]));
    key.push('=');
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        let key = random_key();
        assert_eq!(key.len(), 44);
        // The last digit before the padding holds four bits; the two others have to be zero.
        let last = key.strip_suffix('=').and_then(|digits| digits.chars().last());
        assert!(
            last.is_some_and(|last| "AEIMQUYcgkosw048".contains(last)),
            "{key}"
        );
        assert_ne!(key, random_key());
    }
}
