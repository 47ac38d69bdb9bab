//! Running the program and reading what it says.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use domain::id::MerchantId;
use serde_json::Value;
use store::{
    Store,
    testing::{TEST_KEY, TestDatabase},
};

/// A database and the program in front of it.
pub struct Desk {
    pub database: TestDatabase,
    pub store: Store,
}

pub async fn desk() -> Desk {
    let database = TestDatabase::create().await;
    let store = database.store(false);
    Desk { database, store }
}

/// How a run of the program ended.
pub struct Run {
    pub ok: bool,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    /// The answer of a run that went well, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert!(self.ok, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    /// Checks that it failed with these words and changed nothing to standard output.
    #[track_caller]
    pub fn refused(&self, words: &str) {
        assert!(
            !self.ok && self.err.contains(words) && self.out.is_empty(),
            "{:?}: {}{}",
            words,
            self.out,
            self.err
        );
    }
}

/// The program with only those settings that it was given here.
pub fn command(database_url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_console"));
    command.env_clear().args(args);
    command
        .env("DATABASE_URL", database_url)
        .env("SLUICE_SECRETS_KEY", TEST_KEY)
        .env("USER", "ada");
    command
}

pub fn run(mut command: Command, input: &str) -> Run {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The program may end without having read its input.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Run {
        ok: status.success(),
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

impl Desk {
    pub fn run(&self, args: &[&str]) -> Run {
        run(command(&self.database.url(), args), "")
    }

    /// Runs with more in the environment.
    pub fn run_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Run {
        let mut command = command(&self.database.url(), args);
        command.envs(environment.iter().copied());
        run(command, "")
    }

    pub fn run_with_input(&self, input: &str, args: &[&str]) -> Run {
        run(command(&self.database.url(), args), input)
    }

    /// A merchant and its id.
    pub fn merchant(&self, more: &[&str]) -> (MerchantId, Value) {
        let created = self
            .run(&[&["merchants", "create", "--name", "Shop", "--json"], more].concat())
            .json();
        (created["merchant_id"].as_str().unwrap().parse().unwrap(), created)
    }

    /// Who did what to what, oldest first.
    pub async fn audit(&self) -> Vec<(String, String, String)> {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&self.database.url())
            .await
            .unwrap();
        let select =
            "select actor, action, subject || coalesce(': ' || reason, '') from audit_log order by id";
        sqlx::query_as(select).fetch_all(&mut connection).await.unwrap()
    }

    pub async fn close(self) {
        self.store.close().await;
    }
}
