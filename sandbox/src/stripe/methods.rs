//! Payment methods: what an account charges, with what the provider shows of them.

use serde_json::{Value, json};

use super::cards::{self, Card, Reaction};
use super::errors::ApiError;
use super::params::{Params, missing};
use super::transactions::Movement;
use super::wallets::Wallet;
use crate::clock;

/// A payment method of an account.
#[derive(Debug, Clone)]
pub struct Method {
    /// `pm_…`
    pub id: String,
    /// What happens when it is charged.
    pub reaction: Reaction,
    created: i64,
    brand: &'static str,
    last4: &'static str,
}

impl Method {
    fn build(reaction: Reaction, brand: &'static str, last4: &'static str) -> Self {
        Self {
            id: clock::object_id("pm_1"),
            reaction,
            created: clock::now_s(),
            brand,
            last4,
        }
    }

    /// A fresh payment method behind a test name such as `pm_card_visa`.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(reaction) = cards::debit(name) {
            return Some(Self::build(reaction, "", "6789"));
        }
        Card::named(name).map(Self::of)
    }

    fn of(card: Card) -> Self {
        Self::build(card.reaction, card.brand, card.last4())
    }

    /// A fresh payment method from `payment_method_data`.
    pub fn from_data(data: &Params<'_>) -> Result<Self, ApiError> {
        let data = (*data).only(&[
            "type",
            "card",
            "billing_details",
            "metadata",
            "allow_redisplay",
            "us_bank_account",
            "alipay",
            "wechat_pay",
        ])?;
        let kind = data
            .required_text("type")
            .map_err(|_| missing("payment_method_data[type]"))?;
        if let Some(wallet) = Wallet::of_kind(kind) {
            return Ok(Self::build(Reaction::Wallet(wallet), "", ""));
        }
        if kind != "card" {
            return Err(ApiError::invalid(format!(
                "The payment method type \"{kind}\" is not offered by this sandbox"
            ))
            .param("payment_method_data[type]"));
        }
        let card = data
            .branch("card")?
            .ok_or_else(|| missing("payment_method_data[card]"))?;
        if let Some(token) = card.text("token")? {
            return Self::named(token).ok_or_else(|| {
                ApiError::missing_reference("token", token, "payment_method_data[card][token]")
            });
        }
        let number: String = card
            .required_text("number")?
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        Card::numbered(&number).map(Self::of).ok_or_else(|| {
            ApiError::card("incorrect_number", "Your card number is incorrect.").param("number")
        })
    }

    /// The movement of money that a charge of it is.
    pub fn charged(&self) -> Movement {
        if self.is_card() {
            Movement::Charge
        } else {
            Movement::Payment
        }
    }

    /// The movement of money that a refund to it is.
    pub fn refunded(&self) -> Movement {
        if self.is_card() {
            Movement::Refund
        } else {
            Movement::PaymentRefund
        }
    }

    fn is_card(&self) -> bool {
        self.kind() == "card"
    }

    /// Its `type`.
    pub fn kind(&self) -> &'static str {
        match self.reaction {
            Reaction::Wallet(wallet) => wallet.kind(),
            Reaction::Debit(_) => "us_bank_account",
            Reaction::Approve
            | Reaction::Decline(_)
            | Reaction::Authenticate(_)
            | Reaction::RefundLate
            | Reaction::RefundFails => "card",
        }
    }

    /// The `payment_method` object.
    pub fn render(&self) -> Value {
        let mut object = json!({
            "id": self.id, "object": "payment_method", "allow_redisplay": "unspecified",
            "billing_details": billing_details(), "created": self.created, "customer": null,
            "customer_account": null, "livemode": false, "metadata": {}, "type": self.kind(),
        });
        object[self.kind()] = if let Reaction::Wallet(wallet) = self.reaction {
            wallet.details()
        } else if self.is_card() {
            json!({
                "brand": self.brand, "country": "US", "display_brand": self.brand, "exp_month": 12, "exp_year": 2034,
                "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
                "fingerprint": self.fingerprint(), "funding": "credit", "generated_from": null, "last4": self.last4,
                "networks": { "available": [self.brand], "preferred": null }, "regulated_status": "unregulated",
                "three_d_secure_usage": { "supported": true }, "wallet": null,
            })
        } else {
            json!({
                "account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK",
                "financial_connections_account": null, "fingerprint": self.fingerprint(), "last4": self.last4,
                "networks": { "preferred": "ach", "supported": ["ach"] }, "routing_number": "110000000", "status_details": {},
            })
        };
        object
    }

    /// `payment_method_details` of a charge made with it.
    pub fn charge_details(&self, amount: i64) -> Value {
        if let Reaction::Wallet(wallet) = self.reaction {
            wallet.charge_details()
        } else if self.is_card() {
            json!({ "type": "card", "card": {
                "amount_authorized": amount, "authorization_code": null, "brand": self.brand,
                "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
                "country": "US", "exp_month": 12, "exp_year": 2034,
                "extended_authorization": { "status": "disabled" }, "fingerprint": self.fingerprint(), "funding": "credit",
                "incremental_authorization": { "status": "unavailable" }, "installments": null, "last4": self.last4,
                "mandate": null, "multicapture": { "status": "unavailable" }, "network": self.brand, "network_token": { "used": false },
                "network_transaction_id": null, "overcapture": { "maximum_amount_capturable": amount, "status": "unavailable" },
                "regulated_status": "unregulated", "three_d_secure": null, "wallet": null,
            }})
        } else {
            json!({ "type": "us_bank_account", "us_bank_account": {
                "account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK",
                "fingerprint": self.fingerprint(), "last4": self.last4, "payment_reference": null, "routing_number": "110000000",
            }})
        }
    }

    fn fingerprint(&self) -> String {
        format!("fp{}{}", self.brand, self.last4)
    }
}

/// Billing details nobody filled in.
pub fn billing_details() -> Value {
    let address = json!({ "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null });
    json!({ "address": address, "email": null, "name": null, "phone": null, "tax_id": null })
}
