//! Alipay's form encoding, and the text that its signatures are made over.
//!
//! Requests, addresses that payers open and notifications are all forms of the same kind
//! (<https://opendocs.alipay.com/common/02khjm>). What is signed is never the encoded form: it is every `name=value`, raw,
//! sorted by name and joined by `&`.

/// The most fields a form may have; a notification has about thirty.
const MOST_FIELDS: usize = 200;

/// Why something is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAForm {
    /// A `%` is not followed by two hexadecimal digits.
    #[error("the form has a broken escape")]
    Escape,
    /// Readers that take the first and readers that take the last would disagree.
    #[error("the form names a field twice")]
    Twice,
    /// There is too much of it.
    #[error("the form has more than {MOST_FIELDS} fields")]
    TooMany,
}

/// Fields as raw bytes, by the order of their names, none of them twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form(Vec<(Vec<u8>, Vec<u8>)>);

impl Form {
    /// Reads an encoded form. A name without a value has an empty one.
    pub(super) fn decode(encoded: &[u8]) -> Result<Self, NotAForm> {
        let pairs = encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty());
        let mut fields = Vec::new();
        for pair in pairs {
            if fields.len() == MOST_FIELDS {
                return Err(NotAForm::TooMany);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (
                halves.next().unwrap_or_default(),
                halves.next().unwrap_or_default(),
            );
            fields.push((unescape(name)?, unescape(value)?));
        }
        fields.sort();
        if fields.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(NotAForm::Twice);
        }
        Ok(Self(fields))
    }

    /// A field's value, if it is there and is UTF-8.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(found, _)| found == name.as_bytes());
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// A field's value, if it is there and is not blank. Alipay leaves fields empty as well as out.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }

    /// What a notification's signature covers: whatever arrived, empty values included, but for the signature and its kind
    /// (<https://opendocs.alipay.com/common/02mse7>).
    pub(super) fn signed_text(&self) -> Vec<u8> {
        let is_signed = |name: &[u8]| name != b"sign" && name != b"sign_type";
        let fields = self.0.iter().filter(|(name, _)| is_signed(name));
        let pairs: Vec<Vec<u8>> = fields
            .map(|(name, value)| [name.as_slice(), b"=", value].concat())
            .collect();
        pairs.join(&b'&')
    }
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, NotAForm> {
    let mut raw = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => raw.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2).ok_or(NotAForm::Escape)?;
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).map_err(|_| NotAForm::Escape)?;
                raw.push(byte[0]);
                rest = after;
            }
            _ => raw.push(*first),
        }
    }
    Ok(raw)
}

/// The encoded form of these pairs, in their order.
pub(super) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encoded: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    encoded.join("&")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn empty_values_are_kept_and_signed() {
        let form = Form::decode(b"b=&a=1%2B1+%26&sign=x&sign_type=RSA2&c").unwrap();
        assert_eq!(form.signed_text(), b"a=1+1 &&b=&c=");
        assert_eq!(
            (form.get("b"), form.filled("b"), form.get("d")),
            (Some(""), None, None)
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        assert_eq!(Form::decode(b"a=1&b=2&a=1"), Err(NotAForm::Twice));
        assert_eq!(Form::decode(b"a=1&%61=2"), Err(NotAForm::Twice));
        for broken in [&b"a=%"[..], b"a=%4", b"a=%zz", b"%=1"] {
            assert_eq!(Form::decode(broken), Err(NotAForm::Escape));
        }
        let many = (0..201).map(|number| format!("a{number}=")).collect::<Vec<_>>();
        assert_eq!(Form::decode(many.join("&").as_bytes()), Err(NotAForm::TooMany));
    }

    proptest! {
        #[test]
        fn any_text_comes_back(values in proptest::collection::vec(".*", 0..20)) {
            let names: Vec<String> = (0..values.len()).map(|number| format!("n{number}")).collect();
            let pairs = || names.iter().map(String::as_str).zip(values.iter().map(String::as_str));
            let form = Form::decode(encode(pairs()).as_bytes()).unwrap();
            for (name, value) in pairs() {
                prop_assert_eq!(form.get(name), Some(value));
            }
        }

        #[test]
        fn junk_is_no_panic(junk in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Form::decode(&junk).map(|form| form.signed_text());
        }
    }
}
