//! The comparison itself.

use std::collections::{BTreeMap, HashSet};

use crate::{
    channel::{Statement, StatementEntry, StatementKind, UnreadableEntry},
    money::Money,
    reconciliation::{
        AgreedFee, Difference, DifferenceClass, KeptFee, Ours, Unconfirmed, Window,
        books::{Books, Marks, Owner},
        slot::{Slot, SlotKey, kind_name},
    },
};

/// What came of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Everything that the statement shows and we do not agree with.
    pub differences: Vec<Difference>,
    /// What moved here and is not in the statement. The provider has to be asked before that is a difference.
    pub unconfirmed: Vec<Unconfirmed>,
    /// Fees that nobody has posted yet, of payments that both agree about.
    pub fees: Vec<KeptFee>,
    /// How many lines the statement has within the window, whosever they are.
    pub entries: usize,
    /// How many of them agree with what we have.
    pub matched: usize,
}

/// Compares what moved within `window`. The statement is that of [`Window::with_margin`], so that what lies close to
/// the window's ends finds its other side; lines outside of the window are left to the comparisons of their own days.
pub fn compare(window: &Window, statement: &Statement, ours: &Ours, agreed: Option<AgreedFee>) -> Comparison {
    let books = Books::of(ours);
    let mut comparing = Comparing {
        window,
        agreed,
        found: Comparison::default(),
    };
    let mut places: BTreeMap<SlotKey, Place<'_>> = BTreeMap::new();
    for entry in &statement.entries {
        comparing.found.entries += usize::from(window.contains(entry.at));
        match books.owner(entry) {
            Owner::Ours(slot) => Place::of(&mut places, slot).lines.push(entry),
            Owner::Unknown(payment) => {
                let payment = payment.map(Slot::received);
                comparing.miss_here(entry, payment.as_ref());
            }
            Owner::Foreign => {}
        }
    }
    for unreadable in &statement.unreadable {
        comparing.cannot_read(unreadable, &books);
    }
    let unreadable = statement.unreadable.iter();
    let unread: HashSet<&str> = unreadable.filter_map(|line| line.object_id.as_deref()).collect();
    for slot in moved_here(ours, window) {
        let place = Place::of(&mut places, slot);
        let is_unread = slot.object_id.is_some_and(|id| unread.contains(id));
        if place.lines.is_empty() && !is_unread {
            comparing.miss_there(&slot);
        }
    }
    for place in places.values_mut() {
        comparing.judge_place(place);
    }
    comparing.found
}

/// What of ours moved within the window, by the ledger.
fn moved_here<'a>(ours: &'a Ours, window: &Window) -> impl Iterator<Item = Slot<'a>> {
    let refunds = ours.refunds.iter();
    let disputes = ours.disputes.iter();
    let slots = ours.payments.iter().map(Slot::received);
    let slots = slots.chain(refunds.flat_map(|refund| [Slot::given_back(refund), Slot::returned(refund)]));
    let slots = slots.chain(disputes.flat_map(|dispute| [Slot::withheld(dispute), Slot::won(dispute)]));
    slots.filter(|slot| slot.posted.is_some_and(|posted| window.contains(posted.at)))
}

/// A movement of ours and the lines about it.
struct Place<'a> {
    slot: Slot<'a>,
    lines: Vec<&'a StatementEntry>,
}

impl<'a> Place<'a> {
    fn of<'p>(places: &'p mut BTreeMap<SlotKey, Self>, slot: Slot<'a>) -> &'p mut Self {
        places.entry(slot.key()).or_insert_with(|| Self {
            slot,
            lines: Vec::new(),
        })
    }
}

struct Comparing<'c> {
    window: &'c Window,
    agreed: Option<AgreedFee>,
    found: Comparison,
}

