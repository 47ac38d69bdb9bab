//! The story of what was parked: written down once for each message, found again by people, and moved on by what they ask for.
//!
//! What is parked stands in the broker's queues. A row here follows: it is written after the message was parked, and says that
//! the message is parked no longer only after that was so decided and, for a replay, its next try was confirmed.

mod actions;
mod finding;
mod moving;
mod noting;
mod rows;

pub use actions::{ActionProgress, AskedFor, NewAction};
pub use finding::{LetterCursor, LetterFilter, LetterGroup, LetterPage};
pub use moving::{Claim, Lease};
pub use noting::{NewLetter, ReplayedJob};
pub use rows::{LetterStory, RecordedLetter, Try};
