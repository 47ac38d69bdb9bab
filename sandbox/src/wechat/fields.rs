//! Reading a JSON body strictly: what is wrong in it is named by its path, as WeChat Pay names it.

use serde_json::{Map, Value};

use super::errors::ApiError;

/// The fields of one object of the body.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

/// The body of a request, which must be one object.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) | Err(_) => Err(ApiError::param(
            "body",
            "/",
            Value::Null,
            "the body is not a JSON object",
        )),
    }
}

impl<'a> Fields<'a> {
    /// The fields of the whole body.
    pub fn of(map: &'a Map<String, Value>) -> Self {
        Self {
            path: String::new(),
            map,
        }
    }

    /// An error about one of the fields.
    pub fn wrong(&self, name: &str, issue: &str) -> ApiError {
        let value = self.map.get(name).cloned().unwrap_or_default();
        ApiError::param("body", &format!("{}/{name}", self.path), value, issue)
    }

    /// Refuses every field that is not one of these.
    pub fn only(&self, known: &[&str]) -> Result<&Self, ApiError> {
        match self.map.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(self.wrong(unknown, "the field is not known")),
            None => Ok(self),
        }
    }

    /// A text of 1 to `longest` characters, if it is given.
    pub fn text(&self, name: &str, longest: usize) -> Result<Option<&'a str>, ApiError> {
        let text = match self.map.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text,
            Some(_) => return Err(self.wrong(name, "must be a string")),
        };
        match text.chars().count() {
            0 => Err(self.wrong(name, "must not be empty")),
            count if count > longest => Err(self.wrong(name, &format!("longer than {longest} characters"))),
            _ => Ok(Some(text)),
        }
    }

    /// The same when it must be given.
    pub fn required_text(&self, name: &str, longest: usize) -> Result<&'a str, ApiError> {
        self.text(name, longest)?
            .ok_or_else(|| self.wrong(name, "is required"))
    }

    /// A number that the merchant gave to a trade or refund: at least `shortest` of the characters that are allowed.
    pub fn number(&self, name: &str, shortest: usize, longest: usize) -> Result<Option<&'a str>, ApiError> {
        let Some(number) = self.text(name, longest)? else {
            return Ok(None);
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-|*@".contains(c);
        if number.len() < shortest || !number.chars().all(allowed) {
            let issue = format!("must be {shortest} to {longest} letters, digits or _-|*@");
            return Err(self.wrong(name, &issue));
        }
        Ok(Some(number))
    }

    /// A sum in fen, above zero.
    pub fn fen(&self, name: &str) -> Result<i64, ApiError> {
        let sum = match self.map.get(name) {
            None | Some(Value::Null) => return Err(self.wrong(name, "is required")),
            Some(value) => value
                .as_i64()
                .ok_or_else(|| self.wrong(name, "must be an integer"))?,
        };
        if sum < 1 {
            return Err(self.wrong(name, "must be above zero"));
        }
        Ok(sum)
    }

    /// An object, if it is given.
    pub fn object(&self, name: &str) -> Result<Option<Self>, ApiError> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self {
                path: format!("{}/{name}", self.path),
                map,
            })),
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    /// The same when it must be given.
    pub fn required_object(&self, name: &str) -> Result<Self, ApiError> {
        self.object(name)?.ok_or_else(|| self.wrong(name, "is required"))
    }

    /// Where notifications go: http or https, without a query.
    pub fn url(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        let Some(text) = self.text(name, 256)? else {
            return Ok(None);
        };
        let fits = reqwest::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
        if fits {
            Ok(Some(text))
        } else {
            Err(self.wrong(name, "must be a URL without a query"))
        }
    }
}
