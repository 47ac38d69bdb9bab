//! Which letters are meant: what the command line and the web console have in common.

use domain::{
    dead_letter::{LetterState, UNROUTABLE},
    id::DeadLetterId,
    job::Kind,
};
use store::{AskedFor, LetterCursor, LetterFilter, LetterPage, RecordedLetter, Store, StoreError};

/// How many letters one action takes, at the most.
pub const MOST: u32 = 25_000;
/// How many letters a second an action may be told to take, at the most.
pub const FASTEST: u32 = 100_000;
/// How many letters a dry run shows.
const SHOWN: u32 = 20;
/// The shortest text that is looked for, in characters: shorter ones are in too many errors.
const SHORTEST_TEXT: usize = 3;

/// Whether a text is long enough to be looked for.
pub fn is_long_enough(text: &str) -> bool {
    text.chars().count() >= SHORTEST_TEXT
}

/// Every name that letters can be of: the kinds of jobs, and that of messages which nobody has a queue for.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    Kind::ALL.into_iter().map(Kind::name).chain([UNROUTABLE])
}

/// What is asked for, in words.
pub fn selection(asked_for: &AskedFor) -> String {
    let filter = match asked_for {
        AskedFor::Letters(ids) => {
            return match &ids[..] {
                [one] => one.to_string(),
                several => format!("{} letters by id", several.len()),
            };
        }
        AskedFor::Matching(filter, _) | AskedFor::Shown { filter, .. } => filter,
    };
    let words = [
        filter.payment_id.map(|id| format!("payment {id}")),
        filter.order_id.map(|id| format!("order {id}")),
        filter.merchant_id.map(|id| format!("merchant {id}")),
        filter.provider_id.as_ref().map(|id| format!("provider id {id}")),
        filter.text.as_ref().map(|text| format!("text {text:?}")),
        filter.kind.as_ref().map(|kind| format!("kind {kind}")),
        filter.group_id.map(|id| format!("group {id}")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() {
        return "all that is parked".to_owned();
    }
    format!("all with {}", words.join(", "))
}

/// What would be asked for: how many parked letters the filter means, and the newest of them. Of more than `most`, one more than
/// that are counted.
///
/// # Errors
/// PostgreSQL is away, or a row cannot be read.
pub async fn dry_run(
    store: &Store,
    filter: LetterFilter,
    most: u32,
) -> Result<(i64, Vec<RecordedLetter>), StoreError> {
    let filter = LetterFilter {
        state: Some(LetterState::Parked),
        ..filter
    };
    let count = store.count_parked_letters(&filter, most).await?;
    let page = LetterPage {
        after: None,
        limit: SHOWN,
    };
    Ok((count, store.letters(&filter, page).await?))
}

/// The place of a letter in a list; none when there is no such letter.
///
/// # Errors
/// PostgreSQL is away, or a row cannot be read.
pub async fn place(store: &Store, id: DeadLetterId) -> Result<Option<LetterCursor>, StoreError> {
    Ok(store.letter(id).await?.map(|last| last.letter.cursor()))
}
