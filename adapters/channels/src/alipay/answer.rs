//! Reading an answer of the gateway: first whether Alipay wrote it, then whether it says yes.
//!
//! The signature covers the answer object exactly as it was written (<https://opendocs.alipay.com/common/02mse7>), so it is
//! verified over those bytes and never over anything written anew. The object is found by a JSON parser, which braces
//! inside of texts cannot mislead. What is not signed proves nothing: neither that something was done nor that nothing
//! was, whoever answered with it.

use std::{fmt, time::Duration};

use domain::channel::CallError;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{credentials::CallbackKeys, request::ApiMethod};
use crate::redact::redact;

/// The code of an answer that says yes, as far as it goes (<https://opendocs.alipay.com/common/02km9f>).
const SUCCESS: &str = "10000";

/// How long to wait when Alipay allows no more; it names no time, and its own rule for refunds is 3 seconds.
pub(super) const PAUSE: Duration = Duration::from_secs(3);

/// Why a call gave no answer that says yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// Alipay says, under its signature, that it will not.
    Refused {
        /// Alipay's `sub_code`, or its `code` where there is none.
        code: String,
        message: String,
    },
    /// The gateway seems to have turned the request away, but nobody signed that.
    Unsigned { code: String, message: String },
    /// It is neither yes nor no.
    Other(CallError),
}

impl From<Failed> for CallError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused { code, message } => Self::Refused { code, message },
            Failed::Unsigned { code, message } => Self::Unknown {
                message: format!("{code}: {message} (not signed)"),
            },
            Failed::Other(error) => error,
        }
    }
}

/// What every answer starts with.
#[derive(Deserialize)]
struct Head {
    code: String,
    #[serde(default)]
    msg: Option<String>,
    #[serde(default)]
    sub_code: Option<String>,
    #[serde(default)]
    sub_msg: Option<String>,
}

/// The fields of a body, in their order, raw.
struct Body<'b>(Vec<(String, &'b RawValue)>);

impl<'b> Body<'b> {
    /// The only field of this name.
    fn only(&self, name: &str) -> Option<&'b RawValue> {
        let mut found = self.0.iter().filter(|(found, _)| found == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }
}

impl<'de> Deserialize<'de> for Body<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Body<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Body<'de>, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Body(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// What Alipay answered to this method, if it signed that and says yes.
pub(super) fn read<T: DeserializeOwned>(
    body: &[u8],
    method: ApiMethod,
    keys: &CallbackKeys,
) -> Result<T, Failed> {
    let proven = proven(body, method, keys)?;
    let head: Head = serde_json::from_str(proven).map_err(|_| unknown("the answer has no code"))?;
    judge(&head)?;
    serde_json::from_str(proven).map_err(|error| unknown(&format!("the answer cannot be read: {error}")))
}

/// The answer object as it was written, if Alipay signed it.
fn proven<'b>(body: &'b [u8], method: ApiMethod, keys: &CallbackKeys) -> Result<&'b str, Failed> {
    let fields: Body<'b> =
        serde_json::from_slice(body).map_err(|_| unknown("this is no answer of Alipay's gateway"))?;
    let signature = fields
        .only("sign")
        .and_then(|sign| serde_json::from_str::<String>(sign.get()).ok());
    match (fields.only(&method.answer_name()), signature) {
        (Some(answer), Some(signature)) => {
            let is_proven = keys.verify(answer.get().as_bytes(), &signature);
            is_proven
                .then_some(answer.get())
                .ok_or_else(|| unknown("the answer's signature is not Alipay's"))
        }
        (answer, _) => Err(unsigned(answer.or_else(|| fields.only("error_response")))),
    }
}

/// What an answer without a signature is worth: a hint for people.
fn unsigned(answer: Option<&RawValue>) -> Failed {
    let head = answer.and_then(|answer| serde_json::from_str::<Head>(answer.get()).ok());
    match head {
        Some(head) if head.code != SUCCESS => Failed::Unsigned {
            code: redact(head.said()),
            message: head.message(),
        },
        _ => unknown("the answer is not signed"),
    }
}

/// The only place where a code is judged (<https://opendocs.alipay.com/common/02km9f>). The question is always the same:
/// did Alipay decide, did surely nothing happen, or can nobody tell?
fn judge(head: &Head) -> Result<(), Failed> {
    let said = head.said();
    let is_limit = head.code == "40005" || said.ends_with("call-limited");
    let is_trouble = said.starts_with("isp.") || said.starts_with("aop.") || said.ends_with("SYSTEM_ERROR");
    match head.code.as_str() {
        SUCCESS => Ok(()),
        _ if is_limit => Err(Failed::Other(CallError::Limited {
            message: format!("{}: {}", redact(said), head.message()),
            retry_after: PAUSE,
            is_own: false,
        })),
        // Alipay does not know itself: it asks to repeat the request unchanged, or to query.
        _ if is_trouble => Err(unknown(&format!("{said}: {}", head.message()))),
        "20001" | "40001" | "40002" | "40003" | "40004" | "40006" => Err(Failed::Refused {
            code: redact(said),
            message: head.message(),
        }),
        _ => Err(unknown(&format!("{said}: {}", head.message()))),
    }
}

impl Head {
    /// The most telling code.
    fn said(&self) -> &str {
        let sub_code = self.sub_code.as_deref();
        sub_code.filter(|code| !code.is_empty()).unwrap_or(&self.code)
    }

    fn message(&self) -> String {
        let said = self.sub_msg.as_deref().or(self.msg.as_deref());
        redact(said.unwrap_or("Alipay gave no reason"))
    }
}

/// Nobody can tell what was done.
pub(super) fn unknown(message: &str) -> Failed {
    Failed::Other(CallError::Unknown {
        message: redact(message),
    })
}

#[cfg(test)]
mod tests;
