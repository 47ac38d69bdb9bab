//! The calm day with goods sold, and with two wallets. A card filled the first one, which paid a payment and got a part of it back.
//! A part of a hold on it was captured; it gave something to the second one; its owner was paid out to an account at the provider;
//! and an administrator corrected it.

use serde_json::json;

use super::{MERCHANT, accepted, asked, deliver, intent, money, refusal, tell};
use crate::{
    journal::{Deed, Owner, Provider, Purse, PurseDeed, PurseStep, Told, WalletUse},
    traffic::PurseStory,
    verifier::{
        books,
        facts::{
            Account, Facts, Hold, Line, ProviderAccount, ProviderTransfer, Refund, Wallet, WalletAction,
            Withdrawal,
        },
    },
};

pub const FIRST: &str = "wal_1";
pub const SECOND: &str = "wal_2";
/// What filled the first one.
pub const TOP_UP: &str = "pay_81";
/// What it paid.
pub const SPENT: &str = "pay_82";
/// What it got back of that.
pub const BACK: &str = "rfd_82";
pub const HOLD: &str = "hld_1";
pub const WITHDRAWAL: &str = "wdr_1";
pub const GIFT: &str = "wmv_1";
pub const CORRECTION: &str = "wmv_2";
pub const ACCOUNT: &str = "cac_1";
const USER: &str = "purse-first";
const FIRST_ACCOUNT: &str = "customer_wallet/purse-first";

/// The whole day.
pub fn day() -> Facts {
    let mut facts = super::sales::day();
    facts.journal.purses.push(Purse {
        merchant: 0,
        key: "purse".into(),
        story: PurseStory::GivenBothWays,
        currency: "USD",
        steps: Vec::new(),
        looks: vec![
            asked(refusal(404, "/problems/not-found", "1")),
            asked(Told {
                status: 200,
                ..accepted(ACCOUNT, "active")
            }),
        ],
    });
    for (owner, id) in [(Owner::First, FIRST), (Owner::Second, SECOND)] {
        step(&mut facts, owner, PurseDeed::Open, id);
        facts.wallets.push(Wallet {
            id: id.into(),
            merchant: MERCHANT.into(),
            user_id: owner.user_of("purse"),
            currency: "USD".into(),
            ..Wallet::default()
        });
    }
    fill(&mut facts);
    spend(&mut facts);
    hold(&mut facts);
    give(&mut facts);
    pay_out(&mut facts);
    correct(&mut facts);
    books::wallet::read(&mut facts);
    facts
}

fn fill(facts: &mut Facts) {
    super::payment(facts, TOP_UP, 4_000, "succeeded");
    last_request(facts).payment_method = Some("pm_card_visa");
    last_request(facts).wallet = Some(WalletUse::Into(FIRST.into()));
    let payment = super::super::payment(facts, TOP_UP);
    payment.wallet_id = Some(FIRST.into());
    payment.paid_into = Some(USER.into());
    intent(facts, TOP_UP, 4_000, "succeeded", (1, 0));
    tell(facts, TOP_UP, TOP_UP, "payment.succeeded", 4_000, "");
    let received = [("provider_clearing", -4_000), ("merchant_balance", 4_000)];
    money::post(facts, TOP_UP, TOP_UP, "payment", received);
    let filled = [("merchant_balance", -4_000), (FIRST_ACCOUNT, 4_000)];
    money::post(facts, TOP_UP, TOP_UP, "wallet_top_up", filled);
    line(facts, FIRST, ("wallet_top_up", "posted"), TOP_UP, (4_000, 0));
}

fn spend(facts: &mut Facts) {
    super::payment(facts, SPENT, 1_000, "succeeded");
    last_request(facts).through = Provider::Wallet;
    last_request(facts).wallet = Some(WalletUse::From(USER.into()));
    let paid = [(FIRST_ACCOUNT, -1_000), ("merchant_balance", 1_000)];
    money::post(facts, SPENT, SPENT, "payment", paid);
    tell(facts, SPENT, SPENT, "payment.succeeded", 1_000, "");
    let transfer = line(facts, FIRST, ("payment", "posted"), SPENT, (-1_000, 0));
    let payment = super::super::payment(facts, SPENT);
    (payment.channel, payment.user_id) = ("wallet".into(), Some(USER.into()));
    (payment.intent_id, payment.refunded_minor) = (Some(transfer), 400);

    let deed = Deed::Refund {
        amount_minor: Some(400),
    };
    money::wish(facts, deed, accepted(BACK, "pending"));
    let key = money::last_wish(facts).key.clone();
    money::last_wish(facts).looks = vec![money::looked(BACK, "succeeded")];
    money::post_reserved(facts, SPENT, BACK, 400, FIRST_ACCOUNT);
    tell(facts, SPENT, BACK, "refund.succeeded", 400, "");
    let transfer = line(facts, FIRST, ("refund", "posted"), BACK, (400, 0));
    facts.refunds.push(Refund {
        id: BACK.into(),
        merchant: MERCHANT.into(),
        payment: SPENT.into(),
        idempotency_key: key,
        status: "succeeded".into(),
        amount_minor: 400,
        currency: "USD".into(),
        order_id: None,
        channel_refund_id: Some(transfer),
        failure_code: String::new(),
    });
}

