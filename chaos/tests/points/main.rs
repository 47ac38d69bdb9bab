//! Every failpoint, one by one: a process dies there with a piece of work in its hands, another takes its place, and the
//! work ends once.
//!
//! Each kind of work has a stage of its own, with real processes on a database and a vhost of their own. The table says
//! which points lie on which way; a point that is missing there fails a test.

mod ending;
mod fleet;
mod play;
mod stage;
mod table;
