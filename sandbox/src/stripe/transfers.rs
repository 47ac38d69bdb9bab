//! Money that goes from the platform's balance to connected accounts: transfers by themselves, and those that a charge with a
//! destination makes, which refunds take back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::book::{Book, Origin, created};
use super::charges::Charge;
use super::currencies::{at_least_one, currency};
use super::errors::{Answered, ApiError};
use super::params::{MetadataChange, Params};
use super::transactions::{Entry, Movement};
use crate::clock;

/// Where a charge's money goes, and what of it comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// `acct_…`
    pub account: String,
    /// What the platform keeps, in minor units.
    pub fee: Option<i64>,
}

/// What a charge with a destination has moved, and refunds have moved back.
#[derive(Debug, Clone)]
pub struct Passed {
    /// The transfer.
    pub transfer: String,
    /// The application fee, `fee_…`, and how much it was.
    fee: Option<(String, i64)>,
    /// How much of the fee was given back.
    fee_refunded: i64,
}

/// A transfer.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// `tr_…`
    pub id: String,
    /// When it was made.
    pub created: i64,
    /// Amount in minor units.
    pub amount: i64,
    /// What was taken back.
    pub amount_reversed: i64,
    /// Lower-case currency.
    pub currency: String,
    /// `acct_…`
    pub destination: String,
    /// The caller's own data.
    pub metadata: BTreeMap<String, String>,
    /// The caller's own name for what belongs together.
    pub transfer_group: Option<String>,
    /// The charge that made it.
    source_transaction: Option<String>,
    transaction: Option<String>,
}

impl Transfer {
    fn to(destination: &str, amount: i64, currency: &str) -> Self {
        Self {
            id: clock::object_id("tr_1"),
            created: created(),
            amount,
            amount_reversed: 0,
            currency: currency.to_owned(),
            destination: destination.to_owned(),
            metadata: BTreeMap::new(),
            transfer_group: None,
            source_transaction: None,
            transaction: None,
        }
    }

    /// The `transfer` object.
    pub fn render(&self) -> Value {
        json!({
            "id": self.id, "object": "transfer", "amount": self.amount, "amount_reversed": self.amount_reversed,
            "balance_transaction": self.transaction, "created": self.created, "currency": self.currency, "description": null,
            "destination": self.destination, "destination_payment": null, "livemode": false, "metadata": self.metadata,
            "reversals": { "object": "list", "data": [], "has_more": false, "url": format!("/v1/transfers/{}/reversals", self.id) },
            "reversed": self.amount_reversed == self.amount, "source_transaction": self.source_transaction,
            "source_type": "card", "transfer_group": self.transfer_group,
        })
    }
}

/// A checked request to transfer.
pub struct Create {
    transfer: Transfer,
    metadata: MetadataChange,
}

impl Create {
    /// Checks the parameters.
    pub fn parse(params: Params<'_>) -> Result<Self, ApiError> {
        let params = params.only(&[
            "amount",
            "currency",
            "destination",
            "transfer_group",
            "metadata",
            "description",
        ])?;
        params.required_text("amount")?;
        let amount = params.integer("amount")?.unwrap_or_default();
        at_least_one(amount, "amount")?;
        let currency = currency(params.required_text("currency")?)?;
        let mut transfer = Transfer::to(params.required_text("destination")?, amount, &currency);
        transfer.transfer_group = params.text("transfer_group")?.map(str::to_owned);
        Ok(Self {
            transfer,
            metadata: params.metadata()?,
        })
    }

    /// Sends the money, if there is enough and the account may have it.
    pub fn run(mut self, book: &mut Book) -> Answered {
        let Transfer {
            destination,
            amount,
            currency,
            ..
        } = &self.transfer;
        book.check_destination(destination, "destination")?;
        if book.balance(currency) < *amount {
            let message = "You have insufficient available funds in your Stripe account. Try adding funds directly to your available \
                           balance by creating Charges.";
            return Err(ApiError::invalid(message).code("balance_insufficient"));
        }
        self.metadata.apply(&mut self.transfer.metadata);
        let id = book.send(self.transfer);
        book.show_transfer(&id)
    }
}

