//! Reading the providers' books, and putting them into the words of one of them.

use anyhow::Context;
use e2e::sandbox_client::Sandbox;

use crate::verifier::{
    books::{self, alipay, paypal, wechat},
    facts::{Facts, Intent, Opening, ProviderRefund},
};

/// What all providers have, one after the other: while the pipeline is still at work, a difference may mean only that.
pub async fn read(sandbox: &Sandbox) -> anyhow::Result<Facts> {
    let mut facts = Facts {
        intents: sandbox.list("/sandbox/stripe/intents").await?,
        provider_refunds: sandbox.list("/sandbox/stripe/refunds").await?,
        provider_disputes: sandbox.list("/sandbox/stripe/disputes").await?,
        provider_accounts: sandbox.list("/sandbox/stripe/accounts").await?,
        provider_transfers: sandbox.list("/sandbox/stripe/transfers").await?,
        openings: calls(sandbox, "POST /v1/payment_intents").await?,
        refundings: calls(sandbox, "POST /v1/refunds").await?,
        callbacks: sandbox.list("/sandbox/deliveries").await?,
        dropped: sandbox.dropped().await?,
        ..Facts::default()
    };
    read_alipay(sandbox, &mut facts).await.context("Alipay's books")?;
    read_wechat(sandbox, &mut facts)
        .await
        .context("WeChat Pay's books")?;
    read_paypal(sandbox, &mut facts).await.context("PayPal's books")?;
    Ok(facts)
}

async fn read_alipay(sandbox: &Sandbox, facts: &mut Facts) -> anyhow::Result<()> {
    let trades: Vec<alipay::Trade> = sandbox.list("/sandbox/alipay/trades").await?;
    let refunds: Vec<alipay::Refund> = sandbox.list("/sandbox/alipay/refunds").await?;
    facts.intents.extend(all(trades)?);
    facts.provider_refunds.extend(all(refunds)?);
    let method = |name: &str| format!("POST /alipay/gateway.do#alipay.trade.{name}");
    let openings = calls(sandbox, &method("precreate")).await?;
    let refundings = calls(sandbox, &method("refund")).await?;
    facts.openings.extend(openings.into_iter().map(books::numbered));
    facts
        .refundings
        .extend(refundings.into_iter().map(books::numbered));
    Ok(())
}

async fn read_wechat(sandbox: &Sandbox, facts: &mut Facts) -> anyhow::Result<()> {
    let trades: Vec<wechat::Trade> = sandbox.list("/sandbox/wechat/trades").await?;
    let refunds: Vec<wechat::Refund> = sandbox.list("/sandbox/wechat/refunds").await?;
    facts.intents.extend(trades.into_iter().map(Intent::from));
    facts
        .provider_refunds
        .extend(refunds.into_iter().map(ProviderRefund::from));
    let openings = calls(sandbox, "POST /v3/pay/transactions/native").await?;
    let refundings = calls(sandbox, "POST /v3/refund/domestic/refunds").await?;
    facts.openings.extend(openings.into_iter().map(books::numbered));
    facts
        .refundings
        .extend(refundings.into_iter().map(books::numbered));
    Ok(())
}

async fn read_paypal(sandbox: &Sandbox, facts: &mut Facts) -> anyhow::Result<()> {
    let orders: Vec<paypal::Order> = sandbox.list("/sandbox/paypal/orders").await?;
    let captures: Vec<paypal::Capture> = sandbox.list("/sandbox/paypal/captures").await?;
    let refunds: Vec<paypal::Refund> = sandbox.list("/sandbox/paypal/refunds").await?;
    facts.intents.extend(paypal::intents(orders, &captures));
    facts
        .provider_refunds
        .extend(refunds.into_iter().map(ProviderRefund::from));
    let openings = calls(sandbox, "POST /paypal/v2/checkout/orders").await?;
    let refundings = calls(sandbox, "POST /paypal/v2/payments/captures/{id}/refund").await?;
    facts.openings.extend(openings.into_iter().map(paypal::opening));
    facts
        .refundings
        .extend(refundings.into_iter().map(paypal::refunding));
    Ok(())
}

async fn calls(sandbox: &Sandbox, route: &str) -> anyhow::Result<Vec<Opening>> {
    let route = route.replace(' ', "%20").replace('#', "%23");
    sandbox.list(&format!("/sandbox/calls?route={route}")).await
}

fn all<T, U: TryFrom<T, Error = anyhow::Error>>(lines: Vec<T>) -> anyhow::Result<Vec<U>> {
    lines.into_iter().map(U::try_from).collect()
}
