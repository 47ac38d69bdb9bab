//! The `console` program: settings, connection, one command, one answer; or the web console.

use std::{process::ExitCode, sync::Arc};

use clap::Parser;
use console::{Cli, Command, Config, Console, Web, WebConfig};
use domain::clock::SystemClock;
use runtime::{Settings, telemetry};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

/// How the program ends when nobody knows the result that was asked for.
const NO_RESULT: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Serve) {
        return told(runtime::run(serve).map(|()| true), ExitCode::FAILURE);
    }
    // Whoever asked whether two sides agree must not take an error for an answer.
    let failure = if cli.command.compares() {
        ExitCode::from(NO_RESULT)
    } else {
        ExitCode::FAILURE
    };
    let commanded = Builder::new_current_thread().enable_all().build();
    told(
        commanded
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(run(cli))),
        failure,
    )
}

fn told(result: anyhow::Result<bool>, failure: ExitCode) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("console: {error}");
            failure
        }
    }
}

/// The web console, until it is told to stop.
async fn serve(stop: CancellationToken) -> anyhow::Result<()> {
    telemetry::init("console")?;
    let config = WebConfig::read(Settings::from_env())?;
    runtime::install_crypto();
    let running = Web::start(config, Arc::new(SystemClock)).await?;
    Ok(running.run_until(stop).await?)
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
