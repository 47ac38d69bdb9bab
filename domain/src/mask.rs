//! Takes personal data out of texts before people who operate Sluice read them.
//!
//! Errors of providers and of ours quote what they were given: an address, a name, a number. Which words those are nobody
//! can know for certain, so what is quoted is taken for personal unless it is plainly an identifier of ours or a word of a
//! programme, and so is whatever looks like an e-mail address, an address on the network, a long number, a WeChat openid, a
//! means of payment or a key. The rest of the sentence stays, so that it can still be understood.

use std::net::IpAddr;

/// From so many digits on a number may be that of a telephone, a card or an account.
const LONG_NUMBER: usize = 7;
/// How long a WeChat openid is; it begins with an `o`.
const OPENID: usize = 28;
/// How the words begin that stand for a means of payment, a customer or a key.
const TOKENS: [&str; 12] = [
    "pm_", "card_", "src_", "tok_", "cus_", "ba_", "sk_", "rk_", "pk_", "whsec_", "slk_", "eyJ",
];

/// The text without what may be personal.
pub fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, quote, inner, after)) = next_quoted(rest) {
        masked.push_str(&mask_words(before));
        masked.push(quote);
        masked.push_str(if is_plain_word(inner) { inner } else { "masked" });
        let Some(after) = after else { return masked };
        masked.push(closing(quote));
        rest = after;
    }
    masked.push_str(&mask_words(rest));
    masked
}

/// What comes before the first quotation, its mark, what is quoted, and what comes after. A quotation that nobody closes, as of
/// a text that was cut off, goes on to the end.
fn next_quoted(text: &str) -> Option<(&str, char, &str, Option<&str>)> {
    let (start, quote) = text
        .char_indices()
        .find(|(start, mark)| opens(text, *start, *mark))?;
    let (before, from) = text.split_at(start);
    let inside = &from[quote.len_utf8()..];
    let (inner, after) = inside
        .split_once(closing(quote))
        .map_or((inside, None), |(inner, after)| (inner, Some(after)));
    Some((before, quote, inner, after))
}

/// An apostrophe within a word is none.
fn opens(text: &str, start: usize, mark: char) -> bool {
    let follows_word = text[..start]
        .chars()
        .next_back()
        .is_some_and(char::is_alphanumeric);
    matches!(mark, '"' | '`' | '“' | '‘' | '«') || mark == '\'' && !follows_word
}

const fn closing(quote: char) -> char {
    match quote {
        '“' => '”',
        '‘' => '’',
        '«' => '»',
        same => same,
    }
}

/// A name of a field, a setting or a state, or an id of ours: nobody is called like that.
fn is_plain_word(word: &str) -> bool {
    let has_shape = word
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte));
    has_shape && (word.contains('_') || word.contains('.')) && replacement(word).is_none()
}

fn mask_words(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word_character) {
        let (between, from_word) = rest.split_at(start);
        let end = end_of_word(from_word);
        let (word, after) = from_word.split_at(end);
        masked.push_str(between);
        let core = word.trim_end_matches(['.', ':', '-']);
        masked.push_str(replacement(core).unwrap_or(core));
        masked.push_str(&word[core.len()..]);
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// A number may be written in groups; other words end at a space.
fn end_of_word(text: &str) -> usize {
    let grouped = text
        .find(|character: char| !(character.is_ascii_digit() || " -+()./".contains(character)))
        .unwrap_or(text.len());
    let number = text[..grouped].trim_end_matches([' ', '.', '(', '/', '-']);
    let is_apart = number.len() < grouped || !text[grouped..].starts_with(is_word_character);
    if is_apart && digits(number) >= LONG_NUMBER {
        return number.len();
    }
    let end = text.find(|character| !is_word_character(character));
    end.unwrap_or(text.len())
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || "_-+.@*:%".contains(character)
}

fn digits(word: &str) -> usize {
    word.bytes().filter(u8::is_ascii_digit).count()
}

fn replacement(word: &str) -> Option<&'static str> {
    let has_letters = word.chars().any(char::is_alphabetic);
    let host = word.rsplit_once(':').map_or(word, |(host, _)| host);
    if word.contains('@') {
        Some("[address]")
    } else if word.parse::<IpAddr>().is_ok() || host.parse::<IpAddr>().is_ok() {
        Some("[ip]")
    } else if TOKENS.iter().any(|token| word.starts_with(token)) || word.contains("_secret_") {
        Some("[token]")
    } else if !has_letters && digits(word) >= LONG_NUMBER {
        Some("[number]")
    } else if is_openid(word) {
        Some("[openid]")
    } else {
        None
    }
}

fn is_openid(word: &str) -> bool {
    let is_mixed = word.bytes().any(|byte| byte.is_ascii_uppercase());
    word.len() == OPENID && word.starts_with('o') && is_mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_personal_goes_and_the_sentence_stays() {
        for (text, expected) in [
            (
                "no such customer: ada@example.com.",
                "no such customer: [address].",
            ),
            ("refused from 203.0.113.9:443 today", "refused from [ip] today"),
            ("refused from 2001:db8::7", "refused from [ip]"),
            ("call +49 (151) 234-5678 90 back", "call [number] back"),
            ("card 4242 4242 4242 4242 declined", "card [number] declined"),
            ("4242424242424242", "[number]"),
            (
                "payer oUpF8uMuAJO_M2pxb1Q9zNjWeS6o is unknown",
                "payer [openid] is unknown",
            ),
            (
                "No such PaymentMethod: 'pm_1Nabc'",
                "No such PaymentMethod: 'masked'",
            ),
            ("method pm_1Nabc is gone", "method [token] is gone"),
            (
                "the holder 'Ada Lovelace' is on a list",
                "the holder 'masked' is on a list",
            ),
            ("user \"ada\" may not", "user \"masked\" may not"),
            ("\"ada\" and \"Ada Lovel", "\"masked\" and \"masked"),
            ("user `ada may not, 'bob' may", "user `masked"),
        ] {
            assert_eq!(mask(text), expected, "{text}");
        }
    }

    #[test]
    fn what_people_need_stays() {
        for text in [
            "stripe does not answer; the circuit is open",
            "the merchant's endpoint answered 503",
            "pi_123 says 'requires_action', not 'payment_intent.succeeded'",
            "there is no payment pay_1fedc3ad96208c7eaf799d250faf6052",
            "not done within 45 s, try 3 of 4",
            "amount 1999 USD is not 2000 USD",
            "it's the provider's word, isn't it",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn any_text_is_taken() {
        for text in [
            "'",
            "\"",
            "a'b'c",
            "“ß",
            "‘x’y",
            "12345678ß",
            "((((",
            "@",
            "ß'ß'ß",
        ] {
            let _ = mask(text);
        }
        assert_eq!(mask(&mask("write to ada@example.com")), "write to [address]");
    }
}
