//! The calls about orders: opening, showing, capturing and giving up.

use domain::{
    channel::{CallError, Intent, IntentRef, IntentStatus, NewIntent},
    payment::Failure,
};

use super::{Paypal, unreadable};
use crate::{
    channel::Capture,
    paypal::{PaypalCredentials, decline, error::NO_SUCH_OBJECT, request, wire::WireOrder},
};

impl Paypal {
    pub(super) async fn opened(
        &self,
        credentials: &PaypalCredentials,
        new: &NewIntent,
    ) -> Result<Intent, CallError> {
        let order: WireOrder = self.ask(credentials, request::create_order(new)?).await?;
        let mut intent = order.translate().map_err(|error| unreadable(&error))?;
        if let Some(action) = &mut intent.next_action {
            let end = action.expires_at.unwrap_or(new.expires_at);
            action.expires_at = Some(end.min(new.expires_at));
        }
        Ok(intent)
    }

    pub(super) async fn order(
        &self,
        credentials: &PaypalCredentials,
        order_id: &str,
    ) -> Result<WireOrder, CallError> {
        self.ask(credentials, request::order(order_id)?).await
    }

    pub(super) async fn shown(
        &self,
        credentials: &PaypalCredentials,
        order_id: &str,
    ) -> Result<Intent, CallError> {
        let order = self.order(credentials, order_id).await?;
        order.translate().map_err(|error| unreadable(&error))
    }

    /// An order of ours as it stands. PayPal goes on showing what was captured; an order that it does not show any more has ended
    /// without that, as those do that nobody pays for some hours.
    pub(super) async fn known(
        &self,
        credentials: &PaypalCredentials,
        intent: &IntentRef,
    ) -> Result<Intent, CallError> {
        match (self.shown(credentials, &intent.id).await, intent.money) {
            (Err(CallError::Refused { code, .. }), Some(money)) if code == NO_SUCH_OBJECT => Ok(Intent {
                id: intent.id.clone(),
                payment_id: None,
                money,
                received_minor: 0,
                status: IntentStatus::Canceled,
                next_action: None,
                destination: None,
            }),
            (shown, _) => shown,
        }
    }

    /// An order after a request to capture it, as it stands now.
    pub(super) async fn captured(
        &self,
        credentials: &PaypalCredentials,
        capture: &Capture,
    ) -> Result<Intent, CallError> {
        let order_id = capture.intent.id.as_str();
        let request = request::capture_order(capture)?;
        let refused = match self.ask::<WireOrder>(credentials, request).await {
            Ok(order) => {
                // The request was carried out, so that an answer without its money is no answer: it may be an old one.
                return match order.translate() {
                    Ok(intent) if is_beyond(&intent) => Ok(intent),
                    Ok(_) | Err(_) => self.asked_after_capture(credentials, order_id).await,
                };
            }
            Err(error) => error,
        };
        let CallError::Refused { code, .. } = &refused else {
            return Err(refused);
        };
        if let Some(failure) = decline::of_issue(code) {
            return self.declined(credentials, order_id, failure).await;
        }
        match code.as_str() {
            "ORDER_ALREADY_CAPTURED"
            | "ORDER_NOT_APPROVED"
            | "PAYER_ACTION_REQUIRED"
            | "ORDER_ALREADY_COMPLETED" => self.shown(credentials, order_id).await,
            NO_SUCH_OBJECT => self.known(credentials, &capture.intent).await,
            _ => Err(refused),
        }
    }

    /// What is not known after a capture is not "not done", whatever the question comes to.
    async fn asked_after_capture(
        &self,
        credentials: &PaypalCredentials,
        order_id: &str,
    ) -> Result<Intent, CallError> {
        let shown = self.shown(credentials, order_id).await;
        shown.map_err(|error| CallError::Unknown {
            message: format!("the order was captured, and then: {error}"),
        })
    }

    /// The order that a declined capture leaves behind. It stays open: the payer can choose another way on PayPal's page.
    async fn declined(
        &self,
        credentials: &PaypalCredentials,
        order_id: &str,
        failure: Failure,
    ) -> Result<Intent, CallError> {
        let Ok(order) = self.order(credentials, order_id).await else {
            return Err(CallError::Declined(failure));
        };
        let next_action = order.payer_action();
        let Ok(intent) = order.translate() else {
            return Err(CallError::Declined(failure));
        };
        Ok(match intent.status {
            IntentStatus::RequiresAction | IntentStatus::Approved | IntentStatus::Declined(_) => Intent {
                status: IntentStatus::Declined(failure),
                next_action,
                ..intent
            },
            IntentStatus::Processing | IntentStatus::Succeeded | IntentStatus::Canceled => intent,
        })
    }

    /// An order that is given up. PayPal has no such call, and needs none: money moves only when we capture, so that an order
    /// that is not being captured is over once nobody here will capture it, which is the caller's to see to.
    pub(super) async fn given_up(
        &self,
        credentials: &PaypalCredentials,
        intent: &IntentRef,
    ) -> Result<Intent, CallError> {
        let stands = self.known(credentials, intent).await?;
        Ok(match stands.status {
            IntentStatus::RequiresAction | IntentStatus::Approved | IntentStatus::Declined(_) => Intent {
                status: IntentStatus::Canceled,
                next_action: None,
                ..stands
            },
            IntentStatus::Processing | IntentStatus::Succeeded | IntentStatus::Canceled => stands,
        })
    }
}

/// Whether an intent shows what came of a capture.
const fn is_beyond(intent: &Intent) -> bool {
    match intent.status {
        IntentStatus::Processing | IntentStatus::Succeeded | IntentStatus::Declined(_) => true,
        IntentStatus::RequiresAction | IntentStatus::Approved | IntentStatus::Canceled => false,
    }
}
