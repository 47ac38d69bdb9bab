//! Objects of one kind, in the order they were made, each found by its id at once.

use std::collections::HashMap;

/// Objects of one kind. Providers remove none; only an injected difference does (see `stripe::family`).
#[derive(Debug)]
pub struct Table<T> {
    // An object that was removed leaves its place empty, so that the positions of the others stay true.
    rows: Vec<Option<T>>,
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
        self.rows.push(Some(row));
    }

    /// The object of this id.
    pub fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(*self.index.get(id)?)?.as_ref()
    }

    /// The object of this id, to change it.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(*self.index.get(id)?)?.as_mut()
    }

    /// Takes the object of this id out, as if it had never been.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        self.rows.get_mut(self.index.remove(id)?)?.take()
    }

    /// All objects, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter().flatten()
    }
}
