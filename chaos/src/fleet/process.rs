//! A process and its end.

use std::{
    fmt,
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use super::{Launch, leash::Leash};

const PAUSE: Duration = Duration::from_millis(20);
/// How many of its last lines are shown when a process ended although it should not have.
const LAST_LINES: usize = 15;

/// A running process, or one that has ended and was not waited for. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    /// What it was started with.
    pub launch: Launch,
    child: Child,
    log_from: u64,
    _leash: Leash,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended(ExitStatus);

impl Ended {
    /// Whether it went by itself and had nothing to complain of.
    pub fn is_clean(self) -> bool {
        self.0.success()
    }

    /// The signal that ended it.
    pub fn signal(self) -> Option<i32> {
        self.0.signal()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Process {
    /// Starts a process. It is not ready yet.
    ///
    /// # Errors
    /// The program is not built or cannot be run.
    pub fn start(launch: Launch) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(&launch.log);
        let log = log.with_context(|| format!("log {}", launch.log.display()))?;
        let log_from = log.metadata()?.len();
        let child = Command::new(launch.program()?)
            .env_clear()
            .envs(&launch.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be run", launch.name))?;
        let id = child.id().context("a process that was just started has an id")?;
        let leash = Leash::tie(id).context("the shell cannot be run")?;
        Ok(Self {
            launch,
            child,
            log_from,
            _leash: leash,
        })
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// It ends before, or patience does; both show the end of its log.
    pub async fn ready(&mut self, patience: Duration) -> anyhow::Result<()> {
        let (http, url) = (e2e::world::http()?, self.launch.probe_url());
        let deadline = Instant::now() + patience;
        loop {
            let answer = http.get(&url).timeout(patience).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(ended) = self.has_ended()? {
                bail!(
                    "{} ended before it was ready ({ended}):\n{}",
                    self.launch.name,
                    self.last_lines()
                );
            }
            ensure!(
                Instant::now() < deadline,
                "{} is not ready within {} s:\n{}",
                self.launch.name,
                patience.as_secs(),
                self.last_lines()
            );
            sleep(PAUSE).await;
        }
    }

    /// Its end, if it has come.
    ///
    /// # Errors
    /// The operating system does not tell.
    pub fn has_ended(&mut self) -> anyhow::Result<Option<Ended>> {
        Ok(self.child.try_wait()?.map(Ended))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end within `patience`.
    pub async fn wait(&mut self, patience: Duration) -> anyhow::Result<Ended> {
        match timeout(patience, self.child.wait()).await {
            Ok(status) => Ok(Ended(status?)),
            Err(_elapsed) => bail!(
                "{} does not end within {} s:\n{}",
                self.launch.name,
                patience.as_secs(),
                self.last_lines()
            ),
        }
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// The operating system refuses.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to stop, as an orchestrator does.
    ///
    /// # Errors
    /// It has ended before.
    pub async fn terminate(&self) -> anyhow::Result<()> {
        self.signal("TERM").await
    }

    /// Sends a signal by its name, such as `STOP` and `CONT`.
    ///
    /// # Errors
    /// It has ended before.
    pub async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let id = self
            .child
            .id()
            .with_context(|| format!("{} has ended", self.launch.name))?;
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(id.to_string())
            .status();
        ensure!(sent.await?.success(), "{} takes no signal", self.launch.name);
        Ok(())
    }

    /// Its number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The failpoint at which it died, if it died at one.
    pub fn died_at(&self) -> Option<String> {
        let log = self.log();
        let died = log.lines().find_map(|line| {
            line.strip_prefix("failpoint ")?
                .strip_suffix(": the process dies here")
        });
        died.map(str::to_owned)
    }

    /// What it has said since it was started.
    pub fn log(&self) -> String {
        let log = fs::read(&self.launch.log).unwrap_or_default();
        let from = usize::try_from(self.log_from).unwrap_or(usize::MAX);
        String::from_utf8_lossy(log.get(from..).unwrap_or_default()).into_owned()
    }

    /// The end of what it said.
    pub fn last_lines(&self) -> String {
        let log = self.log();
        let mut lines: Vec<_> = log.lines().rev().take(LAST_LINES).collect();
        lines.reverse();
        lines.join("\n")
    }
}
