//! The lists of the API: which objects each one holds, and what it can be narrowed by.

use super::book::Book;
use super::charges::Charge;
use super::errors::ApiError;
use super::events::Event;
use super::listing::Page;
use super::params::Params;
use super::refunds::Refund;
use super::route::Work;

const PAGE_PARAMS: [&str; 4] = ["limit", "starting_after", "ending_before", "created"];

fn paged<'a>(params: Params<'a>, filters: &[&str]) -> Result<(Params<'a>, Page<'a>), ApiError> {
    let params = params.only(&[&PAGE_PARAMS, filters].concat())?;
    let page = Page::parse(&params)?;
    Ok((params, page))
}

/// `GET /v1/payment_intents`
pub fn intents(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (_, page) = paged(params, &["customer", "customer_account"])?;
    Ok(Box::new(move |book, _| {
        page.cut("/v1/payment_intents", "payment_intent", book.intents.iter().rev())
    }))
}

/// `GET /v1/refunds`
pub fn refunds(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (params, page) = paged(params, &["charge", "payment_intent"])?;
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    Ok(Box::new(move |book, _| {
        let wanted = match (charge, intent) {
            (None, None) => book.refunds.iter().rev().collect(),
            (Some(charge), None) => book
                .charges
                .get(charge)
                .map_or_else(Vec::new, |charge| refunds_of(book, charge)),
            (charge, Some(intent)) => book
                .charges_of(intent)
                .rev()
                .filter(|of_intent| charge.is_none_or(|charge| of_intent.id == charge))
                .flat_map(|charge| refunds_of(book, charge))
                .collect(),
        };
        page.cut("/v1/refunds", "refund", wanted)
    }))
}

/// A charge's refunds, newest first.
fn refunds_of<'a>(book: &'a Book, charge: &Charge) -> Vec<&'a Refund> {
    book.refunds_of(charge).rev().collect()
}

/// `GET /v1/balance_transactions`. Payouts are not made here, so that none is told apart by its payout.
pub fn transactions(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (params, page) = paged(params, &["currency", "payout", "source", "type"])?;
    let (kind, source) = (params.text("type")?, params.text("source")?);
    let currency = params.text("currency")?;
    Ok(Box::new(move |book, _| {
        let wanted = book.transactions.iter().rev().filter(|transaction| {
            kind.is_none_or(|kind| transaction.movement.kind() == kind)
                && source.is_none_or(|source| transaction.source == source)
                && currency.is_none_or(|currency| transaction.currency == currency)
        });
        page.cut("/v1/balance_transactions", "balance transaction", wanted)
    }))
}

/// `GET /v1/events`
pub fn events(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (params, page) = paged(params, &["type", "types", "delivery_success"])?;
    let mut kinds = params.list("types")?;
    kinds.extend(params.text("type")?);
    Ok(Box::new(move |book, _| {
        let events = book.events.iter().rev().map(AsRef::as_ref);
        let wanted = events.filter(|event: &&Event| kinds.is_empty() || kinds.contains(&event.kind));
        page.cut("/v1/events", "event", wanted)
    }))
}

/// `GET /v1/webhook_endpoints`
pub fn endpoints(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (_, page) = paged(params, &[])?;
    Ok(Box::new(move |book, _| {
        page.cut(
            "/v1/webhook_endpoints",
            "webhook endpoint",
            book.endpoints.iter().rev(),
        )
    }))
}
