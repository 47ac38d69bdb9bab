//! What is wrong with a form, told to the person who sent it, in their language.

use axum::http::StatusCode;
use store::StoreError;

use super::{
    messages::{Text, filled},
    reasons::Reason,
    refusal::Refusal,
    view::View,
};
use crate::{ConsoleError, endpoint_url::InvalidEndpointUrl};

/// Why something that a form asks for is not done.
#[derive(Debug)]
pub(super) enum Problem {
    /// The form has to be put right.
    Form(Said),
    /// A field of the form cannot be read, or is out of its range.
    Field(&'static str),
    /// It does not fit what is there by now.
    Conflict(Said),
    /// There is nothing to put right in the form.
    Refusal(Refusal),
}

/// A text with what belongs into its braces.
#[derive(Debug)]
pub(super) struct Said(Text, Vec<(&'static str, Reason)>);

impl Said {
    fn with(text: Text, name: &'static str, value: impl ToString) -> Self {
        Self(text, vec![(name, value.to_string().into())])
    }

    fn why(text: Text, why: impl Into<Reason>) -> Self {
        Self(text, vec![("why", why.into())])
    }
}

impl From<Text> for Said {
    fn from(text: Text) -> Self {
        Self(text, Vec::new())
    }
}

impl Problem {
    /// A form that has to be put right.
    pub(super) fn form(text: Text) -> Self {
        Self::Form(text.into())
    }

    /// The field of the form that is wrong, where one is.
    pub(super) const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Form(_) | Self::Conflict(_) | Self::Refusal(_) => None,
        }
    }

    /// A form that does not fit what is there by now.
    pub(super) fn conflict(text: Text) -> Self {
        Self::Conflict(text.into())
    }

    /// An error of something that opens what is sealed. What does not open needs another key, which is said.
    pub(super) fn sealed(error: ConsoleError) -> Self {
        match error {
            ConsoleError::Store(StoreError::Unreadable { .. }) => Self::conflict(Text::Unsealable),
            other => other.into(),
        }
    }

    /// The status of the page, and what it says.
    ///
    /// # Errors
    /// There is nothing to put right in the form.
    pub(super) fn told(self, view: &View) -> Result<(StatusCode, String), Refusal> {
        let (status, Said(text, values)) = match self {
            Self::Form(said) => (StatusCode::BAD_REQUEST, said),
            Self::Field(name) => {
                let shown = label(name).map_or(name, |text| view.say(text));
                (
                    StatusCode::BAD_REQUEST,
                    Said::with(Text::BadField, "field", shown),
                )
            }
            Self::Conflict(said) => (StatusCode::CONFLICT, said),
            Self::Refusal(refusal) => return Err(refusal),
        };
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, value.in_language(view.language)))
            .collect();
        Ok((status, filled(view.say(text), &values)))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Refusal(error.into())
    }
}

impl From<ConsoleError> for Problem {
    fn from(error: ConsoleError) -> Self {
        use ConsoleError as E;
        let form = |text: Text| Self::Form(text.into());
        match error {
            E::Reason => form(Text::SayWhy),
            E::NoProvider(_) => form(Text::NoProvider),
            E::PausedAlready(switch) => Self::Conflict(Said::with(Text::PausedAlready, "what", switch)),
            E::NotPaused(switch) => Self::Conflict(Said::with(Text::NotPaused, "what", switch)),
            E::UnknownMerchant(merchant) => {
                Self::Form(Said::with(Text::UnknownMerchant, "merchant", merchant))
            }
            E::NothingArrives(merchant) => {
                Self::Conflict(Said::with(Text::NothingArrives, "merchant", merchant))
            }
            E::Name => form(Text::BadName),
            E::AmqpUserTaken { merchant, .. } => {
                Self::Conflict(Said::with(Text::AmqpUserTaken, "merchant", merchant))
            }
            E::AmqpUser => form(Text::BadAmqpUser),
            E::AmqpUserReserved(_) => form(Text::AmqpUserReserved),
            E::KeyMade(id) => Self::Conflict(Said::with(Text::KeyMade, "key", id)),
            E::MerchantCreated(id) => Self::Conflict(Said::with(Text::MerchantCreated, "merchant", id)),
            E::RouteAdded(id) => Self::Conflict(Said::with(Text::RouteAdded, "route", id)),
            E::UnknownKey(_) => Self::conflict(Text::UnknownKey),
            E::RouteChanged(_) => Self::conflict(Text::RouteChanged),
            E::UnknownRoute(_) => Self::conflict(Text::UnknownRoute),
            E::EndpointUrl(why) => form(endpoint_url(why)),
            E::EndpointChanged(_) => Self::conflict(Text::EndpointChanged),
            E::RotatedBefore(_) => Self::conflict(Text::RotatedBefore),
            E::NoEndpoint(_) => Self::conflict(Text::NoEndpoint),
            E::NoCredentials { .. } => Self::conflict(Text::NoCredentials),
            E::EndpointSecret(why) => Self::Form(Said::why(Text::BadEndpointSecret, why)),
            E::StoredCredentials { .. } => Self::conflict(Text::StoredCredentials),
            E::Credentials(why) => Self::Form(Said::why(Text::BadCredentials, why)),
            E::Field(why) => Self::Form(Said::why(Text::BadRoute, why)),
            E::Route(why) => Self::Form(Said::why(Text::UselessRoute, why)),
            E::AccountInUse {
                account, under_way, ..
            } => Self::Conflict(Said(
                Text::AccountInUse,
                vec![
                    ("account", account.into()),
                    ("count", under_way.to_string().into()),
                ],
            )),
            other => Self::Refusal(other.into()),
        }
    }
}

/// What a field is called on the page. What nobody fills in is called by the name under which it is sent.
fn label(name: &str) -> Option<Text> {
    Some(match name {
        "channel" => Text::Channel,
        "method" => Text::Method,
        "flow" => Text::Flow,
        "currency" => Text::Currency,
        "min_amount_minor" => Text::LeastAmount,
        "max_amount_minor" => Text::MostAmount,
        "priority" => Text::Priority,
        "weight" => Text::Weight,
        "fee_bps" => Text::FeeBps,
        "fee_fixed_minor" => Text::FeeFixed,
        "keep_hours" => Text::KeepHours,
        "payment_expiry_s" => Text::PaymentExpiry,
        "late_payments" => Text::LatePayments,
        "name" => Text::PausedWhat,
        _ => return None,
    })
}

const fn endpoint_url(why: InvalidEndpointUrl) -> Text {
    match why {
        InvalidEndpointUrl::NotAUrl => Text::UrlNotAUrl,
        InvalidEndpointUrl::Scheme => Text::UrlScheme,
        InvalidEndpointUrl::UserInfo => Text::UrlUserInfo,
        InvalidEndpointUrl::Fragment => Text::UrlFragment,
        InvalidEndpointUrl::NotPrivate => Text::UrlNotPrivate,
        InvalidEndpointUrl::TooLong => Text::UrlTooLong,
    }
}
