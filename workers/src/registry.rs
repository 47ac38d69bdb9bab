//! Every kind of job and the handler that does it. Adding a kind means adding a line here; leaving one out does not
//! compile.

use std::pin::Pin;

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{Data, ParallelizeExt, WorkerBuilder, WorkerError},
};
use apalis_core::error::BoxDynError;
use broker::RabbitBackend;
use domain::{
    job::{CreateIntent, Envelope, Kind, NotifyMerchant, ProcessCallback, QueryPayment},
    outcome::Disposition,
};
use tokio_util::sync::CancellationToken;

use crate::execute::{Executor, Handler};

/// A worker that runs until it is stopped, and then until the jobs in hand are settled.
pub type RunningWorker = Pin<Box<dyn Future<Output = Result<(), WorkerError>> + Send>>;

/// The worker of `kind` on `backend`, which `stop` stops, too.
pub fn worker(
    kind: Kind,
    backend: RabbitBackend,
    executor: Executor,
    stop: CancellationToken,
) -> RunningWorker {
    match kind {
        Kind::CreateIntent => worker_for::<CreateIntent>(backend, executor, stop),
        Kind::ProcessCallback => worker_for::<ProcessCallback>(backend, executor, stop),
        Kind::NotifyMerchant => worker_for::<NotifyMerchant>(backend, executor, stop),
        Kind::QueryPayment => worker_for::<QueryPayment>(backend, executor, stop),
    }
}

fn worker_for<H: Handler>(
    backend: RabbitBackend,
    executor: Executor,
    stop: CancellationToken,
) -> RunningWorker {
    let worker = WorkerBuilder::new(H::CONTRACT.kind.name())
        .backend(backend)
        .data(executor)
        .catch_panic()
        .parallelize(tokio::spawn)
        .build(handle::<H>);
    Box::pin(worker.run_until(async move {
        stop.cancelled().await;
        Ok::<(), WorkerError>(())
    }))
}

async fn handle<H: Handler>(
    envelope: Envelope,
    executor: Data<Executor>,
) -> Result<Disposition, BoxDynError> {
    Ok(executor.execute::<H>(envelope).await)
}
