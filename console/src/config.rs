//! The settings of the console.

use std::time::Duration;

use domain::secret::Secret;
use runtime::{Settings, SettingsError};
use store::{StoreConfig, Vault};

/// People wait for this program: one connection, and no long patience with a server that does not answer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where PostgreSQL is, what opens sealed values, and who is at the keyboard.
#[derive(Debug, Clone)]
pub struct Config {
    /// How to reach PostgreSQL, as a role that may write.
    pub store: StoreConfig,
    /// The key ring.
    pub vault: Vault,
    /// Who is written down as having done it.
    pub actor: String,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Lists every setting that is missing or cannot be used.
    pub fn read(mut settings: Settings) -> Result<Self, SettingsError> {
        let config = Self::read_from(&mut settings);
        settings.finish(config)
    }

    /// The same, for who reads more settings. `None` means that a problem was noted.
    pub(crate) fn read_from(settings: &mut Settings) -> Option<Self> {
        const KEY: &str = "SLUICE_SECRETS_KEY";
        const KEY_EXAMPLE: &str = "$(openssl rand -base64 32)";
        let url = settings.secret("DATABASE_URL", "postgres://user:password@127.0.0.1:5432/sluice");
        let key = settings.secret(KEY, KEY_EXAMPLE);
        let user = settings.optional::<String>("USER", "ada");
        let user = user.or_else(|| settings.optional("LOGNAME", "ada"));
        let vault = key.and_then(|key| match Vault::from_keys(&key) {
            Ok(vault) => Some(vault),
            Err(error) => {
                settings.note(KEY, format!("cannot be used: {error}"), KEY_EXAMPLE);
                None
            }
        });
        let actor = format!("console:{}", user.as_deref().unwrap_or("unknown"));
        url.zip(vault).map(|(url, vault)| Self {
            store: store_config(url),
            vault,
            actor,
        })
    }
}

const fn store_config(url: Secret) -> StoreConfig {
    StoreConfig {
        url,
        max_connections: 2,
        acquire_timeout: ACQUIRE_TIMEOUT,
        read_only: false,
    }
}
