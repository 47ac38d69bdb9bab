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
    job::{
        CancelPayment, CapturePayment, ChangeOrder, ChangeWallet, ConfirmPayment, CreateAccount,
        CreateAccountLink, CreateIntent, CreateOrder, CreateRefund, CreateTransfer, CreateWallet, Envelope,
        ExpirePayment, Kind, NotifyMerchant, ProcessCallback, QueryAccount, QueryPayment, QueryRefund,
        QueryTransfer, Reconcile,
    },
    outcome::Disposition,
};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::execute::{Executor, Handler};

/// A worker that runs until it is stopped, and then until the jobs in hand are settled. It tells itself when it fails.
pub type RunningWorker = Pin<Box<dyn Future<Output = ()> + Send>>;

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
        Kind::CreateRefund => worker_for::<CreateRefund>(backend, executor, stop),
        Kind::QueryRefund => worker_for::<QueryRefund>(backend, executor, stop),
        Kind::CancelPayment => worker_for::<CancelPayment>(backend, executor, stop),
        Kind::ConfirmPayment => worker_for::<ConfirmPayment>(backend, executor, stop),
        Kind::ExpirePayment => worker_for::<ExpirePayment>(backend, executor, stop),
        Kind::Reconcile => worker_for::<Reconcile>(backend, executor, stop),
        Kind::CapturePayment => worker_for::<CapturePayment>(backend, executor, stop),
        Kind::CreateOrder => worker_for::<CreateOrder>(backend, executor, stop),
        Kind::ChangeOrder => worker_for::<ChangeOrder>(backend, executor, stop),
        Kind::CreateWallet => worker_for::<CreateWallet>(backend, executor, stop),
        Kind::ChangeWallet => worker_for::<ChangeWallet>(backend, executor, stop),
        Kind::CreateAccount => worker_for::<CreateAccount>(backend, executor, stop),
        Kind::CreateAccountLink => worker_for::<CreateAccountLink>(backend, executor, stop),
        Kind::CreateTransfer => worker_for::<CreateTransfer>(backend, executor, stop),
        Kind::QueryAccount => worker_for::<QueryAccount>(backend, executor, stop),
        Kind::QueryTransfer => worker_for::<QueryTransfer>(backend, executor, stop),
    }
}

fn worker_for<H: Handler>(
    backend: RabbitBackend,
    executor: Executor,
    stop: CancellationToken,
) -> RunningWorker {
    let kind = H::CONTRACT.kind.name();
    let worker = WorkerBuilder::new(kind)
        .backend(backend)
        .data(executor)
        .catch_panic()
        .parallelize(tokio::spawn)
        .build(handle::<H>);
    let running = worker.run_until(async move {
        stop.cancelled().await;
        Ok::<(), WorkerError>(())
    });
    Box::pin(running.map(move |ended| {
        if let Err(error) = ended {
            tracing::error!(kind, %error, "a worker failed");
        }
    }))
}

async fn handle<H: Handler>(
    envelope: Envelope,
    executor: Data<Executor>,
) -> Result<Disposition, BoxDynError> {
    Ok(executor.execute::<H>(envelope).await)
}
