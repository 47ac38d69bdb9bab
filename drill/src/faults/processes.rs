//! What goes wrong with processes and servers.

use std::time::Duration;

use e2e::{
    client::Client,
    scene::{body, key},
};
use futures::FutureExt;

use super::{Alert, Fault};

/// One of several.
pub const KILLED: Fault = Fault {
    what: "a worker process is killed with kill -9",
    raises: &[Alert::of("ProcessGone", &[("job", "workers")])],
    inject: |play| play.stage.kill_worker().boxed_local(),
    mend: |play| play.stage.start_workers().boxed_local(),
};

/// A machine without its network.
pub const CUT_OFF: Fault = Fault {
    what: "an ingress loses its wires to PostgreSQL and RabbitMQ while clients use it",
    raises: &[Alert::of("StoreAway", &[]), Alert::of("IngressFails", &[])],
    inject: |play| {
        async {
            play.stage.lonely.cut_off();
            let (http, merchant) = (play.stage.world.http.clone(), &play.usual.merchant);
            let api = Client::new(http, &play.stage.lonely.url, &merchant.api_key);
            play.keep(Duration::from_millis(50), move || {
                let api = api.clone();
                async move {
                    let _refused = api.create(&key(), &body()).await;
                }
            })
            .await;
            Ok(())
        }
        .boxed_local()
    },
    mend: |play| {
        play.stage.lonely.restore();
        async { Ok(()) }.boxed_local()
    },
};

/// Nobody is there to work.
pub const NO_WORKERS: Fault = Fault {
    what: "all workers are scaled away",
    raises: &[
        Alert::of("NoProcess", &[("job", "workers")]),
        Alert::of("QueueWithoutConsumer", &[("queue", "jobs.create_intent")]),
    ],
    inject: |play| play.stage.stop_workers().boxed_local(),
    mend: |play| play.stage.start_workers().boxed_local(),
};

/// A broker that takes nothing more.
pub const NO_MEMORY: Fault = Fault {
    what: "RabbitMQ's memory mark is set to nothing",
    raises: &[Alert::of("BrokerAlarm", &[])],
    inject: |play| play.stage.servers.begin_memory_alarm().boxed_local(),
    mend: |play| play.stage.servers.end_memory_alarm().boxed_local(),
};
