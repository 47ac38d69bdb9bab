//! Reading `biz_content`: strictly, so that what Alipay would refuse is refused here too.

use serde_json::{Map, Value};

use super::errors::ApiError;
use super::yuan;

/// The longest number a merchant may give a trade or a refund.
pub const NUMBER_CHARS: usize = 64;

/// The business content of a request.
#[derive(Debug, Clone, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the content: a JSON object.
    pub fn parse(content: &str) -> Result<Self, ApiError> {
        match serde_json::from_str(content) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) | Err(_) => Err(ApiError::parameter("biz_content")),
        }
    }

    /// A text of at most this many characters; an empty one counts as absent.
    pub fn text(&self, name: &str, most: usize) -> Result<Option<&str>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text)),
            Some(_) => Err(ApiError::parameter(name)),
        }
    }

    /// A text that must be there.
    pub fn required(&self, name: &str, most: usize) -> Result<&str, ApiError> {
        self.text(name, most)?.ok_or_else(|| ApiError::parameter(name))
    }

    /// The merchant's number of a trade: letters, digits and underscores.
    pub fn number(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let number = self.text(name, NUMBER_CHARS)?;
        let is_plain = |number: &str| {
            let mut bytes = number.bytes();
            bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match number {
            Some(number) if !is_plain(number) => Err(ApiError::parameter(name)),
            number => Ok(number),
        }
    }

    /// A sum in fen.
    pub fn sum(&self, name: &str) -> Result<i64, ApiError> {
        yuan::parse(self.required(name, 11)?).ok_or_else(|| ApiError::parameter(name))
    }
}
