//! Killing the leader of every queue in turn.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use anyhow::{Context, ensure};
use tokio::time::{Instant, sleep};

use super::nodes::{Leaders, Node, Nodes};
use crate::{
    faults::{Narrator, Servers, Tally},
    seed::Dice,
};

/// How long a node stays dead, in milliseconds. The others know within moments.
const DEAD_MS: RangeInclusive<u64> = 3_000..=8_000;
/// Between the return of a node and the next kill, in milliseconds.
const CALM_MS: RangeInclusive<u64> = 500..=3_000;
/// How long a cluster may take to be whole again on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a queue may take to choose its leader.
const ELECTION: Duration = Duration::from_secs(30);

/// Who kills nodes, and brings them back.
pub struct Hunt<'a> {
    /// The nodes.
    pub nodes: Nodes,
    /// The script that knows their processes.
    pub servers: &'a Servers,
    /// Who tells what happens.
    pub narrator: Narrator,
    /// What decides the order of the queues and how long a node stays dead.
    pub dice: Dice,
}

impl Hunt<'_> {
    /// Kills leaders for `time` at the least, and until every queue has lost one. The cluster is whole when it returns.
    ///
    /// # Errors
    /// A node cannot be killed or does not come back, or a queue finds no leader.
    pub async fn go(mut self, time: Duration) -> anyhow::Result<Tally> {
        let began = Instant::now();
        let mut tally = Tally::default();
        let queues = self.nodes.queue_names().await?;
        ensure!(!queues.is_empty(), "there are no queues");
        let mut remaining = Vec::new();
        while !remaining.is_empty() || began.elapsed() < time {
            if remaining.is_empty() {
                remaining.clone_from(&queues);
                self.dice.shuffle(&mut remaining);
            }
            let next = remaining.last().context("a queue remains")?.clone();
            let (victim, leaders) = self.leader_of(&next).await?;
            self.kill(victim).await?;
            let covered: BTreeSet<&str> = led_by(victim, &leaders).collect();
            remaining.retain(|queue| !covered.contains(queue.as_str()));
            tally.count_class(format!("{victim} of the cluster killed"));
            self.narrator.say(
                "fault",
                &format!(
                    "{victim} killed, which led {}; {} of {} queues remain",
                    join(&covered),
                    remaining.len(),
                    queues.len()
                ),
            );
            sleep(self.dice.duration_ms(DEAD_MS)).await;
            self.bring_back(victim).await?;
            sleep(self.dice.duration_ms(CALM_MS)).await;
        }
        Ok(tally)
    }

    /// Waits until the queue has a leader; gives it, and all there are at that moment.
    async fn leader_of(&self, queue: &str) -> anyhow::Result<(Node, Leaders)> {
        let deadline = Instant::now() + ELECTION;
        loop {
            let leaders = self.nodes.leaders().await?;
            if let Some(leader) = leaders.get(queue) {
                return Ok((*leader, leaders));
            }
            ensure!(Instant::now() < deadline, "{queue} finds no leader");
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn kill(&self, victim: Node) -> anyhow::Result<()> {
        self.servers.run(&["kill", &victim.number()]).await
    }

    async fn bring_back(&self, victim: Node) -> anyhow::Result<()> {
        let began = Instant::now();
        self.servers.run(&["start", &victim.number()]).await?;
        self.nodes.until_whole(PATIENCE).await?;
        let took = began.elapsed().as_secs_f64();
        self.narrator.say(
            "back",
            &format!("{victim}, and all queues have all members, after {took:.1} s"),
        );
        Ok(())
    }
}

fn led_by(node: Node, leaders: &Leaders) -> impl Iterator<Item = &str> {
    let led = leaders.iter().filter(move |(_, leader)| **leader == node);
    led.map(|(queue, _)| queue.as_str())
}

fn join(queues: &BTreeSet<&str>) -> String {
    queues.iter().copied().collect::<Vec<_>>().join(", ")
}
