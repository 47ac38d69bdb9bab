//! Log lines as flat JSON objects: what happened, and the fields of every span around it, side by side.
//!
//! A log search asks for `payment_id`, not for "the third element of spans". So the fields of all open spans
//! and of the event become members of one object; where a name occurs twice, the innermost wins. The names of
//! the line itself (`timestamp`, `level`, `service`, `target`, `message`) cannot be overwritten by a field.

use std::{fmt, io::Write};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::{
        MakeWriter,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::Context,
    registry::LookupSpan,
};

use crate::traces;

const RESERVED: [&str; 4] = ["timestamp", "level", "service", "target"];

/// Writes each event as one line.
pub(crate) struct JsonLines<W> {
    service: &'static str,
    writer: W,
}

impl<W> JsonLines<W> {
    pub(crate) const fn new(service: &'static str, writer: W) -> Self {
        Self { service, writer }
    }
}

/// The fields of one span, kept with it until it closes.
struct SpanFields(Map<String, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Collect(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Collect(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Map::new();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(SpanFields(of_span)) = span.extensions().get() {
                fields.extend(of_span.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        // A span's field called `message` must not pass for what the event says.
        fields.remove("message");
        event.record(&mut Collect(&mut fields));
        let line = self.line(event, fields);
        // Where the log cannot be written there is nowhere left to say so.
        let _unwritable = self
            .writer
            .make_writer_for(event.metadata())
            .write_all(line.as_bytes());
    }
}

impl<W> JsonLines<W> {
    fn line(&self, event: &Event<'_>, mut fields: Map<String, Value>) -> String {
        let mut timestamp = String::new();
        let _infallible = SystemTime.format_time(&mut Writer::new(&mut timestamp));
        let message = fields.remove("message").unwrap_or_else(|| Value::from(""));
        let metadata = event.metadata();
        let head = [
            ("timestamp", Value::from(timestamp)),
            ("level", Value::from(metadata.level().as_str())),
            ("service", Value::from(self.service)),
            ("target", Value::from(metadata.target())),
            ("message", message),
        ];
        let mut line = String::from("{");
        let rest = fields
            .iter()
            .filter(|(name, _)| !RESERVED.contains(&name.as_str()));
        let members = head
            .iter()
            .map(|(name, value)| (*name, value))
            .chain(rest.map(|(n, v)| (n.as_str(), v)));
        for (index, (name, value)) in members.enumerate() {
            let separator = if index == 0 { "" } else { "," };
            line.push_str(&format!("{separator}{}:{value}", Value::from(name)));
        }
        line.push_str("}\n");
        line
    }
}

/// Puts fields into a map as the JSON type closest to their own.
struct Collect<'a>(&'a mut Map<String, Value>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        if !traces::is_field_of_traces(field) {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }
}

impl Visit for Collect<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Checked here, too, so that nothing is written out for nobody.
        if !traces::is_field_of_traces(field) {
            self.put(field, format!("{value:?}"));
        }
    }
}

/// Where tests find what was logged.
#[cfg(test)]
pub(crate) mod testing {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::{testing::Captured, *};

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let captured = Captured::default();
        let writer = captured.clone();
        let layer = JsonLines::new("tester", move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let text = captured.text();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn an_event_carries_the_fields_of_the_spans_around_it() {
        let lines = lines(|| {
            let outer = tracing::info_span!(
                "job",
                job_id = "job_1",
                attempt = 2,
                intent = tracing::field::Empty,
                // Of traces alone.
                otel.kind = "consumer",
                otel.name = %"job create_intent",
            );
            let _in_job = outer.enter();
            outer.record("intent", "pi_1");
            let inner = tracing::info_span!("call", attempt = 3, message = "not this");
            let _in_call = inner.enter();
            tracing::warn!(target: "sluice::jobs", paid = true, error = %"no \"route\"", "call failed");
        });
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        let mut line = line.as_object().unwrap().clone();
        let timestamp = line.remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().ends_with('Z'), "{timestamp}");
        let expected = serde_json::json!({
            "level": "WARN", "service": "tester", "target": "sluice::jobs", "message": "call failed",
            "job_id": "job_1", "attempt": 3, "intent": "pi_1", "paid": true, "error": "no \"route\"",
        });
        assert_eq!(Value::from(line), expected);
    }

    #[test]
    fn a_field_cannot_pose_as_the_line_itself() {
        let lines = lines(|| tracing::info!(level = "forged", service = "forged", "line\nbreak"));
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["service"], "tester");
        assert_eq!(lines[0]["message"], "line\nbreak");
    }
}
