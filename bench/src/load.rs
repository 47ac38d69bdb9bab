//! Asking for payments: so many at once, or so many in a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep_until,
};
use uuid::Uuid;

use crate::{
    http::Pool,
    latency::Latency,
    outside::Outside,
    stage::{Merchant, Stage},
};

/// Connections to ingress where nothing else is said.
pub const CONNECTIONS: usize = 64;

/// Merchants who ask for payments, in turn.
pub struct Load {
    outside: Arc<Outside>,
    merchants: Vec<Merchant>,
    pool: Pool,
    connections: usize,
    turn: AtomicUsize,
    refused: AtomicU64,
}

/// How ingress answered within a while.
#[derive(Debug)]
pub struct Accepted {
    /// How many it accepted.
    pub count: u64,
    /// For how long.
    pub seconds: f64,
    /// How long each answer took.
    pub took: Latency,
}

impl Load {
    /// Nobody asks yet; there are so many connections to ingress.
    pub fn new(stage: &Stage, connections: usize) -> Self {
        Self {
            outside: Arc::clone(&stage.outside),
            merchants: stage.merchants.clone(),
            pool: Pool::new(stage.ingress, connections),
            connections,
            turn: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// How many were not accepted.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// As many requests as there are connections, each followed by the next at once.
    ///
    /// # Errors
    /// As [`Latency::new`].
    pub async fn as_fast_as_accepted(&self, during: Duration) -> anyhow::Result<Accepted> {
        let began = Instant::now();
        let lanes = (0..self.connections).map(|_| async {
            let mut took = Vec::new();
            while began.elapsed() < during {
                let asked = Instant::now();
                if self.ask(self.turn(), &Uuid::new_v4().to_string()).await {
                    took.push(asked.elapsed());
                }
            }
            took
        });
        let mut all = Latency::new()?;
        let took: Vec<Duration> = join_all(lanes).await.into_iter().flatten().collect();
        took.iter().for_each(|one| all.add(*one));
        Ok(Accepted {
            count: took.len() as u64,
            seconds: began.elapsed().as_secs_f64(),
            took: all,
        })
    }

    /// So many payments under way at once, until `during` is over.
    ///
    /// # Errors
    /// Never: the places are ours.
    pub async fn under_way(self: &Arc<Self>, at_once: usize, during: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + during;
        self.fly_while(at_once, || Instant::now() < until).await
    }

    /// So many payments, of which so many are under way at once before the last of them.
    ///
    /// # Errors
    /// As [`Self::under_way`].
    pub async fn so_many(self: &Arc<Self>, count: u64, at_once: usize) -> anyhow::Result<()> {
        let mut numbers = 0..count;
        self.fly_while(at_once, || numbers.next().is_some()).await
    }

    async fn fly_while(
        self: &Arc<Self>,
        at_once: usize,
        mut more: impl FnMut() -> bool,
    ) -> anyhow::Result<()> {
        let places = Arc::new(Semaphore::new(at_once));
        while more() {
            let place = Arc::clone(&places).acquire_owned().await?;
            let load = Arc::clone(self);
            tokio::spawn(async move { load.fly(Instant::now(), Some(place)).await });
        }
        Ok(())
    }

    /// So many payments per second, whether those before are done or not. The time of each counts from when it was due.
    pub async fn per_second(self: &Arc<Self>, rate: f64, during: Duration) {
        let began = Instant::now();
        let count = (rate * during.as_secs_f64()) as u32;
        for number in 0..count {
            let due = began + Duration::from_secs_f64(f64::from(number) / rate);
            sleep_until(due.into()).await;
            let load = Arc::clone(self);
            tokio::spawn(async move { load.fly(due, None).await });
        }
    }

    /// Asks for a payment and watches it, unless nobody will hear of its end.
    async fn fly(&self, due: Instant, place: Option<OwnedSemaphorePermit>) {
        let (turn, payment) = (self.turn(), Uuid::new_v4().to_string());
        let flights = &self.outside.flights;
        if !self.outside.is_deaf(turn) {
            flights.begin(&payment, due, place);
        }
        if !self.ask(turn, &payment).await {
            flights.forget(&payment);
        }
    }

    fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed) % self.merchants.len()
    }

    async fn ask(&self, turn: usize, payment: &str) -> bool {
        let key = format!("Bearer {}", self.merchants[turn].api_key);
        let body = format!(
            r#"{{"amount":1999,"currency":"USD","description":"{payment}","reference":"order-1","metadata":{{"cart":"7f3c2a","campaign":"spring"}}}}"#
        );
        let headers = [("authorization", key.as_str()), ("idempotency-key", payment)];
        let asked = self.pool.post("/api/v1/payments", &headers, &body).await;
        let accepted = asked.is_ok_and(|status| status == 202);
        if !accepted {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        accepted
    }
}