impl Comparing<'_> {
    /// One line belongs into each place: the oldest that names the object we know. All others are too many.
    fn judge_place(&mut self, place: &mut Place<'_>) {
        let slot = &place.slot;
        place
            .lines
            .sort_by_key(|line| (!slot.is_named_by(line), line.at, line.id.clone()));
        for (index, line) in place.lines.iter().enumerate() {
            if self.window.contains(line.at) {
                let before = self.found.differences.len();
                self.judge(slot, line, index == 0);
                self.found.matched += usize::from(self.found.differences.len() == before);
            }
        }
    }

    fn judge(&mut self, slot: &Slot<'_>, line: &StatementEntry, is_first: bool) {
        if !is_first || slot.is_expected && (!slot.is_named_by(line) || is_too_late(slot, line)) {
            return self.differ(DifferenceClass::Duplicate, slot, line);
        }
        let before = self.found.differences.len();
        if line.money.currency != slot.money.currency {
            self.differ(DifferenceClass::Currency, slot, line);
        } else if is_other_amount(slot, line) {
            self.differ(DifferenceClass::Amount, slot, line);
        }
        if !slot.is_expected {
            self.differ(DifferenceClass::State, slot, line);
        }
        if self.found.differences.len() == before {
            self.judge_fee(slot, line);
        }
    }

    /// Fees are agreed on payments alone. A refund costs nothing; what a dispute costs is not posted.
    fn judge_fee(&mut self, slot: &Slot<'_>, line: &StatementEntry) {
        let kept = line.fee_minor;
        let expected = match slot.kind {
            StatementKind::Refund | StatementKind::RefundFailed => Some(0),
            StatementKind::Dispute | StatementKind::DisputeWon | StatementKind::Other => return,
            StatementKind::Payment => match slot.fee {
                Some(posted) => Some(posted.amount_minor),
                None => self.agreed.map(|agreed| agreed.of_minor(line.money.amount_minor)),
            },
        };
        if expected.is_some_and(|expected| expected != kept) || kept < 0 {
            let fee = |amount_minor| Money {
                amount_minor,
                ..line.money
            };
            let ours = expected.map_or_else(
                || "no fee known".to_owned(),
                |minor| format!("fee of {}", fee(minor)),
            );
            let theirs = format!("fee of {}, {}", fee(kept), shown(line));
            self.found.differences.push(Difference {
                ours,
                theirs,
                ..about(DifferenceClass::Fee, slot, line)
            });
        } else if slot.kind == StatementKind::Payment && slot.fee.is_none() && kept > 0 {
            self.found.fees.push(KeptFee {
                payment_id: slot.payment_id,
                fee: Money {
                    amount_minor: kept,
                    ..line.money
                },
            });
        }
    }

    fn differ(&mut self, class: DifferenceClass, slot: &Slot<'_>, line: &StatementEntry) {
        self.found.differences.push(about(class, slot, line));
    }

    /// Something of ours in the statement that nothing here stands for.
    fn miss_here(&mut self, line: &StatementEntry, payment: Option<&Slot<'_>>) {
        if !self.window.contains(line.at) {
            return;
        }
        let marked = match (line.refund_id, line.payment_id) {
            (Some(refund_id), _) => format!(", marked {refund_id}"),
            (None, Some(payment_id)) => format!(", marked {payment_id}"),
            (None, None) => String::new(),
        };
        self.found.differences.push(Difference {
            class: DifferenceClass::MissingHere,
            payment_id: payment.map(|slot| slot.payment_id),
            refund_id: None,
            object_id: Some(line.object_id.clone()),
            entry_id: Some(line.id.clone()),
            ours: payment.map_or_else(|| "nothing".to_owned(), |slot| format!("only the {slot}")),
            theirs: format!("{}{marked}", shown(line)),
        });
    }

    /// A line of ours that cannot be read has no place here, whatever it is about. One that nobody can tell whose it is
    /// counts as ours: silence would hide it.
    fn cannot_read(&mut self, line: &UnreadableEntry, books: &Books<'_>) {
        let marks = Marks {
            payment_id: line.payment_id,
            refund_id: line.refund_id,
            intent_id: line.intent_id.as_deref(),
        };
        let is_nameless =
            marks.payment_id.is_none() && marks.refund_id.is_none() && marks.intent_id.is_none();
        let payment = match books.unknown(&marks) {
            Owner::Ours(slot) => Some(slot),
            Owner::Unknown(payment) => payment.map(Slot::received),
            Owner::Foreign if is_nameless => None,
            Owner::Foreign => return,
        };
        self.found.differences.push(Difference {
            class: DifferenceClass::MissingHere,
            payment_id: payment.map(|slot| slot.payment_id),
            refund_id: None,
            object_id: line.object_id.clone(),
            entry_id: line.id.clone(),
            ours: payment.map_or_else(|| "nothing".to_owned(), |slot| slot.to_string()),
            theirs: format!("a line that cannot be read: {}", line.problem),
        });
    }

    fn miss_there(&mut self, slot: &Slot<'_>) {
        match Unconfirmed::of(slot) {
            Some(unconfirmed) => self.found.unconfirmed.push(unconfirmed),
            // Nobody can be asked about a dispute, nor about what has no id there.
            None => self.found.differences.push(Unconfirmed::missing_there(slot)),
        }
    }
}

/// A line comes before we hear of it. One that is dated long after is another one, whose first is in an older statement.
/// The money of a dispute may come back later than the word that it will.
fn is_too_late(slot: &Slot<'_>, line: &StatementEntry) -> bool {
    let comes_first = match slot.kind {
        StatementKind::Payment | StatementKind::Refund => true,
        StatementKind::RefundFailed
        | StatementKind::Dispute
        | StatementKind::DisputeWon
        | StatementKind::Other => false,
    };
    let posted = slot.posted.filter(|_| comes_first);
    posted.is_some_and(|posted| line.at > posted.at + Window::MARGIN)
}

/// Both what was asked for and what the ledger says have to be what moved there.
fn is_other_amount(slot: &Slot<'_>, line: &StatementEntry) -> bool {
    let moved = line.money.amount_minor;
    let posted = slot.posted.map_or(moved, |posted| posted.amount_minor);
    slot.money.amount_minor != moved || posted != moved
}

fn about(class: DifferenceClass, slot: &Slot<'_>, line: &StatementEntry) -> Difference {
    Difference {
        class,
        payment_id: Some(slot.payment_id),
        refund_id: slot.refund_id,
        object_id: Some(line.object_id.clone()),
        entry_id: Some(line.id.clone()),
        ours: slot.to_string(),
        theirs: shown(line),
    }
}

/// A line, for people.
fn shown(line: &StatementEntry) -> String {
    format!(
        "{} of {} on {}",
        kind_name(line.kind),
        line.money,
        line.at.format("%F at %T")
    )
}
