//! The lanes of a plan: for each part that can break, which faults there are, how often they come and how long they last.

use std::{ops::RangeInclusive, time::Duration};

use super::{CallbackDial, Damage, Fault, Member, Peer, Planned, Server};
use crate::seed::{Deck, Dice};

/// Nothing breaks before everything has worked for a moment.
const LEAD: Duration = Duration::from_secs(2);

/// The calls that workers make: what they are for, and their routes as the sandbox's dials name them. A fault strikes the
/// call at all providers, so that none of them gets its turn less often than another. An account of a user is opened like an
/// intent, and money is sent to it as it is given back.
const CALLS: [(&str, &[&str]); 5] = [
    (
        "opening",
        &[
            "POST /v1/payment_intents",
            "POST /v1/accounts",
            "POST /alipay/gateway.do#alipay.trade.precreate",
            "POST /v3/pay/transactions/native",
            "POST /paypal/v2/checkout/orders",
        ],
    ),
    (
        "asking",
        &[
            "GET /v1/*",
            "POST /alipay/gateway.do#alipay.trade.query",
            "POST /alipay/gateway.do#alipay.trade.fastpay.refund.query",
            "GET /v3/*",
            "GET /paypal/*",
            "POST /paypal/v1/oauth2/token",
        ],
    ),
    (
        "refunding",
        &[
            "POST /v1/refunds",
            "POST /v1/transfers",
            "POST /alipay/gateway.do#alipay.trade.refund",
            "POST /v3/refund/domestic/refunds",
            "POST /paypal/v2/payments/captures/{id}/refund",
        ],
    ),
    (
        "canceling",
        &[
            "POST /v1/payment_intents/{id}/cancel",
            "POST /alipay/gateway.do#alipay.trade.close",
            "POST /v3/pay/transactions/out-trade-no/{id}/close",
        ],
    ),
    (
        "confirming",
        &[
            "POST /v1/payment_intents/{id}/confirm",
            "POST /paypal/v2/checkout/orders/{id}/capture",
        ],
    ),
];

/// The sandbox's names for what a provider can do to a call.
const MISDEEDS: [&str; 9] = [
    "error",
    "error_after",
    "slow",
    "hang_before",
    "hang_after",
    "reset_before",
    "reset_after",
    "malformed",
    "rate_limit",
];

/// How a lane runs.
struct Lane {
    /// What its dice are for.
    purpose: &'static str,
    /// Between the end of a fault and the next one, in milliseconds.
    pause_ms: RangeInclusive<u64>,
    /// How long a fault lasts, in milliseconds.
    lasts_ms: RangeInclusive<u64>,
    /// The faults that it deals.
    faults: Vec<Fault>,
}

/// The faults of all lanes.
pub(super) fn all(seed: u64, time: Duration, merchants: usize) -> Vec<Planned> {
    let lanes = lanes(merchants);
    lanes.into_iter().flat_map(|lane| lane.run(seed, time)).collect()
}

/// Every kind of fault that the lanes deal.
#[cfg(test)]
pub(super) fn classes() -> std::collections::BTreeSet<String> {
    let lanes = lanes(1).into_iter();
    lanes
        .flat_map(|lane| lane.faults)
        .map(|fault| fault.class())
        .collect()
}

fn lanes(merchants: usize) -> Vec<Lane> {
    vec![
        Lane {
            purpose: "processes",
            pause_ms: 3_000..=7_000,
            lasts_ms: 0..=0,
            faults: Member::ALL.map(Fault::Kill).to_vec(),
        },
        Lane {
            purpose: "servers",
            pause_ms: 4_000..=9_000,
            lasts_ms: 200..=3_000,
            faults: vec![
                Fault::Crash(Server::Postgres),
                Fault::Crash(Server::RabbitMq),
                Fault::MemoryAlarm,
            ],
        },
        Lane {
            purpose: "wires",
            pause_ms: 1_000..=4_000,
            lasts_ms: 300..=4_000,
            faults: wires(),
        },
        Lane {
            purpose: "provider",
            pause_ms: 500..=3_000,
            lasts_ms: 500..=3_000,
            faults: misdeeds(),
        },
        Lane {
            purpose: "callbacks",
            pause_ms: 1_000..=5_000,
            lasts_ms: 1_000..=5_000,
            faults: vec![
                Fault::Callbacks(CallbackDial::Duplicate(0)),
                Fault::Callbacks(CallbackDial::Delayed(0)),
                Fault::Callbacks(CallbackDial::Reordered(0)),
                Fault::Callbacks(CallbackDial::BeforeAnswer),
            ],
        },
        Lane {
            purpose: "endpoints",
            // A notification that was refused comes again at once and then three seconds later; the merchant must not
            // refuse it a third time, as the try after that comes only after the run.
            pause_ms: 4_000..=8_000,
            lasts_ms: 0..=0,
            faults: (0..merchants)
                .flat_map(|merchant| (1..=2).map(move |times| Fault::Endpoint { merchant, times }))
                .collect(),
        },
    ]
}

