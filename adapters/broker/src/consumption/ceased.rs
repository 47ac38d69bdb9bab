//! Why deliveries ceased: whether a message may be to blame.

use std::io;

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
};

/// Why deliveries ceased.
pub(super) enum Ceased {
    /// The broker or the wire to it failed.
    Lost,
    /// The library gave up, maybe over a message.
    GivenUp,
    /// Nothing is to be taken for a while.
    Paused,
    /// Nothing more is to be taken.
    Stopped,
    /// The worker is gone.
    Ended,
}

impl Ceased {
    pub(super) fn over(error: &lapin::Error) -> Self {
        if is_outside(error) {
            Self::Lost
        } else {
            Self::GivenUp
        }
    }
}

/// Whether the broker or the wire failed, not the library. What is not known for certain is not taken for it.
fn is_outside(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::IOError(error) => error.kind() != io::ErrorKind::Other,
        ErrorKind::MissingHeartbeatError => true,
        ErrorKind::ProtocolError(error) => matches!(
            error.kind(),
            AMQPErrorKind::Soft(_)
                | AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED | AMQPHardError::INTERNALERROR)
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, TimedOut};

    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    fn said_by_the_broker(kind: impl Into<AMQPErrorKind>) -> lapin::Error {
        ErrorKind::ProtocolError(AMQPError::new(kind.into(), "said so".into())).into()
    }

    #[test]
    fn a_broker_that_went_away_calls_for_no_caution() {
        let outside: [lapin::Error; 7] = [
            io::Error::from(ConnectionReset).into(),
            io::Error::from(ConnectionAborted).into(),
            io::Error::from(TimedOut).into(),
            ErrorKind::MissingHeartbeatError.into(),
            said_by_the_broker(AMQPHardError::CONNECTIONFORCED),
            said_by_the_broker(AMQPHardError::INTERNALERROR),
            said_by_the_broker(AMQPSoftError::NOTFOUND),
        ];
        for error in outside {
            assert!(is_outside(&error), "{error}");
        }
    }

    #[test]
    fn a_library_that_gave_up_calls_for_caution() {
        let inside: [lapin::Error; 4] = [
            io::Error::other("cannot go on").into(),
            said_by_the_broker(AMQPHardError::UNEXPECTEDFRAME),
            said_by_the_broker(AMQPHardError::FRAMEERROR),
            ErrorKind::FutureCompleted.into(),
        ];
        for error in inside {
            assert!(!is_outside(&error), "{error}");
        }
    }
}
