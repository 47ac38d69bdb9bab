//! The command line with which operations people register merchants.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, ensure};
use futures::{FutureExt, future::LocalBoxFuture};
use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command};

/// Runs commands of the console, wherever it is.
pub trait Console {
    /// Runs one command with `input` on its standard input, and gives its JSON answer.
    fn run<'a>(
        &'a self,
        arguments: &'a [&'a str],
        input: &'a str,
    ) -> LocalBoxFuture<'a, anyhow::Result<Value>>;
}

/// The console as a program.
#[derive(Clone)]
pub struct Program {
    path: PathBuf,
    environment: Vec<(String, String)>,
}

impl Program {
    /// The program at `path`. It gets its settings through this process's environment.
    pub fn at(path: PathBuf) -> Self {
        let environment = Vec::new();
        Self { path, environment }
    }

    /// The same with settings of its own.
    #[must_use]
    pub fn with(mut self, settings: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(settings);
        self
    }

    async fn answer(&self, arguments: &[&str], input: &str) -> anyhow::Result<Value> {
        let mut command = Command::new(&self.path);
        command
            .arg("--json")
            .args(arguments)
            .envs(self.environment.iter().cloned());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("{} cannot be run", self.path.display()))?;
        // Dropped at once, so that the program sees the end of its input.
        let written = match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(input.as_bytes()).await,
            None => Ok(()),
        };
        let output = child.wait_with_output().await?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "console {}: {}",
            arguments.join(" "),
            told.trim()
        );
        written.context("the console did not read its input")?;
        serde_json::from_slice(&output.stdout).context("the console's answer is not JSON")
    }
}

impl Console for Program {
    fn run<'a>(
        &'a self,
        arguments: &'a [&'a str],
        input: &'a str,
    ) -> LocalBoxFuture<'a, anyhow::Result<Value>> {
        self.answer(arguments, input).boxed_local()
    }
}
