//! The pages, one file for each.

pub(super) mod audit;
pub(super) mod dead_letters;
pub(super) mod operators;
pub(super) mod overview;
pub(super) mod review;
pub(super) mod sign_in;
pub(super) mod timeline;
