//! What no other test may do to the servers that all share: a RabbitMQ that is short of disk, servers that are
//! killed. It has servers of its own, started and stopped by `scripts/servers`, and plays on them one thing after the
//! other. Where the shared servers come from a Docker engine or from elsewhere, there may be nothing to start servers
//! from: then it says so and plays nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod alarm;
mod deaths;
#[path = "../it/harness.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod harness;
mod own_servers;

use harness::Sluice;
use own_servers::OwnServers;

#[tokio::test(flavor = "multi_thread")]
async fn on_servers_that_may_be_harmed() {
    let Some(servers) = OwnServers::start().await else {
        return println!("not played: the shared servers are not private ones of this checkout");
    };
    let mut sluice = Sluice::start_on(&servers.addresses().await, |_| ()).await;
    alarm::disk(&servers, &mut sluice).await;
    deaths::postgresql(&servers, &sluice).await;
    deaths::postgresql_in_a_pause(&servers, &sluice).await;
    deaths::rabbitmq(&servers, &sluice).await;
    sluice.stop().await;
}
