//! The shell of every Sluice process: settings in, logs and metrics out, an internal listener, an orderly
//! stop.
//!
//! A `main` puts these together before it builds anything of its own. Nothing here knows what the process
//! does, and nothing here may be needed by the pure model or by the adapters: only binaries and their tests
//! use it.

pub mod internal;
mod json_lines;
mod pretty_lines;
mod program;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod traces;

pub use internal::{Check, InternalListener, serve_internal};
pub use program::run;
pub use settings::{Settings, SettingsError};

/// Makes ring the process's TLS provider. Call it before the first TLS connection; calling it again does
/// nothing.
///
/// rustls asks for a provider at run time when a program is built with none or several. Naming one keeps the
/// choice in one place and keeps a second cryptography library out of the build.
pub fn install_crypto() {
    // An error only says that a provider is already installed, which is what was wanted.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}
