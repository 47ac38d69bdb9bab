//! Whoever waits for a refund gets to hear what the worker found.

use domain::{
    job::CreateRefundReply,
    payment::Failure,
    refund::{Refund, RefundRefused, RefundStatus, RefundView},
};
use reqwest::StatusCode;

use super::{REFUNDS, accepted, body, job, paid, pending};
use crate::{
    worker::{ask, work},
    world::{Answer, World, world},
};

async fn wait_for(world: &World, reply: impl FnOnce(Refund) -> CreateRefundReply) -> (Refund, Answer) {
    world.ready().await;
    let payment = paid(world, "k").await;
    let job = job(world, "r", payment.id);
    let refund = pending(&payment, job.clone());
    let reply = reply(refund.clone());
    let request = world.post(REFUNDS, "r", &body(payment.id));
    (refund, ask(world, request, &job, &reply).await)
}

fn shows(refund: &Refund) -> CreateRefundReply {
    CreateRefundReply::Refund(Box::new(RefundView::from(refund)))
}

#[tokio::test]
async fn the_workers_answer_is_the_clients_answer() {
    let world = world().await;
    let (refund, answer) = wait_for(&world, |refund| shows(&accepted(refund))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("preference-applied"), Some("wait=20"));
    let place = format!("{REFUNDS}/{}", refund.id);
    assert_eq!(answer.header("location"), Some(place.as_str()));
    let view = RefundView::from(&accepted(refund));
    assert_eq!(answer.body, serde_json::to_value(view).unwrap());
    world.close().await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refused_is_an_answer() {
    let world = world().await;
    let failed = |refund: Refund| shows(&refund.refused(Failure::refused("charge_disputed", "no")));
    let (_, answer) = wait_for(&world, failed).await;
    assert_eq!(
        (answer.status, answer.body["failure"]["code"].as_str()),
        (StatusCode::CREATED, Some("charge_disputed"))
    );
    world.close().await;
}

#[tokio::test]
async fn what_the_worker_refuses_is_the_doors_problem() {
    let world = world().await;
    let refused = |refund: Refund| shows(&refund.refused(RefundRefused::NothingLeft.failure()));
    let (refund, answer) = wait_for(&world, refused).await;
    answer.is_problem(409, "/problems/nothing-left-to-refund");
    assert_eq!(answer.header("preference-applied"), Some("wait=20"));
    assert_eq!(answer.body["code"], "nothing_left_to_refund");
    assert_eq!(answer.body["refund_id"], refund.id.to_string());
    world.close().await;
}

#[tokio::test]
async fn a_refund_that_came_back_is_no_refusal() {
    let world = world().await;
    let returned = |refund: Refund| {
        shows(&Refund {
            status: RefundStatus::Failed,
            failure: Some(RefundRefused::NothingLeft.failure()),
            ..accepted(refund)
        })
    };
    let (_, answer) = wait_for(&world, returned).await;
    assert_eq!(answer.status, StatusCode::CREATED, "the provider had it");
    world.close().await;
}

#[tokio::test]
async fn the_worker_may_find_another_request_or_no_payment() {
    for (reply, status, problem) in [
        (CreateRefundReply::Conflict, 409, "/problems/idempotency-conflict"),
        (CreateRefundReply::NoSuchPayment, 404, "/problems/not-found"),
    ] {
        let world = world().await;
        let (_, answer) = wait_for(&world, |_| reply).await;
        answer.is_problem(status, problem);
        world.close().await;
    }
}

#[tokio::test]
async fn a_wait_that_ends_in_nothing_is_an_acceptance() {
    let world = world().await;
    world.ready().await;
    let payment = paid(&world, "k").await;
    let job = job(&world, "r", payment.id);
    let request = || world.post(REFUNDS, "r", &body(payment.id));
    let unreadable = request().header("prefer", "wait=20");
    let (answer, ()) = tokio::join!(
        world.send(unreadable),
        work(&world, &job, b"{\"outcome\": \"new\"}".to_vec())
    );
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let answer = world.send(request().header("prefer", "wait=1")).await;
    assert_eq!(
        (answer.status, answer.header("preference-applied")),
        (StatusCode::ACCEPTED, Some("wait=1"))
    );
    let left = world.take_jobs("create_refund", 10).await;
    assert_eq!(left.len(), 1);
    world.close().await;
}
