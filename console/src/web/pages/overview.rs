//! How everything stands, in sections that are brought up to date one by one.

use axum::{extract::State, response::Html};
use chrono::{DateTime, TimeDelta, Utc};
use domain::job::Kind;
use management::{Queue, Sample};
use maud::{Markup, html};
use store::{ChannelTraffic, ShutCircuit};

use crate::web::{
    app::Shared,
    collector::{Books, Queues, STEP_S, Said, Snapshot, Told},
    figures, layout,
    live::Section,
    messages::{Text, filled},
    spark,
    table::{Row, numbers, table, words},
    view::View,
};

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
pub(in crate::web) fn sections(view: &View, snapshot: &Snapshot) -> [Section; 6] {
    [
        ("status", status(view, snapshot)),
        ("alerts", alerts(view, snapshot)),
        ("work", work(view, snapshot)),
        ("queues", kinds(view, snapshot.queues.said.as_ref())),
        ("retries", retries(view, snapshot.queues.said.as_ref())),
        ("channels", channels(view, snapshot)),
    ]
}

fn status(view: &View, snapshot: &Snapshot) -> Markup {
    let now = snapshot.at.unwrap_or_default();
    let told = filled(view.say(Text::AsOf), &[("time", &figures::clock(now))]);
    html! {
        p.note { (told) " " span.live hidden { (view.say(Text::Live)) } }
    }
}

/// What does not answer. Apart from the rest, as it is read aloud whenever it changes.
fn alerts(view: &View, snapshot: &Snapshot) -> Markup {
    let now = snapshot.at.unwrap_or_default();
    let rabbit = silence(
        view,
        &snapshot.queues,
        now,
        [Text::RabbitAway, Text::RabbitUnknown],
    );
    let books = silence(
        view,
        &snapshot.books,
        now,
        [Text::PostgresAway, Text::PostgresUnknown],
    );
    let slow = [Text::TrafficAway, Text::TrafficUnknown];
    // With PostgreSQL away it goes without saying.
    let traffic = [&snapshot.recent, &snapshot.day]
        .into_iter()
        .filter(|_| books.is_none());
    let traffic = traffic.filter_map(|told| silence(view, told, now, slow)).next();
    html! {
        @for told in [rabbit, books, traffic].into_iter().flatten() { p.notice role="alert" { (told) } }
    }
}

/// That something does not answer, since when, and of when what is shown is: the first text with both, the second when it
/// has not said anything yet.
fn silence<T>(
    view: &View,
    told: &Told<T>,
    now: DateTime<Utc>,
    [shown, unknown]: [Text; 2],
) -> Option<String> {
    let since = figures::lately(told.away_since?, now);
    Some(match &told.said {
        Some(said) => {
            let then = figures::lately(said.at, now);
            filled(view.say(shown), &[("time", &since), ("then", &then)])
        }
        None => filled(view.say(unknown), &[("time", &since)]),
    })
}

/// What waits for people or on its way, each as one number.
fn work(view: &View, snapshot: &Snapshot) -> Markup {
    let books = snapshot.books.said.as_ref();
    let review = |of: fn(&Books) -> (i64, Option<DateTime<Utc>>)| books.map(|said| (of(&said.what), said.at));
    let dead = snapshot.queues.said.as_ref().map(|said| {
        let dead: u64 = of(&said.what, "dead.").map(|queue| queue.messages).sum();
        ((dead.cast_signed(), None), said.at)
    });
    let payments = review(|books| (books.review.payments, books.review.oldest_payment));
    let refunds = review(|books| (books.review.refunds, books.review.oldest_refund));
    let payouts = review(|books| (books.review.payouts, books.review.oldest_payout));
    let accounts = review(|books| (books.review.accounts, books.review.oldest_account));
    html! {
        dl.tiles {
            (tile(view, Text::PaymentsInReview, payments, Some("/review#payments")))
            (tile(view, Text::RefundsInReview, refunds, Some("/review#refunds")))
            (tile(view, Text::PayoutsInReview, payouts, None))
            (tile(view, Text::AccountsInReview, accounts, None))
            (tile(view, Text::OpenDifferences, review(|books| (books.review.differences, None)), Some("/review#differences")))
            (tile(view, Text::OpenWithdrawals, review(|books| (books.review.withdrawals, None)), None))
            (tile(view, Text::DeadLetters, dead, Some("/dead-letters")))
            (tile(view, Text::Outbox, review(|books| books.outbox), None))
        }
    }
}

/// How many, and since when the oldest is; and when that was said.
type Counted = ((i64, Option<DateTime<Utc>>), DateTime<Utc>);