impl Lane {
    /// Deals faults until the time is too short for the next one to end in time. What it leaves behind may come after: the
    /// run waits for it, and the recovery from it is measured.
    fn run(self, seed: u64, time: Duration) -> Vec<Planned> {
        let mut deck = Deck::new(self.faults, Dice::new(seed, self.purpose));
        let mut planned = Vec::new();
        let mut at = LEAD;
        loop {
            at += deck.dice().duration_ms(self.pause_ms.clone());
            let fault = varied(deck.deal(), deck.dice());
            let lasts = deck.dice().duration_ms(self.lasts_ms.clone());
            if at + lasts > time {
                return planned;
            }
            planned.push(Planned { at, lasts, fault });
            at += lasts + fault.aftermath();
        }
    }
}

/// Every damage on the wires to every peer: to one process's wire, and to all at once. Whose wire it is and other
/// particulars are drawn when the fault is dealt ([`varied`]).
fn wires() -> Vec<Fault> {
    let slow = Damage::Slow(Duration::ZERO);
    let damages = [Damage::Cut, Damage::Stalled, slow, Damage::AnswersLost];
    let one_or_all = [Some(Member::Workers(1)), None];
    let mut faults = Vec::new();
    for to in Peer::ALL {
        for damage in damages {
            faults.extend(one_or_all.map(|of| Fault::Wire { to, of, damage }));
        }
    }
    faults
}

fn misdeeds() -> Vec<Fault> {
    let struck = |how, (call, routes)| Fault::Provider {
        call,
        routes,
        how,
        times: 1,
        delay_ms: 0,
    };
    let on_all_calls = |how| CALLS.map(|call| struck(how, call));
    MISDEEDS.into_iter().flat_map(on_all_calls).collect()
}

/// The fault with its particulars.
fn varied(fault: Fault, dice: &mut Dice) -> Fault {
    match fault {
        Fault::Wire { to, of, damage } => {
            let with_wire = Member::ALL
                .into_iter()
                .filter(|member| member.peers().contains(&to));
            let with_wire: Vec<_> = with_wire.collect();
            let damage = match damage {
                Damage::Slow(_) => Damage::Slow(dice.duration_ms(10..=60)),
                Damage::Cut | Damage::Stalled | Damage::AnswersLost => damage,
            };
            let of = of.map(|_| with_wire[dice.place(with_wire.len())]);
            Fault::Wire { to, of, damage }
        }
        Fault::Provider {
            call, routes, how, ..
        } => Fault::Provider {
            call,
            routes,
            how,
            times: dice.number(1..=6),
            // Slow calls must have ended by the time at which they count as ended.
            delay_ms: if how == "slow" { dice.number(50..=200) } else { 0 },
        },
        Fault::Callbacks(dial) => Fault::Callbacks(match dial {
            CallbackDial::Duplicate(_) => CallbackDial::Duplicate(dice.number(2..=4)),
            CallbackDial::Delayed(_) => CallbackDial::Delayed(dice.number(100..=1_500)),
            CallbackDial::Reordered(_) => CallbackDial::Reordered(dice.number(200..=1_000)),
            CallbackDial::BeforeAnswer => dial,
        }),
        Fault::Kill(_) | Fault::Crash(_) | Fault::MemoryAlarm | Fault::Endpoint { .. } => fault,
    }
}
