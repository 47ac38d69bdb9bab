//! What a merchant wants done with an order that exists.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    channel::{Channel, Flow, Method},
    currency::Currency,
    fingerprint::Fingerprint,
    id::OrderId,
    money::Money,
    order::Order,
    payment::{PayerDetails, PaymentRequest},
    texts::{InvalidText, check_text},
};

/// What can be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// Begin a payment of it.
    Pay,
    /// Call it off before it is paid.
    Cancel,
    /// Give money of it back.
    Refund,
    /// It was sent.
    Ship,
    /// The customer has it.
    Complete,
}

impl StepKind {
    /// Every kind.
    pub const ALL: [StepKind; 5] = [Self::Pay, Self::Cancel, Self::Refund, Self::Ship, Self::Complete];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::Ship => "ship",
            Self::Complete => "complete",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What the order is once it is done, for people.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Pay => "paid",
            Self::Cancel => "canceled",
            Self::Refund => "refunded",
            Self::Ship => "shipped",
            Self::Complete => "completed",
        }
    }
}

/// The details of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum OrderStep {
    /// Begin a payment of it. The payment's amount is the order's total.
    Pay(Box<PayOrder>),
    /// Call it off before it is paid.
    Cancel {},
    /// Give money of it back.
    Refund {
        /// Which items and how many of each; all that is left when it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Vec<ItemCount>>,
    },
    /// It was sent.
    Ship {
        /// Who carries it; at most 100 characters.
        carrier: String,
        /// The carrier's number of it; at most 200 characters.
        tracking: String,
    },
    /// The customer has it.
    Complete {},
}

/// So many of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemCount {
    /// Which item.
    pub sku: String,
    /// How many.
    pub quantity: u32,
}

/// What a refund gives back of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRefund {
    /// Which order.
    pub order_id: OrderId,
    /// Which items and how many of each.
    pub items: Vec<ItemCount>,
}

/// How an order is to be paid: what is said of a payment, apart from what the order says. The limits are a payment's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayOrder {
    /// A payment method known to the provider, to be charged at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// Where the payer's browser returns to after a step on another page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// After how many seconds the payment is closed when it was not paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u32>,
    /// With what the payer pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// How the payer gets there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// The only channel it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The payer's country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The provider's account that is paid through the merchant's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_account: Option<String>,
    /// What some flows need to know of the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<PayerDetails>,
}

impl OrderStep {
    /// What is wanted.
    pub const fn kind(&self) -> StepKind {
        match self {
            Self::Pay(_) => StepKind::Pay,
            Self::Cancel {} => StepKind::Cancel,
            Self::Refund { .. } => StepKind::Refund,
            Self::Ship { .. } => StepKind::Ship,
            Self::Complete {} => StepKind::Complete,
        }
    }

    /// Checks every field that can be checked without the order.
    ///
    /// # Errors
    /// Names the first field that cannot be used, and says why.
    pub fn validate(&self) -> Result<(), InvalidText> {
        match self {
            Self::Pay(pay) => pay.validate(),
            Self::Cancel {} | Self::Complete {} | Self::Refund { items: None } => Ok(()),
            Self::Refund { items: Some(items) } => check_counts(items),
            Self::Ship { carrier, tracking } => {
                check_text("carrier", Some(carrier), 100)?;
                check_text("tracking", Some(tracking), 200)
            }
        }
    }

    /// Adds the wish to a fingerprint. What is said of the payer is no part of it.
    pub fn add_to(&self, fingerprint: &mut Fingerprint) {
        fingerprint.field("action", Some(self.kind().name()));
        match self {
            Self::Pay(pay) => pay.add_to(fingerprint),
            Self::Cancel {} | Self::Complete {} | Self::Refund { items: None } => {}
            Self::Refund { items: Some(items) } => add_counts(fingerprint, items),
            Self::Ship { carrier, tracking } => {
                fingerprint.field("carrier", Some(carrier));
                fingerprint.field("tracking", Some(tracking));
            }
        }
    }
}

impl OrderRefund {
    /// Adds it to the fingerprint of a refund.
    pub fn add_to(&self, fingerprint: &mut Fingerprint) {
        fingerprint.field("order_id\n", Some(&self.order_id.to_string()));
        add_counts(fingerprint, &self.items);
    }
}

impl PayOrder {
    /// The payment of `order` that this asks for.
    pub fn request_for(&self, order: &Order) -> PaymentRequest {
        PaymentRequest {
            order_id: Some(order.id),
            user_id: order.user_id.clone(),
            description: order.description.clone(),
            reference: order.reference.clone(),
            metadata: order.metadata.clone(),
            ..self.request(PaymentRequest::of(order.money))
        }
    }

    /// Whatever the order comes to: that can be paid.
    fn validate(&self) -> Result<(), InvalidText> {
        let any = Money {
            amount_minor: 1,
            currency: Currency::USD,
        };
        self.request(PaymentRequest::of(any)).validate()
    }

    fn request(&self, of_money: PaymentRequest) -> PaymentRequest {
        PaymentRequest {
            payment_method: self.payment_method.clone(),
            return_url: self.return_url.clone(),
            expires_in_s: self.expires_in_s,
            method: self.method,
            flow: self.flow,
            channel: self.channel,
            country: self.country.clone(),
            connected_account: self.connected_account.clone(),
            payer: self.payer.clone(),
            ..of_money
        }
    }

    fn add_to(&self, fingerprint: &mut Fingerprint) {
        let expiry = self.expires_in_s.map(|expiry| expiry.to_string());
        let fields = [
            ("payment_method", self.payment_method.as_deref()),
            ("return_url", self.return_url.as_deref()),
            ("expires_in_s", expiry.as_deref()),
            ("method", self.method.map(Method::name)),
            ("flow", self.flow.map(Flow::name)),
            ("channel", self.channel.map(Channel::name)),
            ("country", self.country.as_deref()),
            ("connected_account", self.connected_account.as_deref()),
        ];
        for (name, value) in fields {
            fingerprint.field(name, value);
        }
    }
}

fn check_counts(items: &[ItemCount]) -> Result<(), InvalidText> {
    let mut skus = HashSet::new();
    let are_right = items
        .iter()
        .all(|item| item.quantity > 0 && skus.insert(&item.sku));
    if items.is_empty() || !are_right {
        return Err(InvalidText {
            field: "items",
            problem: "each item once, with a quantity of at least 1; leave it out to refund all that is left"
                .into(),
        });
    }
    Ok(())
}

fn add_counts(fingerprint: &mut Fingerprint, items: &[ItemCount]) {
    for ItemCount { sku, quantity } in items {
        fingerprint.field("sku\n", Some(sku));
        fingerprint.field("quantity\n", Some(&quantity.to_string()));
    }
}
