//! Sums of money as Alipay writes them: yuan with at most two decimals, as text. Inside they are fen.

/// The largest sum Alipay takes, in fen.
const MOST: i64 = 10_000_000_000;

/// A sum in fen; none for what is not a sum Alipay takes, nothing and less included.
pub fn parse(text: &str) -> Option<i64> {
    let (yuan, fen) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(yuan) || !is_digits(fen) || fen.len() > 2 || yuan.len() > 9 {
        return None;
    }
    let tens = if fen.len() == 1 { 10 } else { 1 };
    let sum = yuan.parse::<i64>().ok()? * 100 + fen.parse::<i64>().ok()? * tens;
    (1..=MOST).contains(&sum).then_some(sum)
}

/// A sum with its two decimals.
pub fn show(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::{parse, show};

    #[test]
    fn sums_have_at_most_two_decimals() {
        for (text, fen) in [("88.88", 8888), ("0.01", 1), ("5", 500), ("5.5", 550)] {
            assert_eq!(parse(text), Some(fen), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "0",
            "0.00",
            "-1",
            "+1",
            "1.234",
            "1e3",
            "1,00",
            "100000000.01",
            " 1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!((show(8888).as_str(), show(5).as_str()), ("88.88", "0.05"));
    }
}