/// 500 are held, of which 200 are taken.
fn hold(facts: &mut Facts) {
    step(facts, Owner::First, PurseDeed::Hold { amount_minor: 500 }, HOLD);
    let capture = PurseDeed::Capture {
        hold: HOLD.into(),
        amount_minor: 200,
    };
    step(facts, Owner::First, capture, HOLD);
    reserve(facts, "wallet_hold", HOLD, 500);
    post_reserved(facts, "wallet_hold", HOLD, (500, 200), "merchant_balance");
    facts.holds.push(Hold {
        id: HOLD.into(),
        wallet: FIRST.into(),
        amount_minor: 500,
        captured_minor: 200,
        status: "captured".into(),
    });
}

fn give(facts: &mut Facts) {
    let gift = PurseDeed::Transfer {
        to: SECOND.into(),
        amount_minor: 300,
    };
    step(facts, Owner::First, gift, GIFT);
    let given = [(FIRST_ACCOUNT, -300), ("customer_wallet/purse-second", 300)];
    money::post(facts, "", GIFT, "wallet_transfer", given);
    line(facts, FIRST, ("wallet_transfer", "posted"), GIFT, (-300, 0));
    line(facts, SECOND, ("wallet_transfer", "posted"), GIFT, (300, 0));
    // There was not as much, and the client was told so.
    let more = PurseDeed::Transfer {
        to: FIRST.into(),
        amount_minor: 301,
    };
    step(facts, Owner::Second, more, "");
    let refused = refusal(409, "/problems/action-refused", "");
    let steps = &mut facts.journal.purses[0].steps;
    steps.last_mut().unwrap().asked = vec![asked(accepted("wmv_3", "")), asked(refused)];
    facts.wallet_actions.last_mut().unwrap().outcome = "refused".into();
}

fn pay_out(facts: &mut Facts) {
    step(facts, Owner::First, PurseDeed::OpenAccount, ACCOUNT);
    facts.accounts.push(Account {
        id: ACCOUNT.into(),
        merchant: MERCHANT.into(),
        user_id: USER.into(),
        status: "active".into(),
        channel_account_id: Some("acct_1".into()),
    });
    facts.provider_accounts.push(ProviderAccount {
        account: "sk_1".into(),
        id: "acct_1".into(),
        charges_enabled: true,
        metadata: [("sluice_account_id".to_owned(), ACCOUNT.to_owned())].into(),
    });
    for status in ["onboarding", "active"] {
        let payload = json!({
            "type": "account.updated", "timestamp": format!("2026-11-20T10:01:{:02}.000Z", facts.notifications.len()),
            "data": { "id": ACCOUNT, "merchant_id": MERCHANT, "status": status },
        });
        deliver(facts, "", ACCOUNT, "account.updated", payload.to_string());
    }
    step(
        facts,
        Owner::First,
        PurseDeed::Withdraw { amount_minor: 600 },
        WITHDRAWAL,
    );
    let pay = PurseDeed::PayOut {
        withdrawal: WITHDRAWAL.into(),
    };
    step(facts, Owner::First, pay, WITHDRAWAL);
    reserve(facts, "wallet_withdrawal", WITHDRAWAL, 600);
    post_reserved(
        facts,
        "wallet_withdrawal",
        WITHDRAWAL,
        (600, 600),
        "provider_clearing",
    );
    facts.provider_transfers.push(ProviderTransfer {
        account: "sk_1".into(),
        id: "tr_1".into(),
        destination: "acct_1".into(),
        amount: 600,
        amount_reversed: 0,
        currency: "usd".into(),
        transfer_group: Some(WITHDRAWAL.into()),
    });
    facts.withdrawals.push(Withdrawal {
        id: WITHDRAWAL.into(),
        merchant: MERCHANT.into(),
        wallet: FIRST.into(),
        user_id: USER.into(),
        amount_minor: 600,
        currency: "USD".into(),
        status: "completed".into(),
        channel: Some("stripe".into()),
    });
    for status in ["requested", "completed"] {
        let event_type = format!("wallet.withdrawal_{status}");
        let payload = json!({
            "type": event_type,
            "data": { "id": WITHDRAWAL, "merchant_id": MERCHANT, "wallet_id": FIRST, "amount_minor": 600, "currency": "USD",
                      "status": status },
        });
        deliver(facts, "", WITHDRAWAL, &event_type, payload.to_string());
    }
}

