//! One window of publishes on one channel, and the verdict on each message.
//!
//! The broker answers an unroutable mandatory message with the message itself and only then with its confirm. lapin
//! keeps returned messages in a queue and hands the oldest to whichever confirm completes next. With several messages
//! in flight that is often the confirm of another one, so an unroutable message can look cleanly confirmed. What a
//! confirm carries is therefore never taken as a statement about its own message. Instead all that the window's
//! confirms carry is collected, and each message is held against that by its address and id.
//!
//! Nothing can be missing from the collection once all confirms of the window have completed. Let U be the number of
//! messages whose return has arrived but whose confirm has not completed; lapin's queue is never longer than U: an
//! arriving return adds one to both, a completing confirm takes one from the queue (unless it is empty) and at most
//! one from U. When all have completed, U is zero, so the queue is empty: every return was handed out, within this
//! window. It also follows that a window that did not complete spoils its channel, and that windows on one channel
//! must not overlap.
//!
//! Two messages with the same address and id are judged alike, at worst as unroutable when one of them was not.
//!
//! **A refusal spoils the channel, too**, because RabbitMQ can go on refusing on that channel alone. It tells a channel
//! once that a quorum queue is full, and tells it once when messages have left that queue; when room was made in another
//! way, by a policy that was lifted say, the channel is never told. And a channel remembers for each queue which node led
//! it when it first published there; when that node had just died, it is refused for as long as the node is away,
//! although the queue has another leader by then. A new channel asks anew.

use failpoints::{Point, reach};
use futures::future::join_all;
use lapin::{Channel, Confirmation, message::BasicReturnMessage, options::BasicPublishOptions};
use tokio::{sync::watch, time::Instant};

use super::{Link, Outgoing, PublishError, Request};

/// The channel can no longer be trusted.
pub(super) struct Spoilt;

/// Publishes a window and tells everybody the verdict. When it cannot be completed in time, all are told so.
pub(super) async fn publish(
    channel: &Channel,
    mut window: Vec<Request>,
    limit: Instant,
    link: &mut watch::Receiver<Link>,
) -> Result<(), Spoilt> {
    // Polled in order within one task, which is what gives the delivery tags their order.
    let publishes = join_all(
        window
            .iter_mut()
            .map(|request| publish_one(channel, &mut request.outgoing)),
    );
    let cut_off = tokio::select! {
        confirmations = publishes => Ok(confirmations),
        _ = link.wait_for(|link| matches!(link, Link::Blocked(_))) => Err("it is out of memory or disk"),
        () = tokio::time::sleep_until(limit) => Err("it did not answer in time"),
    };
    match cut_off {
        Ok(confirmations) => {
            reach(Point::PublishConfirmed);
            settle(window, confirmations)
        }
        Err(why) => give_up(window, why),
    }
}

/// Takes the properties out of the message, as copying them is most of the work.
async fn publish_one(channel: &Channel, outgoing: &mut Outgoing) -> lapin::Result<Confirmation> {
    let (exchange, key) = (outgoing.exchange.into(), outgoing.routing_key.clone());
    let options = BasicPublishOptions {
        mandatory: outgoing.mandatory,
        ..Default::default()
    };
    let properties = std::mem::take(&mut outgoing.properties);
    let confirmation = channel
        .basic_publish(exchange, key, options, &outgoing.body, properties)
        .await?;
    reach(Point::PublishSent);
    confirmation.await
}

fn give_up(window: Vec<Request>, why: &str) -> Result<(), Spoilt> {
    for request in window {
        request.tell(Err(PublishError::unavailable(why)));
    }
    Err(Spoilt)
}

fn settle(window: Vec<Request>, confirmations: Vec<lapin::Result<Confirmation>>) -> Result<(), Spoilt> {
    let mut returned = Vec::new();
    let confirms: Vec<_> = confirmations
        .into_iter()
        .map(|one| confirm(one, &mut returned))
        .collect();
    let complete = !confirms
        .iter()
        .any(|confirm| matches!(confirm, Confirm::Missing(_)));
    let all_known = returned
        .iter()
        .all(|back| window.iter().any(|request| request.outgoing.is_same(back)));
    let refused = confirms.iter().any(|confirm| matches!(confirm, Confirm::Refused));
    // With confirms missing, returns may be missing too; then a clean confirm means nothing. The same holds when
    // something came back that cannot be told apart.
    let reliable = complete && all_known;
    for (request, confirm) in window.into_iter().zip(confirms) {
        let outgoing = &request.outgoing;
        let verdict = match confirm {
            _ if outgoing.mandatory && returned.iter().any(|back| outgoing.is_same(back)) => {
                Err(PublishError::Unroutable(outgoing.address()))
            }
            Confirm::Taken if reliable || !outgoing.mandatory => Ok(()),
            Confirm::Taken => Err(PublishError::unavailable("the channel was closed")),
            Confirm::Refused => Err(PublishError::unavailable("it refused the message")),
            Confirm::Missing(why) => Err(PublishError::unavailable(why)),
        };
        request.tell(verdict);
    }
    if reliable && !refused { Ok(()) } else { Err(Spoilt) }
}

/// What the broker said about one message, returns aside.
enum Confirm {
    Taken,
    Refused,
    Missing(String),
}

