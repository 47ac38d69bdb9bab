//! PostgreSQL and RabbitMQ, killed and brought back by the script that started them: it knows which processes are ours.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, ensure};
use tokio::{process::Command, sync::Mutex};

use crate::plan::Server;

/// What the script gives the node as its memory mark.
const USUAL_MARK: [&str; 2] = ["absolute", "2GB"];

/// The servers of this run.
#[derive(Debug)]
pub struct Servers {
    script: PathBuf,
    log: PathBuf,
    // The script does one thing at a time anyway.
    turn: Mutex<()>,
}

impl Servers {
    /// The servers that `script` started; what it says goes to a log among `logs`.
    pub fn of(script: &Path, logs: &Path) -> Self {
        Self {
            script: script.to_owned(),
            log: logs.join("servers.log"),
            turn: Mutex::default(),
        }
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

    /// Lets RabbitMQ believe that its memory is full, or lets it look again.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn set_memory_alarm(&self, on: bool) -> anyhow::Result<()> {
        let mark: &[&str] = if on { &["0"] } else { &USUAL_MARK };
        self.run(&[&["rabbitmqctl", "set_vm_memory_high_watermark"], mark].concat())
            .await
    }

    /// Runs the script.
    ///
    /// # Errors
    /// It cannot do what it is told.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let _turn = self.turn.lock().await;
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("log {}", self.log.display()))?;
        let ended = Command::new(&self.script)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .await
            .with_context(|| format!("{} cannot be run", self.script.display()))?;
        let what = arguments.join(" ");
        ensure!(
            ended.success(),
            "servers {what}: {ended}; see {}",
            self.log.display()
        );
        Ok(())
    }
}
