//! The evidence, compared event by event.

/// What was found about one invariant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// The invariant, as a sentence.
    pub invariant: &'static str,
    /// How many things were looked at.
    pub checked: u64,
    /// What ought to be there and is not.
    pub lost: u64,
    /// What happened more than once, or should not have happened at all.
    pub doubled: u64,
    /// What has not come to an end.
    pub stuck: u64,
    /// The first few violations, in words with ids.
    pub examples: Vec<String>,
}