/// A checked request to take back what was sent. As often as one likes, and never more than is left of it: Stripe answers "an error
/// when called on an already-reversed transfer, or when trying to reverse more money than is left on a transfer"
/// (<https://docs.stripe.com/api/transfer_reversals/create>). The words of that error, and its code, are the double's own.
pub struct Reverse {
    amount: Option<i64>,
}

impl Reverse {
    /// Checks the parameters.
    pub fn parse(params: Params<'_>) -> Result<Self, ApiError> {
        let params = params.only(&["amount", "description", "metadata"])?;
        let amount = params.integer("amount")?;
        if let Some(amount) = amount {
            at_least_one(amount, "amount")?;
        }
        Ok(Self { amount })
    }

    /// Takes the money back, and tells of it.
    pub fn run(self, book: &mut Book, id: &str, origin: &Origin) -> Answered {
        let Some(transfer) = book.transfers.get_mut(id) else {
            return Err(ApiError::no_such("transfer", id, "id"));
        };
        let left = transfer.amount - transfer.amount_reversed;
        let amount = self.amount.unwrap_or(left);
        if amount == 0 || amount > left {
            return Err(more_than_left(amount, left).param("amount"));
        }
        transfer.amount_reversed += amount;
        let (currency, shown) = (transfer.currency.clone(), transfer.render());
        let transaction = book.enter(&Entry {
            movement: Movement::TransferReversal,
            source: id,
            amount,
            fee: 0,
            currency: &currency,
        });
        book.emit("transfer.reversed", &shown, None, origin);
        Ok(json!({
            "id": clock::object_id("trr_1"), "object": "transfer_reversal", "amount": amount,
            "balance_transaction": transaction, "created": created(), "currency": currency,
            "destination_payment_refund": null, "metadata": {}, "source_refund": null, "transfer": id,
        }))
    }
}

fn more_than_left(amount: i64, left: i64) -> ApiError {
    let message =
        format!("Reversal amount ({amount}) is greater than unreversed amount on transfer ({left}).");
    ApiError::invalid(message)
}

impl Book {
    /// The transfer as an answer.
    pub fn show_transfer(&self, id: &str) -> Answered {
        let found = self.transfers.get(id).map(Transfer::render);
        found.ok_or_else(|| ApiError::no_such("transfer", id, "transfer"))
    }

    /// Refuses an account that cannot be sent money.
    pub fn check_destination(&self, account: &str, param: &str) -> Result<(), ApiError> {
        match self.accounts.get(account) {
            None => Err(ApiError::missing_reference("destination", account, param)),
            Some(account) if account.takes_transfers() => Ok(()),
            Some(_) => {
                let message = "Your destination account needs to have at least one of the following capabilities enabled: transfers, \
                               crypto_transfers, legacy_payments";
                Err(ApiError::invalid(message)
                    .code("insufficient_capabilities_for_transfer")
                    .param(param))
            }
        }
    }

    /// What the account has in a currency. Money is there as soon as it is paid.
    fn balance(&self, currency: &str) -> i64 {
        let lines = self.transactions.iter().filter(|line| line.currency == currency);
        lines.map(|line| line.amount - line.fee).sum()
    }

    fn send(&mut self, mut transfer: Transfer) -> String {
        let id = transfer.id.clone();
        transfer.transaction = Some(self.enter(&Entry {
            movement: Movement::Transfer,
            source: &id,
            amount: -transfer.amount,
            fee: 0,
            currency: &transfer.currency,
        }));
        self.transfers.insert(&id, transfer);
        self.touch();
        id
    }

    /// Sends a captured charge's money where its intent says, and takes the fee back from there.
    pub fn pass_on(&mut self, charge_id: &str) {
        let Some(charge) = self.charges.get(charge_id) else {
            return;
        };
        let intent = self.intents.get(&charge.intent);
        let Some(destination) = intent.and_then(|intent| intent.destination.clone()) else {
            return;
        };
        let (amount, currency) = (charge.amount_captured, charge.currency.clone());
        let mut transfer = Transfer::to(&destination.account, amount, &currency);
        transfer.source_transaction = Some(charge_id.to_owned());
        let transfer = self.send(transfer);
        let fee = destination.fee.map(|fee| (clock::object_id("fee_1"), fee));
        if let Some((id, fee)) = &fee {
            self.enter(&Entry {
                movement: Movement::ApplicationFee,
                source: id,
                amount: *fee,
                fee: 0,
                currency: &currency,
            });
        }
        if let Some(charge) = self.charges.get_mut(charge_id) {
            charge.passed = Some(Passed {
                transfer,
                fee,
                fee_refunded: 0,
            });
        }
    }

