//! Every page, on a desk and on a phone, in light and dark, in both languages: nothing sticks out to the side, and each tells
//! those who cannot see it what there is.

use std::collections::{BTreeMap, VecDeque};

use console::Web;
use domain::operator::Role;
use e2e::scene::{OPENING, body, body_with};
use serde_json::json;

use crate::{
    browser::{Browser, Screen},
    site::{Site, play},
};

/// What is wrong with the page as it is seen now. What can be unfolded is.
const COMPLAINTS: &str = r#"
for (const folded of document.querySelectorAll('details')) folded.open = true;
const wrong = [];
const named = (element) => (element.outerHTML ?? '').slice(0, 90);
const { scrollWidth, clientWidth } = document.documentElement;
if (scrollWidth > clientWidth) {
    const wide = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
    wrong.push(`it scrolls to the side: ${wide.slice(-2).map(named).join(' and ')}`);
}
const one = (css) => {
    const found = document.querySelectorAll(css).length;
    if (found !== 1) wrong.push(`${found} of ${css}`);
};
one('h1');
one('main');
if (!document.title) wrong.push('no title');
let level = 0;
for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push(`a level is left out before ${named(heading)}`);
    level = next;
}
const says = (element) => (element.innerText || element.getAttribute('aria-label') || element.title || '').trim();
for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    const label = [...field.labels].map(says).join('') || field.getAttribute('aria-label');
    if (!label) wrong.push(`no label: ${named(field)}`);
}
for (const control of document.querySelectorAll('a, button, summary')) {
    if (!says(control)) wrong.push(`no text: ${named(control)}`);
}
for (const table of document.querySelectorAll('table')) {
    if (!table.caption?.innerText) wrong.push(`no caption: ${named(table)}`);
}
const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) wrong.push(`twice the id ${id}`);
return wrong;
"#;

/// The addresses that a page leads to, within the console.
const LINKS: &str = "[...document.querySelectorAll('nav a, main a')]\
    .filter(link => link.origin === location.origin).map(link => link.pathname + link.search)";

/// Addresses that are no pages, or are looked at apart. Those that end in `/live` are streams.
const NO_PAGES: [&str; 5] = [
    "/healthz",
    "/sign-in",
    "/console.css",
    "/console.js",
    "/language/{language}",
];

/// One address of a kind is enough: ids are left out, and of what is asked for there is only its name.
fn kind(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let segments = path.split('/').map(|segment| {
        let is_name = segment
            .chars()
            .all(|letter| letter == '-' || letter.is_ascii_lowercase());
        if is_name { segment } else { "*" }
    });
    let asked = query.split('&').filter_map(|pair| pair.split('=').next());
    format!(
        "{}?{}",
        segments.collect::<Vec<_>>().join("/"),
        asked.collect::<Vec<_>>().join("&")
    )
}

/// A page that a link leads to.
struct Page {
    address: String,
    /// How many forms on it do something.
    acts: u64,
}

/// Every page that is reached from the first one, of each kind of address one.
async fn pages(browser: &Browser) -> BTreeMap<String, Page> {
    let mut found = BTreeMap::new();
    let mut ahead = VecDeque::from(["/".to_owned()]);
    while let Some(address) = ahead.pop_front() {
        if found.contains_key(&kind(&address)) {
            continue;
        }
        browser.open(&address).await;
        let links = browser.ask(LINKS).await;
        ahead.extend(serde_json::from_value::<Vec<String>>(links).unwrap());
        let acts = browser.count("main form[method=post]").await;
        found.insert(kind(&address), Page { address, acts });
    }
    found
}

