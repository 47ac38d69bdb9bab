//! Where the public keys of the issuer come from, and when they are looked for again.
//!
//! Keys are rotated, so a token may name one that was not there before. Then the source is asked again, but never more often
//! than once in a pause, whatever names strangers make up; and those who ask at once share one question. It is asked on a
//! task of its own: whoever hangs up takes nothing away from the others. While the source does not answer, or with something
//! else than a key set, the keys that are known go on being used. A key set without keys withdraws them all.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use channels::{ChannelsError, HttpConfig};
use tokio::{sync::Mutex, time::Instant};

use super::public_keys::{NoPublicKeys, PublicKeys};
use crate::config::JwksPlace;

/// How long keys are used without asking for them again, so that one that was withdrawn is noticed.
const FRESH_FOR: Duration = Duration::from_secs(300);
/// How long they may take to come: whoever shows a token waits for them.
const FETCHING: HttpConfig = HttpConfig {
    timeout: Duration::from_secs(3),
    connect_timeout: Duration::from_secs(2),
};
/// No key set is nearly as large.
const MOST_BYTES: usize = 256 * 1024;

/// The source, and what it said last.
#[derive(Debug)]
pub(super) struct KeySource {
    place: Place,
    /// The least time between two questions.
    pause: Duration,
    known: RwLock<Known>,
    /// Held by whoever asks.
    asking: Mutex<()>,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Web(reqwest::Client, reqwest::Url),
}

#[derive(Debug, Clone, Default)]
struct Known {
    keys: Option<Arc<PublicKeys>>,
    read_at: Option<Instant>,
    asked_at: Option<Instant>,
}

/// No keys are known yet, and none can be had now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoAnswer;

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("it cannot be read")]
    File(#[from] io::Error),
    #[error("it cannot be fetched")]
    Web(#[from] reqwest::Error),
    #[error("it answers {0}")]
    Status(reqwest::StatusCode),
    #[error("it is larger than {MOST_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    NoKeys(#[from] NoPublicKeys),
}

impl KeySource {
    /// A source that was not asked yet.
    ///
    /// # Errors
    /// TLS is not set up, and the keys are on the web.
    pub(super) fn new(place: &JwksPlace, pause: Duration) -> Result<Arc<Self>, ChannelsError> {
        let place = match place {
            JwksPlace::File(path) => Place::File(path.clone()),
            JwksPlace::Url(url) => Place::Web(FETCHING.client()?, url.clone()),
        };
        Ok(Arc::new(Self {
            place,
            pause,
            known: RwLock::default(),
            asking: Mutex::default(),
        }))
    }

    /// Keys among which the one of this name is, if there is any.
    ///
    /// # Errors
    /// The source has never answered.
    pub(super) async fn keys(self: &Arc<Self>, id: Option<&str>) -> Result<Arc<PublicKeys>, NoAnswer> {
        let known = self.known();
        let has_it = known.keys.as_ref().filter(|keys| keys.find(id).is_some());
        match has_it {
            Some(keys) if known.is_fresh() => return Ok(Arc::clone(keys)),
            // One asks, and nobody else waits for what will most likely be the same.
            Some(keys) if self.asking.try_lock().is_err() => return Ok(Arc::clone(keys)),
            Some(_) | None => {}
        }
        if self.may_be_asked(&known) {
            let source = Arc::clone(self);
            // It has nothing to tell but what is known afterwards.
            let _ended = tokio::spawn(async move { source.ask().await }).await;
        }
        self.known().keys.ok_or(NoAnswer)
    }

    /// Asks the source, unless somebody just has.
    async fn ask(&self) {
        let _only_one = self.asking.lock().await;
        if !self.may_be_asked(&self.known()) {
            return;
        }
        let started = Instant::now();
        let answer = self.place.read().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.asked_at = Some(Instant::now());
        match answer {
            Ok(keys) => {
                if keys.is_empty() {
                    tracing::warn!(
                        "the issuer shows no key that tokens could be checked with: none is taken"
                    );
                }
                known.keys = Some(Arc::new(keys));
                // Counted from before the question, as the answer may be that old.
                known.read_at = Some(started);
            }
            Err(error) => {
                let why = describe(&error);
                tracing::warn!(why, "the keys that tokens are checked with cannot be had");
            }
        }
    }

    fn may_be_asked(&self, known: &Known) -> bool {
        known
            .asked_at
            .is_none_or(|asked_at| asked_at.elapsed() >= self.pause)
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    fn is_fresh(&self) -> bool {
        self.read_at.is_some_and(|read_at| read_at.elapsed() < FRESH_FOR)
    }
}

impl Place {
    async fn read(&self) -> Result<PublicKeys, Unreadable> {
        let json = match self {
            Self::File(path) => {
                let path = path.clone();
                let reading = tokio::task::spawn_blocking(move || std::fs::read(path));
                reading.await.map_err(io::Error::other)??
            }
            Self::Web(client, url) => fetch(client, url).await?,
        };
        Ok(PublicKeys::read(&json)?)
    }
}

/// The address stays out of errors: it may hold a password.
async fn fetch(client: &reqwest::Client, url: &reqwest::Url) -> Result<Vec<u8>, Unreadable> {
    let asked = client.get(url.clone()).send().await;
    let mut response = asked.map_err(reqwest::Error::without_url)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(Unreadable::Status(response.status()));
    }
    let mut json = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        json.extend_from_slice(&chunk);
        if json.len() > MOST_BYTES {
            return Err(Unreadable::TooLarge);
        }
    }
    Ok(json)
}

