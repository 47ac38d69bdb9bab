//! One list of cases that every channel passes against the double of its provider.
//!
//! [`cases!`] is the list. A channel's file holds its [`Bench`](bench::Bench) and one line that makes a test of every case,
//! `conformance::<channel>::<case>`. What does not apply at a provider stands in `EXEMPT` with the reason: such a test says
//! so and ends, and `docs/channels.md` has to say the same. Nothing is left out otherwise.

mod acts;
mod alipay;
pub mod bench;
mod cases;
mod paypal;
mod stripe;
mod stripe_connected;
pub mod wechat;

use bench::Bench;
use cases::CASES;

/// Makes a test of every case for a bench.
macro_rules! suite {
    ($bench:ty; $($area:ident::$case:ident,)+) => {
        $(
            #[tokio::test]
            async fn $case() {
                if $crate::conformance::applies::<$bench>(stringify!($case)) {
                    $crate::conformance::cases::$area::$case::<$bench>().await;
                }
            }
        )+

        #[test]
        fn what_is_exempt_is_a_case_and_the_documentation_says_why() {
            $crate::conformance::exemptions_are_documented::<$bench>();
        }
    };
}

pub(crate) use suite;

/// Whether a case applies at a bench. One that does not says why.
fn applies<B: Bench>(case: &str) -> bool {
    let exempt = B::EXEMPT.iter().find(|(name, _)| *name == case);
    if let Some((_, reason)) = exempt {
        println!("does not apply to {}: {reason}", B::CHANNEL);
    }
    exempt.is_none()
}

const DOCUMENTATION: &str = include_str!("../../../../../docs/channels.md");

fn exemptions_are_documented<B: Bench>() {
    for (case, reason) in B::EXEMPT {
        assert!(CASES.contains(case), "{case} is exempt and is no case");
        let row = format!("| {} | `{case}` | {reason} |", B::CHANNEL);
        assert!(DOCUMENTATION.contains(&row), "docs/channels.md lacks {row}");
    }
    let documented = DOCUMENTATION
        .lines()
        .skip_while(|line| *line != "## Cases that do not apply")
        .take_while(|line| *line != "## Capabilities")
        .filter(|line| line.starts_with(&format!("| {} | `", B::CHANNEL)))
        .count();
    assert_eq!(
        documented,
        B::EXEMPT.len(),
        "docs/channels.md lists what is not exempt"
    );
}

#[test]
fn every_case_stands_in_the_documentation() {
    for case in CASES {
        assert!(
            DOCUMENTATION.contains(&format!("`{case}`")),
            "docs/channels.md lacks {case}"
        );
    }
}
