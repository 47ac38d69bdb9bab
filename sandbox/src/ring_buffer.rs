//! A bounded log: the newest entries, each with a number that never repeats.
//!
//! Benches push for minutes; a log that grew without end would make the double slower than the thing it doubles.

use std::collections::VecDeque;

/// Keeps the newest `capacity` entries in order of arrival.
#[derive(Debug)]
pub struct RingBuffer<T> {
    entries: VecDeque<T>,
    first: u64,
    capacity: usize,
    dropped: u64,
}

impl<T> RingBuffer<T> {
    /// An empty log that keeps `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            capacity,
            dropped: 0,
        }
    }

    /// Adds an entry, dropping the oldest one when full, and answers the entry's number.
    pub fn push(&mut self, entry: T) -> u64 {
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
            self.first += 1;
            self.dropped += 1;
        }
        self.entries.push_back(entry);
        self.first + self.entries.len() as u64 - 1
    }

    /// The entry with this number, unless it was dropped meanwhile.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let offset = number.checked_sub(self.first)?;
        self.entries.get_mut(usize::try_from(offset).ok()?)
    }

    /// The entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter()
    }

    /// How many entries were dropped because the log was full. Whoever takes the log for complete looks here first.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets all entries; numbers go on from where they were.
    pub fn clear(&mut self) {
        self.first += self.entries.len() as u64;
        self.dropped = 0;
        self.entries.clear();
    }
}
