//! A merchant's rule about which payments a channel gets.

use serde::{Deserialize, Serialize};

use super::Wish;
use crate::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    id::{MerchantId, RouteId},
    money::Money,
    texts::InvalidText,
};

/// A rule: payments like this may take this channel. What is not said holds for any payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// Whose rule it is.
    pub merchant_id: MerchantId,
    /// Where the payments go.
    pub channel: Channel,
    /// Only payments by this method. One that does not say how it is paid is paid by it.
    pub method: Option<Method>,
    /// Only payments by this flow. One that does not say takes it.
    pub flow: Option<Flow>,
    /// Only payments in this currency.
    pub currency: Option<Currency>,
    /// Only payments of at least this, in the minor unit of the currency, which has to be said then.
    pub min_amount_minor: Option<i64>,
    /// Only payments of at most this, likewise.
    pub max_amount_minor: Option<i64>,
    /// Only payers from this country, an ISO 3166-1 alpha-2 code; never a payment that does not say.
    pub country: Option<String>,
    /// Where it stands among the merchant's routes: 1 is the first that is tried, 2 comes after all of 1.
    pub priority: u16,
    /// Its share of the payments among routes of the same priority.
    pub weight: u16,
    /// Whether it counts.
    pub enabled: bool,
}

impl Route {
    /// The last priority, and the largest weight. Both begin with 1.
    pub const MOST: u16 = 1000;

    /// Checks every field.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        let invalid = |field, problem: String| Err(InvalidText { field, problem });
        for (field, value) in [("priority", self.priority), ("weight", self.weight)] {
            if !(1..=Self::MOST).contains(&value) {
                return invalid(field, format!("1 to {}", Self::MOST));
            }
        }
        let limits = [
            ("min_amount_minor", self.min_amount_minor),
            ("max_amount_minor", self.max_amount_minor),
        ];
        for (field, limit) in limits {
            if limit.is_some_and(|limit| !(1..=Money::MAX_MINOR).contains(&limit)) {
                return invalid(field, format!("1 to {} minor units", Money::MAX_MINOR));
            }
            if limit.is_some() && self.currency.is_none() {
                return invalid(field, "needs a currency, whose minor unit it is in".into());
            }
        }
        if self
            .min_amount_minor
            .zip(self.max_amount_minor)
            .is_some_and(|(min, max)| min > max)
        {
            return invalid("max_amount_minor", "must not be below min_amount_minor".into());
        }
        match &self.country {
            Some(code) if !(code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())) => {
                invalid("country", "an ISO 3166-1 alpha-2 code such as \"DE\"".into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it is about such a payment.
    ///
    /// # Errors
    /// Says what differs first.
    pub(super) fn matches(&self, wish: &Wish<'_>) -> Result<(), String> {
        let money = wish.money;
        if !self.enabled {
            return Err("is disabled".into());
        }
        if let (Some(own), Some(asked)) = (self.method, wish.method)
            && own != asked
        {
            return Err(format!("is for the method {own}, not {asked}"));
        }
        if let (Some(own), Some(asked)) = (self.flow, wish.flow)
            && own != asked
        {
            return Err(format!("is for the flow {own}, not {asked}"));
        }
        if let Some(own) = self.currency
            && own != money.currency
        {
            return Err(format!("is for {own}, not {}", money.currency));
        }
        let of = |amount_minor| Money {
            amount_minor,
            ..money
        };
        match (self.min_amount_minor, self.max_amount_minor) {
            (Some(min), _) if money.amount_minor < min => return Err(format!("begins at {}", of(min))),
            (_, Some(max)) if money.amount_minor > max => return Err(format!("ends at {}", of(max))),
            (Some(_) | None, Some(_) | None) => {}
        }
        match (&self.country, wish.country) {
            (Some(own), Some(asked)) if own != asked => Err(format!("is for payers from {own}, not {asked}")),
            (Some(own), None) => Err(format!("is for payers from {own}, and the payment does not say")),
            (Some(_), Some(_)) | (None, _) => Ok(()),
        }
    }
}
