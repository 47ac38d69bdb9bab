//! Parked messages: what they are, and the two places where they are read.
//!
//! A message is parked in the `dead` queue of its kind, and there alone is it parked. Queue `parked.log` gets a copy of each
//! message that is parked, whoever parked it, so that it can be written down; a copy that was lost there is lost to nobody but
//! to those who search.
//!
//! A [`Letter`] has an id that follows from what the message says and no place changes, so that copy and message, and all times
//! that either is handed out, are known to be the same.

mod letter;
mod post;

pub use letter::Letter;
pub use post::{Found, LetterPost, LettersError, Place, Standing, mend, waiting};
