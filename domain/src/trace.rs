//! W3C Trace Context (`traceparent`), carried from the API call through every message so that one payment reads as
//! one trace however many processes and retries it passes.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// A position in a distributed trace, in the format of <https://www.w3.org/TR/trace-context/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

/// The header is not a version-00 `traceparent`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a W3C traceparent: expected 00-<32 hex>-<16 hex>-<2 hex>")]
pub struct NotATraceParent;

impl TraceParent {
    /// Starts a new trace.
    pub fn root() -> Self {
        Self {
            trace_id: Uuid::new_v4().as_u128(),
            span_id: random_span_id(),
            sampled: true,
        }
    }

    /// A new span in the same trace.
    fn child(&self) -> Self {
        Self {
            span_id: random_span_id(),
            ..*self
        }
    }

    /// The trace a caller sent us, or a new one when it sent none that can be read.
    pub fn continue_or_root(header: Option<&str>) -> Self {
        header
            .and_then(|text| text.parse::<Self>().ok())
            .map_or_else(Self::root, |parent| parent.child())
    }

    /// Whether both are positions in one trace.
    pub const fn is_in_trace_of(&self, other: &Self) -> bool {
        self.trace_id == other.trace_id
    }

    /// The trace id as 32 hex digits, as logs and tracing tools print it.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

fn random_span_id() -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    (high ^ low).max(1)
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id,
            self.span_id,
            u8::from(self.sampled)
        )
    }
}

impl FromStr for TraceParent {
    type Err = NotATraceParent;

    fn from_str(text: &str) -> Result<Self, NotATraceParent> {
        // Letters are small by the standard; a sign is none of it either, though numbers may have one.
        let is_allowed = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
        let mut parts = text.split('-');
        let parts: [Option<&str>; 5] = std::array::from_fn(|_| parts.next());
        let [Some(version), Some(trace), Some(span), Some(flags), None] = parts else {
            return Err(NotATraceParent);
        };
        if !text.bytes().all(is_allowed) {
            return Err(NotATraceParent);
        }
        if version != "00" || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
            return Err(NotATraceParent);
        }
        let trace_id = u128::from_str_radix(trace, 16).map_err(|_| NotATraceParent)?;
        let span_id = u64::from_str_radix(span, 16).map_err(|_| NotATraceParent)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| NotATraceParent)?;
        if trace_id == 0 || span_id == 0 {
            return Err(NotATraceParent);
        }
        Ok(Self {
            trace_id,
            span_id,
            sampled: flags & 1 == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_header() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), text);
    }

    #[test]
    fn a_child_stays_in_its_trace() {
        let root = TraceParent::root();
        let child = root.child();
        assert_eq!(root.trace_id(), child.trace_id());
        assert_ne!(root.to_string(), child.to_string());
    }

    #[test]
    fn junk_starts_a_new_trace() {
        for junk in [
            "",
            "00-0-0-0",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "zz",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-+0f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(junk.parse::<TraceParent>(), Err(NotATraceParent), "{junk}");
        }
        assert_eq!(TraceParent::continue_or_root(Some("junk")).trace_id().len(), 32);
    }
}
