//! Objects of one kind, in the order they were made, each found by its id at once.

use std::collections::HashMap;

/// Objects of one kind. None is ever removed.
#[derive(Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    index: HashMap<String, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            index: HashMap::new(),
        }
    }
}

impl<T> Table<T> {
    /// Adds an object under its id.
    pub fn insert(&mut self, id: &str, row: T) {
        self.index.insert(id.to_owned(), self.rows.len());
        self.rows.push(row);
    }

    /// The object of this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(*self.index.get(id)?)
    }

    /// The object of this id, to change it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(*self.index.get(id)?)
    }

    /// All objects, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter()
    }
}
