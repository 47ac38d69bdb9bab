//! What a process is started with.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, ensure};

use super::port::Port;

/// Settings by name.
pub type Environment = BTreeMap<String, String>;

/// A program of Sluice, or the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Takes requests and callbacks.
    Ingress,
    /// Does the jobs.
    Workers,
    /// The provider, and the merchants' endpoints.
    Sandbox,
}

impl Role {
    const fn program(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Workers => "workers",
            Self::Sandbox => "sandbox",
        }
    }

    /// The settings that say where it listens: the address for its clients first, the internal one last.
    const fn listeners(self) -> &'static [&'static str] {
        match self {
            Self::Ingress => &["INGRESS_LISTEN", "INGRESS_INTERNAL_LISTEN"],
            Self::Workers => &["WORKERS_INTERNAL_LISTEN"],
            Self::Sandbox => &["SANDBOX_LISTEN"],
        }
    }

    const fn probe(self) -> &'static str {
        match self {
            Self::Ingress | Self::Workers => "/readyz",
            Self::Sandbox => "/sandbox/health",
        }
    }
}

/// All that is needed to start a process, and to start it again where it was.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program.
    pub role: Role,
    /// What it is called in messages, such as `workers-2`; its log is named after it.
    pub name: String,
    /// Its settings. It gets no others.
    pub environment: Environment,
    /// Where its output goes; every start writes on at the end.
    pub log: PathBuf,
    ports: Arc<[Port]>,
}

impl Launch {
    /// A process on ports of its own, which it keeps.
    ///
    /// # Errors
    /// There is no free port, or no log can be written.
    pub fn new(role: Role, name: &str, environment: Environment, logs: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(logs).with_context(|| format!("logs in {}", logs.display()))?;
        let ports = role.listeners().iter().map(|_| Port::reserve());
        let launch = Self {
            role,
            name: name.to_owned(),
            environment,
            log: logs.join(format!("{name}.log")),
            ports: ports.collect::<Result<_, _>>().context("a free port")?,
        };
        let listeners = role.listeners().iter().zip(launch.ports.iter());
        let listeners: Vec<_> = listeners.map(|(name, port)| (*name, port.address())).collect();
        Ok(listeners.into_iter().fold(launch, |launch, (name, address)| {
            launch.with(name, &address.to_string())
        }))
    }

    /// The same process with one setting changed.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same process, armed as `SLUICE_FAILPOINTS` describes.
    #[must_use]
    pub fn armed(self, failpoints: &str) -> Self {
        self.with("SLUICE_FAILPOINTS", failpoints)
    }

    /// Where its clients find it.
    pub fn url(&self) -> String {
        base(self.ports.first())
    }

    /// Where metrics and probes are.
    pub fn internal_url(&self) -> String {
        base(self.ports.last())
    }

    pub(super) fn probe_url(&self) -> String {
        format!("{}{}", self.internal_url(), self.role.probe())
    }

    pub(super) fn program(&self) -> anyhow::Result<PathBuf> {
        program(self.role.program())
    }
}

fn base(port: Option<&Port>) -> String {
    port.map(|port| format!("http://{}", port.address()))
        .unwrap_or_default()
}

/// A program of the build directory that the running program or test belongs to.
///
/// # Errors
/// It is not built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let this = env::current_exe()?;
    let folder = this.parent().context("a program lies in a folder")?;
    let folder = if folder.ends_with("deps") {
        folder.join("..")
    } else {
        folder.to_owned()
    };
    let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    ensure!(
        program.is_file(),
        "{} is not built: run cargo build --workspace --bins",
        program.display()
    );
    Ok(program)
}