/// A number; a dash while nobody knows it.
fn tile(view: &View, text: Text, counted: Option<Counted>, link: Option<&str>) -> Markup {
    let below = match counted {
        None => view.say(Text::Unknown).to_owned(),
        Some(((0, _), _)) => view.say(Text::NothingWaits).to_owned(),
        Some(((_, Some(oldest)), at)) => {
            filled(view.say(Text::OldestSince), &[("age", &figures::age(oldest, at))])
        }
        Some(((_, None), _)) => String::new(),
    };
    let count = counted.map(|((count, _), _)| count);
    let shown = count.map_or_else(|| "–".to_owned(), |count| count.to_string());
    html! {
        div.busy[count.is_some_and(|count| count > 0)] {
            dt { @if let Some(link) = link { a href=(link) { (view.say(text)) } } @else { (view.say(text)) } }
            dd { strong { (shown) } " " small { (below) } }
        }
    }
}

fn kinds(view: &View, queues: Option<&Said<Queues>>) -> Markup {
    let mut rows: Vec<Row<9>> = Kind::ALL
        .into_iter()
        .map(|kind| kind_row(view, queues, kind.name(), kind.name()))
        .collect();
    // Messages of a kind that nobody knows are only ever parked.
    if named(queues, "dead.unroutable").is_some_and(|queue| queue.messages > 0) {
        rows.push(kind_row(view, queues, "unroutable", view.say(Text::Unroutable)));
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

fn kind_row(view: &View, queues: Option<&Said<Queues>>, kind: &str, shown: &str) -> Row<9> {
    let jobs = named(queues, &format!("jobs.{kind}"));
    let dead = named(queues, &format!("dead.{kind}"));
    let has_dead = dead.is_some_and(|queue| queue.messages > 0);
    // A queue that is not there holds nothing, which is not the same as being empty.
    let shown_of = |of: fn(&Queue) -> String| jobs.map_or_else(|| "–".to_owned(), of);
    let dead = dead.map_or_else(|| "–".to_owned(), |queue| queue.messages.to_string());
    let is_unserved = jobs.is_some_and(|queue| queue.consumers == 0);
    let values = history(queues, jobs);
    let highest = values.iter().copied().max().unwrap_or_default();
    Row {
        cells: [
            html! { code { (shown) } },
            html! { (shown_of(|queue| queue.messages_ready.to_string())) },
            html! { (shown_of(|queue| queue.messages_unacknowledged.to_string())) },
            html! { (oldest(view, queues, jobs)) },
            html! { (shown_of(|queue| figures::rate(queue.in_per_s()))) },
            html! { (shown_of(|queue| figures::rate(queue.out_per_s()))) },
            html! { span.bad[is_unserved] { (shown_of(|queue| queue.consumers.to_string())) } },
            html! {
                @if has_dead { a.bad href={ "/dead-letters?state=parked&kind=" (kind) } { (dead) } }
                @else { (dead) }
            },
            spark::line(&values, &format!("{}: 0–{highest}", view.say(Text::LastHour))),
        ],
        is_alarming: has_dead || is_unserved && jobs.is_some_and(|queue| queue.messages_ready > 0),
    }
}

/// What the queue held over the last hour, and what it holds.
fn history(queues: Option<&Said<Queues>>, jobs: Option<&Queue>) -> Vec<i64> {
    let Some(jobs) = jobs else {
        return Vec::new();
    };
    let past = samples(queues, jobs).iter().map(|sample| sample.messages);
    past.chain([jobs.messages.cast_signed()]).collect()
}

fn samples<'a>(queues: Option<&'a Said<Queues>>, jobs: &Queue) -> &'a [Sample] {
    let history = queues
        .map(|said| said.what.history.as_slice())
        .unwrap_or_default();
    let found = history.iter().find(|history| history.name == jobs.name);
    found
        .map(|history| history.samples.as_slice())
        .unwrap_or_default()
}

/// Since when the oldest message waits. RabbitMQ tells it for some types of queues; where it does not, a message cannot wait
/// for longer than since its queue was last seen empty.
fn oldest(view: &View, queues: Option<&Said<Queues>>, jobs: Option<&Queue>) -> String {
    let (Some(said), Some(jobs)) = (queues, jobs.filter(|jobs| jobs.messages_ready > 0)) else {
        return "–".to_owned();
    };
    let head = jobs.head_message_timestamp;
    if let Some(at) = head.and_then(|at| DateTime::from_timestamp(at, 0)) {
        return figures::age(at, said.at);
    }
    match last_empty(samples(queues, jobs)) {
        Emptied::By(at) => filled(view.say(Text::AtMost), &[("age", &figures::age(at, said.at))]),
        Emptied::NotSeen => view.say(Text::MoreThanHour).to_owned(),
        Emptied::Unknown => view.say(Text::Unknown).to_owned(),
    }
}

