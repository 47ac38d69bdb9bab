//! What came of wishes is kept once under their keys.

use domain::{
    id::IdempotencyKey,
    payment::{ActionKind, ActionOutcome, ActionRequest, Payment, PaymentAction},
};
use store::{Record, Verdict};

use crate::support::{World, at, seen, world};

fn refused(world: &World, payment: &Payment, key: &str) -> PaymentAction {
    let request = ActionRequest::Cancel {
        reason: Some("out of stock".into()),
        operator: None,
    };
    PaymentAction {
        merchant_id: world.merchant_id,
        payment_id: payment.id,
        idempotency_key: IdempotencyKey::try_from(key.to_owned()).unwrap(),
        fingerprint: request.fingerprint(payment.id),
        request,
        outcome: ActionOutcome::Refused {
            code: "payment_already_paid".into(),
            message: "It is paid.".into(),
        },
        at: at(9),
    }
}

#[tokio::test]
async fn a_wish_comes_back_as_it_was_written_and_is_kept_once() {
    let world = world().await;
    let payment = world.stored("k").await;
    let action = refused(&world, &payment, "wish");
    let record = Record {
        action: Some(action.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(record.clone()).await, Verdict::Written);
    assert_eq!(world.write(record).await, Verdict::Duplicate);
    let (merchant_id, key) = (world.merchant_id, &action.idempotency_key);
    let stored = world
        .store
        .action(merchant_id, ActionKind::Cancel, key)
        .await
        .unwrap();
    assert_eq!(stored, Some(action.clone()));
    // A key is a name among wishes of one kind.
    let other = world
        .store
        .action(merchant_id, ActionKind::Confirm, key)
        .await
        .unwrap();
    assert_eq!(other, None);
}

/// The wish is kept already: the change that came with it must not be made again.
#[tokio::test]
async fn a_repeated_wish_takes_the_rest_of_its_record_back() {
    let world = world().await;
    let payment = world.stored("k").await;
    let record = |payment: Option<Payment>| Record {
        action: Some(refused(&world, &world.payment("k"), "wish")),
        payment,
        ..Record::default()
    };
    assert_eq!(world.write(record(None)).await, Verdict::Written);
    let changed = seen(payment.clone(), domain::channel::IntentStatus::Processing).payment;
    assert_eq!(world.write(record(Some(changed))).await, Verdict::Duplicate);
    assert_eq!(world.store.payment(payment.id).await.unwrap(), Some(payment));
}
