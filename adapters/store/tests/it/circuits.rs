//! What worker processes say about their circuits.

use chrono::TimeDelta;
use store::{ShutCircuit, ToldCircuit};
use uuid::Uuid;

use crate::support::{at, world};

const fn told(channel: &'static str, state: &'static str) -> ToldCircuit {
    ToldCircuit {
        channel,
        calls: "changes",
        state,
    }
}

#[tokio::test]
async fn a_circuit_is_told_until_it_is_closed_or_its_process_says_nothing_any_more() {
    let world = world().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let tell = async |process, circuits: &[ToldCircuit], second| {
        let telling = world.store.tell_circuits(process, circuits, at(second));
        telling.await.unwrap();
    };
    let shown = async |second| {
        let shown = world.store.shut_circuits(at(second)).await.unwrap();
        let words =
            |circuit: ShutCircuit| format!("{} {} {}", circuit.channel, circuit.state, circuit.processes);
        shown.into_iter().map(words).collect::<Vec<_>>()
    };
    tell(one, &[told("stripe", "open"), told("alipay", "open")], 0).await;
    tell(other, &[told("stripe", "open")], 1).await;
    assert_eq!(shown(2).await, ["alipay open 1", "stripe open 2"]);
    tell(one, &[told("stripe", "half_open")], 3).await;
    assert_eq!(shown(4).await, ["stripe open 1", "stripe half_open 1"]);
    tell(one, &[], 5).await;
    assert_eq!(shown(6).await, ["stripe open 1"]);
    assert!(shown(17).await.is_empty(), "the other one has died");
    tell(one, &[], 1 + TimeDelta::hours(2).num_seconds()).await;
    let kept = sqlx::query_scalar::<_, i64>("select count(*) from channel_circuits");
    let kept = kept.fetch_one(&mut world.owner().await).await.unwrap();
    assert_eq!(kept, 0, "what is old goes by and by");
}
