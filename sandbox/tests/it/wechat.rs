//! The WeChat Pay double as a merchant sees it.

mod answers;
mod client;
mod notifications;
mod refunds;
mod refusals;
mod trades;
