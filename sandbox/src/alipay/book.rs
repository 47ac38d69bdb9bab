//! An app's state: its trades, and the notices of what happened to them. Every change happens under the app's one
//! lock; notices are collected and handed out afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

use super::errors::ApiError;
use super::keys::PublicKey;
use super::notice::Notice;
use super::trade::{Offer, Status, Trade};
use crate::clock;
use crate::ring_buffer::RingBuffer;

/// How many notices an app remembers.
const KEPT: usize = 10_000;

/// A merchant's app at the double.
#[derive(Debug)]
pub struct App {
    /// The app's id.
    pub app_id: String,
    /// The app's state.
    pub book: Mutex<Book>,
}

/// What an app registered.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Verifies what the app sends.
    pub public_key: PublicKey,
    /// The merchant who is paid.
    pub seller_id: String,
    /// Where notifications go when a request names no place.
    pub notify_url: Option<String>,
    /// Whether refunds are told: for QR and page payments Alipay often does not.
    pub notifies_refunds: bool,
}

/// All state of an app.
#[derive(Debug)]
pub struct Book {
    /// None until the app was registered.
    pub registration: Option<Registration>,
    trades: BTreeMap<String, Trade>,
    by_trade_no: BTreeMap<String, String>,
    notices: RingBuffer<Arc<Notice>>,
    fresh: Vec<Arc<Notice>>,
    changes: u64,
}

impl App {
    /// An app that is not registered yet.
    pub fn open(app_id: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            book: Mutex::new(Book {
                registration: None,
                trades: BTreeMap::new(),
                by_trade_no: BTreeMap::new(),
                notices: RingBuffer::with_capacity(KEPT),
                fresh: Vec::new(),
                changes: 0,
            }),
        }
    }
}

