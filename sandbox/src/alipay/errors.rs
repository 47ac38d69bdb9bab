//! Alipay's error answers: a gateway code with its message, and the sub-code that says what it was.

use serde_json::{Value, json};

/// Result of one method.
pub type Answered = Result<Value, ApiError>;

/// An error as Alipay tells it, with HTTP status 200.
#[derive(Debug, Clone)]
pub struct ApiError {
    sub_code: String,
    sub_msg: String,
}

impl ApiError {
    /// An error by its sub-code, for example `ACQ.TRADE_NOT_EXIST`.
    pub fn of(sub_code: impl Into<String>, sub_msg: impl Into<String>) -> Self {
        Self {
            sub_code: sub_code.into(),
            sub_msg: sub_msg.into(),
        }
    }

    /// `ACQ.INVALID_PARAMETER`: a parameter of the business content is missing or makes no sense.
    pub fn parameter(name: &str) -> Self {
        Self::of("ACQ.INVALID_PARAMETER", format!("参数无效：{name}"))
    }

    /// `ACQ.TRADE_NOT_EXIST`.
    pub fn no_trade() -> Self {
        Self::of("ACQ.TRADE_NOT_EXIST", "交易不存在")
    }

    /// `ACQ.TRADE_STATUS_ERROR`.
    pub fn wrong_status() -> Self {
        Self::of("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    }

    /// The gateway's code and message, which follow from the sub-code.
    fn gateway_code(&self) -> (&'static str, &'static str) {
        let code = self.sub_code.as_str();
        match code {
            _ if code.starts_with("isv.missing-") => ("40001", "Missing Required Arguments"),
            _ if code.ends_with("call-limited") => ("40005", "Call Limited"),
            _ if code.starts_with("isv.insufficient-") => ("40006", "Insufficient Permissions"),
            _ if code.starts_with("isv.") => ("40002", "Invalid Arguments"),
            _ if code.starts_with("isp.") || code.starts_with("aop.") => {
                ("20000", "Service Currently Unavailable")
            }
            _ => ("40004", "Business Failed"),
        }
    }

    /// The content of the answer.
    pub fn content(&self) -> Value {
        let (code, msg) = self.gateway_code();
        json!({ "code": code, "msg": msg, "sub_code": self.sub_code, "sub_msg": self.sub_msg })
    }
}
