//! The settings of tokens: who issues them, for whom, and what proves it.

use std::{path::PathBuf, str::FromStr, time::Duration};

use domain::secret::Secret;
use reqwest::Url;
use runtime::Settings;

use crate::auth::PublicKeys;

const ALGORITHM: &str = "JWT_ALGORITHM";
const SECRET: &str = "JWT_SECRET";
const JWKS: &str = "JWT_JWKS";
const ISSUER: &str = "JWT_ISSUER";
const AUDIENCE: &str = "JWT_AUDIENCE";
const ADMINS: &str = "JWT_ADMINS";

/// A shorter secret could be guessed by whoever has a token (RFC 7518, section 3.2).
const LEAST_SECRET_BYTES: usize = 32;
/// How often the issuer's keys are asked for at the most.
const KEYS_PAUSE: Duration = Duration::from_secs(10);

/// How tokens of users and administrators are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtConfig {
    /// What proves that the issuer signed a token.
    pub keys: JwtKeys,
    /// Who issues tokens (`iss`).
    pub issuer: String,
    /// For whom they have to be (`aud`).
    pub audience: String,
    /// Whether a token may make its bearer an administrator.
    pub admits_admins: bool,
    /// The least time between two questions for the issuer's keys.
    pub keys_pause: Duration,
}

/// What proves that the issuer signed a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtKeys {
    /// A secret that the issuer shares with us, for HS256.
    Secret(Secret),
    /// The issuer's public keys, for RS256.
    Public(JwksPlace),
}

/// Where a JSON Web Key Set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksPlace {
    /// In a file.
    File(PathBuf),
    /// On the web.
    Url(Url),
}

/// The one way in which tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JwtAlgorithm {
    Hs256,
    Rs256,
}

impl JwtAlgorithm {
    /// As tokens call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
        }
    }
}

/// No algorithm of ours has this name.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("use HS256 (a shared secret) or RS256 (public keys)")]
pub(crate) struct UnknownAlgorithm;

impl FromStr for JwtAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Self::Hs256, Self::Rs256]
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl JwtKeys {
    /// How tokens have to be signed.
    pub(crate) const fn algorithm(&self) -> JwtAlgorithm {
        match self {
            Self::Secret(_) => JwtAlgorithm::Hs256,
            Self::Public(_) => JwtAlgorithm::Rs256,
        }
    }
}

/// Reads the settings; none when none of them is there, which is how a deployment says that it takes no tokens.
pub(super) fn read(settings: &mut Settings) -> Option<JwtConfig> {
    let admits_admins = settings.with_default(ADMINS, false, "true");
    let mut is_there = |name| settings.optional::<String>(name, "").is_some();
    let given = [ALGORITHM, SECRET, JWKS, ISSUER, AUDIENCE].map(&mut is_there);
    if !admits_admins && given == [false; 5] {
        return None;
    }
    let algorithm = settings.required(ALGORITHM, "RS256");
    let issuer = settings.required(ISSUER, "https://id.example");
    let audience = settings.required(AUDIENCE, "sluice");
    let keys = match algorithm? {
        JwtAlgorithm::Hs256 => {
            refuse(settings, JWKS, given[2], "is for RS256; leave it out with HS256");
            read_secret(settings).map(JwtKeys::Secret)
        }
        JwtAlgorithm::Rs256 => {
            refuse(
                settings,
                SECRET,
                given[1],
                "is for HS256; leave it out with RS256",
            );
            read_place(settings).map(JwtKeys::Public)
        }
    };
    Some(JwtConfig {
        keys: keys?,
        issuer: issuer?,
        audience: audience?,
        admits_admins,
        keys_pause: KEYS_PAUSE,
    })
}

/// A setting of the other algorithm says that somebody means something else than what would happen.
fn refuse(settings: &mut Settings, name: &'static str, is_there: bool, why: &str) {
    if is_there {
        settings.note(name, why, "");
    }
}

fn read_secret(settings: &mut Settings) -> Option<Secret> {
    const EXAMPLE: &str = "$(openssl rand -hex 32)";
    let secret = settings.secret(SECRET, EXAMPLE)?;
    if secret.expose().len() < LEAST_SECRET_BYTES {
        let problem = format!("is too short: it must have at least {LEAST_SECRET_BYTES} bytes");
        settings.note(SECRET, problem, EXAMPLE);
        return None;
    }
    Some(secret)
}

