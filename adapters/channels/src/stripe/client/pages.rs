//! Walking through a list of Stripe's, page by page, within bounds.

use std::ops::ControlFlow;

use domain::channel::CallError;
use stripe_client_core::CustomizableStripeRequest;

use super::connection::Connection;
use crate::stripe::{
    request::PAGE_SIZE,
    wire::{Listed, WirePage},
};

/// How far a walk may go. Beyond that nobody knows what the list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// What is listed, in the words of an error.
    pub(super) of: &'static str,
    /// How many pages there may be.
    pub(super) page_limit: u32,
}

impl Connection<'_> {
    /// Shows each page to `see` until it breaks off or the list ends; `None` means that the list ended.
    pub(super) async fn walk<T, R>(
        &self,
        bounds: Bounds,
        request: impl Fn(Option<String>) -> CustomizableStripeRequest<WirePage<T>>,
        mut see: impl FnMut(Vec<T>) -> ControlFlow<R>,
    ) -> Result<Option<R>, CallError>
    where
        T: Listed + miniserde::Deserialize,
    {
        let Bounds { of, page_limit } = bounds;
        let mut after = None;
        for _ in 0..page_limit {
            let page = request(after).send(self).await?;
            let last_id = page.data.last().and_then(Listed::id);
            if let ControlFlow::Break(found) = see(page.data) {
                return Ok(Some(found));
            }
            if !page.has_more {
                return Ok(None);
            }
            if last_id.is_none() {
                let message = format!("there are more {of}, but none to go on from");
                return Err(CallError::Unknown { message });
            }
            after = last_id;
        }
        let looked_at = i64::from(page_limit) * PAGE_SIZE;
        let message = format!("there are more than the newest {looked_at} {of}");
        Err(CallError::Unknown { message })
    }
}
