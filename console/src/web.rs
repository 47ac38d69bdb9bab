//! The web console: pages for the people who run Sluice, on a listener of its own.
//!
//! It must never share a port with ingress, and never show a secret (but for one that it has made itself, once, in the
//! answer to the form that asked for it) or what is stored about payers. It works without a build chain: pages
//! are made here, the style sheet and the script are part of the program, and without the script everything but the live
//! numbers works.
//!
//! # Adding a page
//!
//! 1. One file in `pages/`: a handler from [`app::Shared`] and [`view::View`] to [`layout::page`].
//! 2. One line in [`routes::pages`], which says who may open it; one in [`layout::MENU`] if it belongs there.
//! 3. Its texts, in both languages, in [`messages`].
//!
//! Something that is done goes through [`form::action`] and [`form::Asked`]: a reason is asked for, and whoever does it is
//! handed to the store as [`store::Doing`], which writes it into the log within the same transaction. What is wrong with a
//! form is a [`problem::Problem`], and the page shows the form again with it ([`inputs`]). Whether a request comes
//! from a page of ours is [`guard`]'s business, for all routes alike. A page that brings itself up to date is
//! [`live::Followed`], under an address of its own that keeps no session.

mod app;
mod assets;
mod client;
mod codes;
mod collector;
mod config;
mod events;
mod figures;
mod form;
mod guard;
mod headers;
mod ids;
mod inputs;
mod language;
mod layout;
mod live;
mod messages;
mod origin;
mod pages;
mod problem;
mod progress;
mod reasons;
mod refusal;
mod routes;
mod running;
mod session;
mod spark;
mod table;
mod view;

pub use config::WebConfig;
pub use running::{Running, Web, WebError};
