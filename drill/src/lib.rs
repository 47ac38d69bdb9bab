//! The drill of the alerts: every rule of `ops/prometheus` is shown to fire soon after what it is for.
//!
//! A Sluice of its own is started with a real Prometheus beside it, which reads the rules as they are. `faults` lists what
//! is broken, for real, and which alerts it has to raise; `run` breaks it, watches Prometheus, and puts it right again.
//! A rule that no fault raises fails the drill, and a test: nobody can add one without a drill.

pub mod faults;
pub mod prometheus;
pub mod rules;
pub mod run;
pub mod stage;
pub mod table;
