//! Processes that are told to stop, while others go on: nobody who uses Sluice notices.
//!
//! Real programs and real signals on a database and a vhost of their own, with a balancer in front of the ingresses.

mod crowd;
mod restart;
mod servers_away;
mod side_by_side;
mod stage;
mod stopped_in_the_middle;
