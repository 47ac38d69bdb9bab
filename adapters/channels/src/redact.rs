//! Takes secrets and personal data out of texts that providers write.
//!
//! Stripe quotes parts of keys, whatever was sent as an e-mail address and, in some messages, client secrets.
//! Such texts end up in tables, headers and logs, so every one of them passes through here first. Works word
//! by word: what looks like a secret is replaced, the rest of the sentence stays readable.

/// The longest text let through, in characters.
const LIMIT: usize = 500;

/// How the words start that are keys, with what is left of them.
const KEY_PREFIXES: [&str; 4] = ["sk_", "rk_", "pk_", "whsec_"];

/// The text without keys, client secrets, e-mail addresses and card numbers, at most 500 characters long.
pub fn redact(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len().min(LIMIT));
    let mut rest = text;
    while let Some(start) = rest.find(is_word_character) {
        let (between, from_word) = rest.split_at(start);
        let end = from_word
            .find(|character| !is_word_character(character))
            .unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        redacted.push_str(between);
        redacted.push_str(replacement(word).unwrap_or(word));
        rest = after;
    }
    redacted.push_str(rest);
    redacted
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(LIMIT)
        .collect()
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || "_-+.@*".contains(character)
}

fn replacement(word: &str) -> Option<&'static str> {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_number = word
        .chars()
        .all(|character| character.is_ascii_digit() || "-.".contains(character));
    if KEY_PREFIXES.iter().any(|prefix| word.contains(prefix)) {
        Some("[key]")
    } else if word.contains("_secret_") {
        Some("[client secret]")
    } else if word.contains('@') {
        Some("[address]")
    } else if is_number && digits >= 12 {
        Some("[number]")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_personal_data_are_replaced() {
        let cases = [
            (
                "Invalid API Key provided: sk_test_****1234",
                "Invalid API Key provided: [key]",
            ),
            (
                "(rk_live_51Hx) 'pk_live_a', whsec_abc!",
                "([key]) '[key]', [key]!",
            ),
            ("Bearer:sk_live_x", "Bearer:[key]"),
            ("x.sk_live_x", "[key]"),
            (
                "client_secret pi_1_secret_AbC does not match",
                "client_secret [client secret] does not match",
            ),
            (
                "Invalid email address: jane.doe+x@example.com",
                "Invalid email address: [address]",
            ),
            (
                "card 4242424242424242 or 4242-4242-4242-4242.",
                "card [number] or [number]",
            ),
            (
                "No such payment_intent: 'pi_3Q'",
                "No such payment_intent: 'pi_3Q'",
            ),
            (
                "Amount must be at least 50 cents",
                "Amount must be at least 50 cents",
            ),
            ("zwei\nZeilen\0", "zwei Zeilen "),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(redact(&"é".repeat(600)), "é".repeat(500));
    }
}
