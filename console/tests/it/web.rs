//! The web console as browsers meet it: over HTTP, on real servers.

mod dead_letters;
mod forgery;
mod languages;
mod matrix;
mod merchants;
mod notifications;
mod outages;
mod overview;
mod program;
mod review;
mod sessions;
mod sign_in;
mod silent;
mod site;
mod switches;
mod timeline;
