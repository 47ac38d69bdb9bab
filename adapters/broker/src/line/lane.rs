//! One channel of a line: takes what is queued, a window at a time.

use std::{sync::Arc, time::Duration};

use failpoints::{Point, reach};
use lapin::{
    Channel, Connection,
    options::{BasicConsumeOptions, ConfirmSelectOptions},
    types::FieldTable,
};
use tokio::{
    sync::{Mutex, mpsc, watch},
    time::Instant,
};

use super::{Link, OnReplies, PublishLimits, Request, window};
use crate::message::DIRECT_REPLY_TO;

/// How long opening a channel may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// What all lanes of a line share.
#[derive(Clone)]
pub(super) struct Lanes {
    pub queue: Arc<Mutex<mpsc::Receiver<Request>>>,
    pub limits: PublishLimits,
    pub on_replies: Option<OnReplies>,
}

impl Lanes {
    /// Publishes until the connection is lost or nobody is left who could ask.
    pub(super) async fn run(self, connection: Arc<Connection>, mut link: watch::Receiver<Link>) {
        while connection.status().connected() {
            match self.open(&connection).await {
                Ok(channel) => {
                    let clean = self.publish_on(&channel, &mut link).await;
                    discard(channel);
                    if clean {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "no channel for publishing");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
            // Opening another channel while the broker does not read would only wait in vain.
            if link
                .wait_for(|link| !matches!(link, Link::Blocked(_)))
                .await
                .is_err()
            {
                return;
            }
        }
    }

    /// Publishes window after window. True when nobody is left who could ask, false when the channel is spoilt.
    async fn publish_on(&self, channel: &Channel, link: &mut watch::Receiver<Link>) -> bool {
        let mut requests = Vec::with_capacity(self.limits.window);
        loop {
            let taken = self
                .queue
                .lock()
                .await
                .recv_many(&mut requests, self.limits.window)
                .await;
            if taken == 0 {
                return true;
            }
            let now = Instant::now();
            let window: Vec<Request> = requests
                .drain(..)
                .filter(|request| request.until > now && !request.verdict.is_closed())
                .collect();
            let limit = now + self.limits.deadline;
            reach(Point::PublishBeforeSend);
            if !window.is_empty() && window::publish(channel, window, limit, link).await.is_err() {
                return false;
            }
        }
    }

    async fn open(&self, connection: &Connection) -> Result<Channel, NoChannel> {
        tokio::time::timeout(OPEN_TIMEOUT, self.open_whole(connection))
            .await
            .map_err(|_| NoChannel::TimedOut)?
    }

    async fn open_whole(&self, connection: &Connection) -> Result<Channel, NoChannel> {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        if let Some(on_replies) = &self.on_replies {
            let options = BasicConsumeOptions {
                no_ack: true,
                ..Default::default()
            };
            let queue = DIRECT_REPLY_TO.into();
            on_replies(
                channel
                    .basic_consume(queue, "replies".into(), options, FieldTable::default())
                    .await?,
            );
        }
        Ok(channel)
    }
}

/// No channel could be opened.
#[derive(Debug, thiserror::Error)]
enum NoChannel {
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    #[error("the broker did not answer")]
    TimedOut,
}

/// Closes a channel without waiting for it, as it may be stuck.
fn discard(channel: Channel) {
    tokio::spawn(async move {
        let closing = channel.close(200, "done".into());
        let _ = tokio::time::timeout(Duration::from_secs(60), closing).await;
    });
}
