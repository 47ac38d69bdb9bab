//! Lists in parts: newest first, nothing twice, nothing left out.

mod cursor;

use axum::extract::{Query, rejection::QueryRejection};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    fields::invalid_query,
    problem::{Problem, ProblemKind},
};

/// How many there are on a page, unless it is said.
pub(crate) const DEFAULT_LIMIT: u32 = 20;
/// How many there can be.
pub(crate) const MAX_LIMIT: u32 = 100;

/// A place in a list: after the object of this id, which was stored then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub created_at: DateTime<Utc>,
    pub id: Uuid,
}

/// A place that a token leads back to.
pub(crate) trait Position: Sized {
    /// The token of this place.
    fn token(&self) -> String;

    /// The place of a token; `None` when it is none of ours.
    fn of_token(token: &str) -> Option<Self>;
}

/// Which part of a list is asked for, by places of the kind `P`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartFrom<P> {
    /// Where it starts; at the newest when it is not said.
    pub after: Option<P>,
    limit: u32,
}

/// Which part of a list of stored objects is asked for.
pub(crate) type Part = PartFrom<Place>;

/// Which part of a list of numbered lines is asked for.
pub(crate) type PartOfLines = PartFrom<i64>;

/// A part of a list.
#[derive(Debug, Serialize)]
pub(crate) struct List<V> {
    data: Vec<V>,
    /// Where the next part starts; null on the last one.
    next_cursor: Option<String>,
}

/// The query of a list, whose parameters are `names`.
pub(crate) fn query<T>(given: Result<Query<T>, QueryRejection>, names: &str) -> Result<T, Problem> {
    given.map(|Query(query)| query).map_err(|rejection| {
        let detail = format!("Use {names}: {}", rejection.body_text());
        Problem::new(ProblemKind::InvalidQuery, detail)
    })
}

impl<P: Position> PartFrom<P> {
    /// Reads the parameters `limit` and `cursor`.
    pub(crate) fn read(limit: Option<&str>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.map_or(Some(DEFAULT_LIMIT), |limit| {
            limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
        });
        let limit =
            limit.ok_or_else(|| invalid_query("limit", &format!("a whole number from 1 to {MAX_LIMIT}")))?;
        let no_place = || invalid_query("cursor", "the next_cursor of the page before, unchanged");
        let place = |token| P::of_token(token).ok_or_else(no_place);
        Ok(Self {
            after: cursor.map(place).transpose()?,
            limit,
        })
    }

    /// How many rows to read: one more than asked for tells whether there is a next part.
    pub(crate) const fn rows(&self) -> u32 {
        self.limit + 1
    }

    /// The part, from as many rows as [`Self::rows`] says.
    pub(crate) fn list<T, V>(
        &self,
        mut rows: Vec<T>,
        place: impl FnOnce(&T) -> P,
        view: impl FnMut(&T) -> V,
    ) -> List<V> {
        let limit = self.limit as usize;
        let is_last = rows.len() <= limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| !is_last);
        List {
            next_cursor: last.map(|last| place(last).token()),
            data: rows.iter().map(view).collect(),
        }
    }
}
