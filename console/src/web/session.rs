//! Who is signed in.
//!
//! A session is a random token in a cookie; PostgreSQL has its hash only. What is in hand of a session here is for looking
//! while PostgreSQL is away: whoever acts is asked about anew each time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::{
    clock::Clock,
    operator::{OperatorName, Role},
};
use ring::{digest, hmac};
use store::{Session, SessionLimits, Store};

use super::{form::Fields, refusal::Refusal};
use crate::{ConsoleError, password};

/// How long sessions last: an hour with nothing done, and a long day in all.
pub(super) const LIMITS: SessionLimits = SessionLimits {
    idle: Duration::from_secs(3_600),
    whole: Duration::from_secs(12 * 3_600),
};

/// How long after it was last asked about a session may look while PostgreSQL is away.
const REMEMBERED: Duration = Duration::from_secs(600);

/// How long PostgreSQL may take to say whose session it is: a page must not hang with a server that does.
const PATIENCE: Duration = Duration::from_secs(2);

/// What somebody comes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    /// To look at a page.
    Looks,
    /// Nobody does anything: a page that is open brings itself up to date.
    Follows,
    /// To do something.
    Acts,
}

/// The name of the field that carries a session's token against forged requests.
pub(super) const CSRF_FIELD: &str = "csrf";

/// The secret that names a session.
#[derive(Clone)]
pub(super) struct SessionToken([u8; 32]);

impl SessionToken {
    pub(super) fn generate() -> Result<Self, ConsoleError> {
        Ok(Self(password::random()?))
    }

    /// The token in a request's cookies, if there is one.
    pub(super) fn from_cookies(headers: &HeaderMap, name: &str) -> Option<Self> {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(cookie(headers, name)?).ok()?;
        Some(Self(decoded.try_into().ok()?))
    }

    /// What is stored of it.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, &self.0).as_ref());
        hash
    }

    /// What each form of the session carries: a page elsewhere cannot know it, and it gives nothing of the token away.
    fn csrf(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.key(), CSRF_FIELD.as_bytes()))
    }

    fn proves(&self, csrf: &str) -> bool {
        let tag = BASE64_URL_SAFE_NO_PAD.decode(csrf);
        tag.is_ok_and(|tag| hmac::verify(&self.key(), CSRF_FIELD.as_bytes(), &tag).is_ok())
    }

    fn mark(&self, of: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.key(), format!("mark:{of}").as_bytes()))
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(header::COOKIE).iter();
    let pairs = sent
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// Somebody who is signed in, as this request knows them.
#[derive(Clone)]
pub(super) struct Visitor {
    pub operator: OperatorName,
    pub role: Role,
    token: SessionToken,
}

impl Visitor {
    /// What each of their forms carries.
    pub(super) fn csrf(&self) -> String {
        self.token.csrf()
    }

    /// Whether a form is one that we gave them.
    pub(super) fn has_sent(&self, fields: &Fields) -> bool {
        self.token.proves(fields.get(CSRF_FIELD))
    }

    /// Stands for something in their forms, so that it can be told whether it is still the same, and tells nothing of it.
    pub(super) fn mark(&self, of: &str) -> String {
        self.token.mark(of)
    }

    /// What is stored of their session's token.
    pub(super) fn token_hash(&self) -> [u8; 32] {
        self.token.hash()
    }
}

/// A session, and when it was last asked about.
type Seen = (Session, DateTime<Utc>);

/// The sessions of all operators.
pub(super) struct Sessions {
    store: Store,
    clock: Arc<dyn Clock>,
    is_secure: bool,
    remembered: Mutex<HashMap<[u8; 32], Seen>>,
}

impl Sessions {
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>, is_secure: bool) -> Self {
        Self {
            store,
            clock,
            is_secure,
            remembered: Mutex::default(),
        }
    }

    /// With `__Host-` a browser takes it over https only, and from nobody else.
    pub(super) const fn cookie_name(&self) -> &'static str {
        if self.is_secure {
            "__Host-sluice-console"
        } else {
            "sluice-console"
        }
    }

    /// The header that gives a browser its session, or, without one, takes it away.
    pub(super) fn set_cookie(&self, token: Option<&SessionToken>) -> String {
        let value = token.map(|token| BASE64_URL_SAFE_NO_PAD.encode(token.0));
        let (value, age) = value.map_or_else(|| (String::new(), "; Max-Age=0"), |value| (value, ""));
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{age}",
            self.cookie_name()
        )
    }

    /// Who a token belongs to. Whoever wants to do something has to be known by PostgreSQL now.
    pub(super) async fn visitor(
        &self,
        token: Option<SessionToken>,
        visit: Visit,
    ) -> Result<Option<Visitor>, Refusal> {
        let Some(token) = token else {
            return Ok(None);
        };
        let session = self.find(token.hash(), visit).await?;
        Ok(session.map(|session| Visitor {
            operator: session.operator,
            role: session.role,
            token,
        }))
    }

    /// Whether a session lasts; as long as PostgreSQL is away, those do that were there lately.
    pub(super) async fn lasts(&self, hash: &[u8; 32]) -> bool {
        matches!(self.find(*hash, Visit::Follows).await, Ok(Some(_)))
    }

    async fn find(&self, hash: [u8; 32], visit: Visit) -> Result<Option<Session>, Refusal> {
        let now = self.clock.now();
        let seeing = self
            .store
            .see_session(&hash, LIMITS, visit != Visit::Follows, now);
        let refusal = match tokio::time::timeout(PATIENCE, seeing).await {
            Ok(Ok(found)) => {
                self.remember(hash, found.as_ref(), now);
                return Ok(found);
            }
            Ok(Err(error)) => Refusal::from(error),
            Err(_) => {
                tracing::warn!("PostgreSQL does not say in time whose session it is");
                Refusal::StoreAway
            }
        };
        let may_look = refusal == Refusal::StoreAway && visit != Visit::Acts;
        let remembered = self.remembered(&hash, now).filter(|_| may_look);
        remembered.map(Some).ok_or(refusal)
    }

    /// Ends a session here and in PostgreSQL.
    pub(super) async fn end(&self, hash: &[u8; 32], address: &str) -> Result<(), Refusal> {
        let now = self.clock.now();
        self.remember(*hash, None, now);
        Ok(self.store.end_session(hash, address, now).await?)
    }

    fn remember(&self, hash: [u8; 32], session: Option<&Session>, now: DateTime<Utc>) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.retain(|_, (_, seen)| now - *seen < chrono_of(REMEMBERED));
        match session {
            Some(session) => drop(remembered.insert(hash, (session.clone(), now))),
            None => drop(remembered.remove(&hash)),
        }
    }

    fn remembered(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Option<Session> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (session, seen) = remembered.get(hash)?;
        let is_young =
            now - *seen < chrono_of(REMEMBERED) && now - session.created_at < chrono_of(LIMITS.whole);
        is_young.then(|| session.clone())
    }
}

fn chrono_of(duration: Duration) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(duration).unwrap_or(chrono::TimeDelta::MAX)
}
