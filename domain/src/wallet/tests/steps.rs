//! Steps: what each does, what is refused, and what holds whatever comes in whatever order.

use std::collections::BTreeMap;

use super::*;
use crate::{
    channel::Channel,
    id::{HoldId, IdempotencyKey, WithdrawalId},
    ledger::AccountKind,
};

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(name.to_owned()).unwrap()
}

/// Two wallets of one merchant, what is set aside in the first, and everything that has moved.
struct Books {
    left: Wallet,
    right: Wallet,
    holds: BTreeMap<HoldId, Hold>,
    withdrawals: BTreeMap<WithdrawalId, Withdrawal>,
    transfers: Vec<Transfer>,
}

impl Books {
    fn new() -> Self {
        let (left, mut right) = (wallet("left"), wallet("right"));
        right = Wallet::new(left.merchant_id, right.user_id, right.currency, right.created_at);
        Self {
            left,
            right,
            holds: BTreeMap::new(),
            withdrawals: BTreeMap::new(),
            transfers: Vec::new(),
        }
    }

    fn standing(&self, step: &WalletStep) -> WalletStanding {
        let (hold, withdrawal) = match step {
            WalletStep::Capture { hold_id, .. } | WalletStep::Release { hold_id } => {
                (self.holds.get(hold_id).cloned(), None)
            }
            WalletStep::CompleteWithdrawal { withdrawal_id, .. }
            | WalletStep::RejectWithdrawal { withdrawal_id, .. }
            | WalletStep::EndWithdrawal { withdrawal_id, .. } => {
                (None, self.withdrawals.get(withdrawal_id).cloned())
            }
            WalletStep::Hold { .. }
            | WalletStep::Withdraw { .. }
            | WalletStep::Transfer { .. }
            | WalletStep::Adjust { .. } => (None, None),
        };
        WalletStanding {
            wallet: self.left.clone(),
            hold,
            withdrawal,
            recipient: Some(self.right.clone()),
        }
    }

    /// Takes a step of the first wallet, as a worker does.
    fn take(&mut self, step: &WalletStep, name: &str) -> Result<(), UntakenStep> {
        let taken = self.standing(step).take(step, &key(name), DateTime::UNIX_EPOCH)?;
        for change in taken.changes {
            let is_left = change.wallet.id == self.left.id;
            let changed = if is_left { &mut self.left } else { &mut self.right };
            *changed = stored(change);
        }
        self.transfers.push(taken.transfer);
        self.holds.extend(taken.hold.map(|hold| (hold.id, hold)));
        self.withdrawals
            .extend(taken.withdrawal.map(|withdrawal| (withdrawal.id, withdrawal)));
        Ok(())
    }

    /// What the postings on a wallet's account come to on a layer.
    fn posted(&self, wallet: &Wallet, layer: Layer) -> i64 {
        let postings = self.transfers.iter().flat_map(|transfer| &transfer.postings);
        let ours = postings.filter(|posting| posting.account == wallet.account() && posting.layer == layer);
        ours.map(|posting| posting.amount_minor).sum()
    }

    fn on(&self, kind: AccountKind, layer: Layer) -> i64 {
        let postings = self.transfers.iter().flat_map(|transfer| &transfer.postings);
        let there = postings.filter(|posting| posting.account.kind == kind && posting.layer == layer);
        there.map(|posting| posting.amount_minor).sum()
    }

    /// What is set aside and not ended.
    fn set_aside(&self) -> i64 {
        let held = self.holds.values().filter(|hold| hold.status == HoldStatus::Held);
        let out = self
            .withdrawals
            .values()
            .filter(|withdrawal| withdrawal.status == WithdrawalStatus::Requested);
        let held: i64 = held.map(|hold| hold.amount_minor).sum();
        held + out.map(|withdrawal| withdrawal.amount_minor).sum::<i64>()
    }
}

fn adjust(amount_minor: i64) -> WalletStep {
    WalletStep::Adjust {
        amount_minor,
        reason: "found in the till".into(),
        administrator: "root".into(),
    }
}

fn hold(amount_minor: i64) -> WalletStep {
    let reason = "a deposit".into();
    WalletStep::Hold { amount_minor, reason }
}

fn withdraw(amount_minor: i64) -> WalletStep {
    let note = None;
    WalletStep::Withdraw { amount_minor, note }
}

