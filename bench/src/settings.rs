//! Numbers from the environment.

use std::{env, str::FromStr};

use anyhow::Context;

/// The setting of this name, or what holds where it is not set.
///
/// # Errors
/// It is set to something else than a number.
pub fn number<N>(name: &str, otherwise: N) -> anyhow::Result<N>
where
    N: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let Ok(text) = env::var(name) else {
        return Ok(otherwise);
    };
    text.parse()
        .with_context(|| format!("{name}={text:?} is to be a whole number"))
}
