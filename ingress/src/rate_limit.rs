//! How often one merchant may ask, so that a flood from one leaves the others what they need.
//!
//! Each merchant has a token bucket, and all its users together have another: a burst at once, and then so many a second. A bucket is kept as one moment, that at which
//! it is full again (the generic cell rate algorithm), so that counting a request is one look into a table. Only who has
//! proven to be a merchant, or a user of one, has a bucket, and one that is full again is forgotten: the table is as large as
//! the number of merchants that ask at the time. Every process counts for itself.
//!
//! Callbacks of providers are not counted: what was forged is refused by its signature and becomes no job, and it must take
//! nothing away from the merchant whose address it was sent to.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::id::MerchantId;
use tokio::time::Instant;

use crate::{
    auth::Caller,
    problem::{Problem, ProblemKind},
};

/// Unless it is set, the burst is what may be asked for in so many seconds: ten.
const BURST_S: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// Below so many buckets it is not worth looking for full ones.
const FEW: usize = 1024;

/// How often one merchant may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many requests a second, on and on.
    pub per_s: NonZeroU32,
    /// How many at once, after a while without any.
    pub burst: NonZeroU32,
}

impl Rate {
    /// So many requests a second, and at once as many as in ten seconds.
    pub const fn per_s(per_s: NonZeroU32) -> Self {
        Self {
            per_s,
            burst: per_s.saturating_mul(BURST_S),
        }
    }

    /// How long a bucket needs for one request more.
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_s.get()
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// Those that a merchant's own systems make.
    Merchant(MerchantId),
    /// Those of all its users.
    UsersOf(MerchantId),
}

/// Holds each merchant to a rate, or nobody to any.
pub(crate) struct RateLimit {
    /// What is counted, for the metrics.
    what: &'static str,
    rate: Option<Rate>,
    buckets: Mutex<Buckets>,
}

/// When each bucket is full again.
struct Buckets {
    full_at: HashMap<Counted, Instant>,
    /// Beyond so many, full ones are looked for.
    enough: usize,
}

impl RateLimit {
    pub(crate) fn new(what: &'static str, rate: Option<Rate>) -> Self {
        Self {
            what,
            rate,
            buckets: Mutex::new(Buckets {
                full_at: HashMap::new(),
                enough: FEW,
            }),
        }
    }

    /// Counts a request of this caller. Administrators are not counted: what they do for a merchant takes nothing from it,
    /// and can be done while it floods.
    ///
    /// # Errors
    /// Its merchant has asked too often. The problem says when it may again.
    pub(crate) fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(counted) = caller.counts_for() else {
            return Ok(());
        };
        self.take(counted, Instant::now()).map_err(|wait| {
            metrics::counter!("sluice_requests_limited_total", "what" => self.what).increment(1);
            let detail = "You ask more often than one merchant may. Nothing of this request was accepted: send it again, \
                          under the same Idempotency-Key if it has one, after as many seconds as Retry-After says, and \
                          spread your requests over time.";
            Problem::new(ProblemKind::TooManyRequests, detail).retry_after(wait)
        })
    }

    /// Takes one out of the bucket, or says how long it takes until there is one again.
    fn take(&self, counted: Counted, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let (interval, room) = (rate.interval(), rate.interval() * rate.burst.get());
        let mut buckets = self.lock();
        let full_at = buckets.full_at.entry(counted).or_insert(now);
        let missing = full_at.saturating_duration_since(now) + interval;
        if missing > room {
            return Err(missing - room);
        }
        *full_at = now + missing;
        buckets.forget_full(now);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buckets {
    /// A full bucket is like one that never was. They are looked for each time their number has doubled, so that all of the
    /// looking together costs each new one little.
    fn forget_full(&mut self, now: Instant) {
        if self.full_at.len() > self.enough {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.enough = (self.full_at.len() * 2).max(FEW);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn limit(per_s: u32, burst: u32) -> RateLimit {
        let rate = NonZeroU32::new(per_s)
            .zip(NonZeroU32::new(burst))
            .map(|(per_s, burst)| Rate { per_s, burst });
        RateLimit::new("requests", rate)
    }

    /// How many of so many requests at one moment are taken.
    fn taken(limit: &RateLimit, merchant: MerchantId, now: Instant, asked: usize) -> usize {
        (0..asked)
            .filter(|_| limit.take(Counted::Merchant(merchant), now).is_ok())
            .count()
    }

    #[test]
    fn a_burst_is_taken_and_then_the_rate_and_no_more() {
        let (limit, shop, start) = (limit(10, 5), MerchantId::random(), Instant::now());
        assert_eq!(taken(&limit, shop, start, 8), 5);
        assert_eq!(
            limit.take(Counted::Merchant(shop), start),
            Err(100 * MS),
            "one each tenth of a second"
        );
        assert_eq!(limit.take(Counted::Merchant(shop), start + 99 * MS), Err(MS));
        assert_eq!(taken(&limit, shop, start + 100 * MS, 8), 1);
        assert_eq!(taken(&limit, shop, start + 400 * MS, 8), 3);
        let all: usize = (5..=1_000)
            .map(|tenth| taken(&limit, shop, start + 100 * tenth * MS, 2))
            .sum();
        assert_eq!(all, 996, "who asks on and on has the rate");
        assert_eq!(
            taken(&limit, shop, start + 1_000_000 * MS, 8),
            5,
            "no more is saved up"
        );
    }

    #[test]
    fn who_comes_back_when_told_is_taken_whatever_the_rate() {
        for (per_s, burst) in [(1, 1), (3, 7), (100, 1_000), (u32::MAX, 1), (7, u32::MAX)] {
            let (limit, shop, start) = (limit(per_s, burst), MerchantId::random(), Instant::now());
            taken(&limit, shop, start, 2_000);
            if let Err(wait) = limit.take(Counted::Merchant(shop), start) {
                assert!(
                    limit.take(Counted::Merchant(shop), start + wait).is_ok(),
                    "{per_s} {burst}"
                );
            }
        }
    }

    #[test]
    fn one_merchants_flood_takes_nothing_from_another() {
        let (limit, start) = (limit(10, 5), Instant::now());
        let (flooding, other) = (MerchantId::random(), MerchantId::random());
        assert_eq!(taken(&limit, flooding, start, 1_000), 5);
        assert_eq!(taken(&limit, other, start, 5), 5);
    }

    #[test]
    fn without_a_rate_nobody_is_held_or_remembered() {
        let (limit, start) = (RateLimit::new("requests", None), Instant::now());
        assert_eq!(taken(&limit, MerchantId::random(), start, 10_000), 10_000);
        assert!(limit.lock().full_at.is_empty());
    }

    #[test]
    fn who_asks_no_more_is_forgotten_and_who_floods_is_not() {
        let (limit, start) = (limit(10, 5), Instant::now());
        let flooding = MerchantId::random();
        for number in 0..20 * FEW {
            // One after the other, each one only once; a hundred of them in the time that a bucket needs to be full again.
            let now = start + number as u32 * MS;
            limit.take(Counted::Merchant(MerchantId::random()), now).unwrap();
            taken(&limit, flooding, now, 2);
            assert!(limit.lock().full_at.len() <= FEW + 1);
        }
        let end = start + 20 * FEW as u32 * MS;
        assert!(taken(&limit, flooding, end, 2) < 2);
    }
}