impl Books {
    fn capture(&self, name: &str, amount_minor: Option<i64>) -> WalletStep {
        let hold_id = HoldId::derive(self.left.merchant_id, &key(name));
        WalletStep::Capture {
            hold_id,
            amount_minor,
        }
    }

    fn release(&self, name: &str) -> WalletStep {
        let hold_id = HoldId::derive(self.left.merchant_id, &key(name));
        WalletStep::Release { hold_id }
    }

    fn complete(&self, name: &str) -> WalletStep {
        WalletStep::CompleteWithdrawal {
            withdrawal_id: WithdrawalId::derive(self.left.merchant_id, &key(name)),
            reference: None,
        }
    }

    fn reject(&self, name: &str) -> WalletStep {
        WalletStep::RejectWithdrawal {
            withdrawal_id: WithdrawalId::derive(self.left.merchant_id, &key(name)),
            reason: "not now".into(),
        }
    }

    fn end(&self, name: &str, end: WithdrawalEnd) -> WalletStep {
        WalletStep::EndWithdrawal {
            withdrawal_id: WithdrawalId::derive(self.left.merchant_id, &key(name)),
            end,
            reason: "as its statement says".into(),
            administrator: "root".into(),
        }
    }

    /// A provider was asked to pay a withdrawal out, and is perhaps asked about it.
    fn at_provider(&mut self, name: &str, in_review_since: Option<DateTime<Utc>>) {
        let id = WithdrawalId::derive(self.left.merchant_id, &key(name));
        let withdrawal = self.withdrawals.get_mut(&id).unwrap();
        withdrawal.status = WithdrawalStatus::Processing;
        withdrawal.channel = Some(Channel::Stripe);
        withdrawal.in_review_since = in_review_since;
    }

    fn transfer(&self, amount_minor: i64) -> WalletStep {
        WalletStep::Transfer {
            to_wallet_id: self.right.id,
            amount_minor,
            note: None,
        }
    }
}

#[test]
fn what_is_held_is_in_the_wallet_and_cannot_be_spent() {
    let mut books = Books::new();
    books.take(&adjust(100), "a").unwrap();
    books.take(&hold(60), "h").unwrap();
    assert_eq!(
        (books.left.balance_minor, books.left.available_minor()),
        (100, 40)
    );
    let refused = books.take(&books.transfer(41), "t").unwrap_err();
    let UntakenStep::Refused(refused) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refused.code(), "insufficient_balance");
    assert_eq!(
        refused.to_string(),
        "transfer is refused: the wallet has 40 minor units available, and 41 are needed."
    );
    books.take(&books.capture("h", Some(25)), "c").unwrap();
    assert_eq!((books.left.balance_minor, books.left.available_minor()), (75, 75));
    assert_eq!(books.on(AccountKind::MerchantBalance, Layer::Posted), 25);
}

#[test]
fn what_is_over_stays_over() {
    let mut books = Books::new();
    books.take(&adjust(100), "a").unwrap();
    books.take(&hold(10), "h").unwrap();
    books.take(&books.capture("h", None), "c").unwrap();
    books.take(&withdraw(10), "w").unwrap();
    books.take(&books.reject("w"), "r").unwrap();
    for (step, code, words) in [
        (
            books.capture("h", None),
            "hold_over",
            "captured, and capture is refused",
        ),
        (
            books.release("h"),
            "hold_over",
            "captured, and release is refused",
        ),
        (
            books.complete("w"),
            "withdrawal_over",
            "rejected, and complete_withdrawal is refused",
        ),
        (
            books.reject("w"),
            "withdrawal_over",
            "rejected, and reject_withdrawal is refused",
        ),
    ] {
        let Err(UntakenStep::Refused(refused)) = books.take(&step, "again") else {
            panic!("{step:?} was taken")
        };
        assert_eq!(refused.code(), code);
        assert!(refused.to_string().contains(words), "{refused}");
    }
    assert_eq!(
        books.take(&books.release("never"), "n"),
        Err(UntakenStep::NotThere("hold"))
    );
    assert_eq!(books.left.balance_minor, 90);
}

