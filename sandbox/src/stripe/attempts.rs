//! Attempts to pay an intent: confirm, authentication by the payer, capture, and bank debits that end later.

use serde_json::{Value, json};

use super::book::{Book, Origin, Timer};
use super::cards::{DEBIT_RETURNED, DebitEnd, Decline, NEEDS_AUTHENTICATION, Reaction};
use super::charges::Charge;
use super::choice::MethodChoice;
use super::errors::{Answered, ApiError};
use super::intents::Status;
use super::methods::Method;

impl Book {
    /// Confirms an intent with the method given, else with the one attached.
    pub fn confirm(
        &mut self,
        id: &str,
        given: Option<&MethodChoice>,
        conditions: &MethodChoice,
        origin: &Origin,
    ) -> Answered {
        let intent = self.intent(id)?;
        match intent.status {
            Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction => {}
            Status::Succeeded | Status::RequiresCapture => {
                return Err(intent.unexpected_state(
                    "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.".into(),
                ));
            }
            Status::Processing | Status::Canceled => {
                return Err(intent.unexpected_state(format!(
                    "You cannot confirm this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of the \
                     following statuses may be confirmed: requires_confirmation, requires_action.",
                    intent.status.name()
                )));
            }
        }
        let attached = given.map_or(Ok(None), |given| given.attach(self))?;
        let intent = self.intent(id)?;
        let Some(method) = attached
            .or_else(|| intent.payment_method.clone())
            .and_then(|id| self.methods.get(&id))
            .cloned()
        else {
            return Err(intent.unexpected_state(
                "You cannot confirm this PaymentIntent because it's missing a payment method. Update it with a payment method and \
                 confirm it again, or name one in the confirmation."
                    .into(),
            ));
        };
        intent.allows(&method)?;
        conditions.lead_back_from(&method)?;
        self.attempt(id, &method, conditions, origin)
    }

    /// Pays an intent even if it was canceled meanwhile: the payer's money was already on its way. Nothing else than
    /// a payment that succeeds can do that.
    pub fn pay_late(&mut self, id: &str, choice: &MethodChoice, origin: &Origin) -> Answered {
        let intent = self.intent(id)?;
        if intent.status != Status::Canceled {
            return self.confirm(id, Some(choice), choice, origin);
        }
        let attached = choice.attach(self)?;
        let method = attached.and_then(|id| self.methods.get(&id)).cloned();
        match method.filter(|method| method.reaction.pays_at_once()) {
            Some(method) => self.approve(id, &method, origin),
            None => Err(ApiError::invalid(
                "Only a payment method that pays at once can pay what was canceled.",
            )
            .param("payment_method")),
        }
    }

