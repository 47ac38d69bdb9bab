//! The `demo` program: plays the story against a running Sluice and says whether all went as expected.

use std::{env, io::Write, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use e2e::{
    Merchant, World,
    console::Program,
    rabbit::Rabbit,
    sandbox_client::Sandbox,
    story::{CASES, Case, EPILOGUE},
    table, world,
};
use futures::{StreamExt, stream::FuturesUnordered};

/// Retries, time-outs and a slow machine together stay well below this.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let world = &world_from_env()?;
    let play = |(place, case): (usize, &'static Case)| async move { (place, case.play(world).await) };
    let mut playing: FuturesUnordered<_> = CASES.iter().enumerate().map(play).collect();
    let mut played = Vec::new();
    while let Some((place, case)) = playing.next().await {
        println!("played: {}", case.name);
        played.push((place, case));
    }
    played.sort_by_key(|(place, _)| *place);
    let mut played: Vec<_> = played.into_iter().map(|(_, case)| case).collect();
    played.push(EPILOGUE.play(world).await);

    let all_as_expected = played.iter().all(|case| case.report.is_as_expected());
    println!("\n{}", table::render(&played));
    // Who cannot be registered was missed by every case above, which says so in the table.
    if let Ok(guest) = world.merchant("guest").await {
        println!("{}\n", invitation(world, &guest));
    }
    println!("{}", table::verdict(&played));
    std::io::stdout().flush()?;
    Ok(if all_as_expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What somebody at the terminal can do next.
fn invitation(world: &World, guest: &Merchant) -> String {
    let (ingress, key, name) = (&world.ingress, &guest.api_key, &guest.name);
    let told = world.sandbox.deliveries_url(name);
    format!(
        "Pay something yourself, as a merchant made for you; then see what the merchant was told:\n  \
         curl -i {ingress}/api/v1/payments -H 'Authorization: Bearer {key}' -H \"Idempotency-Key: $RANDOM\" \
         -H 'Prefer: wait=5' -H 'Content-Type: application/json' \
         -d '{{\"amount\": 1999, \"currency\": \"USD\", \"payment_method\": \"pm_card_visa\"}}'\n  curl {told}"
    )
}

fn world_from_env() -> anyhow::Result<World> {
    let (http, address) = (world::http()?, |name| {
        setting(name).map(|url| url.trim_end_matches('/').to_owned())
    });
    // The console reads these two by itself; without them every case would fail for the same dull reason.
    for name in ["DATABASE_URL", "SLUICE_SECRETS_KEY"] {
        setting(name)?;
    }
    Ok(World {
        ingress: address("INGRESS_URL")?,
        sandbox: Sandbox::new(http.clone(), &address("SANDBOX_URL")?),
        rabbit: Rabbit::new(
            http.clone(),
            &setting("RABBITMQ_MANAGEMENT_URL")?,
            &setting("AMQP_URL")?,
        )?,
        console: Box::new(Program::at(console_program()?)),
        patience: PATIENCE,
        http,
    })
}

fn setting(name: &str) -> anyhow::Result<String> {
    env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .with_context(|| format!("{name} is not set"))
}

/// The console of the same build, unless another is named.
fn console_program() -> anyhow::Result<PathBuf> {
    match env::var_os("CONSOLE_BIN") {
        Some(program) => Ok(program.into()),
        None => Ok(env::current_exe()?.with_file_name(format!("console{}", env::consts::EXE_SUFFIX))),
    }
}
