//! Breaking things, one fault at a time.

mod crew;
mod narrator;
mod servers;
mod tally;
mod wires;

use std::sync::Arc;

use e2e::sandbox_client::Sandbox;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::plan::{CallbackDial, Fault, Plan, Planned};

pub use crew::Crew;
pub use narrator::Narrator;
pub use servers::{Servers, Turn};
pub use tally::{Deaths, Tally};
pub use wires::{Wires, lay_one};

/// All that can be broken.
pub struct Breaker {
    /// The processes.
    pub crew: Crew,
    /// What lies between them and the servers.
    pub wires: Wires,
    /// PostgreSQL and RabbitMQ.
    pub servers: Servers,
    /// The provider and the merchants' endpoints.
    pub sandbox: Sandbox,
    /// The merchants' names at the sandbox.
    pub merchants: Vec<String>,
    /// Who tells what happens.
    pub narrator: Narrator,
}

impl Breaker {
    /// Breaks everything that the plan says, when it says so, and returns when all of it is over: the servers answer,
    /// the wires are whole, and no process is armed any more.
    ///
    /// # Errors
    /// Something could not be broken, or not be put right again.
    pub async fn follow(self: &Arc<Self>, plan: &Plan) -> anyhow::Result<Tally> {
        let began = Instant::now();
        let mut tally = Tally::default();
        let mut striking = JoinSet::new();
        for planned in &plan.faults {
            until(began + planned.at, &mut striking).await?;
            let Ok(turn) = self.turn_for(&planned.fault) else {
                self.narrator.say("late", &format!("left out: {}", planned.fault));
                continue;
            };
            tally.count(&planned.fault);
            striking.spawn(Arc::clone(self).strike(*planned, turn));
        }
        until(began + plan.time, &mut striking).await?;
        while let Some(struck) = striking.join_next().await {
            struck??;
        }
        for merchant in &self.merchants {
            self.sandbox
                .set_behaviour(merchant, json!({ "mode": "ok" }))
                .await?;
        }
        self.crew.disarm().await?;
        Ok(tally)
    }

    /// Servers are broken one at a time; an error when the one before is not back yet.
    fn turn_for(&self, fault: &Fault) -> Result<Option<Turn>, TooEarly> {
        match fault {
            Fault::Crash(_) | Fault::MemoryAlarm => self.servers.turn().map(Some).ok_or(TooEarly),
            Fault::Kill(_)
            | Fault::Wire { .. }
            | Fault::Provider { .. }
            | Fault::Callbacks(_)
            | Fault::Endpoint { .. } => Ok(None),
        }
    }

    async fn strike(self: Arc<Self>, planned: Planned, _turn: Option<Turn>) -> anyhow::Result<()> {
        self.tell(&planned);
        match planned.fault {
            Fault::Kill(member) => self.crew.kill(member).await?,
            Fault::Crash(server) => {
                self.servers.kill(server).await?;
                sleep(planned.lasts).await;
                self.servers.up(server).await?;
                self.narrator.say("back", server.name());
            }
            Fault::MemoryAlarm => self.servers.memory_alarm(planned.lasts).await?,
            Fault::Wire { to, of, damage } => {
                self.wires.damage(to, of, damage);
                sleep(planned.lasts).await;
                self.wires.restore(to, of);
            }
            Fault::Provider {
                routes,
                how,
                times,
                delay_ms,
                ..
            } => {
                for route in routes {
                    let dial = json!({ "route": route, "fault": how, "times": times, "delay_ms": delay_ms });
                    self.sandbox.set_fault(dial).await?;
                }
                sleep(planned.lasts).await;
                self.sandbox.clear_faults().await?;
            }
            Fault::Callbacks(dial) => {
                let dials = match dial {
                    CallbackDial::Duplicate(copies) => json!({ "duplicate": copies }),
                    CallbackDial::Delayed(delay_ms) => json!({ "delay_ms": delay_ms }),
                    CallbackDial::Reordered(window_ms) => json!({ "reorder": true, "window_ms": window_ms }),
                    CallbackDial::BeforeAnswer => json!({ "before_answer": true }),
                };
                self.sandbox.set_callbacks(dials).await?;
                sleep(planned.lasts).await;
                self.sandbox.clear_callbacks().await?;
            }
            Fault::Endpoint { merchant, times } => {
                let refuses = json!({ "mode": "fail", "times": times });
                self.sandbox
                    .set_behaviour(&self.merchants[merchant], refuses)
                    .await?;
            }
        }
        Ok(())
    }

    fn tell(&self, planned: &Planned) {
        let (fault, lasts) = (planned.fault, planned.lasts);
        if fault.lasts() {
            let text = format!("{fault}, for {:.1} s", lasts.as_secs_f64());
            self.narrator.say("fault", &text);
        } else {
            self.narrator.say("fault", &fault.to_string());
        }
    }
}

/// A server is not back yet from the fault before.
struct TooEarly;

/// Waits, and hears at once of a fault that went wrong.
async fn until(deadline: Instant, striking: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = sleep_until(deadline) => return Ok(()),
            Some(struck) = striking.join_next() => struck??,
        }
    }
}
