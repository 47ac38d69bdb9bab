//! What operations people open: the database schema, merchants, their keys, terms, endpoints, channels and routes, the ledger.
//!
//! Each command is one function from its arguments to an [`Answer`], which is printed as text or as JSON. Every change
//! goes through the store, which writes down who did it. Secrets come in through the environment or standard input and
//! never through arguments, which any user of the machine can read; they go out once, when they
//! are made here. `serve` is the exception: it is the web console, see [`Web`].

mod answer;
mod args;
mod channel_credentials;
mod config;
mod dead_letters;
mod differences;
mod endpoint_url;
mod endpoints;
mod error;
mod fees;
mod keys;
mod ledger;
mod merchants;
mod notifications;
mod operators;
mod password;
mod reconcile;
mod routes;
mod switches;
mod timeline;
mod web;

pub use answer::Answer;
pub use args::{Cli, Command};
pub use config::Config;
pub use error::ConsoleError;
pub use web::{Running, Web, WebConfig, WebError};

use std::io::Read;

use args::{ChannelsCommand, EndpointsCommand, KeysCommand, LedgerCommand, MerchantsCommand};
use chrono::{DateTime, Utc};
use domain::{clock::Clock, id::MerchantId};
use store::{Doing, Merchant, Store};

/// What a command works with.
pub struct Console<'a> {
    store: Store,
    actor: String,
    clock: &'a dyn Clock,
}

impl<'a> Console<'a> {
    /// Makes a console. PostgreSQL is first reached by the command.
    ///
    /// # Errors
    /// The database's URL cannot be read.
    pub fn open(config: &Config, clock: &'a dyn Clock) -> Result<Self, ConsoleError> {
        let store = Store::connect_lazily(&config.store, config.vault.clone())?;
        Ok(Self {
            store,
            actor: config.actor.clone(),
            clock,
        })
    }

    /// Does what was asked for. `input` is read by those commands that were told to take secrets from it.
    ///
    /// # Errors
    /// Says what has to be put right; nothing was changed then, unless the error says so.
    pub async fn run(
        &self,
        command: &Command,
        input: &mut (dyn Read + Send),
    ) -> Result<Answer, ConsoleError> {
        match command {
            Command::Migrate => self.migrate().await,
            Command::Merchants(MerchantsCommand::Create(args)) => self.create_merchant(args, input).await,
            Command::Merchants(MerchantsCommand::List) => self.list_merchants().await,
            Command::Merchants(MerchantsCommand::SetTerms(args)) => self.set_terms(args).await,
            Command::Keys(KeysCommand::Create { merchant }) => self.create_key(merchant).await,
            Command::Keys(KeysCommand::Revoke { id }) => self.revoke_key(id).await,
            Command::Endpoints(EndpointsCommand::Set(args)) => self.set_endpoint(args).await,
            Command::Endpoints(EndpointsCommand::Rotate(args)) => self.rotate_endpoint(args).await,
            Command::Channels(ChannelsCommand::Set(args)) => self.set_channel(args, input).await,
            Command::Channels(ChannelsCommand::List { merchant }) => self.list_channels(merchant).await,
            Command::Routes(command) => self.routes(command).await,
            Command::Channels(ChannelsCommand::SetStripe(args)) => self.set_stripe(args, input).await,
            Command::Channels(ChannelsCommand::SetFees(args)) => self.set_fees(args).await,
            Command::Channels(ChannelsCommand::SetExpiry(args)) => self.set_expiry(args).await,
            Command::Ledger(LedgerCommand::Check) => self.check_ledger().await,
            Command::Ledger(LedgerCommand::Balances { merchant }) => self.balances(merchant).await,
            Command::Ledger(LedgerCommand::Wallet { wallet, limit }) => self.wallet(wallet, *limit).await,
            Command::Timeline(args) => self.timeline(args).await,
            Command::Notifications(command) => self.notifications(command).await,
            Command::Pause(args) => self.pause(args).await,
            Command::Resume(args) => self.resume(args).await,
            Command::Switches => self.switches().await,
            Command::Reconcile(args) => self.reconcile(args).await,
            Command::Differences(args) => self.differences(args).await,
            Command::Operators(command) => self.operators(command, input).await,
            // It has settings of its own, and no answer: `main` serves it.
            Command::Serve => Err(ConsoleError::Served),
            Command::DeadLetters(command) => self.dead_letters(command).await,
        }
    }

    /// Closes the connections.
    pub async fn close(self) -> () {
        self.store.close().await;
    }

    async fn migrate(&self) -> Result<Answer, ConsoleError> {
        self.store.migrate().await?;
        Ok(Answer::new([("schema", "up to date")]))
    }

    /// The merchant that a command is about.
    async fn merchant(&self, id: &str) -> Result<Merchant, ConsoleError> {
        let wanted: MerchantId = id.parse().map_err(|source| ConsoleError::MerchantId {
            text: id.to_owned(),
            source,
        })?;
        let merchant = self.store.merchant(wanted).await?;
        merchant.ok_or(ConsoleError::UnknownMerchant(wanted))
    }

    /// The one at the keyboard does something that no reason is asked for.
    fn doing(&self) -> Doing<'_> {
        Doing::by(&self.actor, self.now())
    }

    /// The one at the keyboard does something for this reason.
    fn doing_because<'b>(&'b self, reason: &'b str) -> Doing<'b> {
        Doing::because(&self.actor, reason, self.now())
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