impl Book {
    /// How often something changed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// All trades, also those that were only offered, by the merchant's number.
    pub fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.trades.values()
    }

    /// The trade of the merchant's number, also one that was only offered.
    pub fn trade(&self, out_trade_no: &str) -> Option<&Trade> {
        self.trades.get(out_trade_no)
    }

    /// The merchant's number of the trade a request names, by Alipay's number if it gives both.
    pub fn named(&self, out_trade_no: Option<&str>, trade_no: Option<&str>) -> Result<String, ApiError> {
        let number = match (trade_no, out_trade_no) {
            (Some(trade_no), _) => self.by_trade_no.get(trade_no).map(String::as_str),
            (None, Some(out_trade_no)) => Some(out_trade_no),
            (None, None) => return Err(ApiError::parameter("out_trade_no")),
        };
        number.map(str::to_owned).ok_or_else(ApiError::no_trade)
    }

    /// A trade to change, as the API sees it: one that was only offered does not exist.
    pub fn existing(&mut self, out_trade_no: &str) -> Result<&mut Trade, ApiError> {
        self.expire(out_trade_no, clock::now());
        let trade = self.trades.get_mut(out_trade_no);
        trade
            .filter(|trade| trade.status != Status::Offered)
            .ok_or_else(ApiError::no_trade)
    }

    /// Takes an offer up, unless the number was used for something else.
    pub fn offer(&mut self, offer: Offer) -> Result<(), ApiError> {
        self.expire(&offer.out_trade_no, clock::now());
        if let Some(known) = self.trades.get(&offer.out_trade_no) {
            match known.status {
                Status::Paid => return Err(ApiError::of("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")),
                Status::Closed => return Err(ApiError::of("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")),
                Status::Offered | Status::Waiting => {}
            }
            if known.status == Status::Waiting {
                if known.offer.total != offer.total || known.offer.subject != offer.subject {
                    return Err(ApiError::of("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"));
                }
                return Ok(());
            }
        }
        let trade = Trade {
            trade_no: String::new(),
            status: Status::Offered,
            created_at: clock::now(),
            paid_at: None,
            closed_at: None,
            refunds: Vec::new(),
            offer,
        };
        self.trades.insert(trade.offer.out_trade_no.clone(), trade);
        self.changes += 1;
        Ok(())
    }

    /// The payer opens what was offered: from now on the trade exists.
    pub fn open(&mut self, out_trade_no: &str) -> Result<(), ApiError> {
        let now = clock::now();
        self.expire(out_trade_no, now);
        let trade = self.trades.get_mut(out_trade_no).ok_or_else(ApiError::no_trade)?;
        if trade.status != Status::Offered {
            return Ok(());
        }
        if trade.is_late(now) {
            return Err(ApiError::of("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"));
        }
        trade.trade_no = trade_no(now);
        (trade.status, trade.created_at) = (Status::Waiting, now);
        self.by_trade_no
            .insert(trade.trade_no.clone(), out_trade_no.to_owned());
        self.changes += 1;
        Ok(())
    }

    /// The payer pays, possibly another sum than was asked for, and with `even_if_closed` after the end.
    pub fn pay(
        &mut self,
        out_trade_no: &str,
        sum: Option<i64>,
        even_if_closed: bool,
    ) -> Result<(), ApiError> {
        let now = clock::now();
        self.expire(out_trade_no, now);
        let trade = self.trades.get_mut(out_trade_no).ok_or_else(ApiError::no_trade)?;
        match trade.status {
            Status::Paid => return Err(ApiError::of("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")),
            Status::Closed if !even_if_closed || trade.was_paid() => {
                return Err(ApiError::of("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"));
            }
            Status::Waiting | Status::Closed => {}
            // Whoever pays has opened it first.
            Status::Offered => {
                if even_if_closed {
                    trade.offer.expires_at = trade.offer.expires_at.max(now + chrono::TimeDelta::hours(1));
                }
                self.open(out_trade_no)?;
                return self.pay(out_trade_no, sum, even_if_closed);
            }
        }
        trade.offer.total = sum.unwrap_or(trade.offer.total);
        (trade.status, trade.paid_at, trade.closed_at) = (Status::Paid, Some(now), None);
        self.tell(out_trade_no, None);
        Ok(())
    }

    /// Ends a trade that was not paid.
    pub fn close(&mut self, out_trade_no: &str) -> Result<(), ApiError> {
        let trade = self.existing(out_trade_no)?;
        if trade.status != Status::Waiting {
            return Err(ApiError::wrong_status());
        }
        (trade.status, trade.closed_at) = (Status::Closed, Some(clock::now()));
        self.tell(out_trade_no, None);
        Ok(())
    }

    /// Takes back what nobody has opened: a later payer comes too late. It stays, as late money can still be dialled.
    pub fn withdraw(&mut self, out_trade_no: &str) {
        let trade = self.trades.get_mut(out_trade_no);
        if let Some(trade) = trade.filter(|trade| trade.status == Status::Offered) {
            trade.offer.expires_at = trade.offer.expires_at.min(clock::now());
            self.changes += 1;
        }
    }

    /// Closes a trade whose payer's time is up. An offer that nobody opened just stays unopened.
    pub fn expire(&mut self, out_trade_no: &str, now: DateTime<Utc>) {
        let Some(trade) = self.trades.get_mut(out_trade_no) else {
            return;
        };
        if trade.status == Status::Waiting && trade.is_late(now) {
            (trade.status, trade.closed_at) = (Status::Closed, Some(now));
            self.tell(out_trade_no, None);
        }
    }

    /// Records a notice of how a trade stands now, and queues it for delivery. `refund` is the refund it tells of.
    pub fn tell(&mut self, out_trade_no: &str, refund: Option<&str>) {
        self.changes += 1;
        let (Some(trade), Some(registration)) = (self.trades.get(out_trade_no), &self.registration) else {
            return;
        };
        if refund.is_some() && !registration.notifies_refunds {
            return;
        }
        let notice = Arc::new(Notice::of(trade, registration, refund));
        self.notices.push(Arc::clone(&notice));
        self.fresh.push(notice);
    }

    /// Takes the notices that were not handed out yet.
    pub fn take_fresh(&mut self) -> Vec<Arc<Notice>> {
        std::mem::take(&mut self.fresh)
    }

    /// Remembers a notice that was made by hand.
    pub fn keep(&mut self, notice: Arc<Notice>) {
        self.notices.push(notice);
    }

    /// The notice of this id.
    pub fn notice(&self, id: &str) -> Option<Arc<Notice>> {
        self.notices.iter().rev().find(|notice| notice.id == id).cloned()
    }
}

/// A number in Alipay's manner: the day, then digits.
fn trade_no(now: DateTime<Utc>) -> String {
    let rest = uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000_000;
    format!(
        "{}22001{rest:015}",
        &super::beijing::show(now)[..10].replace('-', "")
    )
}
