//! A signal cancels the token.

use std::{process::Command, time::Duration};

#[tokio::test]
async fn sigterm_cancels_the_token() {
    let token = runtime::shutdown::on_signal().unwrap();
    assert!(!token.is_cancelled());
    let own_id = std::process::id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &own_id])
            .status()
            .unwrap()
            .success()
    );
    tokio::time::timeout(Duration::from_secs(5), token.cancelled())
        .await
        .unwrap();
}