    /// Takes back what a refund of a charge takes back with it: both in proportion, as Stripe says: "in an amount proportional to
    /// the amount of the charge refunded", and the full fee with a full refund (<https://docs.stripe.com/api/refunds/create>).
    /// Which way parts of a minor unit go is said nowhere: that they are rounded down, of all that is refunded so far, is assumed.
    pub fn take_back(&mut self, charge_id: &str, refunded: i64, transfer: bool, fee: bool) {
        let Some(charge) = self.charges.get_mut(charge_id) else {
            return;
        };
        let Some(mut passed) = charge.passed.clone() else {
            return;
        };
        let (captured, all_refunded) = (charge.amount_captured, charge.amount_refunded);
        let currency = charge.currency.clone();
        if transfer {
            if let Some(transfer) = self.transfers.get_mut(&passed.transfer) {
                transfer.amount_reversed += refunded;
            }
            self.enter(&Entry {
                movement: Movement::TransferReversal,
                source: &passed.transfer,
                amount: refunded,
                fee: 0,
                currency: &currency,
            });
        }
        if let Some((id, whole)) = passed.fee.clone().filter(|_| fee) {
            // Of all that is refunded. Refunds that failed have given theirs back and are not counted any more.
            let share = (whole * all_refunded / captured - passed.fee_refunded).max(0);
            passed.fee_refunded += share;
            self.enter(&Entry {
                movement: Movement::ApplicationFeeRefund,
                source: &id,
                amount: -share,
                fee: 0,
                currency: &currency,
            });
        }
        if let Some(charge) = self.charges.get_mut(charge_id) {
            charge.passed = Some(passed);
        }
    }
}

/// Refuses to take back what a charge has not sent on, or what was taken back before: a transfer is reversed up to what is left of
/// it, whoever asks ([`Reverse`]). That a refund fails as a whole then, and is not made without, is assumed.
pub fn check_taken_back(
    book: &Book,
    charge: &Charge,
    amount: i64,
    transfer: bool,
    fee: bool,
) -> Result<(), ApiError> {
    let passed = charge.passed.as_ref();
    if transfer {
        let sent = passed.and_then(|passed| book.transfers.get(&passed.transfer));
        let Some(sent) = sent else {
            let message = format!(
                "Cannot reverse the transfer of {}: it has no associated transfer.",
                charge.id
            );
            return Err(ApiError::invalid(message).param("reverse_transfer"));
        };
        let left = sent.amount - sent.amount_reversed;
        if amount > left {
            return Err(more_than_left(amount, left).param("reverse_transfer"));
        }
    }
    if fee && passed.is_none_or(|passed| passed.fee.is_none()) {
        let message = format!("Cannot refund the application fee of {}: it has none.", charge.id);
        return Err(ApiError::invalid(message).param("refund_application_fee"));
    }
    Ok(())
}

/// Where a charge's money is to go, and what the platform keeps of it.
pub fn destination(params: &Params<'_>, amount: i64) -> Result<Option<Destination>, ApiError> {
    let fee = params.integer("application_fee_amount")?;
    let account = match params.branch("transfer_data")? {
        Some(data) => Some(
            data.only(&["destination"])?
                .required_text("destination")?
                .to_owned(),
        ),
        None => None,
    };
    match (account, fee) {
        (None, Some(_)) => Err(ApiError::invalid(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth key or \
             Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
        )
        .param("application_fee_amount")),
        (_, Some(fee)) if !(1..=amount).contains(&fee) => Err(ApiError::invalid(
            "Your application fee cannot be greater than the total amount, nor less than 1.",
        )
        .param("application_fee_amount")),
        (account, fee) => Ok(account.map(|account| Destination { account, fee })),
    }
}
