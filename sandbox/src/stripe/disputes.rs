//! Disputes: a payer's bank takes a charge's money back, and decides later who keeps it. A warning takes nothing.

use serde_json::{Map, Value, json};

use super::book::{Book, Origin, created};
use super::errors::{Answered, ApiError};
use super::transactions::{DISPUTE_FEE, Entry, Movement, Transaction};
use crate::clock;

/// How long the merchant has to answer.
const DUE_S: i64 = 7 * 86_400;

/// The `evidence` of a dispute that nobody answered.
const EVIDENCE: &[&str] = &[
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// `status` of a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The payer asked what the charge is; no money was taken.
    WarningNeedsResponse,
    /// The warning came to nothing.
    WarningClosed,
    /// The money is withheld until it is decided.
    NeedsResponse,
    /// The merchant has the money again.
    Won,
    /// The payer keeps it.
    Lost,
}

impl Status {
    /// The provider's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::WarningNeedsResponse => "warning_needs_response",
            Self::WarningClosed => "warning_closed",
            Self::NeedsResponse => "needs_response",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Whether the bank has the money of a charge, so that it cannot be refunded.
    pub fn withholds(self) -> bool {
        matches!(self, Self::NeedsResponse | Self::Lost)
    }

    /// Whether it is still to be decided.
    pub fn is_open(self) -> bool {
        matches!(self, Self::WarningNeedsResponse | Self::NeedsResponse)
    }
}

/// A dispute.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// `du_…`
    pub id: String,
    /// The charge it is about.
    pub charge: String,
    /// The intent of that charge.
    pub intent: String,
    /// When it was opened.
    pub created: i64,
    /// Disputed amount in minor units.
    pub amount: i64,
    /// Lower-case currency.
    pub currency: String,
    /// The bank's word for why.
    pub reason: String,
    /// Where it stands.
    pub status: Status,
    /// The movements of its money, oldest first.
    pub transactions: Vec<String>,
}

impl Dispute {
    /// The `dispute` object, which holds its movements whole.
    pub fn render(&self, book: &Book) -> Value {
        let transactions = self
            .transactions
            .iter()
            .filter_map(|id| book.transactions.get(id));
        let mut evidence: Map<String, Value> = EVIDENCE
            .iter()
            .map(|name| ((*name).to_owned(), Value::Null))
            .collect();
        evidence.insert("enhanced_evidence".into(), json!({}));
        json!({
            "id": self.id, "object": "dispute", "amount": self.amount,
            "balance_transactions": transactions.map(Transaction::render).collect::<Vec<_>>(), "charge": self.charge,
            "created": self.created, "currency": self.currency, "enhanced_eligibility_types": [], "evidence": evidence,
            "evidence_details": {
                "due_by": self.created + DUE_S, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": !self.status.withholds(), "livemode": false, "metadata": {},
            "network_reason_code": null, "payment_intent": self.intent, "payment_method_details": null,
            "reason": self.reason, "status": self.status.name(),
        })
    }
}

/// What a bank disputes.
pub struct Claim {
    /// How much; none means all that was not refunded.
    pub amount: Option<i64>,
    /// Why, in the provider's words.
    pub reason: String,
    /// Whether it only asks.
    pub warning: bool,
}

impl Book {
    /// The dispute as an answer.
    pub fn show_dispute(&self, id: &str) -> Answered {
        self.disputes
            .get(id)
            .map(|dispute| dispute.render(self))
            .ok_or_else(|| ApiError::no_such("dispute", id, "id"))
    }

    /// The newest dispute about a charge.
    pub fn dispute_about(&self, charge: &str) -> Option<&Dispute> {
        self.disputes.get(self.charges.get(charge)?.disputes.last()?)
    }

    /// Opens a dispute about the charge that paid an intent, and withholds its money.
    pub fn dispute(&mut self, intent: &str, claim: Claim, origin: &Origin) -> Answered {
        let dispute = self.disputed(intent, claim)?;
        let (id, withheld) = (dispute.id.clone(), dispute.status.withholds());
        if let Some(charge) = self.charges.get_mut(&dispute.charge) {
            charge.disputes.push(id.clone());
        }
        self.disputes.insert(&id, dispute);
        if withheld {
            self.move_disputed(&id, Movement::Dispute);
        }
        self.emit_dispute("charge.dispute.created", &id, origin);
        if withheld {
            self.emit_dispute("charge.dispute.funds_withdrawn", &id, origin);
        }
        self.show_dispute(&id)
    }

    fn disputed(&self, intent: &str, claim: Claim) -> Result<Dispute, ApiError> {
        let paid_by = self.intent(intent)?.latest_charge.as_ref();
        let Some(charge) = paid_by
            .and_then(|id| self.charges.get(id))
            .filter(|charge| charge.is_captured())
        else {
            return Err(ApiError::invalid("Nothing was paid that could be disputed."));
        };
        let earlier = self.dispute_about(&charge.id).map(|dispute| dispute.status);
        if earlier.is_some_and(|status| status.is_open() || status.withholds()) {
            return Err(ApiError::invalid("The charge is disputed already."));
        }
        let amount = claim.amount.unwrap_or(charge.refundable());
        if !(1..=charge.amount_captured).contains(&amount) {
            return Err(ApiError::invalid(
                "The disputed amount must be between 1 and what was captured.",
            ));
        }
        Ok(Dispute {
            id: clock::object_id("du_1"),
            charge: charge.id.clone(),
            intent: intent.to_owned(),
            created: created(),
            amount,
            currency: charge.currency.clone(),
            reason: claim.reason,
            status: if claim.warning {
                Status::WarningNeedsResponse
            } else {
                Status::NeedsResponse
            },
            transactions: Vec::new(),
        })
    }

    /// Decides an open dispute. A warning is only closed, whoever is right.
    pub fn close_dispute(&mut self, id: &str, won: bool, origin: &Origin) -> Answered {
        let Some(dispute) = self.disputes.get_mut(id) else {
            return Err(ApiError::no_such("dispute", id, "id"));
        };
        dispute.status = match (dispute.status, won) {
            (Status::WarningNeedsResponse, _) => Status::WarningClosed,
            (Status::NeedsResponse, true) => Status::Won,
            (Status::NeedsResponse, false) => Status::Lost,
            (Status::WarningClosed | Status::Won | Status::Lost, _) => {
                return Err(ApiError::invalid("This dispute is already closed."));
            }
        };
        let reinstated = dispute.status == Status::Won;
        if reinstated {
            self.move_disputed(id, Movement::DisputeReversal);
        }
        self.emit_dispute("charge.dispute.closed", id, origin);
        if reinstated {
            self.emit_dispute("charge.dispute.funds_reinstated", id, origin);
        }
        self.show_dispute(id)
    }

    /// Withholds a dispute's money, for a fee, or gives it back; the fee is not.
    fn move_disputed(&mut self, id: &str, movement: Movement) {
        let Some(dispute) = self.disputes.get(id).cloned() else {
            return;
        };
        let (amount, fee) = if movement == Movement::Dispute {
            (-dispute.amount, DISPUTE_FEE)
        } else {
            (dispute.amount, 0)
        };
        let transaction = self.enter(&Entry {
            movement,
            source: id,
            amount,
            fee,
            currency: &dispute.currency,
        });
        if let Some(dispute) = self.disputes.get_mut(id) {
            dispute.transactions.push(transaction);
        }
    }

    fn emit_dispute(&mut self, kind: &'static str, id: &str, origin: &Origin) {
        if let Some(object) = self.disputes.get(id).map(|dispute| dispute.render(self)) {
            self.emit(kind, &object, None, origin);
        }
    }
}
