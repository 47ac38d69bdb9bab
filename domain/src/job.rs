//! Job contracts: the wire format between those who publish jobs and the workers.
//!
//! One file per kind (one for the two wishes), mirrored by a handler of the same name in `workers`. A payload carries ids and facts that never
//! change, not copies of rows. Changing one in a way that old readers misread means a new `SCHEMA`.

mod capture_payment;
mod change_order;
mod change_wallet;
mod contract;
mod create_account;
mod create_account_link;
mod create_intent;
mod create_order;
mod create_refund;
mod create_transfer;
mod create_wallet;
mod envelope;
mod expire_payment;
mod notify_merchant;
mod payment_action;
mod process_callback;
mod query_account;
mod query_payment;
mod query_refund;
mod query_transfer;
mod reconcile;

pub use capture_payment::CapturePayment;
pub use change_order::{ChangeOrder, ChangeOrderReply};
pub use change_wallet::{ChangeWallet, ChangeWalletReply};
pub use contract::{Contract, Job, Kind, UnknownKind};
pub use create_account::{CreateAccount, CreateAccountReply};
pub use create_account_link::{CreateAccountLink, CreateAccountLinkReply};
pub use create_intent::{CreateIntent, CreateIntentReply};
pub use create_order::{CreateOrder, CreateOrderReply};
pub use create_refund::{CreateRefund, CreateRefundReply, OWN_REFUND_KEYS};
pub use create_transfer::{CreateTransfer, CreateTransferReply};
pub use create_wallet::{AccountWish, CreateWallet, CreateWalletReply};
pub use envelope::{Envelope, Unreadable};
pub use expire_payment::ExpirePayment;
pub use notify_merchant::NotifyMerchant;
pub use payment_action::{CancelPayment, ConfirmPayment, PaymentActionReply, Wish};
pub use process_callback::ProcessCallback;
pub use query_account::QueryAccount;
pub use query_payment::QueryPayment;
pub use query_refund::QueryRefund;
pub use query_transfer::QueryTransfer;
pub use reconcile::Reconcile;
