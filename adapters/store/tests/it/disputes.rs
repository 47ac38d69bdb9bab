//! Disputes in and out of their table.

use domain::{channel::ChannelDisputeStatus, dispute::DisputeStatus};
use store::Verdict;

use crate::support::world;

#[tokio::test]
async fn a_dispute_is_stored_with_its_payment_and_never_older_than_it_was() {
    let world = world().await;
    let payment = world.paid("k").await;
    let opened = world.dispute_record(None, &payment, ChannelDisputeStatus::Open);
    let dispute = opened.dispute.clone().unwrap();
    assert_eq!(world.write(opened.clone()).await, Verdict::Written);
    assert_eq!(
        world.store.dispute(dispute.id).await.unwrap(),
        Some(dispute.clone())
    );
    assert_eq!(world.write(opened).await, Verdict::Stale);

    let payment = world.store.payment(payment.id).await.unwrap().unwrap();
    assert_eq!((payment.disputed_minor, payment.refundable_minor()), (500, 1499));
    let won = world.dispute_record(Some(dispute.clone()), &payment, ChannelDisputeStatus::Won);
    let lost = world.dispute_record(Some(dispute.clone()), &payment, ChannelDisputeStatus::Lost);
    assert_eq!(world.write(won).await, Verdict::Written);
    assert_eq!(world.write(lost).await, Verdict::Stale);
    let stored = world.store.dispute(dispute.id).await.unwrap().unwrap();
    assert_eq!(stored.status, DisputeStatus::Won);
    let report = world.store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
}
