use chrono::DateTime;
use proptest::prelude::*;

use super::*;

mod steps;

fn wallet(user: &str) -> Wallet {
    let now = DateTime::UNIX_EPOCH;
    Wallet::new(MerchantId::random(), user.parse().unwrap(), Currency::EUR, now)
}

fn adjusted(wallet: &Wallet, amount_minor: i64) -> Result<WalletChange, WalletRefused> {
    let transfer = Transfer::wallet_adjusted(wallet, amount_minor, format!("wish {}", wallet.version));
    wallet.after(&transfer, Some("found in the till".into()), DateTime::UNIX_EPOCH)
}

/// As PostgreSQL stores it.
fn stored(change: WalletChange) -> Wallet {
    Wallet {
        version: change.transaction.number,
        ..change.wallet
    }
}

#[test]
fn an_owner_has_one_wallet_for_each_currency() {
    let wallet = wallet("user-42");
    let id = |merchant_id, user: &str, currency| {
        Wallet::new(merchant_id, user.parse().unwrap(), currency, DateTime::UNIX_EPOCH).id
    };
    let merchant_id = wallet.merchant_id;
    assert_eq!(id(merchant_id, "user-42", Currency::EUR), wallet.id);
    assert_ne!(id(merchant_id, "user-42", Currency::USD), wallet.id);
    assert_ne!(id(merchant_id, "user-43", Currency::EUR), wallet.id);
    assert_ne!(id(MerchantId::random(), "user-42", Currency::EUR), wallet.id);
}

#[test]
fn each_line_says_how_the_wallet_stood_after_it() {
    let filled = stored(adjusted(&wallet("user-42"), 500).unwrap());
    let line = adjusted(&filled, -120).unwrap().transaction;
    assert_eq!((line.number, line.amount_minor, line.hold_minor), (2, -120, 0));
    assert_eq!((line.balance_minor, line.held_minor), (380, 0));
    assert_eq!(line.note.as_deref(), Some("found in the till"));
}

#[test]
fn what_is_not_there_or_does_not_fit_is_refused() {
    let filled = stored(adjusted(&wallet("user-42"), 500).unwrap());
    let refused = WalletRefused::NotEnough {
        available_minor: 500,
        needed_minor: 501,
    };
    assert_eq!(adjusted(&filled, -501), Err(refused));
    assert_eq!(
        adjusted(&filled, Wallet::MAX_MINOR - 499),
        Err(WalletRefused::TooMuch)
    );
    assert!(adjusted(&filled, Wallet::MAX_MINOR - 500).is_ok());
}

proptest! {
    /// Whatever is wanted in whatever order: no wallet is ever overdrawn, and money that moves between two is never more or
    /// less than what came in.
    #[test]
    fn money_is_neither_made_nor_lost(wishes in prop::collection::vec((any::<bool>(), -400_i64..400), 0..40)) {
        let (mut left, mut right) = (wallet("left"), wallet("right"));
        right.merchant_id = left.merchant_id;
        let mut given = 0;
        for (place, (between, amount)) in wishes.into_iter().enumerate() {
            if !between {
                if let Ok(change) = adjusted(&left, amount) {
                    left = stored(change);
                    given += amount;
                }
                continue;
            }
            let (from, to) = if amount < 0 { (&mut right, &mut left) } else { (&mut left, &mut right) };
            let transfer = Transfer::wallet_transferred(from, to, amount.abs(), place.to_string());
            let now = DateTime::UNIX_EPOCH;
            if let (Ok(gave), Ok(got)) = (from.after(&transfer, None, now), to.after(&transfer, None, now)) {
                (*from, *to) = (stored(gave), stored(got));
            }
            prop_assert!(left.available_minor() >= 0 && right.available_minor() >= 0);
            prop_assert_eq!(left.balance_minor + right.balance_minor, given);
        }
    }
}
