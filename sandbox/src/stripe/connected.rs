//! Accounts that a platform opened for others, and the links to where their owners tell about themselves.
//!
//! They stand in the platform's book. What happens to them is told as events of theirs, in a book of their own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::book::{Book, Origin, created};
use super::errors::{Answered, ApiError};
use super::params::{MetadataChange, Params};
use crate::clock;

/// How long a link works.
const LINK_S: i64 = 300;

/// What an owner has to tell before anything else.
const ASKED_AT_FIRST: [&str; 4] = [
    "business_type",
    "external_account",
    "tos_acceptance.date",
    "tos_acceptance.ip",
];

/// An account of somebody else's.
#[derive(Debug, Clone)]
pub struct Connected {
    /// `acct_…`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// The caller's own data.
    pub metadata: BTreeMap<String, String>,
    country: String,
    capabilities: Vec<String>,
    details_submitted: bool,
    currently_due: Vec<String>,
    past_due: Vec<String>,
    disabled_reason: Option<String>,
}

impl Connected {
    /// Whether nothing keeps it from what it was given.
    pub fn is_enabled(&self) -> bool {
        self.details_submitted && self.past_due.is_empty() && self.disabled_reason.is_none()
    }

    /// Whether money can be sent to it.
    pub fn takes_transfers(&self) -> bool {
        self.is_enabled() && self.capabilities.iter().any(|name| name == "transfers")
    }

    /// Its owner has told all that was asked. That helps nobody who was refused for good.
    pub fn complete(&mut self) {
        if self.is_rejected() {
            return;
        }
        self.details_submitted = true;
        self.currently_due.clear();
        self.past_due.clear();
        self.disabled_reason = None;
    }

    /// More is asked of its owner; when that comes too late, it loses what it had.
    pub fn require(&mut self, names: Vec<String>, is_late: bool) {
        self.currently_due.extend_from_slice(&names);
        if is_late {
            self.past_due.extend(names);
            self.disabled_reason = Some("requirements.past_due".to_owned());
        }
    }

    fn is_rejected(&self) -> bool {
        let reason = self.disabled_reason.as_deref();
        reason.is_some_and(|reason| reason.starts_with("rejected."))
    }

    /// It is refused for good.
    pub fn reject(&mut self) {
        self.currently_due.clear();
        self.disabled_reason = Some("rejected.fraud".to_owned());
    }

    /// The `account` object.
    pub fn render(&self) -> Value {
        let given = if self.is_enabled() { "active" } else { "inactive" };
        let capabilities: BTreeMap<&str, &str> = self
            .capabilities
            .iter()
            .map(|name| (name.as_str(), given))
            .collect();
        let is_enabled = self.is_enabled();
        json!({
            "id": self.id, "object": "account", "business_type": null, "capabilities": capabilities,
            "charges_enabled": is_enabled, "country": self.country, "created": self.created,
            "default_currency": "usd", "details_submitted": self.details_submitted, "email": null,
            "metadata": self.metadata, "payouts_enabled": is_enabled,
            "requirements": {
                "alternatives": [], "current_deadline": null, "currently_due": self.currently_due,
                "disabled_reason": self.disabled_reason, "errors": [], "eventually_due": self.currently_due,
                "past_due": self.past_due, "pending_verification": [],
            },
            "type": "express",
        })
    }
}

/// A checked request to open an account.
pub struct Create {
    account: Connected,
    metadata: MetadataChange,
}

impl Create {
    /// Checks the parameters.
    pub fn parse(params: Params<'_>) -> Result<Self, ApiError> {
        let params = params.only(&[
            "type",
            "country",
            "capabilities",
            "metadata",
            "email",
            "business_type",
        ])?;
        if params.one_of("type", &["express", "custom", "standard"])? != Some("express") {
            return Err(ApiError::invalid("The double opens express accounts only.").param("type"));
        }
        let country = params.required_text("country")?;
        let is_code = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
        // Somewhere Stripe does not go.
        if !is_code || country == "KP" {
            let message = format!("Country '{country}' is unknown.");
            return Err(ApiError::invalid(message)
                .code("country_unsupported")
                .param("country"));
        }
        let mut capabilities = Vec::new();
        if let Some(wanted) = params.branch("capabilities")? {
            let wanted = wanted.only(&["card_payments", "transfers"])?;
            for name in ["card_payments", "transfers"] {
                let requested = wanted
                    .branch(name)?
                    .map(|of| of.boolean("requested"))
                    .transpose()?;
                if requested.flatten() == Some(true) {
                    capabilities.push(name.to_owned());
                }
            }
        }
        Ok(Self {
            account: Connected {
                id: clock::object_id("acct_1"),
                created: created(),
                metadata: BTreeMap::new(),
                country: country.to_owned(),
                capabilities,
                details_submitted: false,
                currently_due: ASKED_AT_FIRST.map(str::to_owned).to_vec(),
                past_due: Vec::new(),
                disabled_reason: Some("requirements.past_due".to_owned()),
            },
            metadata: params.metadata()?,
        })
    }

    /// Opens the account.
    pub fn run(mut self, book: &mut Book) -> Answered {
        self.metadata.apply(&mut self.account.metadata);
        let (id, object) = (self.account.id.clone(), self.account.render());
        book.accounts.insert(&id, self.account);
        book.touch();
        Ok(object)
    }
}

/// A checked request for a link.
pub struct CreateLink<'a> {
    account: &'a str,
}

impl<'a> CreateLink<'a> {
    /// Checks the parameters.
    pub fn parse(params: Params<'a>) -> Result<Self, ApiError> {
        let params = params.only(&[
            "account",
            "type",
            "return_url",
            "refresh_url",
            "collection_options",
        ])?;
        let account = params.required_text("account")?;
        params.required_text("type")?;
        if params.one_of("type", &["account_onboarding", "account_update"])? != Some("account_onboarding") {
            let message = "You cannot create `account_update` type Account Links for this account.";
            return Err(ApiError::invalid(message).param("type"));
        }
        for name in ["return_url", "refresh_url"] {
            if reqwest::Url::parse(params.required_text(name)?).is_err() {
                return Err(ApiError::invalid("Not a valid URL")
                    .code("url_invalid")
                    .param(name));
            }
        }
        Ok(Self { account })
    }

    /// Makes the link.
    pub fn run(self, book: &mut Book, origin: &Origin) -> Answered {
        book.account(self.account)?;
        let (id, secret) = (self.account, clock::object_id(""));
        let url = format!("{}/sandbox/stripe/onboarding/{id}/{secret}", origin.base_url);
        let now = created();
        Ok(json!({ "object": "account_link", "created": now, "expires_at": now + LINK_S, "url": url }))
    }
}

impl Book {
    /// The account that is named.
    pub fn account(&self, id: &str) -> Result<&Connected, ApiError> {
        self.accounts.get(id).ok_or_else(|| {
            let message = format!(
                "The provided key does not have access to account '{id}' (or that account does not exist). Application access may \
                 have been revoked."
            );
            ApiError::invalid(message).code("account_invalid").status(403)
        })
    }

    /// The account as an answer.
    pub fn show_account(&self, id: &str) -> Answered {
        self.account(id).map(Connected::render)
    }
}
