//! The processes themselves: they start, they end, and they leave nothing behind.

use std::{env, time::Duration};

use chaos::{
    fleet::{Process, Settings},
    ground::Ground,
};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn processes_start_end_and_die_where_they_are_told_to() {
    let ground = Ground::prepare("fleet").await.unwrap();
    let logs = env::temp_dir().join(format!("sluice-fleet-{}", std::process::id()));
    let settings = Settings::new(ground.environment(), &logs);
    let mut sandbox = Process::start(settings.sandbox("sandbox").unwrap()).unwrap();
    let mut ingress = Process::start(settings.ingress("ingress").unwrap()).unwrap();
    let launch = settings.workers("workers", &sandbox.launch.url()).unwrap();
    let mut workers = Process::start(launch.clone()).unwrap();
    for process in [&mut sandbox, &mut ingress, &mut workers] {
        process.ready(PATIENCE).await.unwrap();
    }
    workers.terminate().await.unwrap();
    assert!(workers.wait(PATIENCE).await.unwrap().is_clean());
    assert_eq!(workers.died_at(), None);

    let mut again = Process::start(launch.armed("outbox.before_claim=kill")).unwrap();
    let ended = again.wait(PATIENCE).await.unwrap();
    assert!(!ended.is_clean() && ended.signal().is_some(), "{ended}");
    assert_eq!(again.died_at().as_deref(), Some("outbox.before_claim"));

    ingress.kill().await.unwrap();
    assert!(ingress.has_ended().unwrap().is_some());
    std::fs::remove_dir_all(&logs).unwrap();
    ground.clear().await.unwrap();
}
