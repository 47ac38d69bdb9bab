//! PostgreSQL and RabbitMQ, killed and brought back by the script that started them: it knows which processes are ours.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio::{
    process::Command,
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

use crate::plan::Server;

/// Longer than anything takes that comes to an end. RabbitMQ is slow to start, and its tool is an Erlang node of its own.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the script gives the node as its memory mark, in the node's own language.
const USUAL_MARK: &str = "{absolute, \"2GB\"}";

/// The servers of this run.
#[derive(Debug)]
pub struct Servers {
    script: PathBuf,
    log: PathBuf,
    turn: Arc<Mutex<()>>,
}

/// The right to break a server and the duty to put it right: held by one fault at a time.
pub type Turn = OwnedMutexGuard<()>;

impl Servers {
    /// The servers that `script` started; what it says goes to a log among `logs`.
    pub fn of(script: &Path, logs: &Path) -> Self {
        Self {
            script: script.to_owned(),
            log: logs.join("servers.log"),
            turn: Arc::default(),
        }
    }

    /// The turn, when no other fault has it. On a busy machine a server may take longer to come back than was planned;
    /// what was to come next is then left out, so that faults do not queue up beyond the end.
    pub fn turn(&self) -> Option<Turn> {
        Arc::clone(&self.turn).try_lock_owned().ok()
    }

    /// Ends a server as a crash does.
    ///
    /// # Errors
    /// It does not run, or is not ours.
    pub async fn kill(&self, server: Server) -> anyhow::Result<()> {
        self.run(&["kill", server.name()]).await
    }

    /// Starts a server again and waits until it answers.
    ///
    /// # Errors
    /// It does not start.
    pub async fn up(&self, server: Server) -> anyhow::Result<()> {
        self.run(&["up", server.name()]).await
    }

    /// Lets RabbitMQ believe for a while that its memory is full. The node itself ends the alarm: its tool is slow to
    /// start, and must not be what decides how long publishers are kept out.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn memory_alarm(&self, lasts: Duration) -> anyhow::Result<()> {
        let alarm = format!(
            "{}, timer:sleep({}), {}.",
            memory_mark("0"),
            lasts.as_millis(),
            memory_mark(USUAL_MARK)
        );
        self.run(&["rabbitmqctl", "eval", &alarm]).await
    }

    /// The same until [`Self::end_memory_alarm`].
    ///
    /// # Errors
    /// It does not answer.
    pub async fn begin_memory_alarm(&self) -> anyhow::Result<()> {
        self.run(&["rabbitmqctl", "eval", &format!("{}.", memory_mark("0"))])
            .await
    }

    /// Ends what [`Self::begin_memory_alarm`] began.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn end_memory_alarm(&self) -> anyhow::Result<()> {
        self.run(&["rabbitmqctl", "eval", &format!("{}.", memory_mark(USUAL_MARK))])
            .await
    }

    /// Runs the script.
    ///
    /// # Errors
    /// It cannot do what it is told.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("log {}", self.log.display()))?;
        let ended = Command::new(&self.script)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .status();
        let what = arguments.join(" ");
        let ended = timeout(PATIENCE, ended)
            .await
            .with_context(|| format!("servers {what}: not done within {} s", PATIENCE.as_secs()))?
            .with_context(|| format!("{} cannot be run", self.script.display()))?;
        ensure!(
            ended.success(),
            "servers {what}: {ended}; see {}",
            self.log.display()
        );
        Ok(())
    }
}

fn memory_mark(mark: &str) -> String {
    format!("vm_memory_monitor:set_vm_memory_high_watermark({mark})")
}
