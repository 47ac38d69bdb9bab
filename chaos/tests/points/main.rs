//! Every failpoint, one by one: a process dies there, another takes its place, and the work ends once.

mod fleet;