/// When a queue was last empty, as far as its samples tell.
#[derive(Debug, PartialEq, Eq)]
enum Emptied {
    /// It was, at this time or after it.
    By(DateTime<Utc>),
    /// It was not within the time of the samples.
    NotSeen,
    /// The samples do not tell.
    Unknown,
}

/// RabbitMQ gives each sample the time of the end of its step, and its figures are five seconds old: it may be by so much
/// older than it says. Before the first sample that it has, as after its restart, it says zero as well, so that zeros at the
/// beginning tell nothing.
fn last_empty(samples: &[Sample]) -> Emptied {
    let Some(first) = samples.iter().position(|sample| sample.messages > 0) else {
        return Emptied::Unknown;
    };
    let late = TimeDelta::seconds(i64::from(STEP_S) + 5);
    let empty = samples[first..].iter().rev().find(|sample| sample.messages == 0);
    match empty.and_then(|sample| DateTime::from_timestamp_millis(sample.at_ms)) {
        Some(at) => Emptied::By(at - late),
        None if first == 0 => Emptied::NotSeen,
        None => Emptied::Unknown,
    }
}

fn retries(view: &View, queues: Option<&Said<Queues>>) -> Markup {
    let all = queues.into_iter().flat_map(|said| of(&said.what, "retry."));
    let mut tiers: Vec<&Queue> = all.filter(|queue| queue.messages > 0).collect();
    tiers.sort_by_key(|queue| delay_ms(&queue.name));
    let total: u64 = tiers.iter().map(|queue| queue.messages).sum();
    let total = queues.map_or_else(|| "–".to_owned(), |_| total.to_string());
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

fn channels(view: &View, snapshot: &Snapshot) -> Markup {
    let spans = [(Text::QuarterHour, &snapshot.recent), (Text::Day, &snapshot.day)];
    let told = spans
        .into_iter()
        .filter_map(|(span, told)| Some((span, told.said.as_ref()?)));
    let told = told.flat_map(|(span, said)| said.what.iter().map(move |traffic| (span, traffic, said.at)));
    let mut told: Vec<_> = told.collect();
    // Keeps the shorter span before the longer one.
    told.sort_by(|(_, one, _), (_, other, _)| one.channel.cmp(&other.channel));
    let row = |(span, traffic, at)| channel_row(view, span, traffic, at);
    let rows: Vec<Row<9>> = told.into_iter().map(row).collect();
    let none = if snapshot.day.said.is_some() {
        Text::NoCalls
    } else {
        Text::Unknown
    };
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
        (circuits(view, snapshot))
        @if rows.is_empty() { p { (view.say(none)) } }
        @else { (table(view, Text::Channels, columns, &rows)) }
    }
}

/// Where calls do not go through.
fn circuits(view: &View, snapshot: &Snapshot) -> Markup {
    let Some(books) = &snapshot.books.said else {
        return html! {};
    };
    let told = |circuit: &ShutCircuit| {
        let text = match (circuit.state.as_str(), circuit.calls.as_str()) {
            ("open", "changes") => Text::CircuitOpenForChanges,
            ("open", _) => Text::CircuitOpenForQuestions,
            (_, "changes") => Text::CircuitTriedWithChanges,
            (_, _) => Text::CircuitTriedWithQuestions,
        };
        let processes = circuit.processes.to_string();
        filled(
            view.say(text),
            &[("channel", &circuit.channel), ("processes", &processes)],
        )
    };
    html! {
        @if books.what.circuits.is_empty() { p.note { (view.say(Text::CircuitsClosed)) } }
        @for circuit in &books.what.circuits { p.notice { (told(circuit)) } }
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
        html! { span.bad[traffic.unknown > 0] { (figures::share_of_bad(traffic.unknown, traffic.calls)) } },
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

fn named<'a>(queues: Option<&'a Said<Queues>>, name: &str) -> Option<&'a Queue> {
    queues?.what.standing.iter().find(|queue| queue.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_never_younger_than_the_message() {
        let told = |counts: &[i64]| {
            let sample = |(place, messages): (usize, &i64)| Sample {
                messages: *messages,
                at_ms: i64::try_from(place).unwrap() * 60_000,
            };
            last_empty(&counts.iter().enumerate().map(sample).collect::<Vec<_>>())
        };
        let by = |seconds| Emptied::By(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds));
        assert_eq!(told(&[3, 0, 0, 1]), by(2 * 60 - 65));
        assert_eq!(told(&[0, 2, 0, 1]), by(2 * 60 - 65));
        assert_eq!(told(&[3, 2, 1]), Emptied::NotSeen);
        // Padding looks like this, too.
        assert_eq!(told(&[0, 0, 1]), Emptied::Unknown);
        assert_eq!([told(&[0, 0]), told(&[])], [Emptied::Unknown, Emptied::Unknown]);
    }

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
