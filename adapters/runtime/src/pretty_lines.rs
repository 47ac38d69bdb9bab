//! Log lines as text for people: those of `tracing`, without what spans say to traces alone.

use std::{error::Error, fmt};

use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    field::{MakeVisitor, VisitFmt, VisitOutput},
    fmt::{
        MakeWriter,
        format::{DefaultFields, DefaultVisitor, Writer},
    },
    registry::LookupSpan,
};

use crate::traces;

/// Writes each event as one line.
pub(crate) fn layer<S, W>(writer: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .fmt_fields(Fields)
        .with_writer(writer)
}

/// Writes all fields but those of traces.
struct Fields;

impl<'w> MakeVisitor<Writer<'w>> for Fields {
    type Visitor = Selecting<'w>;

    fn make_visitor(&self, target: Writer<'w>) -> Self::Visitor {
        Selecting(DefaultFields::new().make_visitor(target))
    }
}

struct Selecting<'w>(DefaultVisitor<'w>);

impl Visit for Selecting<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !traces::is_field_of_traces(field) {
            self.0.record_str(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if !traces::is_field_of_traces(field) {
            self.0.record_error(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !traces::is_field_of_traces(field) {
            self.0.record_debug(field, value);
        }
    }
}

impl VisitOutput<fmt::Result> for Selecting<'_> {
    fn finish(self) -> fmt::Result {
        self.0.finish()
    }
}

impl VisitFmt for Selecting<'_> {
    fn writer(&mut self) -> &mut dyn fmt::Write {
        self.0.writer()
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::json_lines::testing::Captured;

    #[test]
    fn what_is_for_traces_alone_is_not_shown() {
        let captured = Captured::default();
        let writer = captured.clone();
        let layer = layer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!(
                "job",
                otel.kind = "consumer",
                otel.name = %format_args!("job {}", "create_intent"),
                kind = "create_intent",
                otel.status_code = tracing::field::Empty,
                intent = tracing::field::Empty,
            );
            span.record("otel.status_code", "error");
            span.record("intent", "pi_1");
            span.in_scope(|| tracing::warn!(attempt = 2, error = %"no route", "call failed"));
        });
        let text = captured.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        for shown in [
            "job",
            "create_intent",
            "pi_1",
            "attempt",
            "no route",
            "call failed",
        ] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert!(!text.contains("otel") && !text.contains("consumer"), "{text}");
    }
}
