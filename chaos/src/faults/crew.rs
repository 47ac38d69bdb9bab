//! The processes under destruction, and who starts them again.
//!
//! Each has a keeper, as it would have in an orchestrator: whatever ended the process, it is started again after a short
//! pause, with what the plan arms it with.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use reqwest::Client as Http;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Deaths, Narrator};
use crate::{
    fleet::{Launch, Process},
    plan::{Arms, Member},
    seed::Dice,
};

/// Longer than any process lives.
const FOREVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Between a process's end and its next start, in milliseconds.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 50..=1_200;

/// The pause when nothing breaks any more: a process that ends by itself again and again must not keep the machine busy.
const LEAST_PAUSE: Duration = Duration::from_millis(50);

/// The processes, each with its keeper. All of them end when this is dropped.
pub struct Crew {
    orders: BTreeMap<Member, mpsc::Sender<Order>>,
    probes: Vec<String>,
    shared: Arc<Shared>,
    keepers: Mutex<JoinSet<anyhow::Result<()>>>,
}

/// What a keeper is told to do.
struct Order {
    /// Kill only a process that is armed.
    only_armed: bool,
    done: oneshot::Sender<()>,
}

/// What all keepers know.
struct Shared {
    arms: Mutex<Arms>,
    deaths: Mutex<Deaths>,
    is_peace: AtomicBool,
    narrator: Narrator,
}

impl Crew {
    /// Starts the processes with these arms. How long one stays dead follows from the seed.
    pub fn start(launches: BTreeMap<Member, Launch>, arms: Arms, seed: u64, narrator: Narrator) -> Self {
        let shared = Arc::new(Shared {
            arms: Mutex::new(arms),
            deaths: Mutex::default(),
            is_peace: AtomicBool::new(false),
            narrator,
        });
        let probes = launches
            .values()
            .map(|launch| format!("{}/readyz", launch.internal_url()));
        let probes = probes.collect();
        let mut orders = BTreeMap::new();
        let mut keepers = JoinSet::new();
        for (member, launch) in launches {
            let (order, ordered) = mpsc::channel(8);
            orders.insert(member, order);
            let keeper = Keeper {
                member,
                launch,
                shared: Arc::clone(&shared),
                pauses: Dice::new(seed, &format!("pauses of {member}")),
            };
            keepers.spawn(keeper.keep(ordered));
        }
        Self {
            orders,
            probes,
            shared,
            keepers: Mutex::new(keepers),
        }
    }

    /// Waits until each of them has been ready.
    ///
    /// # Errors
    /// One is not within `patience`, or cannot be started.
    pub async fn ready(&self, http: &Http, patience: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        for probe in &self.probes {
            while !is_ok(http, probe).await {
                self.check()?;
                ensure!(Instant::now() < deadline, "not ready: {probe}");
                sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Ends a process as `kill -9` does. One that is just down stays so a little longer.
    ///
    /// # Errors
    /// Its keeper has given up.
    pub async fn kill(&self, member: Member) -> anyhow::Result<()> {
        self.order(member, false).await
    }

    /// Arms nobody any more, and kills those who are.
    ///
    /// # Errors
    /// A keeper has given up.
    pub async fn disarm(&self) -> anyhow::Result<()> {
        self.shared.is_peace.store(true, Ordering::Relaxed);
        futures::future::try_join_all(self.orders.keys().map(|member| self.order(*member, true)))
            .await
            .map(drop)
    }

    /// How processes ended so far.
    pub fn deaths(&self) -> Deaths {
        locked(&self.shared.deaths).clone()
    }

    async fn order(&self, member: Member, only_armed: bool) -> anyhow::Result<()> {
        let (done, is_done) = oneshot::channel();
        let keeper = self.orders.get(&member).context("everybody has a keeper")?;
        let ordered = keeper.send(Order { only_armed, done }).await;
        if ordered.is_err() || is_done.await.is_err() {
            self.check()?;
            anyhow::bail!("the keeper of {member} is gone");
        }
        Ok(())
    }

    /// The reason why a keeper has given up, if one has.
    fn check(&self) -> anyhow::Result<()> {
        match locked(&self.keepers).try_join_next() {
            Some(given_up) => given_up?,
            None => Ok(()),
        }
    }
}

async fn is_ok(http: &Http, url: &str) -> bool {
    let answer = http.get(url).timeout(Duration::from_secs(2)).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

struct Keeper {
    member: Member,
    launch: Launch,
    shared: Arc<Shared>,
    pauses: Dice,
}

/// What ended a process.
enum Cause {
    Itself,
    Order(oneshot::Sender<()>),
}

impl Keeper {
    /// Keeps the process running until the crew is dropped.
    async fn keep(mut self, mut ordered: mpsc::Receiver<Order>) -> anyhow::Result<()> {
        loop {
            let arms = self.arms();
            let mut launch = self.launch.clone();
            if let Some(arms) = &arms {
                launch = launch.armed(arms);
            }
            let mut process = Process::start(launch)?;
            match until_end(&mut process, &mut ordered, arms.is_some()).await? {
                Cause::Itself => self.note_end(&process, arms.is_some()),
                Cause::Order(done) => {
                    // Nobody may be waiting for it any more.
                    let _ = done.send(());
                }
            }
            let pause = self.pauses.duration_ms(PAUSE_MS);
            sleep(if self.is_peace() { LEAST_PAUSE } else { pause }).await;
        }
    }

    fn arms(&self) -> Option<String> {
        if self.is_peace() {
            None
        } else {
            locked(&self.shared.arms).next(self.member.role())
        }
    }

    fn is_peace(&self) -> bool {
        self.shared.is_peace.load(Ordering::Relaxed)
    }

    fn note_end(&self, process: &Process, was_armed: bool) {
        let mut deaths = locked(&self.shared.deaths);
        let member = self.member;
        match process.died_at().filter(|_| was_armed) {
            Some(point) => {
                self.shared.narrator.say("death", &format!("{member} at {point}"));
                *deaths.at_points.entry(point).or_default() += 1;
            }
            None => {
                self.shared.narrator.say("death", &format!("{member}, by itself"));
                deaths
                    .unexplained
                    .push(format!("{member}:\n{}", process.last_lines()));
            }
        }
    }
}

/// Waits until the process ends, or ends it when ordered to.
async fn until_end(
    process: &mut Process,
    ordered: &mut mpsc::Receiver<Order>,
    is_armed: bool,
) -> anyhow::Result<Cause> {
    loop {
        tokio::select! {
            ended = process.wait(FOREVER) => {
                ended?;
                return Ok(Cause::Itself);
            }
            order = ordered.recv() => {
                // Without a crew there is nobody left to keep it for.
                let order = order.context("the crew is gone")?;
                if is_armed || !order.only_armed {
                    process.kill().await?;
                    return Ok(Cause::Order(order.done));
                }
                let _ = order.done.send(());
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
