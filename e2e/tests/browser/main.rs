//! The web console as people meet it: in a browser, headless Chromium, in front of everything that runs. `scripts/browser`
//! finds the browser or fetches it; where that cannot be, nothing is played, and it says so. What was seen is kept as pictures
//! in `.run/browser`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod browser;
mod dead_letter;
mod driver;
#[path = "../it/harness.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod harness;
mod keyboard;
mod languages;
mod live;
mod pages;
mod pausing;
mod signing_in;
mod site;
