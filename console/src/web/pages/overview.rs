//! How everything stands, in sections that are brought up to date one by one.

use axum::{extract::State, response::Html};
use chrono::{DateTime, Utc};
use domain::job::Kind;
use management::Queue;
use maud::{Markup, html};
use store::ChannelTraffic;

use crate::web::{
    app::Shared,
    collector::{Books, Queues, Snapshot},
    figures, layout,
    messages::{Text, filled},
    spark,
    table::{Row, numbers, table, words},
    view::View,
};

/// A part of the page, by the id of its element.
pub(in crate::web) type Section = (&'static str, Markup);

/// The page.
pub(in crate::web) async fn page(State(app): State<Shared>, view: View) -> Html<String> {
    let snapshot = app.collector.now().await;
    let content = html! {
        div data-live="/live" {
            @for (id, section) in sections(&view, &snapshot) {
                section id=(id) { (section) }
            }
        }
    };
    layout::page(&view, Text::Overview, &content)
}

/// All sections, as whoever looks sees them.
pub(in crate::web) fn sections(view: &View, snapshot: &Snapshot) -> [Section; 5] {
    let now = snapshot.at.unwrap_or_default();
    let (queues, books) = (&snapshot.queues.said, &snapshot.books.said);
    [
        ("status", status(view, snapshot, now)),
        ("work", work(view, queues, books, now)),
        ("queues", kinds(view, queues, now)),
        ("retries", retries(view, queues)),
        ("channels", channels(view, books, now)),
    ]
}

fn status(view: &View, snapshot: &Snapshot, now: DateTime<Utc>) -> Markup {
    let told = |text: Text, at| filled(view.say(text), &[("time", &figures::clock(at))]);
    html! {
        p.note { (told(Text::AsOf, now)) " " span.live hidden { (view.say(Text::Live)) } }
        @if let Some(since) = snapshot.queues.away_since { p.notice role="alert" { (told(Text::RabbitAway, since)) } }
        @if let Some(since) = snapshot.books.away_since { p.notice role="alert" { (told(Text::PostgresAway, since)) } }
    }
}

/// What waits for people or on its way, each as one number.
fn work(view: &View, queues: &Queues, books: &Books, now: DateTime<Utc>) -> Markup {
    let review = &books.review;
    let dead: u64 = of(queues, "dead.").map(|queue| queue.messages).sum();
    let (waiting, oldest) = books.outbox;
    html! {
        dl.tiles {
            (tile(view, Text::PaymentsInReview, review.payments, review.oldest_payment, now, Some("/review#payments")))
            (tile(view, Text::RefundsInReview, review.refunds, review.oldest_refund, now, Some("/review#refunds")))
            (tile(view, Text::OpenDifferences, review.differences, None, now, Some("/review#differences")))
            (tile(view, Text::OpenWithdrawals, review.withdrawals, None, now, None))
            (tile(view, Text::DeadLetters, dead.cast_signed(), None, now, Some("#queues")))
            (tile(view, Text::Outbox, waiting, oldest, now, None))
        }
    }
}

fn tile(
    view: &View,
    text: Text,
    count: i64,
    oldest: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    link: Option<&str>,
) -> Markup {
    let below = match oldest {
        _ if count == 0 => view.say(Text::NothingWaits).to_owned(),
        Some(oldest) => filled(
            view.say(Text::OldestSince),
            &[("age", &figures::age(oldest, now))],
        ),
        None => String::new(),
    };
    html! {
        div.busy[count > 0] {
            dt { @if let Some(link) = link { a href=(link) { (view.say(text)) } } @else { (view.say(text)) } }
            dd { strong { (count) } " " small { (below) } }
        }
    }
}

fn kinds(view: &View, queues: &Queues, now: DateTime<Utc>) -> Markup {
    let mut rows: Vec<Row<9>> = Kind::ALL
        .into_iter()
        .map(|kind| kind_row(view, queues, kind.name(), kind.name(), now))
        .collect();
    // Messages of a kind that nobody knows are only ever parked.
    if named(queues, "dead.unroutable").is_some_and(|queue| queue.messages > 0) {
        rows.push(kind_row(
            view,
            queues,
            "unroutable",
            view.say(Text::Unroutable),
            now,
        ));
    }
    let columns = [
        words(Text::Kind),
        numbers(Text::Waiting),
        numbers(Text::InHand),
        numbers(Text::OldestWaits),
        numbers(Text::InRate),
        numbers(Text::OutRate),
        numbers(Text::Consumers),
        numbers(Text::DeadLetters),
        words(Text::LastHour),
    ];
    html! {
        h2 { (view.say(Text::Queues)) }
        p.note { (view.say(Text::QueuesNote)) }
        (table(view, Text::Queues, columns, &rows))
    }
}

fn kind_row(view: &View, queues: &Queues, kind: &str, shown: &str, now: DateTime<Utc>) -> Row<9> {
    let jobs = named(queues, &format!("jobs.{kind}"));
    let dead = named(queues, &format!("dead.{kind}")).map_or(0, |queue| queue.messages);
    // A queue that is not there holds nothing, which is not the same as being empty.
    let shown_of = |of: fn(&Queue) -> String| jobs.map_or_else(|| "–".to_owned(), of);
    let is_unserved = jobs.is_some_and(|queue| queue.consumers == 0);
    let values = history(queues, jobs);
    let highest = values.iter().copied().max().unwrap_or_default();
    Row {
        cells: [
            html! { code { (shown) } },
            html! { (shown_of(|queue| queue.messages_ready.to_string())) },
            html! { (shown_of(|queue| queue.messages_unacknowledged.to_string())) },
            html! { (oldest(view, queues, jobs, now)) },
            html! { (shown_of(|queue| figures::rate(queue.in_per_s()))) },
            html! { (shown_of(|queue| figures::rate(queue.out_per_s()))) },
            html! { span.bad[is_unserved] { (shown_of(|queue| queue.consumers.to_string())) } },
            html! { span.bad[dead > 0] { (dead) } },
            spark::line(&values, &format!("{}: 0–{highest}", view.say(Text::LastHour))),
        ],
        is_alarming: dead > 0 || is_unserved && jobs.is_some_and(|queue| queue.messages_ready > 0),
    }
}

/// What the queue held over the last hour, and what it holds.
fn history(queues: &Queues, jobs: Option<&Queue>) -> Vec<i64> {
    let Some(jobs) = jobs else {
        return Vec::new();
    };
    let past = queues.history.iter().find(|history| history.name == jobs.name);
    let past = past.map(|history| history.samples.iter().map(|sample| sample.messages));
    past.into_iter()
        .flatten()
        .chain([jobs.messages.cast_signed()])
        .collect()
}

/// Since when the oldest message waits. RabbitMQ tells it for some types of queues; where it does not, a message cannot wait
/// for longer than since its queue was last seen empty.
fn oldest(view: &View, queues: &Queues, jobs: Option<&Queue>, now: DateTime<Utc>) -> String {
    let Some(jobs) = jobs.filter(|jobs| jobs.messages_ready > 0) else {
        return "–".to_owned();
    };
    if let Some(at) = jobs
        .head_message_timestamp
        .and_then(|at| DateTime::from_timestamp(at, 0))
    {
        return figures::age(at, now);
    }
    let samples = queues.history.iter().find(|history| history.name == jobs.name);
    let samples = samples
        .map(|history| history.samples.as_slice())
        .unwrap_or_default();
    let empty = samples.iter().rev().find(|sample| sample.messages == 0);
    match empty.and_then(|sample| DateTime::from_timestamp_millis(sample.at_ms)) {
        Some(at) => filled(view.say(Text::AtMost), &[("age", &figures::age(at, now))]),
        // A queue without samples is so new that the broker has none yet.
        None if samples.is_empty() => view.say(Text::Unknown).to_owned(),
        None => view.say(Text::MoreThanHour).to_owned(),
    }
}

fn retries(view: &View, queues: &Queues) -> Markup {
    let mut tiers: Vec<&Queue> = of(queues, "retry.").filter(|queue| queue.messages > 0).collect();
    tiers.sort_by_key(|queue| delay_ms(&queue.name));
    let total: u64 = tiers.iter().map(|queue| queue.messages).sum();
    let row = |queue: &&Queue| {
        let wait = queue.name.strip_prefix("retry.").unwrap_or(&queue.name);
        Row::from([html! { code { (wait) } }, html! { (queue.messages) }])
    };
    let rows: Vec<Row<2>> = tiers.iter().map(row).collect();
    html! {
        h2 { (view.say(Text::Retries)) " (" (total) ")" }
        p.note { (view.say(Text::RetriesNote)) }
        @if !rows.is_empty() { (table(view, Text::Retries, [words(Text::Tier), numbers(Text::Jobs)], &rows)) }
    }
}

/// The delay of a tier's queue, by its name, for putting them in order: `retry.500ms`, `retry.12h`.
fn delay_ms(name: &str) -> u64 {
    let label = name.strip_prefix("retry.").unwrap_or(name);
    let digits = label
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(label.len());
    let (count, unit) = label.split_at(digits);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => 3_600_000,
    };
    count.parse::<u64>().unwrap_or_default() * unit_ms
}

