//! How Alipay writes amounts, moments, order numbers and what the payer reads.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use domain::{
    currency::Currency,
    id::{PaymentId, RefundId},
    money::Money,
};
use rust_decimal::Decimal;

/// What stands on the payer's screen when the merchant describes nothing. Alipay insists on a subject.
const NEUTRAL_SUBJECT: &str = "Payment";

/// The longest subject, in characters (<https://opendocs.alipay.com/open/028r8t>).
const LONGEST_SUBJECT: usize = 256;

/// An amount in yuan with two decimals.
pub(super) fn yuan(money: Money) -> String {
    money.to_decimal().to_string()
}

/// An amount in yuan as Alipay writes it: digits with at most two decimals, nothing else.
pub(super) fn from_yuan(text: &str) -> Option<Money> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let yuan: Decimal = text.parse().ok().filter(|_| is_plain && text.len() <= 16)?;
    let fen = yuan.checked_mul(Decimal::ONE_HUNDRED)?;
    if !fen.is_integer() {
        return None;
    }
    Some(Money {
        amount_minor: i64::try_from(fen).ok()?,
        currency: Currency::CNY,
    })
}

/// How Alipay writes moments.
const WALL_CLOCK: &str = "%Y-%m-%d %H:%M:%S";

/// How far the clocks of Shanghai, which knows no summer time, are ahead.
const SHANGHAI: TimeDelta = TimeDelta::hours(8);

/// A moment as Alipay writes it: the wall clock of Shanghai.
pub(super) fn shanghai(at: DateTime<Utc>) -> String {
    (at + SHANGHAI).format(WALL_CLOCK).to_string()
}

/// The moment that Alipay has written.
pub(super) fn from_shanghai(text: &str) -> Option<DateTime<Utc>> {
    let shown = NaiveDateTime::parse_from_str(text, WALL_CLOCK).ok()?;
    shown.and_utc().checked_sub_signed(SHANGHAI)
}

/// The merchant's number of a trade: the payment's id in 32 hexadecimal digits. It is also the id of the intent, as no
/// number of Alipay's exists before the payer opens the trade.
pub(super) fn out_trade_no(payment_id: PaymentId) -> String {
    payment_id.as_uuid().simple().to_string()
}

/// The payment of a trade, when its number is one of ours.
pub(super) fn payment_of(out_trade_no: &str) -> Option<PaymentId> {
    format!("pay_{out_trade_no}").parse().ok()
}

/// The merchant's number of a refund: the refund's id in 32 hexadecimal digits, which Alipay recognises a repeat by.
pub(super) fn out_request_no(refund_id: RefundId) -> String {
    refund_id.as_uuid().simple().to_string()
}

/// The refund of a number, when it is one of ours.
pub(super) fn refund_of(out_request_no: &str) -> Option<RefundId> {
    format!("rfd_{out_request_no}").parse().ok()
}

/// What the payer reads: the description without what Alipay refuses in a subject, which is `/`, `=`, `&` and the like
/// (<https://opendocs.alipay.com/open/028r8t>).
pub(super) fn subject(description: Option<&str>) -> String {
    let is_refused = |character: char| character.is_control() || "/=&".contains(character);
    let words: String = description
        .unwrap_or_default()
        .chars()
        .map(|character| if is_refused(character) { ' ' } else { character })
        .collect();
    let subject = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if subject.is_empty() {
        return NEUTRAL_SUBJECT.into();
    }
    subject.chars().take(LONGEST_SUBJECT).collect()
}

#[cfg(test)]
mod tests {
    use domain::id::{IdempotencyKey, MerchantId};
    use proptest::prelude::*;

    use super::*;

    fn fen(amount_minor: i64) -> Money {
        Money {
            amount_minor,
            currency: Currency::CNY,
        }
    }

    #[test]
    fn amounts_have_two_decimals() {
        for (amount, text) in [
            (1, "0.01"),
            (10, "0.10"),
            (10_000, "100.00"),
            (10_000_000_000, "100000000.00"),
        ] {
            assert_eq!(yuan(fen(amount)), text);
            assert_eq!(from_yuan(text), Some(fen(amount)));
        }
        assert_eq!(from_yuan("88"), Some(fen(8_800)));
        assert_eq!(from_yuan("88.8"), Some(fen(8_880)));
        for junk in [
            "",
            " 1",
            "-1",
            "+1",
            "1e3",
            "0.001",
            "1,00",
            "1_0",
            "99999999999999999",
            ".",
            "88.88x",
        ] {
            assert_eq!(from_yuan(junk), None, "{junk:?}");
        }
    }

    #[test]
    fn the_clock_of_shanghai_is_eight_hours_ahead() {
        let at = DateTime::from_timestamp(1_795_175_999, 999_000_000).unwrap();
        assert_eq!(
            (at.to_rfc3339().as_str(), shanghai(at).as_str()),
            ("2026-11-20T11:59:59.999+00:00", "2026-11-20 19:59:59")
        );
        let eve = DateTime::parse_from_rfc3339("2026-12-31T16:00:00Z").unwrap();
        assert_eq!(shanghai(eve.to_utc()), "2027-01-01 00:00:00");
        assert_eq!(from_shanghai("2027-01-01 00:00:00"), Some(eve.to_utc()));
        for junk in ["", "2027-01-01", "2027-01-01T00:00:00Z", "2027-13-01 00:00:00"] {
            assert_eq!(from_shanghai(junk), None, "{junk:?}");
        }
    }

    #[test]
    fn numbers_lead_back_to_what_they_were_made_for() {
        let key = IdempotencyKey::try_from("key".to_owned()).unwrap();
        let (payment, refund) = (
            PaymentId::derive(MerchantId::random(), &key),
            RefundId::derive(MerchantId::random(), &key),
        );
        assert_eq!(out_trade_no(payment).len(), 32);
        assert_eq!(payment_of(&out_trade_no(payment)), Some(payment));
        assert_eq!(refund_of(&out_request_no(refund)), Some(refund));
        let upper = out_trade_no(payment).to_uppercase();
        for foreign in ["", "T20261120000001", "{}", &upper, &format!("{payment}")] {
            assert_eq!(payment_of(foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn a_subject_is_never_refused_and_never_empty() {
        assert_eq!(subject(Some("One book & a pen")), "One book a pen");
        assert_eq!(subject(Some("测试订单/1=2&3\n")), "测试订单 1 2 3");
        for nothing in [None, Some(""), Some(" /=& ")] {
            assert_eq!(subject(nothing), NEUTRAL_SUBJECT);
        }
        assert_eq!(subject(Some(&"书".repeat(300))).chars().count(), 256);
    }

    proptest! {
        #[test]
        fn every_amount_comes_back(amount in 0..=Money::MAX_MINOR) {
            prop_assert_eq!(from_yuan(&yuan(fen(amount))), Some(fen(amount)));
        }

        #[test]
        fn junk_is_no_panic(junk in ".*") {
            let _ = (from_yuan(&junk), payment_of(&junk), subject(Some(&junk)));
        }
    }
}
