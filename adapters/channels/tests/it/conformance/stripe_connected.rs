//! Stripe's bench again, with an account that is paid through the merchant's own.

use super::{
    cases::cases,
    stripe::{AtStripe, Paid},
    suite,
};

/// An account that is connected to the merchant's.
pub struct Connected;

impl Paid for Connected {
    const THROUGH: Option<&'static str> = Some("acct_seller");
}

cases!(suite; AtStripe<Connected>);
