//! Taking callbacks about payments in.

use super::*;

/// A callback about the payment of this name, which stands as `events` have left it.
async fn callback(
    twice: &Twice,
    name: &str,
    events: Vec<PaymentEvent>,
    event_type: &str,
    edit: fn(&mut Value),
) -> Envelope {
    let payment = twice.after(name, events).await;
    let paid = event_type == "payment_intent.succeeded";
    let mut object = json!({
        "id": format!("pi_{name}"), "object": "payment_intent", "amount": payment.money.amount_minor,
        "amount_received": if paid { payment.money.amount_minor } else { 0 }, "currency": "usd",
        "status": "requires_payment_method", "metadata": { "sluice_payment_id": payment.id },
        "last_payment_error": { "type": "card_error", "code": "card_declined" },
    });
    edit(&mut object);
    envelope(&twice.world.callback(&format!("evt_{name}"), event_type, &object))
}

#[tokio::test(flavor = "multi_thread")]
async fn process_callback() {
    const SUCCEEDED: &str = "payment_intent.succeeded";
    const FAILED: &str = "payment_intent.payment_failed";
    fn open(name: &str) -> Vec<PaymentEvent> {
        vec![seen(name, IntentStatus::RequiresAction)]
    }
    let cases: &[(&str, Setup)] = &[
        ("open, paid", |t, n| {
            callback(t, n, open(n), SUCCEEDED, as_it_is).boxed_local()
        }),
        ("open, declined", |t, n| {
            callback(t, n, open(n), FAILED, as_it_is).boxed_local()
        }),
        ("open, at work", |t, n| {
            callback(t, n, open(n), "payment_intent.processing", as_it_is).boxed_local()
        }),
        ("open, canceled", |t, n| {
            callback(t, n, open(n), "payment_intent.canceled", as_it_is).boxed_local()
        }),
        ("paid, a late decline", |t, n| {
            callback(t, n, vec![seen(n, IntentStatus::Succeeded)], FAILED, as_it_is).boxed_local()
        }),
        ("in review, paid", |t, n| {
            callback(t, n, vec![PaymentEvent::LostSight], SUCCEEDED, as_it_is).boxed_local()
        }),
        ("given up, paid", |t, n| {
            callback(t, n, vec![gave_up()], SUCCEEDED, as_it_is).boxed_local()
        }),
        ("before the intent is stored", |t, n| {
            callback(t, n, vec![], SUCCEEDED, as_it_is).boxed_local()
        }),
        ("of another amount", |t, n| {
            callback(t, n, open(n), SUCCEEDED, |object| object["amount"] = json!(1)).boxed_local()
        }),
        ("of another account", |t, n| {
            async move {
                let payment = t.after(n, open(n)).await;
                let event_id = format!("evt_{n}");
                let object = json!({
                    "id": payment.intent_id, "amount": payment.money.amount_minor,
                    "amount_received": payment.money.amount_minor, "currency": "usd", "status": "succeeded",
                    "metadata": { "sluice_payment_id": payment.id },
                });
                let forged = t
                    .world
                    .callback_of(Some("acct_seller"), &event_id, SUCCEEDED, &object);
                envelope(&forged)
            }
            .boxed_local()
        }),
        ("of another program", |t, n| {
            callback(t, n, open(n), SUCCEEDED, |object| object["metadata"] = json!({})).boxed_local()
        }),
        ("of a type that nobody knows", |t, n| {
            callback(t, n, open(n), "brand.new", as_it_is).boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}
