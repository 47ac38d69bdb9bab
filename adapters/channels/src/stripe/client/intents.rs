//! The calls about payment intents.

use std::ops::ControlFlow;

use domain::{
    channel::{CallError, Intent, IntentStatus},
    id::PaymentId,
};
use stripe_client_core::CustomizableStripeRequest;

use super::{connection::Connection, unreadable};
use crate::{
    channel::Period,
    stripe::{
        error::{UNEXPECTED_STATE, is_beyond},
        request::intents as request,
        wire::WireIntent,
    },
};

impl Connection<'_> {
    /// The intent that a request answers, or leaves behind where it fails.
    pub(super) async fn intent(
        &self,
        request: CustomizableStripeRequest<WireIntent>,
    ) -> Result<Intent, CallError> {
        match request.send(self).await {
            Ok(wire) => wire.translate().map_err(|error| unreadable(&error)),
            Err(failed) => failed.intent_left().ok_or_else(|| failed.into()),
        }
    }

    /// An intent after a request to change it, as it stands now.
    ///
    /// The answer may be older than that: a replayed one shows the intent as the first request with this key left it. And
    /// a refusal because of the intent's state need not show the state. In both cases the intent is asked for.
    pub(super) async fn changed_intent(
        &self,
        intent_id: &str,
        request: CustomizableStripeRequest<WireIntent>,
    ) -> Result<Intent, CallError> {
        match self.intent(request).await {
            Ok(intent) if self.has_replayed() && !is_final(&intent) => {
                // The change itself was made, so whatever this question comes to, "not done" is not the answer.
                self.retrieved_intent(intent_id)
                    .await
                    .map_err(|error| CallError::Unknown {
                        message: format!("the request was repeated, and then: {error}"),
                    })
            }
            Err(CallError::Refused { code, message }) if code == UNEXPECTED_STATE => {
                let intent = self.retrieved_intent(intent_id).await?;
                if is_beyond(&intent) {
                    Ok(intent)
                } else {
                    Err(CallError::Refused { code, message })
                }
            }
            answer => answer,
        }
    }

    pub(super) async fn retrieved_intent(&self, intent_id: &str) -> Result<Intent, CallError> {
        self.intent(request::retrieve(intent_id)?).await
    }

    pub(super) async fn found_intent(
        &self,
        payment_id: PaymentId,
        period: Period,
    ) -> Result<Option<Intent>, CallError> {
        let found = self.walk(
            self.stripe.find_bounds("intents"),
            |after| request::list(period, after),
            |page: Vec<WireIntent>| {
                let mut page = page.into_iter();
                match page.find(|intent| intent.payment_id() == Some(payment_id)) {
                    Some(wire) => ControlFlow::Break(wire.translate()),
                    None => ControlFlow::Continue(()),
                }
            },
        );
        found.await?.transpose().map_err(|error| unreadable(&error))
    }
}

/// Whether nothing can change an intent any more, so that an old view of it is as good as a new one.
const fn is_final(intent: &Intent) -> bool {
    match intent.status {
        IntentStatus::Succeeded | IntentStatus::Canceled => true,
        IntentStatus::RequiresAction
        | IntentStatus::Declined(_)
        | IntentStatus::Approved
        | IntentStatus::Processing => false,
    }
}
