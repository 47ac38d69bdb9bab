//! The lists of the API: which objects each one holds, and what it can be narrowed by.

use super::charges::Charge;
use super::connected::Connected;
use super::endpoints::Endpoint;
use super::errors::ApiError;
use super::events::Event;
use super::intents::Intent;
use super::listing::Page;
use super::params::Params;
use super::refunds::Refund;
use super::route::Work;
use super::transactions::Transaction;
use super::transfers::Transfer;

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
        page.cut(
            "/v1/payment_intents",
            "payment_intent",
            book.intents.iter().rev(),
            Intent::render,
        )
    }))
}

/// `GET /v1/refunds`
pub fn refunds(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (params, page) = paged(params, &["charge", "payment_intent"])?;
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    Ok(Box::new(move |book, _| {
        let charges: Vec<&Charge> = match (intent, charge) {
            (Some(intent), _) => book.charges_of(intent).collect(),
            (None, Some(charge)) => book.charges.get(charge).into_iter().collect(),
            (None, None) => {
                return page.cut("/v1/refunds", "refund", book.refunds.iter().rev(), Refund::render);
            }
        };
        let of_charges = charges
            .into_iter()
            .rev()
            .filter(|of_intent| charge.is_none_or(|charge| of_intent.id == charge))
            .flat_map(|charge| book.refunds_of(charge).rev());
        page.cut("/v1/refunds", "refund", of_charges, Refund::render)
    }))
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
        page.cut(
            "/v1/balance_transactions",
            "balance transaction",
            wanted,
            Transaction::render,
        )
    }))
}

/// `GET /v1/disputes`
pub fn disputes(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (params, page) = paged(params, &["charge", "payment_intent"])?;
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    Ok(Box::new(move |book, _| {
        let wanted = book.disputes.iter().rev().filter(|dispute| {
            charge.is_none_or(|id| dispute.charge == id) && intent.is_none_or(|id| dispute.intent == id)
        });
        page.cut("/v1/disputes", "dispute", wanted, |dispute| dispute.render(book))
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
        page.cut("/v1/events", "event", wanted, |event| event.object.clone())
    }))
}

/// `GET /v1/accounts`
pub fn accounts(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (_, page) = paged(params, &[])?;
    Ok(Box::new(move |book, _| {
        page.cut(
            "/v1/accounts",
            "account",
            book.accounts.iter().rev(),
            Connected::render,
        )
    }))
}

/// `GET /v1/transfers`
pub fn transfers(params: Params<'_>) -> Result<Work<'_>, ApiError> {
    let (params, page) = paged(params, &["destination", "transfer_group"])?;
    let (destination, group) = (params.text("destination")?, params.text("transfer_group")?);
    Ok(Box::new(move |book, _| {
        let wanted = book.transfers.iter().rev().filter(|transfer| {
            destination.is_none_or(|wanted| transfer.destination == wanted)
                && group.is_none_or(|wanted| transfer.transfer_group.as_deref() == Some(wanted))
        });
        page.cut("/v1/transfers", "transfer", wanted, Transfer::render)
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
            Endpoint::render,
        )
    }))
}
