//! The processes of Sluice and the sandbox: started, armed, killed and waited for.
//!
//! They are the programs of the same build directory, run as they are in production: separate processes that know each
//! other by address. A process that is started again from the same [`Launch`] is where it was before. None outlives its
//! owner, however that one ends.

mod launch;
mod leash;
mod port;
mod process;
mod settings;

pub use launch::{Environment, Launch, Role, program};
pub use leash::Leash;
pub use port::Port;
pub use process::{Ended, Process};
pub use settings::Settings;
