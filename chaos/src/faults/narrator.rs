//! What a person at the terminal reads while things break.

use tokio::time::Instant;

/// Tells what happens, and when.
#[derive(Debug, Clone, Copy)]
pub struct Narrator {
    began: Instant,
}

impl Narrator {
    /// A narrator whose time begins now.
    pub fn from_now() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    /// Prints a line: the time, a word for what kind of thing happened, and what it was.
    pub fn say(&self, kind: &str, text: &str) {
        let time = self.began.elapsed().as_secs_f64();
        let (minutes, seconds) = ((time / 60.0).floor(), time % 60.0);
        println!("{minutes:>3}:{seconds:04.1}  {kind:<6}  {text}");
    }
}
