//! A run against a RabbitMQ cluster: the leader of every queue is killed in turn, under load.
//!
//! The processes of Sluice are left in peace here. They know all nodes and have to find their way to one that lives,
//! while queues choose new leaders, confirmations never come, and nodes return with what they knew when they died.

mod hunt;
mod nodes;

use std::sync::Arc;

use crate::{
    config::Config,
    faults::{Breaker, Tally},
    ground::Ground,
    plan::Arms,
    run::{Verdict, play},
    seed::Dice,
};
use hunt::Hunt;
use nodes::Nodes;

/// Starts a Sluice on the cluster whose nodes have their management APIs at `managements`, kills leaders, and judges what
/// came of it.
///
/// # Errors
/// As [`run`](crate::run::run); also when a node does not come back.
pub async fn run(config: &Config, managements: &str) -> anyhow::Result<Verdict> {
    println!(
        "chaos: seed {}, leaders killed for {:.1} min and until every queue has lost one, {} merchants (again: \
         CHAOS_SEED={} make chaos-cluster)",
        config.seed,
        config.time.as_secs_f64() / 60.0,
        config.merchants,
        config.seed
    );
    let hunt =
        async |breaker: &Arc<Breaker>, ground: &Ground| hunt(config, managements, breaker, ground).await;
    play(config, Arms::none(), hunt).await
}

async fn hunt(
    config: &Config,
    managements: &str,
    breaker: &Breaker,
    ground: &Ground,
) -> anyhow::Result<Tally> {
    let hunt = Hunt {
        nodes: Nodes::of(managements, &ground.amqp_url).await?,
        servers: &breaker.servers,
        narrator: breaker.narrator,
        dice: Dice::new(config.seed, "hunt"),
    };
    hunt.go(config.time).await
}
