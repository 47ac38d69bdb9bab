//! Orders: created, paid once, canceled, given back by item, sent; refused where they do not allow it; and never left alone.

mod canceling;
mod losing;
mod paying;
mod refunding;
mod steps;
mod telling;
