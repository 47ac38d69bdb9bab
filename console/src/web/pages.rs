//! The pages, one file for each.

pub(super) mod audit;
pub(super) mod dead_letters;
pub(super) mod merchants;
pub(super) mod notifications;
pub(super) mod operators;
pub(super) mod overview;
pub(super) mod review;
pub(super) mod sign_in;
pub(super) mod switches;
pub(super) mod timeline;
