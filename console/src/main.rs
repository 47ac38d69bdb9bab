//! The `console` program: settings, connection, one command, one answer.

use std::process::ExitCode;

use clap::Parser;
use console::{Cli, Config, Console};
use domain::clock::SystemClock;
use runtime::Settings;

/// How the program ends when nobody knows the result that was asked for.
const NO_RESULT: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Whoever asked whether two sides agree must not take an error for an answer.
    let failure = if cli.command.compares() {
        ExitCode::from(NO_RESULT)
    } else {
        ExitCode::FAILURE
    };
    match run(cli).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("console: {error}");
            failure
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
