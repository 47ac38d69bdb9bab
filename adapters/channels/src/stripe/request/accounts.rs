//! The requests about accounts that are connected to the merchant's own, and money that goes there.
//!
//! They are written here and not by the client library, whose crate for Connect is large and would be used for these few.

use domain::{
    channel::{NewAccount, NewAccountLink, NewTransfer},
    id::WithdrawalId,
};
use serde::Serialize;
use stripe_client_core::{CustomizableStripeRequest, RequestBuilder, StripeMethod};

use super::{PAGE_SIZE, Request, asked, checked, intents::CLOCK_SKEW_S, keyed, refused};
use crate::{
    channel::Period,
    stripe::{
        account::{WireAccount, WireAccountLink, WireTransfer},
        amount,
        wire::WirePage,
    },
};

/// An express account that can be charged for and sent money to: Stripe gives `transfers` alone to few
/// (<https://docs.stripe.com/connect/account-capabilities>, <https://docs.stripe.com/api/accounts/create>).
#[derive(Serialize)]
struct NewWireAccount<'a> {
    r#type: &'static str,
    country: &'a str,
    capabilities: Capabilities,
    metadata: Mark,
}

#[derive(Serialize)]
struct Capabilities {
    card_payments: Wanted,
    transfers: Wanted,
}

#[derive(Serialize)]
struct Wanted {
    requested: bool,
}

/// The mark of an account; its name is that of [`wire`](crate::stripe::wire).
#[derive(Serialize)]
struct Mark {
    sluice_account_id: String,
}

/// A link to the pages on which an account's owner tells Stripe about itself
/// (<https://docs.stripe.com/api/account_links/create>).
#[derive(Serialize)]
struct NewWireLink<'a> {
    account: &'a str,
    r#type: &'static str,
    return_url: &'a str,
    refresh_url: &'a str,
}

/// Which accounts to list, newest first.
#[derive(Serialize)]
struct Which {
    created: Created,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<String>,
}

#[derive(Serialize)]
struct Created {
    gte: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lte: Option<i64>,
}

/// Money for an account (<https://docs.stripe.com/api/transfers/create>). Its group is the withdrawal alone, so that it is
/// found by it whenever it was made.
#[derive(Serialize)]
struct NewWireTransfer<'a> {
    amount: i64,
    currency: stripe_types::Currency,
    destination: &'a str,
    transfer_group: String,
    metadata: WithdrawalMark,
}

#[derive(Serialize)]
struct WithdrawalMark {
    sluice_withdrawal_id: String,
}

/// Which transfers to list, newest first.
#[derive(Serialize)]
struct WhichTransfers {
    transfer_group: String,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<String>,
}

pub(in crate::stripe) fn transfer(new: &NewTransfer) -> Request<WireTransfer> {
    let written = amount::to_wire(new.money).map_err(|error| refused("amount_not_taken", &error));
    let (amount, currency) = written?;
    let form = NewWireTransfer {
        amount,
        currency,
        destination: checked(&new.channel_account_id, "invalid_account_id")?,
        transfer_group: new.withdrawal_id.to_string(),
        metadata: WithdrawalMark {
            sluice_withdrawal_id: new.withdrawal_id.to_string(),
        },
    };
    let request = RequestBuilder::new(StripeMethod::Post, "/transfers").form(&form);
    keyed(request, &[&new.withdrawal_id, &"create_transfer"])
}

pub(in crate::stripe) fn shown_transfer(id: &str) -> Request<WireTransfer> {
    let id = checked(id, "invalid_transfer_id")?;
    Ok(asked(RequestBuilder::new(
        StripeMethod::Get,
        format!("/transfers/{id}"),
    )))
}

/// One page of what was sent for a withdrawal, after the transfer the last page ended with.
pub(in crate::stripe) fn transfers(
    withdrawal_id: WithdrawalId,
    after: Option<String>,
) -> CustomizableStripeRequest<WirePage<WireTransfer>> {
    let which = WhichTransfers {
        transfer_group: withdrawal_id.to_string(),
        limit: PAGE_SIZE,
        starting_after: after,
    };
    asked(RequestBuilder::new(StripeMethod::Get, "/transfers").query(&which))
}

pub(in crate::stripe) fn create(new: &NewAccount) -> Request<WireAccount> {
    let form = NewWireAccount {
        r#type: "express",
        country: &new.country,
        capabilities: Capabilities {
            card_payments: Wanted { requested: true },
            transfers: Wanted { requested: true },
        },
        metadata: Mark {
            sluice_account_id: new.account_id.to_string(),
        },
    };
    let request = RequestBuilder::new(StripeMethod::Post, "/accounts").form(&form);
    keyed(request, &[&new.account_id, &"create_account"])
}

pub(in crate::stripe) fn retrieve(channel_account_id: &str) -> Request<WireAccount> {
    let id = checked(channel_account_id, "invalid_account_id")?;
    Ok(asked(RequestBuilder::new(
        StripeMethod::Get,
        format!("/accounts/{id}"),
    )))
}

/// Links differ each time, and none of them changes anything: they need no key.
pub(in crate::stripe) fn link(new: &NewAccountLink) -> Request<WireAccountLink> {
    let form = NewWireLink {
        account: checked(&new.channel_account_id, "invalid_account_id")?,
        r#type: "account_onboarding",
        return_url: &new.return_url,
        refresh_url: &new.refresh_url,
    };
    Ok(asked(
        RequestBuilder::new(StripeMethod::Post, "/account_links").form(&form),
    ))
}

/// One page of the accounts opened within a period, newest first, after the account the last page ended with.
pub(in crate::stripe) fn list(
    period: Period,
    after: Option<String>,
) -> CustomizableStripeRequest<WirePage<WireAccount>> {
    let which = Which {
        created: Created {
            gte: period.from.timestamp() - CLOCK_SKEW_S,
            lte: period.to.map(|to| to.timestamp() + CLOCK_SKEW_S),
        },
        limit: PAGE_SIZE,
        starting_after: after,
    };
    asked(RequestBuilder::new(StripeMethod::Get, "/accounts").query(&which))
}