/// Something of everything: money that came and went, a job that was given up, something that nobody knows, and a pause.
async fn furnish(site: &Site) {
    let scene = site.sluice.scene("furnished").await;
    let (paid, _) = scene.paid(&body(), "pm_card_visa").await.unwrap();
    scene.refund(&paid, &json!({ "amount": 500 })).await.unwrap();
    scene.create(&body_with("pm_card_chargeDeclined")).await.unwrap();
    let down = json!({ "fault": "error", "status": 503, "match": { "amount": 4711 } });
    scene.set_fault(OPENING, down).await.unwrap();
    let mut unlucky = body();
    unlucky["amount"] = 4711.into();
    let given_up = scene.create(&unlucky).await.unwrap().text("/id").to_owned();
    site.until_recorded(&given_up).await;
    let replay = [
        "dead-letters",
        "replay",
        "--all-matching",
        "--payment",
        &given_up,
        "--reason",
        "a try",
    ];
    site.console(&replay).await;
    let silent = site.sluice.scene("silent").await;
    let nothing = json!({ "fault": "error", "status": 503 });
    silent.set_fault("*", nothing).await.unwrap();
    let unknown = silent.create(&body()).await.unwrap().text("/id").to_owned();
    site.until_recorded(&unknown).await;
    site.console(&["pause", "channel", "alipay", "--reason", "their maintenance"])
        .await;
    site.operator("bert", Role::Operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_every_screen_and_names_what_it_shows() {
    play("pages", async |site, browser| {
        furnish(site).await;
        let mut complaints = Vec::new();
        look_at("/sign-in", Screen::PhoneInTheDark, browser, &mut complaints).await;

        site.signed_in(browser, "vera", Role::Viewer).await;
        for Page { address, acts } in pages(browser).await.values() {
            assert_eq!(*acts, 0, "a viewer can do something at {address}");
        }
        site.signed_in(browser, "ada", Role::Administrator).await;
        let pages = pages(browser).await;
        for (language, screens) in [
            ("en", [Screen::Desk, Screen::PhoneInTheDark]),
            ("zh", [Screen::DeskInTheDark, Screen::Phone]),
        ] {
            browser.open(&format!("/language/{language}?next=/")).await;
            for address in one_of_each(&pages) {
                for screen in screens {
                    look_at(address, screen, browser, &mut complaints).await;
                }
            }
        }
        assert!(complaints.is_empty(), "{complaints:#?}");
        all_are_reached(&pages);
    })
    .await;
}

/// Of each path a page, and one that was asked for something.
fn one_of_each(pages: &BTreeMap<String, Page>) -> Vec<&str> {
    let mut ones = BTreeMap::new();
    for (kind, page) in pages {
        let (path, asked) = kind.split_once('?').unwrap_or((kind, ""));
        ones.insert((path, asked.is_empty()), page.address.as_str());
    }
    ones.into_values().collect()
}

/// Looks at a page, and notes what is wrong with it.
async fn look_at(address: &str, screen: Screen, browser: &Browser, complaints: &mut Vec<String>) {
    browser.look_from(screen).await;
    browser.open(address).await;
    let language = browser.ask("document.documentElement.lang").await;
    let view = format!("{}-{}", language.as_str().unwrap(), screen.name());
    let wrong = browser.driver.run(COMPLAINTS).await.unwrap();
    let wrong = wrong.as_array().unwrap().iter();
    complaints.extend(wrong.map(|wrong| format!("{address}, {view}: {wrong}")));
    let picture = format!("page{}-{view}", kind(address));
    browser.shot(&picture.replace(['/', '?', '&', '*'], "_")).await;
}

/// No page without a link that leads to it, which would not have been looked at.
fn all_are_reached(pages: &BTreeMap<String, Page>) {
    let reached: Vec<String> = pages.keys().map(|kind| without_query(kind)).collect();
    for (method, path, _) in Web::addresses() {
        let is_page = method == "GET" && !NO_PAGES.contains(&path) && !path.ends_with("/live");
        let path = without_query(&kind(path));
        assert!(
            !is_page || reached.contains(&path),
            "no link leads to {path}: {reached:?}"
        );
    }
}

fn without_query(kind: &str) -> String {
    kind.split('?').next().unwrap_or_default().to_owned()
}
