//! The `console` program: settings, connection, one command, one answer.

use std::process::ExitCode;

use clap::Parser;
use console::{Cli, Config, Console};
use domain::clock::SystemClock;
use runtime::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("console: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well, once that was told.
async fn run(cli: Cli) -> anyhow::Result<bool> {
    let config = Config::read(Settings::from_env())?;
    let console = Console::open(&config, &SystemClock)?;
    let answer = console.run(&cli.command, &mut std::io::stdin()).await;
    console.close().await;
    let answer = answer?;
    print!("{}", answer.render(cli.json)?);
    Ok(answer.passed())
}
