//! Brings the provider's events to the workers as callbacks: twice, late, in any order, and every one in the end.

use std::collections::BTreeSet;

use domain::{channel::Channel, job::ProcessCallback};
use futures::future::join_all;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde_json::Value;

use super::Wave;
use crate::support::{World, list, now};

/// How many events one page holds.
const PAGE: usize = 100;

pub struct Courier<'a> {
    wave: &'a Wave,
    random: SmallRng,
    /// The newest event that was fetched.
    newest: Option<String>,
    /// Events that were not brought yet.
    held_back: Vec<Value>,
    pub fetched: BTreeSet<String>,
}

impl<'a> Courier<'a> {
    pub fn of(wave: &'a Wave) -> Self {
        Self {
            wave,
            random: SmallRng::seed_from_u64(wave.schedules.len() as u64),
            newest: None,
            held_back: Vec::new(),
            fetched: BTreeSet::new(),
        }
    }

    /// Brings some of what happens while something is done.
    pub async fn deliver_while(&mut self, world: &World, done: impl Future<Output = ()>) {
        let mut done = Box::pin(done);
        loop {
            self.fetch(world).await;
            let some = self.held_back.len() / 2;
            self.deliver(world, some).await;
            let pause = tokio::time::sleep(std::time::Duration::from_millis(20));
            tokio::select! {
                () = &mut done => return,
                () = pause => {}
            }
        }
    }

    /// Brings all that there is.
    pub async fn deliver_the_rest(&mut self, world: &World) {
        self.fetch(world).await;
        self.deliver(world, self.held_back.len()).await;
    }

    /// Whether nothing happened since it last looked.
    pub async fn is_up_to_date(&self, world: &World) -> bool {
        self.held_back.is_empty() && self.page(world).await.is_empty()
    }

    async fn fetch(&mut self, world: &World) {
        loop {
            let page = self.page(world).await;
            let Some(newest) = page.first() else { return };
            self.newest = newest["id"].as_str().map(str::to_owned);
            // Events of charges come with every payment and every refund and say nothing that is acted upon.
            let told = page.into_iter().filter(|event| !is_of_charge(event));
            let told: Vec<Value> = told.collect();
            let ids = told.iter().filter_map(|event| event["id"].as_str());
            self.fetched.extend(ids.map(str::to_owned));
            self.held_back.extend(told);
        }
    }

    /// The events next to the newest that is known, newest first.
    async fn page(&self, world: &World) -> Vec<Value> {
        let Some(newest) = &self.newest else {
            return self.first_page(world).await;
        };
        self.events(world, &format!("limit={PAGE}&ending_before={newest}"))
            .await
    }

    /// The oldest events there are; they are looked for from the newest on.
    async fn first_page(&self, world: &World) -> Vec<Value> {
        let mut query = format!("limit={PAGE}");
        loop {
            let page = self.events(world, &query).await;
            match page.last() {
                Some(oldest) if page.len() == PAGE => {
                    let oldest = oldest["id"].as_str().unwrap();
                    let older = self
                        .events(world, &format!("limit={PAGE}&starting_after={oldest}"))
                        .await;
                    if older.is_empty() {
                        return page;
                    }
                    query = format!("limit={PAGE}&starting_after={oldest}");
                }
                Some(_) | None => return page,
            }
        }
    }

    async fn events(&self, world: &World, query: &str) -> Vec<Value> {
        let url = format!("{}/v1/events?{query}", world.sandbox.base_url());
        let request = world.http.get(url).bearer_auth(&self.wave.account);
        list(request.send().await.unwrap().json().await.unwrap())
    }

    /// Brings so many of the events at hand, picked at random, some of them twice.
    async fn deliver(&mut self, world: &World, count: usize) {
        let mut callbacks = Vec::new();
        for _ in 0..count {
            let picked = self.random.random_range(0..self.held_back.len());
            let event = self.held_back.swap_remove(picked);
            let copies = 1 + usize::from(self.random.random_ratio(1, 4));
            callbacks.extend(std::iter::repeat_n(self.callback(world, &event), copies));
        }
        join_all(callbacks.iter().map(|callback| world.publish(callback))).await;
    }

    fn callback(&self, world: &World, event: &Value) -> ProcessCallback {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let (merchant_id, event_id) = (self.wave.merchant_id, text("id"));
        let place = ProcessCallback::place(Channel::Stripe, merchant_id, &event_id);
        ProcessCallback {
            channel: Channel::Stripe,
            merchant_id,
            event_type: text("type"),
            received_at: now(),
            sealed_body: world
                .store
                .vault()
                .seal_text(&place, event.to_string().as_bytes()),
            event_id,
        }
    }
}

fn is_of_charge(event: &Value) -> bool {
    event["type"]
        .as_str()
        .is_some_and(|kind| kind.starts_with("charge."))
}
