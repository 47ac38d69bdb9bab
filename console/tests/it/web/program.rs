//! `console serve` as a program.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use store::testing::TestDatabase;

use crate::desk::{command, run};

pub fn serve(url: &str) -> std::process::Command {
    let mut serve = command(url, &["serve"]);
    serve
        .env("AMQP_URL", "amqp://127.0.0.1:9/sluice")
        .env("RABBITMQ_MANAGEMENT_URL", "http://u:p@127.0.0.1:9")
        .env("CONSOLE_LISTEN", "127.0.0.1:0");
    serve
}

#[tokio::test]
async fn it_refuses_to_start_on_a_schema_of_before() {
    let database = TestDatabase::create_empty(&std::env::var("DATABASE_URL").unwrap()).await;
    let refused = run(serve(&database.url()), "");
    assert!(
        !refused.ok && refused.err.contains("run `console migrate`"),
        "{}",
        refused.err
    );
}

#[test]
fn it_names_all_settings_that_are_missing() {
    let refused = run(command("postgres://127.0.0.1:9/x", &["serve"]), "");
    for name in ["AMQP_URL is not set", "RABBITMQ_MANAGEMENT_URL is not set"] {
        assert!(!refused.ok && refused.err.contains(name), "{}", refused.err);
    }
}

/// It serves without both servers, and ends in order when it is told to.
#[test]
fn it_starts_without_servers_and_stops_when_it_is_told_to() {
    let mut child = serve("postgres://127.0.0.1:9/x")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let started = lines.map(Result::unwrap).find(|line| line.contains("listening"));
    assert!(started.is_some());
    let killed = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status();
    assert!(killed.unwrap().success());
    assert!(child.wait().unwrap().success());
}