    fn attempt(&mut self, id: &str, method: &Method, conditions: &MethodChoice, origin: &Origin) -> Answered {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.payment_method = Some(method.id.clone());
            intent.next_action = None;
            intent.last_payment_error = None;
        }
        match method.reaction {
            Reaction::Approve | Reaction::RefundLate | Reaction::RefundFails => {
                self.approve(id, method, origin)
            }
            Reaction::Decline(decline) => Err(self.decline(id, method, decline, origin)),
            Reaction::Authenticate(_) if conditions.payer_absent => {
                Err(self.decline(id, method, NEEDS_AUTHENTICATION, origin))
            }
            Reaction::Authenticate(_) => {
                let url = format!("{}/sandbox/3ds/{id}", origin.base_url);
                let action = json!({
                    "type": "redirect_to_url",
                    "redirect_to_url": { "return_url": conditions.return_url, "url": url },
                });
                self.ask_payer(id, action, origin)
            }
            Reaction::Wallet(wallet) => {
                let action = wallet.next_action(id, conditions.return_url.as_deref(), &origin.base_url);
                self.ask_payer(id, action, origin)
            }
            Reaction::Debit(end) => self.start_debit(id, end, origin),
        }
    }

    fn ask_payer(&mut self, id: &str, next_action: Value, origin: &Origin) -> Answered {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::RequiresAction;
            intent.next_action = Some(next_action);
        }
        self.emit_intent("payment_intent.requires_action", id, origin);
        self.show_intent(id)
    }

    /// Ends the payer's authentication. Only an intent that waits for it can be ended.
    pub fn authenticated(&mut self, id: &str, passed: bool, origin: &Origin) -> Answered {
        let intent = self.intent(id)?;
        if intent.status != Status::RequiresAction {
            return Err(intent.unexpected_state(format!(
                "This PaymentIntent does not wait for authentication: it has a status of {}.",
                intent.status.name()
            )));
        }
        let Some(method) = intent
            .payment_method
            .as_ref()
            .and_then(|id| self.methods.get(id))
            .cloned()
        else {
            return Err(intent.unexpected_state("This PaymentIntent has no payment method.".into()));
        };
        let ending = match method.reaction {
            Reaction::Authenticate(decline) => decline,
            Reaction::Approve
            | Reaction::Decline(_)
            | Reaction::RefundLate
            | Reaction::RefundFails
            | Reaction::Debit(_)
            | Reaction::Wallet(_) => None,
        };
        match ending {
            _ if !passed => self.fail_authentication(id, &method, origin),
            // The payer did their part: what the bank says afterwards is told by the intent, not as an error to them.
            Some(decline) => {
                self.decline(id, &method, decline, origin);
            }
            None => {
                self.approve(id, &method, origin)?;
            }
        }
        self.show_intent(id)
    }

    fn fail_authentication(&mut self, id: &str, method: &Method, origin: &Origin) {
        let error = json!({
            "code": "payment_intent_authentication_failure",
            "doc_url": "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
            "message": "The provided PaymentMethod has failed authentication. Name a new PaymentMethod to try again.",
            "payment_method": method.render(),
            "type": "invalid_request_error",
        });
        self.back_to_start(id, error);
        self.emit_intent("payment_intent.payment_failed", id, origin);
    }

    fn back_to_start(&mut self, id: &str, error: Value) {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::RequiresPaymentMethod;
            intent.payment_method = None;
            intent.next_action = None;
            intent.last_payment_error = Some(error);
        }
    }

    /// Charges the method and marks the intent as paid, without a word to anybody; answers the charge.
    pub fn pay(&mut self, id: &str, method: &Method) -> Result<String, ApiError> {
        let manual = self.intent(id)?.capture_method == "manual";
        let charge = self.charge(id, method, !manual)?;
        if let Some(intent) = self.intents.get_mut(id) {
            intent.latest_charge = Some(charge.clone());
            intent.payment_method = Some(method.id.clone());
            intent.next_action = None;
            intent.last_payment_error = None;
            intent.canceled_at = None;
            intent.cancellation_reason = None;
            if manual {
                intent.status = Status::RequiresCapture;
                intent.amount_capturable = intent.amount;
            } else {
                intent.status = Status::Succeeded;
                intent.amount_received = intent.amount;
            }
        }
        Ok(charge)
    }

    /// Charges the method, and tells of it.
    pub fn approve(&mut self, id: &str, method: &Method, origin: &Origin) -> Answered {
        let charge = self.pay(id, method)?;
        self.emit_charge("charge.succeeded", &charge, origin);
        let kind = if self.intent(id)?.status == Status::RequiresCapture {
            "payment_intent.amount_capturable_updated"
        } else {
            "payment_intent.succeeded"
        };
        self.emit_intent(kind, id, origin);
        self.show_intent(id)
    }

    /// Records a failed charge and answers the error the caller sees.
    fn decline(&mut self, id: &str, method: &Method, decline: Decline, origin: &Origin) -> ApiError {
        let Some(intent) = self.intents.get(id) else {
            return ApiError::no_such("payment_intent", id, "intent");
        };
        let charge = Charge::declined(intent, method, decline);
        let charge_id = charge.id.clone();
        self.add_charge(charge);
        let error = ApiError::card(decline.code, decline.message)
            .with("charge", charge_id.as_str().into())
            .with("decline_code", decline.decline_code.into())
            .with("payment_method", method.render());
        let shown = json!({
            "charge": charge_id, "code": decline.code, "decline_code": decline.decline_code,
            "doc_url": format!("https://stripe.com/docs/error-codes/{}", decline.code.replace('_', "-")),
            "message": decline.message, "payment_method": method.render(), "type": "card_error",
        });
        self.back_to_start(id, shown);
        if let Some(intent) = self.intents.get_mut(id) {
            intent.latest_charge = Some(charge_id.clone());
        }
        self.emit_charge("charge.failed", &charge_id, origin);
        self.emit_intent("payment_intent.payment_failed", id, origin);
        match self.show_intent(id) {
            Ok(intent) => error.with("payment_intent", intent),
            Err(missing) => missing,
        }
    }

    fn start_debit(&mut self, id: &str, end: Option<DebitEnd>, origin: &Origin) -> Answered {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::Processing;
        }
        self.emit_intent("payment_intent.processing", id, origin);
        if let Some(end) = end {
            self.later(Timer::Debit {
                intent: id.to_owned(),
                paid: end == DebitEnd::Paid,
            });
        }
        self.show_intent(id)
    }

    /// Ends a bank debit that is in processing; anything else stays as it is.
    pub fn end_debit(&mut self, id: &str, paid: bool, origin: &Origin) {
        let Some(intent) = self
            .intents
            .get(id)
            .filter(|intent| intent.status == Status::Processing)
        else {
            return;
        };
        let Some(method) = intent
            .payment_method
            .as_ref()
            .and_then(|id| self.methods.get(id))
            .cloned()
        else {
            return;
        };
        if !paid {
            self.decline(id, &method, DEBIT_RETURNED, origin);
        } else if let Err(error) = self.approve(id, &method, origin) {
            tracing::warn!(intent = id, ?error, "a debit could not be settled");
        }
    }

    /// Captures an authorized intent, in full or in part.
    pub fn capture(&mut self, id: &str, wanted: Option<i64>, origin: &Origin) -> Answered {
        let intent = self.intent(id)?;
        if intent.status != Status::RequiresCapture {
            return Err(intent.unexpected_state(format!(
                "This PaymentIntent could not be captured because it has a status of {}. Only a PaymentIntent with one of the \
                 following statuses may be captured: requires_capture.",
                intent.status.name()
            )));
        }
        let amount = wanted.unwrap_or(intent.amount_capturable);
        if !(1..=intent.amount_capturable).contains(&amount) {
            return Err(ApiError::invalid(
                "The amount to capture must be between 1 and the amount that is capturable.",
            )
            .code("amount_too_large")
            .param("amount_to_capture"));
        }
        let charge_id = intent.latest_charge.clone().unwrap_or_default();
        if let Some(intent) = self.intents.get_mut(id) {
            intent.status = Status::Succeeded;
            intent.amount_received = amount;
            intent.amount_capturable = 0;
        }
        self.take(&charge_id, amount);
        self.emit_charge("charge.captured", &charge_id, origin);
        self.emit_intent("payment_intent.succeeded", id, origin);
        self.show_intent(id)
    }
}