/// The error with its causes; the first alone says only that it failed.
fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    /// A file of its own; gone when this is dropped.
    struct KeyFile(PathBuf);

    impl KeyFile {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("sluice-keys-{}.json", uuid::Uuid::new_v4())))
        }

        /// Writes a key set with keys of these names.
        fn show(&self, names: &[&str]) {
            let modulus = "wcHB".repeat(86);
            let key = |name| format!(r#"{{"kty": "RSA", "kid": "{name}", "n": "{modulus}", "e": "AQAB"}}"#);
            let keys: Vec<_> = names.iter().map(key).collect();
            self.write(&format!(r#"{{"keys": [{}]}}"#, keys.join(",")));
        }

        fn write(&self, text: &str) {
            std::fs::write(&self.0, text).unwrap();
        }

        fn source(&self) -> Arc<KeySource> {
            KeySource::new(&JwksPlace::File(self.0.clone()), PAUSE).unwrap()
        }
    }

    impl Drop for KeyFile {
        fn drop(&mut self) {
            let _gone_already = std::fs::remove_file(&self.0);
        }
    }

    async fn has(source: &Arc<KeySource>, name: &str) -> bool {
        let keys = source.keys(Some(name)).await.unwrap();
        keys.find(Some(name)).is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_key_is_looked_for_after_a_pause_and_an_old_one_goes_when_it_is_not_fresh() {
        let file = KeyFile::new();
        file.show(&["a"]);
        let source = file.source();
        assert!(has(&source, "a").await && !has(&source, "b").await);
        file.show(&["b"]);
        assert!(!has(&source, "b").await);
        tokio::time::advance(PAUSE).await;
        // Nobody has asked for what is new.
        assert!(has(&source, "a").await && has(&source, "b").await && !has(&source, "a").await);

        file.show(&["c"]);
        tokio::time::advance(FRESH_FOR - Duration::from_secs(1)).await;
        assert!(has(&source, "b").await);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!has(&source, "b").await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_outlives_its_source_and_nothing_is_made_up() {
        let file = KeyFile::new();
        let source = file.source();
        assert!(source.keys(Some("a")).await.is_err());
        file.show(&["a"]);
        assert!(
            source.keys(Some("a")).await.is_err(),
            "asked before the pause was over"
        );
        tokio::time::advance(PAUSE).await;
        assert!(has(&source, "a").await);
        file.write(r#"{"error": "try later"}"#);
        tokio::time::advance(FRESH_FOR * 2).await;
        assert!(has(&source, "a").await);
        drop(file);
        tokio::time::advance(FRESH_FOR * 100).await;
        assert!(has(&source, "a").await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_set_withdraws_the_last_key() {
        let file = KeyFile::new();
        file.show(&["a"]);
        let source = file.source();
        assert!(has(&source, "a").await);
        file.show(&[]);
        tokio::time::advance(FRESH_FOR - Duration::from_secs(1)).await;
        assert!(has(&source, "a").await);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!has(&source, "a").await);
        // And it may come back.
        file.show(&["a"]);
        assert!(!has(&source, "a").await);
        tokio::time::advance(PAUSE).await;
        assert!(has(&source, "a").await);
    }
}
