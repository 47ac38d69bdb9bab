//! The channels against doubles of their providers, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod alipay_answers;
mod alipay_flows;
mod alipay_refunds;
mod alipay_setting;
mod answering;
mod conformance;
mod containment;
mod listener;
mod measures;
mod paypal_calls;
mod paypal_certificates;
mod paypal_refunds;
mod setting;
mod stand;
mod stripe_accounts;
mod stripe_changes;
mod stripe_connect;
mod stripe_destinations;
mod stripe_faults;
mod stripe_intents;
mod stripe_refunds;
mod stripe_statements;
mod stripe_transfers;
mod stripe_wallets;
mod stripe_wire;
mod wechat_refunds;
mod wechat_setting;
mod wechat_ways;
mod wechat_wire;
