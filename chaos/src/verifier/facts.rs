//! The evidence as it was read: plain rows, by the names that their owners give them.

mod kept;
mod ordered;
mod provider;
mod stored;

use std::collections::{BTreeMap, HashMap};

use e2e::rabbit::{Depth, Letter};

use crate::journal::{Entries, Merchant, Order, Purse, Sale};
pub use kept::{Account, Hold, Line, ProviderAccount, ProviderTransfer, Wallet, WalletAction, Withdrawal};
pub use ordered::{Item, ItemRefund, OrderAction, OrderLog, StoredOrder};
pub use provider::{Callback, Intent, OFFERED, Opening, ProviderDispute, ProviderRefund, Received};
pub use stored::{
    Action, Dispute, Failure, Notification, Payment, Posting, Refund, RefundRecord, TakenIn, Transfer,
};

/// Everything that was read, at about the same moment.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The clients' side.
    pub journal: Entries,
    /// The intents of all accounts at the provider.
    pub intents: Vec<Intent>,
    /// The refunds of all accounts at the provider.
    pub provider_refunds: Vec<ProviderRefund>,
    /// The disputes of all accounts at the provider.
    pub provider_disputes: Vec<ProviderDispute>,
    /// The accounts at the provider that are connected to merchants' own.
    pub provider_accounts: Vec<ProviderAccount>,
    /// What the provider has sent on to such accounts.
    pub provider_transfers: Vec<ProviderTransfer>,
    /// The calls that asked the provider to open an intent.
    pub openings: Vec<Opening>,
    /// The calls that asked the provider to make a refund.
    pub refundings: Vec<Opening>,
    /// The provider's attempts to call back.
    pub callbacks: Vec<Callback>,
    /// What merchants received, by the merchant's id, in order of arrival.
    pub mail: BTreeMap<String, Vec<Received>>,
    /// How many entries each of the sandbox's logs has dropped.
    pub dropped: BTreeMap<String, u64>,
    /// Table `payments`.
    pub payments: Vec<Payment>,
    /// Table `refunds`.
    pub refunds: Vec<Refund>,
    /// Table `refund_records`.
    pub refund_records: Vec<RefundRecord>,
    /// Table `payment_actions`.
    pub actions: Vec<Action>,
    /// Table `orders`.
    pub orders: Vec<StoredOrder>,
    /// Table `order_items`.
    pub items: Vec<Item>,
    /// The items that refunds give back.
    pub item_refunds: Vec<ItemRefund>,
    /// Table `order_actions`.
    pub order_actions: Vec<OrderAction>,
    /// Table `order_logs`, in the order in which it was written.
    pub order_logs: Vec<OrderLog>,
    /// Table `wallets`.
    pub wallets: Vec<Wallet>,
    /// Table `wallet_transactions`, each wallet's by their numbers.
    pub lines: Vec<Line>,
    /// Table `wallet_actions`.
    pub wallet_actions: Vec<WalletAction>,
    /// Table `wallet_holds`.
    pub holds: Vec<Hold>,
    /// Table `wallet_withdrawals`.
    pub withdrawals: Vec<Withdrawal>,
    /// Table `connected_accounts`.
    pub accounts: Vec<Account>,
    /// Table `disputes`.
    pub disputes: Vec<Dispute>,
    /// Table `ledger_transfers`.
    pub transfers: Vec<Transfer>,
    /// Table `ledger_postings`, each with its account.
    pub postings: Vec<Posting>,
    /// Table `reconciliations`: the ids of those that are done.
    pub reconciled: Vec<String>,
    /// Table `payment_callbacks`.
    pub inbox: Vec<TakenIn>,
    /// Table `notifications`.
    pub notifications: Vec<Notification>,
    /// Table `job_failures`.
    pub failures: Vec<Failure>,
    /// Table `outbox`: the ids of the jobs.
    pub outbox: Vec<String>,
    /// The messages in the dead-letter queues, by queue.
    pub parked: BTreeMap<String, Vec<Letter>>,
    /// How many messages each queue holds.
    pub depths: Vec<Depth>,
}

impl Facts {
    /// The payments by their ids.
    pub fn payments_by_id(&self) -> HashMap<&str, &Payment> {
        self.payments
            .iter()
            .map(|payment| (payment.id.as_str(), payment))
            .collect()
    }

    /// The refunds by their ids.
    pub fn refunds_by_id(&self) -> HashMap<&str, &Refund> {
        self.refunds
            .iter()
            .map(|refund| (refund.id.as_str(), refund))
            .collect()
    }

    /// The intents by the payments they were opened for.
    pub fn intents_by_payment(&self) -> BTreeMap<&str, Vec<&Intent>> {
        grouped(&self.intents, |intent| intent.payment().unwrap_or_default())
    }

    /// The refunds by the payments that they give back.
    pub fn refunds_by_payment(&self) -> BTreeMap<&str, Vec<&Refund>> {
        grouped(&self.refunds, |refund| &refund.payment)
    }

    /// The provider's refunds by the refunds that they were made for.
    pub fn provider_refunds_by_refund(&self) -> BTreeMap<&str, Vec<&ProviderRefund>> {
        grouped(&self.provider_refunds, |refund| {
            refund.refund().unwrap_or_default()
        })
    }

    /// The provider's refunds by the intents that they give back.
    pub fn provider_refunds_by_intent(&self) -> BTreeMap<&str, Vec<&ProviderRefund>> {
        grouped(&self.provider_refunds, |refund| &refund.payment_intent)
    }

    /// The orders for goods by their ids.
    pub fn orders_by_id(&self) -> HashMap<&str, &StoredOrder> {
        self.orders
            .iter()
            .map(|order| (order.id.as_str(), order))
            .collect()
    }

    /// The payments of each order for goods.
    pub fn payments_by_order(&self) -> BTreeMap<&str, Vec<&Payment>> {
        let mut groups = grouped(&self.payments, |payment| {
            payment.order_id.as_deref().unwrap_or_default()
        });
        groups.remove("");
        groups
    }

    /// The id of an order's merchant.
    pub fn merchant_of(&self, order: &Order) -> &str {
        self.merchant_at(order.merchant)
    }

    /// The id of the merchant who sold something.
    pub fn seller_of(&self, sale: &Sale) -> &str {
        self.merchant_at(sale.merchant)
    }

    /// The id of the merchant who kept wallets.
    pub fn keeper_of(&self, purse: &Purse) -> &str {
        self.merchant_at(purse.merchant)
    }

    /// The wallets by their ids.
    pub fn wallets_by_id(&self) -> HashMap<&str, &Wallet> {
        self.wallets
            .iter()
            .map(|wallet| (wallet.id.as_str(), wallet))
            .collect()
    }

    fn merchant_at(&self, place: usize) -> &str {
        let merchant = self.journal.merchants.get(place);
        merchant.map_or("", |merchant| merchant.id.as_str())
    }

    /// The merchants by their accounts at the providers, of which their own wallets are one.
    pub fn merchants_by_account(&self) -> HashMap<&str, &Merchant> {
        let merchants = self.journal.merchants.iter();
        merchants
            .flat_map(|merchant| {
                let accounts = merchant.accounts.iter();
                let all = accounts.chain([&merchant.id]);
                all.map(move |account| (account.as_str(), merchant))
            })
            .collect()
    }
}

/// The things of each name.
pub fn grouped<'a, T>(things: &'a [T], name: impl Fn(&'a T) -> &'a str) -> BTreeMap<&'a str, Vec<&'a T>> {
    let mut groups: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    for thing in things {
        groups.entry(name(thing)).or_default().push(thing);
    }
    groups
}