fn correct(facts: &mut Facts) {
    step(
        facts,
        Owner::First,
        PurseDeed::Adjust { amount_minor: 100 },
        CORRECTION,
    );
    let corrected = [("adjustments", -100), (FIRST_ACCOUNT, 100)];
    money::post(facts, "", CORRECTION, "wallet_adjustment", corrected);
    line(
        facts,
        FIRST,
        ("wallet_adjustment", "posted"),
        CORRECTION,
        (100, 0),
    );
}

/// A step that was accepted and done, about this.
fn step(facts: &mut Facts, owner: Owner, deed: PurseDeed, subject: &str) {
    let purse = facts.journal.purses.last_mut().unwrap();
    let key = format!("purse-{}-{}", deed.name(), purse.steps.len() + 1);
    if deed.is_wish() {
        facts.wallet_actions.push(WalletAction {
            merchant: MERCHANT.into(),
            idempotency_key: key.clone(),
            action: deed.name().into(),
            wallet: if owner == Owner::First { FIRST } else { SECOND }.into(),
            outcome: "done".into(),
        });
    }
    let done = Told {
        status: 200,
        ..accepted(subject, "")
    };
    purse.steps.push(PurseStep {
        key,
        owner,
        deed,
        asked: vec![
            asked(refusal(503, "/problems/broker-unavailable", "1")),
            asked(accepted(subject, "")),
            asked(done),
        ],
    });
}

/// Money of the first wallet is set aside.
fn reserve(facts: &mut Facts, kind: &str, subject: &str, amount: i64) {
    let reserved = [
        (FIRST_ACCOUNT, "pending", -amount),
        ("wallet_holds", "pending", amount),
    ];
    money::transfer(facts, "", subject, (kind, "pending"), &reserved);
    line(facts, FIRST, (kind, "pending"), subject, (0, amount));
}

/// And so much of it goes to this account.
fn post_reserved(facts: &mut Facts, kind: &str, subject: &str, (amount, taken): (i64, i64), to: &str) {
    let reservation = facts.transfers.last().map(|transfer| transfer.id.clone());
    let posted = [
        (FIRST_ACCOUNT, "pending", amount),
        ("wallet_holds", "pending", -amount),
        (FIRST_ACCOUNT, "posted", -taken),
        (to, "posted", taken),
    ];
    money::transfer(facts, "", subject, (kind, "posted"), &posted);
    facts.transfers.last_mut().unwrap().resolves = reservation;
    line(facts, FIRST, (kind, "posted"), subject, (-taken, -amount));
}

/// The next line of a wallet's statement, and the wallet as it stands after it; gives the transfer.
fn line(
    facts: &mut Facts,
    wallet: &str,
    (kind, phase): (&str, &str),
    subject: &str,
    moved: (i64, i64),
) -> String {
    let stored = facts
        .wallets
        .iter_mut()
        .find(|stored| stored.id == wallet)
        .unwrap();
    stored.version += 1;
    stored.balance_minor += moved.0;
    stored.held_minor += moved.1;
    let transfer = format!("trf_of_{subject}_{phase}");
    facts.lines.push(Line {
        wallet: wallet.into(),
        number: stored.version,
        transfer: transfer.clone(),
        kind: kind.into(),
        phase: phase.into(),
        subject: subject.into(),
        amount_minor: moved.0,
        hold_minor: moved.1,
        balance_minor: stored.balance_minor,
        held_minor: stored.held_minor,
    });
    transfer
}

fn last_request(facts: &mut Facts) -> &mut crate::journal::Wanted {
    &mut facts.journal.orders.last_mut().unwrap().requests[0].wanted
}