#[test]
fn only_what_is_in_review_is_ended_and_the_money_is_gone_or_free() {
    for (end, status, balance, sent) in [
        (WithdrawalEnd::Completed, WithdrawalStatus::Completed, 90, 10),
        (WithdrawalEnd::Failed, WithdrawalStatus::Failed, 100, 0),
    ] {
        let mut books = Books::new();
        books.take(&adjust(100), "a").unwrap();
        books.take(&withdraw(10), "w").unwrap();
        let step = books.end("w", end);
        let refused = |books: &mut Books, words: &str| {
            let Err(UntakenStep::Refused(refused)) = books.take(&step, "no") else {
                panic!("{step:?} was taken")
            };
            assert_eq!(refused.code(), "withdrawal_not_in_review");
            assert!(refused.to_string().contains(words), "{refused}");
        };
        refused(
            &mut books,
            "requested and not in review, and end_withdrawal is refused",
        );
        books.at_provider("w", None);
        refused(&mut books, "processing and not in review");
        books.at_provider("w", Some(DateTime::UNIX_EPOCH));
        books.take(&step, "e").unwrap();
        let ended = books.withdrawals.values().next().unwrap();
        assert_eq!((ended.status, ended.in_review_since), (status, None));
        assert_eq!(ended.reason.is_some(), end == WithdrawalEnd::Failed);
        assert_eq!(
            (books.left.balance_minor, books.left.available_minor()),
            (balance, balance)
        );
        assert_eq!(books.on(AccountKind::ProviderClearing, Layer::Posted), sent);
        refused(&mut books, "and not in review");
    }
    let mut books = Books::new();
    assert_eq!(
        books.take(&books.end("never", WithdrawalEnd::Failed), "n"),
        Err(UntakenStep::NotThere("withdrawal"))
    );
}

#[test]
fn every_field_that_cannot_be_used_is_named() {
    let books = Books::new();
    for (step, field) in [
        (hold(0), "amount_minor"),
        (hold(Wallet::MAX_MINOR + 1), "amount_minor"),
        (withdraw(-1), "amount_minor"),
        (adjust(0), "amount_minor"),
        (adjust(i64::MIN), "amount_minor"),
        (books.capture("h", Some(0)), "amount_minor"),
        (books.transfer(0), "amount_minor"),
        (
            WalletStep::Hold {
                amount_minor: 1,
                reason: String::new(),
            },
            "reason",
        ),
        (
            WalletStep::Adjust {
                amount_minor: 1,
                reason: "x".repeat(501),
                administrator: "root".into(),
            },
            "reason",
        ),
        (
            WalletStep::EndWithdrawal {
                withdrawal_id: WithdrawalId::derive(books.left.merchant_id, &key("w")),
                end: WithdrawalEnd::Failed,
                reason: String::new(),
                administrator: "root".into(),
            },
            "reason",
        ),
    ] {
        assert_eq!(step.validate().unwrap_err().field, field, "{step:?}");
    }
    assert_eq!(adjust(-5).validate(), Ok(()));
}

proptest! {
    /// Whatever is wanted in whatever order: the figures are what the postings say, nothing is spent twice, and nothing is
    /// made or lost.
    #[test]
    fn the_figures_are_what_the_postings_say(
        wishes in prop::collection::vec((0_u8..8, 1_i64..300, 0_usize..40), 0..60),
    ) {
        let mut books = Books::new();
        for (number, (what, amount, of)) in wishes.into_iter().enumerate() {
            let of = of.to_string();
            let step = match what {
                0 => adjust(amount),
                1 => adjust(-amount),
                2 => hold(amount),
                3 => books.capture(&of, (amount % 2 == 0).then_some(amount)),
                4 => books.release(&of),
                5 => withdraw(amount),
                6 if amount % 2 == 0 => books.complete(&of),
                6 => books.reject(&of),
                _ => books.transfer(amount),
            };
            let before = (books.left.clone(), books.right.clone());
            if books.take(&step, &number.to_string()).is_err() {
                prop_assert_eq!(&before, &(books.left.clone(), books.right.clone()));
            }
            for wallet in [&books.left, &books.right] {
                prop_assert!(wallet.available_minor() >= 0 && wallet.held_minor >= 0);
                prop_assert_eq!(wallet.balance_minor, books.posted(wallet, Layer::Posted));
                prop_assert_eq!(wallet.held_minor, -books.posted(wallet, Layer::Pending));
            }
            prop_assert_eq!(books.left.held_minor, books.set_aside());
            let given = -books.on(AccountKind::Adjustments, Layer::Posted);
            let taken = books.on(AccountKind::MerchantBalance, Layer::Posted);
            prop_assert_eq!(books.left.balance_minor + books.right.balance_minor, given - taken);
        }
    }
}
