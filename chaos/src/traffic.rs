//! Merchants who ask for payments and payers who pay them.
//!
//! Clients do what real ones do: without an answer, or told to come back, they repeat under the same key until they know
//! where they stand. What they ask for is drawn from a seed; when the answers come is up to the thing under test.

mod client;
mod draw;
mod errand;
mod keeping;
mod pauses;
mod payer;
mod purse;
mod sale;
mod selling;
mod story;
mod wishes;

use std::{sync::Arc, time::Duration};

use e2e::{World, accounts::Account, client::Client};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

use crate::journal::{Journal, Merchant};
use client::Shop;
use draw::Draw;
pub use purse::PurseStory;
pub use sale::SaleStory;
pub use story::{Story, is_declined};

/// How many merchants are registered side by side: each takes two runs of the console, and one more for each account.
const REGISTERED_AT_ONCE: usize = 4;
/// How many orders may be under way. While the pipeline is down they pile up, and beyond this the clients that only
/// look and repeat would be the load.
const MOST_UNDER_WAY: usize = 45;

/// How much traffic there is.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many merchants take part.
    pub merchants: usize,
    /// The accounts that each of them has beside the one at Stripe.
    pub accounts: &'static [Account],
    /// How many orders are begun each second, all merchants together.
    pub orders_per_s: f64,
    /// How many orders are begun in all; without a limit, until the clients are told to finish.
    pub limit: Option<usize>,
}

/// Clients at work.
pub struct Traffic {
    journal: Arc<Journal>,
    closing: watch::Sender<bool>,
    at_work: JoinHandle<()>,
}

impl Traffic {
    /// Registers merchants in the world and sets their clients to work.
    ///
    /// # Errors
    /// A merchant cannot be registered.
    pub async fn start(world: &World, seed: u64, shape: Shape) -> anyhow::Result<Self> {
        let registering = (0..shape.merchants).map(|_| register(world, shape.accounts));
        let merchants: Vec<(e2e::Merchant, Vec<String>)> = stream::iter(registering)
            .buffered(REGISTERED_AT_ONCE)
            .try_collect()
            .await?;
        let known = merchants.iter().map(|(merchant, accounts)| Merchant {
            id: merchant.id.clone(),
            name: merchant.name.clone(),
            accounts: accounts.clone(),
        });
        let journal = Arc::new(Journal::of(known.collect()));
        let (closing, is_closing) = watch::channel(false);
        let shops = merchants.into_iter().map(|(merchant, _)| Shop {
            administrator: Client::of_administrator(world.http.clone(), &world.ingress, &merchant.id),
            api: merchant.api,
            sandbox: world.sandbox.clone(),
            journal: Arc::clone(&journal),
            closing: is_closing.clone(),
        });
        let draw = Draw::new(seed, shape.merchants, shape.accounts);
        let at_work = tokio::spawn(work(shops.collect(), draw, shape, is_closing));
        Ok(Self {
            journal,
            closing,
            at_work,
        })
    }

    /// What was asked and answered so far.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Whether there are no more orders to begin and every client has come to the end of its own.
    pub fn is_over(&self) -> bool {
        self.at_work.is_finished()
    }

    /// Begins no more orders, lets the clients bring theirs to an end as far as a bounded number of repeats allows, and
    /// gives the journal.
    ///
    /// # Errors
    /// A client panicked.
    pub async fn finish(self) -> anyhow::Result<Arc<Journal>> {
        self.closing.send_replace(true);
        self.at_work.await?;
        Ok(self.journal)
    }
}

/// A merchant with these accounts, and the names of all that it has.
async fn register(world: &World, accounts: &[Account]) -> anyhow::Result<(e2e::Merchant, Vec<String>)> {
    let merchant = world.merchant("chaos").await?;
    let mut names = vec![merchant.account.clone()];
    for account in accounts {
        names.push(world.open_account(&merchant, *account).await?);
    }
    Ok((merchant, names))
}

/// Begins orders, and sales and purses beside them, at an even pace until there are enough or it is told to close, then waits for all that are under way.
async fn work(shops: Vec<Shop>, mut draw: Draw, shape: Shape, mut closing: watch::Receiver<bool>) {
    let pause = Duration::from_secs_f64(1.0 / shape.orders_per_s.max(0.1));
    let mut left = shape.limit.unwrap_or(usize::MAX);
    let places = Arc::new(Semaphore::new(MOST_UNDER_WAY));
    let mut under_way = JoinSet::new();
    let mut next = Instant::now();
    while left > 0 {
        left -= 1;
        let ready = async {
            sleep_until(next).await;
            Arc::clone(&places).acquire_owned().await
        };
        let place = tokio::select! {
            _told = closing.wait_for(|closing| *closing) => break,
            place = ready => place,
        };
        // After a jam the pace is that of before; what was missed is not caught up with.
        next = (next + pause).max(Instant::now());
        let order = draw.next();
        if let Some(shop) = shops.get(order.merchant).cloned() {
            under_way.spawn(async move {
                shop.play(order).await;
                drop(place);
            });
        }
        if let Some(sale) = draw.sale()
            && let Some(shop) = shops.get(sale.merchant).cloned()
        {
            let place = Arc::clone(&places).acquire_owned();
            under_way.spawn(async move {
                let place = place.await;
                shop.sell(sale).await;
                drop(place);
            });
        }
        if let Some(purse) = draw.purse()
            && let Some(shop) = shops.get(purse.merchant).cloned()
        {
            let place = Arc::clone(&places).acquire_owned();
            under_way.spawn(async move {
                let place = place.await;
                shop.keep(purse).await;
                drop(place);
            });
        }
        while let Some(ended) = under_way.try_join_next() {
            resume_panic(ended);
        }
    }
    while let Some(ended) = under_way.join_next().await {
        resume_panic(ended);
    }
}

/// A client that panicked would be missing in the evidence, so nothing goes on without it.
fn resume_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}
