//! What every `main` does around its program: signals from the first moment on, and an end that waits for nobody.

use std::{io, time::Duration};

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use crate::{shutdown, traces};

/// How long threads that block may keep an ending process. A look-up of a name can take the system minutes.
const GRACE: Duration = Duration::from_secs(1);

/// Runs `program` to its end, with a token that the first SIGTERM or SIGINT cancels. Signals are heard before anything
/// else happens, so that a process that is told to stop while it still starts ends in order too.
///
/// # Errors
/// Those of `program`; also the runtime cannot be built or the signal handlers not installed.
pub fn run<E: From<io::Error>>(
    program: impl AsyncFnOnce(CancellationToken) -> Result<(), E>,
) -> Result<(), E> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async { program(shutdown::on_signal()?).await });
    traces::finish();
    runtime.shutdown_timeout(GRACE);
    ended
}
