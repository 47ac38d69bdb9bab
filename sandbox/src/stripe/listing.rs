//! Lists as Stripe pages them: newest first, by cursor, with bounds on the time of creation.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::errors::{Answered, ApiError};
use super::params::Params;

const DEFAULT_LIMIT: i64 = 10;
const LARGEST_LIMIT: i64 = 100;

/// Something that can be listed.
pub trait Listed {
    /// Its id, which serves as the cursor.
    fn id(&self) -> &str;
    /// When it was made.
    fn created(&self) -> i64;
}

macro_rules! listed {
    ($($kind:ty),+) => {$(
        impl Listed for $kind {
            fn id(&self) -> &str { &self.id }
            fn created(&self) -> i64 { self.created }
        }
    )+};
}

listed!(
    super::connected::Connected,
    super::disputes::Dispute,
    super::endpoints::Endpoint,
    super::events::Event,
    super::intents::Intent,
    super::refunds::Refund,
    super::transactions::Transaction,
    super::transfers::Transfer
);

/// Which page of a list is asked for.
pub struct Page<'a> {
    limit: usize,
    starting_after: Option<&'a str>,
    ending_before: Option<&'a str>,
    created: [Option<i64>; 4],
}

impl<'a> Page<'a> {
    /// Reads `limit`, the cursors and `created`.
    pub fn parse(params: &Params<'a>) -> Result<Self, ApiError> {
        let limit = params.integer("limit")?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            let message = format!("This value must be between 1 and {LARGEST_LIMIT}.");
            return Err(ApiError::invalid(message)
                .code("parameter_invalid_integer")
                .param("limit"));
        }
        let (starting_after, ending_before) = (params.text("starting_after")?, params.text("ending_before")?);
        if starting_after.is_some() && ending_before.is_some() {
            return Err(ApiError::invalid(
                "You cannot use both starting_after and ending_before in one request.",
            ));
        }
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or_default(),
            starting_after,
            ending_before,
            created: created_bounds(params)?,
        })
    }

    fn holds(&self, created: i64) -> bool {
        let [gt, gte, lt, lte] = self.created;
        gt.is_none_or(|bound| created > bound)
            && gte.is_none_or(|bound| created >= bound)
            && lt.is_none_or(|bound| created < bound)
            && lte.is_none_or(|bound| created <= bound)
    }

    /// Cuts the page out of all items, which come in the order they were made, newest first, and renders it.
    pub fn cut<'i, T: Listed + 'i>(
        &self,
        url: &str,
        noun: &str,
        items: impl IntoIterator<Item = &'i T>,
        render: impl Fn(&T) -> Value,
    ) -> Answered {
        let mut items: Vec<&T> = items.into_iter().collect();
        // What was dated back is older than when it was made. Sorting what is sorted already costs one look at each.
        items.sort_by_key(|item| Reverse(item.created()));
        let position = |cursor: &str, param: &str| {
            items
                .iter()
                .position(|item| item.id() == cursor)
                .ok_or_else(|| ApiError::missing_reference(noun, cursor, param))
        };
        let window = match (self.starting_after, self.ending_before) {
            (Some(cursor), _) => &items[position(cursor, "starting_after")? + 1..],
            (None, Some(cursor)) => &items[..position(cursor, "ending_before")?],
            (None, None) => &items[..],
        };
        let mut matching: Vec<&T> = window
            .iter()
            .copied()
            .filter(|item| self.holds(item.created()))
            .collect();
        let has_more = matching.len() > self.limit;
        if self.ending_before.is_some() {
            // The page before a cursor is the one next to it, not the newest one.
            matching.drain(..matching.len().saturating_sub(self.limit));
        } else {
            matching.truncate(self.limit);
        }
        let data: Vec<Value> = matching.into_iter().map(render).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}

fn created_bounds(params: &Params<'_>) -> Result<[Option<i64>; 4], ApiError> {
    if let Ok(Some(exact)) = params.integer("created") {
        return Ok([None, Some(exact), None, Some(exact)]);
    }
    let Some(bounds) = params.branch("created")? else {
        return Ok([None; 4]);
    };
    let bounds = bounds.only(&["gt", "gte", "lt", "lte"])?;
    Ok([
        bounds.integer("gt")?,
        bounds.integer("gte")?,
        bounds.integer("lt")?,
        bounds.integer("lte")?,
    ])
}
