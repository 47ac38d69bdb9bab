//! Orders: created, paid once, canceled, given back by item, sent; and refused where they do not allow it.

mod canceling;
mod paying;
mod refunding;
mod steps;
