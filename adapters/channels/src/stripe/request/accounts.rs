//! The requests about accounts that are connected to the merchant's own, and money that goes there.
//!
//! They are written here and not by the client library, whose crate for Connect is large and would be used for four requests.

use domain::channel::{NewAccount, NewAccountLink};
use serde::Serialize;
use stripe_client_core::{CustomizableStripeRequest, RequestBuilder, StripeMethod};

use super::{PAGE_SIZE, Request, asked, checked, intents::CLOCK_SKEW_S, keyed};
use crate::{
    channel::Period,
    stripe::{
        account::{WireAccount, WireAccountLink},
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