fn read_place(settings: &mut Settings) -> Option<JwksPlace> {
    const EXAMPLE: &str = "https://id.example/.well-known/jwks.json";
    let text: String = settings.required(JWKS, EXAMPLE)?;
    let place = if text.contains("://") {
        read_url(&text).map(JwksPlace::Url)
    } else {
        read_file(&text)
    };
    place
        .map_err(|problem| settings.note(JWKS, format!("cannot be used: {problem}"), EXAMPLE))
        .ok()
}

/// Keys that came over a wire that others can write on prove nothing; one that stays on this machine is for tests.
fn read_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| "it is no address".to_owned())?;
    let is_local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_local => Ok(url),
        _ => Err("it must be a file or an https address".to_owned()),
    }
}

/// A file that cannot be used now is a mistake; later it may only be on its way from one version to the next.
fn read_file(path: &str) -> Result<JwksPlace, String> {
    let json = std::fs::read(path).map_err(|error| error.to_string())?;
    let keys = PublicKeys::read(&json).and_then(PublicKeys::some);
    keys.map_err(|error| error.to_string())?;
    Ok(JwksPlace::File(path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        (ALGORITHM, "HS256"),
        (SECRET, "0123456789abcdef0123456789abcdef"),
        (ISSUER, "https://id.example"),
        (AUDIENCE, "sluice"),
    ];

    fn read_pairs(pairs: &[(&str, &str)]) -> Result<Option<JwtConfig>, String> {
        let mut settings = Settings::from_pairs(pairs.iter().copied());
        let read = read(&mut settings);
        settings.finish(Some(read)).map_err(|error| error.to_string())
    }

    fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
        let others = GOOD.into_iter().filter(|(other, _)| *other != name);
        others.chain([(name, value)]).collect()
    }

    #[test]
    fn without_settings_there_are_no_tokens_and_with_all_of_them_there_are() {
        assert_eq!(read_pairs(&[]), Ok(None));
        let config = read_pairs(&GOOD).unwrap().unwrap();
        assert_eq!(config.keys.algorithm(), JwtAlgorithm::Hs256);
        assert!(!config.admits_admins && !format!("{config:?}").contains("0123456789abcdef"));
        assert!(read_pairs(&with(ADMINS, "true")).unwrap().unwrap().admits_admins);
    }

    #[test]
    fn half_a_configuration_is_named() {
        for (name, _) in GOOD {
            let told = read_pairs(&with(name, "")).unwrap_err();
            assert!(told.contains(&format!("{name} is not set")), "{told}");
        }
        let told = read_pairs(&[(ADMINS, "true")]).unwrap_err();
        assert!(told.contains("JWT_ALGORITHM is not set"), "{told}");
        let told = read_pairs(&with(SECRET, "0123456789abcdef0123456789abcde")).unwrap_err();
        assert!(
            told.contains("at least 32 bytes") && !told.contains("abcde"),
            "{told}"
        );
        let told = read_pairs(&with(JWKS, "https://id.example/keys")).unwrap_err();
        assert!(told.contains("JWT_JWKS is for RS256"), "{told}");
        for algorithm in ["none", "hs256", "ES256"] {
            let told = read_pairs(&with(ALGORITHM, algorithm)).unwrap_err();
            assert!(told.contains("use HS256") && told.contains("or RS256"), "{told}");
        }
        let told = read_pairs(&with(ALGORITHM, "RS256")).unwrap_err();
        assert!(
            told.contains("JWT_SECRET is for HS256") && told.contains("JWT_JWKS is not set"),
            "{told}"
        );
    }

    #[test]
    fn public_keys_come_from_a_file_or_over_https() {
        let place = |place: &'static str| {
            let others = with(ALGORITHM, "RS256").into_iter();
            let others = others.filter(|(name, _)| *name != SECRET);
            read_pairs(&others.chain([(JWKS, place)]).collect::<Vec<_>>())
        };
        for good in [
            "https://id.example/keys",
            "http://127.0.0.1:1/keys",
            "http://[::1]/keys",
        ] {
            let config = place(good).unwrap().unwrap();
            assert!(
                matches!(config.keys, JwtKeys::Public(JwksPlace::Url(_))),
                "{config:?}"
            );
        }
        for (bad, why) in [
            ("http://id.example/keys", "https address"),
            ("ftp://id.example/keys", "https address"),
            ("https://", "no address"),
            ("/nowhere/keys.json", "No such file"),
            ("Cargo.toml", "no JSON Web Key Set"),
        ] {
            let told = place(bad).unwrap_err();
            assert!(told.contains("JWT_JWKS") && told.contains(why), "{told}");
        }
    }
}
