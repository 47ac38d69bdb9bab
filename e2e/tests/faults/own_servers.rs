//! A PostgreSQL and a RabbitMQ of one's own, by the script that makes them: it knows which processes are its own.

use std::process::Stdio;

use tokio::process::Command;

use crate::harness::Servers;

/// The script's name for them: a pair apart from the one that all tests share.
const NAME: &str = "faults";

pub struct OwnServers(());

impl OwnServers {
    /// Starts them, where there is something to start them from.
    pub async fn start() -> Option<Self> {
        if printed(&mut script(&["kind"])).await.trim() != "private" {
            return None;
        }
        let servers = Self(());
        servers.run(&["up"]).await;
        Some(servers)
    }

    /// Where they are.
    pub async fn addresses(&self) -> Servers {
        let lines = printed(script(&["env"]).env("SERVERS_NAME", NAME)).await;
        let address = |name: &str| {
            let named = format!("export {name}=");
            lines
                .lines()
                .find_map(|line| line.strip_prefix(&*named))
                .unwrap()
                .to_owned()
        };
        Servers {
            database_url: address("DATABASE_URL"),
            amqp_url: address("AMQP_URL"),
            management_url: address("RABBITMQ_MANAGEMENT_URL"),
        }
    }

    /// Ends one of them as a crash does.
    pub async fn kill(&self, server: &str) {
        self.run(&["kill", server]).await;
    }

    /// Starts it again and waits until it answers.
    pub async fn up(&self, server: &str) {
        self.run(&["up", server]).await;
    }

    /// RabbitMQ's own tool.
    pub async fn rabbitmqctl(&self, arguments: &[&str]) {
        self.run(&[&["rabbitmqctl"], arguments].concat()).await;
    }

    async fn run(&self, arguments: &[&str]) {
        let mut command = script(arguments);
        let ended = command
            .env("SERVERS_NAME", NAME)
            .stdout(Stdio::null())
            .status()
            .await
            .unwrap();
        assert!(ended.success(), "servers {arguments:?}: {ended}");
    }
}

impl Drop for OwnServers {
    /// However the test ends.
    fn drop(&mut self) {
        let mut down = std::process::Command::new(SCRIPT);
        let down = down
            .args(["down", "--wipe"])
            .env("SERVERS_NAME", NAME)
            .stdin(Stdio::null());
        // What is left behind is found by the next run; the test's own failure should be seen instead.
        let _ = down.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/servers");

fn script(arguments: &[&str]) -> Command {
    let mut script = Command::new(SCRIPT);
    script.args(arguments).stdin(Stdio::null());
    script
}

async fn printed(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().await.unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