fn confirm(confirmation: lapin::Result<Confirmation>, returned: &mut Vec<BasicReturnMessage>) -> Confirm {
    match confirmation {
        Ok(Confirmation::Ack(message)) => {
            returned.extend(message);
            Confirm::Taken
        }
        Ok(Confirmation::Nack(message)) => {
            returned.extend(message);
            Confirm::Refused
        }
        Ok(Confirmation::NotRequested) => Confirm::Missing("the channel gives no confirmations".to_owned()),
        Err(error) => Confirm::Missing(error.to_string()),
    }
}

impl Request {
    fn tell(self, verdict: Result<(), PublishError>) {
        // Whoever no longer listens needs no verdict.
        let _ = self.verdict.send(verdict);
    }
}

impl Outgoing {
    /// Whether this is what came back, as far as can be told.
    fn is_same(&self, back: &BasicReturnMessage) -> bool {
        back.delivery.exchange.as_str() == self.exchange
            && back.delivery.routing_key == self.routing_key
            && *back.delivery.properties.message_id() == self.id
    }

    /// Where it was to go, in words.
    fn address(&self) -> String {
        match self.exchange {
            "" => format!("queue {}", self.routing_key),
            exchange => format!("exchange {exchange}, routing key {}", self.routing_key),
        }
    }
}

#[cfg(test)]
mod tests {
    use lapin::{BasicProperties, message::Delivery};
    use tokio::sync::oneshot;

    use super::*;

    fn message(id: &str, routing_key: &str) -> Outgoing {
        Outgoing {
            exchange: "",
            routing_key: routing_key.into(),
            mandatory: true,
            id: Some(id.into()),
            properties: BasicProperties::default(),
            body: vec![],
        }
    }

    fn back(id: &str, routing_key: &str) -> Option<BasicReturnMessage> {
        let mut delivery = Delivery::mock(0, "".into(), routing_key.into(), false, vec![]);
        delivery.properties = BasicProperties::default().with_message_id(id.into());
        Some(BasicReturnMessage {
            delivery,
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
        })
    }

    /// The verdicts on a window, a word each, and whether its channel is still good.
    fn verdicts(window: Vec<Outgoing>, confirmations: Vec<lapin::Result<Confirmation>>) -> (String, bool) {
        let (requests, mut told): (Vec<_>, Vec<_>) = window
            .into_iter()
            .map(|outgoing| {
                let (verdict, told) = oneshot::channel();
                (
                    Request {
                        outgoing,
                        until: Instant::now(),
                        verdict,
                    },
                    told,
                )
            })
            .unzip();
        let good = settle(requests, confirmations).is_ok();
        let words = told.iter_mut().map(|told| match told.try_recv().unwrap() {
            Ok(()) => "ok",
            Err(PublishError::Unroutable(_)) => "unroutable",
            Err(PublishError::Unavailable(_)) => "unavailable",
            Err(PublishError::Malformed(_)) => "malformed",
        });
        (words.collect::<Vec<_>>().join(" "), good)
    }

    fn window() -> Vec<Outgoing> {
        vec![
            message("a", "here"),
            message("b", "nowhere"),
            message("c", "here"),
        ]
    }

    fn closed() -> lapin::Error {
        lapin::ErrorKind::MissingHeartbeatError.into()
    }

    #[test]
    fn a_return_counts_against_its_own_message_wherever_it_turns_up() {
        for place in 0..3 {
            let confirmation = |n| {
                Ok(Confirmation::Ack(if n == place {
                    back("b", "nowhere")
                } else {
                    None
                }))
            };
            let told = verdicts(window(), (0..3).map(confirmation).collect());
            assert_eq!(
                told,
                ("ok unroutable ok".to_owned(), true),
                "on the confirm of {place}"
            );
        }
    }

    #[test]
    fn a_refusal_is_the_message_s_own_and_the_last_of_its_channel() {
        let confirmations = vec![
            Ok(Confirmation::Ack(None)),
            Ok(Confirmation::Ack(None)),
            Ok(Confirmation::Nack(back("b", "nowhere"))),
        ];
        assert_eq!(
            verdicts(window(), confirmations),
            ("ok unroutable unavailable".to_owned(), false)
        );
    }

    #[test]
    fn with_a_confirm_missing_no_other_is_believed() {
        let confirmations = vec![
            Ok(Confirmation::Ack(None)),
            Ok(Confirmation::Ack(None)),
            Err(closed()),
        ];
        assert_eq!(
            verdicts(window(), confirmations),
            ("unavailable unavailable unavailable".to_owned(), false)
        );
    }

    #[test]
    fn a_message_that_may_get_lost_needs_only_its_own_confirm() {
        let reply = Outgoing {
            mandatory: false,
            ..message("r", "waiting")
        };
        let confirmations = vec![Ok(Confirmation::Ack(None)), Err(closed())];
        assert_eq!(
            verdicts(vec![reply, message("a", "here")], confirmations),
            ("ok unavailable".to_owned(), false)
        );
    }

    #[test]
    fn when_something_unknown_comes_back_nothing_is_believed() {
        let confirmations = vec![
            Ok(Confirmation::Ack(back("x", "elsewhere"))),
            Ok(Confirmation::Ack(back("b", "nowhere"))),
            Ok(Confirmation::Ack(None)),
        ];
        assert_eq!(
            verdicts(window(), confirmations),
            ("unavailable unroutable unavailable".to_owned(), false)
        );
    }
}