fn channels(view: &View, books: &Books, now: DateTime<Utc>) -> Markup {
    let mut rows: Vec<Row<9>> = Vec::new();
    for day in books.day.iter() {
        let recent = books.recent.iter().find(|recent| recent.channel == day.channel);
        rows.extend(recent.map(|recent| channel_row(view, Text::QuarterHour, recent, now)));
        rows.push(channel_row(view, Text::Day, day, now));
    }
    let columns = [
        words(Text::Channel),
        words(Text::Span),
        numbers(Text::Calls),
        numbers(Text::Succeeded),
        numbers(Text::Declined),
        numbers(Text::Unanswered),
        numbers(Text::Median),
        numbers(Text::Slow),
        numbers(Text::LastCall),
    ];
    html! {
        h2 { (view.say(Text::Channels)) }
        p.note { (view.say(Text::ChannelsNote)) }
        @if rows.is_empty() { p { (view.say(Text::NoCalls)) } }
        @else { (table(view, Text::Channels, columns, &rows)) }
    }
}

fn channel_row(view: &View, span: Text, traffic: &ChannelTraffic, now: DateTime<Utc>) -> Row<9> {
    let share = |part| figures::share(part, traffic.calls);
    let took = |ms: f64| format!("{ms:.0} ms");
    Row::from([
        html! { (traffic.channel) },
        html! { (view.say(span)) },
        html! { (traffic.calls) },
        html! { (share(traffic.ok)) },
        html! { (share(traffic.declined)) },
        html! { span.bad[traffic.unknown > 0] { (share(traffic.unknown)) } },
        html! { (took(traffic.median_ms)) },
        html! { (took(traffic.slow_ms)) },
        html! { (figures::age(traffic.last_at, now)) },
    ])
}

fn of<'a>(queues: &'a Queues, prefix: &'a str) -> impl Iterator<Item = &'a Queue> {
    queues
        .standing
        .iter()
        .filter(move |queue| queue.name.starts_with(prefix))
}

fn named<'a>(queues: &'a Queues, name: &str) -> Option<&'a Queue> {
    queues.standing.iter().find(|queue| queue.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_in_the_order_of_their_delays() {
        let mut names = ["retry.12h", "retry.30m", "retry.500ms", "retry.2s", "retry.90m"];
        names.sort_by_key(|name| delay_ms(name));
        assert_eq!(
            names,
            ["retry.500ms", "retry.2s", "retry.30m", "retry.90m", "retry.12h"]
        );
    }
}
