//! Waiting for something to become so.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Asks until the answer is the one that is waited for, and gives the last answer. Out of patience, that is another one:
/// the caller shows it.
///
/// # Errors
/// As soon as asking fails.
pub async fn until<T>(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<T>,
    is_it: impl Fn(&T) -> bool,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = ask().await?;
        if is_it(&answer) || Instant::now() >= deadline {
            return Ok(answer);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
