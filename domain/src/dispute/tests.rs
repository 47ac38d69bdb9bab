use proptest::prelude::*;

use super::*;
use crate::{
    channel::ChannelDispute,
    examples::{INTENT_ID, Sums, balances, paid, usd},
    notification::Notification,
};

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const PAID: i64 = 1999;

fn shown(amount_minor: i64, status: ChannelDisputeStatus) -> ChannelDispute {
    ChannelDispute {
        id: "du_1".into(),
        intent_id: INTENT_ID.into(),
        money: usd(amount_minor),
        reason: "fraudulent".into(),
        status,
    }
}

/// A dispute and its payment after some news, and all that followed from them.
struct Story {
    dispute: Option<Dispute>,
    payment: Payment,
    transfers: Vec<Transfer>,
    told: Vec<NotificationType>,
}

impl Story {
    fn begin() -> Self {
        Self {
            dispute: None,
            payment: paid(usd(PAID)),
            transfers: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Hears news, and whether they changed something.
    fn hear(&mut self, seen: ChannelDispute) -> Result<bool, DisputeTransitionError> {
        let applied = Dispute::see(self.dispute.clone(), self.payment.clone(), seen, NOW)?;
        for effect in applied.effects {
            match effect {
                Effect::Post(transfer) => self.transfers.push(transfer),
                Effect::Notify(told) => self.told.push(told),
                Effect::Capture | Effect::PaidLate => panic!("a dispute pays nothing"),
            }
        }
        (self.dispute, self.payment) = (Some(applied.dispute), applied.payment);
        Ok(applied.changed)
    }

    fn status(&self) -> Option<DisputeStatus> {
        self.dispute.as_ref().map(|dispute| dispute.status)
    }
}

/// What a dispute leaves in the books, told independently of the code under test.
fn books(status: DisputeStatus, amount_minor: i64) -> (i64, Sums) {
    let gone = |to| {
        Sums::from([
            (("merchant_balance", "posted", "USD"), -amount_minor),
            ((to, "posted", "USD"), amount_minor),
        ])
    };
    match status {
        DisputeStatus::Open => (amount_minor, gone("disputes")),
        DisputeStatus::Won => (0, Sums::new()),
        DisputeStatus::Lost => (amount_minor, gone("provider_clearing")),
    }
}

#[test]
fn a_disputed_amount_cannot_be_refunded_until_it_is_won() {
    let mut story = Story::begin();
    assert_eq!(story.hear(shown(500, ChannelDisputeStatus::Open)), Ok(true));
    assert_eq!(story.payment.refundable_minor(), PAID - 500);
    assert_eq!(story.hear(shown(500, ChannelDisputeStatus::Won)), Ok(true));
    assert_eq!(story.payment.refundable_minor(), PAID);
    let told = [NotificationType::DisputeOpened, NotificationType::DisputeWon];
    assert_eq!(story.told, told);
}

#[test]
fn what_contradicts_the_dispute_is_refused() {
    let mut story = Story::begin();
    story.hear(shown(500, ChannelDisputeStatus::Won)).unwrap();
    let euros = ChannelDispute {
        money: Money {
            amount_minor: 500,
            currency: Currency::EUR,
        },
        ..shown(500, ChannelDisputeStatus::Won)
    };
    assert!(matches!(
        story.hear(shown(501, ChannelDisputeStatus::Won)),
        Err(DisputeTransitionError::OtherMoney { .. })
    ));
    assert!(matches!(
        Story::begin().hear(euros),
        Err(DisputeTransitionError::OtherCurrency { .. })
    ));
    let reversed = DisputeTransitionError::OtherDecision {
        decided: DisputeStatus::Won,
        seen: DisputeStatus::Lost,
    };
    assert_eq!(story.hear(shown(500, ChannelDisputeStatus::Lost)), Err(reversed));
    assert_eq!(story.status(), Some(DisputeStatus::Won));
}

proptest! {
    #[test]
    fn the_order_and_number_of_deliveries_do_not_matter(
        amount_minor in 1..=PAID,
        decision in prop::sample::select(vec![ChannelDisputeStatus::Won, ChannelDisputeStatus::Lost]),
        decided in prop::collection::vec(any::<bool>(), 1..8),
    ) {
        let mut story = Story::begin();
        for is_decision in &decided {
            let status = if *is_decision { decision } else { ChannelDisputeStatus::Open };
            story.hear(shown(amount_minor, status)).unwrap();
            let (disputed, sums) = books(story.status().unwrap(), amount_minor);
            prop_assert_eq!(story.payment.disputed_minor, disputed);
            prop_assert_eq!(balances(&story.transfers), sums);
        }
        let end = if decided.contains(&true) { decision } else { ChannelDisputeStatus::Open };
        prop_assert_eq!(story.status(), Some(end.into()));
        let expected = 1 + usize::from(decided.contains(&true));
        prop_assert_eq!((story.told.len(), story.transfers.len()), (expected, expected));
    }
}

/// Of both notifications, each says what it announces.
#[test]
fn a_decision_that_comes_first_is_told_after_an_opening() {
    let mut story = Story::begin();
    story.hear(shown(PAID, ChannelDisputeStatus::Won)).unwrap();
    let dispute = story.dispute.unwrap();
    let said = story.told.iter().map(|told| {
        let notification = Notification::about_dispute(&dispute, *told, NOW);
        let payload: serde_json::Value = serde_json::from_str(&notification.payload).unwrap();
        (
            told.name(),
            payload["data"]["status"].as_str().unwrap().to_owned(),
        )
    });
    let expected = [("dispute.opened", "open"), ("dispute.won", "won")];
    assert!(said.eq(expected.map(|(told, status)| (told, status.to_owned()))));
}
