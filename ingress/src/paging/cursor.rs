//! Where the next page starts, as a token that clients hand back and need not understand.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, Utc};
use uuid::Uuid;

use super::{Place, Position};

const TIME_BYTES: usize = 8;
const TOKEN_BYTES: usize = TIME_BYTES + 16;

impl Position for Place {
    fn token(&self) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        let (time, id) = bytes.split_at_mut(TIME_BYTES);
        time.copy_from_slice(&self.created_at.timestamp_micros().to_be_bytes());
        id.copy_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn of_token(token: &str) -> Option<Self> {
        let bytes: [u8; TOKEN_BYTES] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (time, id) = bytes.split_first_chunk::<TIME_BYTES>()?;
        let created_at = DateTime::from_timestamp_micros(i64::from_be_bytes(*time)).filter(is_storable)?;
        Some(Self {
            created_at,
            id: Uuid::from_slice(id).ok()?,
        })
    }
}

/// The number of a line in a list whose lines are counted.
impl Position for i64 {
    fn token(&self) -> String {
        self.to_string()
    }

    fn of_token(token: &str) -> Option<Self> {
        token.parse().ok().filter(|number| *number > 0)
    }
}

/// PostgreSQL's calendar is shorter than the one of the machine, and a made-up token must not become an error there.
fn is_storable(time: &DateTime<Utc>) -> bool {
    (1970..10_000).contains(&time.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place() {
        let created_at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let place = Place {
            created_at,
            id: Uuid::from_u128(7),
        };
        assert_eq!(Place::of_token(&place.token()), Some(place));
        assert_eq!(i64::of_token(&7_i64.token()), Some(7));
    }

    #[test]
    fn what_is_no_token_of_ours_is_refused() {
        let far_away = URL_SAFE_NO_PAD.encode([0x7f; TOKEN_BYTES]);
        for bad in ["", "x", "-1", "0", "!!!", "AAAA", &"A".repeat(33), &far_away] {
            assert_eq!(Place::of_token(bad), None, "{bad}");
            assert_eq!(i64::of_token(bad), None, "{bad}");
        }
    }
}
