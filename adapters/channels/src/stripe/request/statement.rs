//! The request for a page of the account's balance transactions.

use stripe_client_core::{CustomizableStripeRequest, StripeRequest};
use stripe_core::balance_transaction::ListBalanceTransaction;
use stripe_types::{RangeBoundsTs, RangeQueryTs};

use super::{PAGE_SIZE, asked};
use crate::{
    channel::StatementPeriod,
    stripe::{statement::WireLine, wire::WirePage},
};

/// One page of what moved within a period, newest first, after the line the last page ended with. Each line comes with the
/// object behind it, because only that carries our mark.
pub(in crate::stripe) fn page(
    period: StatementPeriod,
    after: Option<String>,
) -> CustomizableStripeRequest<WirePage<WireLine>> {
    let created = RangeQueryTs::Bounds(RangeBoundsTs {
        gte: Some(period.from.timestamp()),
        lt: Some(period.to.timestamp()),
        ..RangeBoundsTs::default()
    });
    let mut request = ListBalanceTransaction::new()
        .created(created)
        .expand(["data.source".to_owned()])
        .limit(PAGE_SIZE);
    if let Some(after) = after {
        request = request.starting_after(after);
    }
    asked(request.build())
}
