//! WeChat Pay's error answers: `{"code", "message", "detail"}` under the HTTP status its documents give each code.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// Result of one call on the double.
pub type Answered = Result<Value, ApiError>;

/// The codes that the double answers of its own accord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing or wrong.
    ParamError,
    /// The request contradicts what is known of the trade or refund.
    InvalidRequest,
    /// The app does not belong to the merchant.
    AppidMchidNotMatch,
    /// The trade is closed.
    OrderClosed,
    /// The trade is paid.
    OrderPaid,
    /// The signature, or what it is made of, is wrong.
    SignError,
    /// The caller speaks for another merchant.
    NoAuth,
    /// The number belongs to another trade.
    OutTradeNoUsed,
    /// More is refunded than there is.
    NotEnough,
    /// There is no such trade.
    OrderNotExist,
    /// There is no such thing.
    ResourceNotExists,
    /// Too often.
    FrequencyLimited,
    /// Something went wrong at the provider.
    SystemError,
}

impl Code {
    /// The code as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::ParamError => "PARAM_ERROR",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::AppidMchidNotMatch => "APPID_MCHID_NOT_MATCH",
            Self::OrderClosed => "ORDER_CLOSED",
            Self::OrderPaid => "ORDER_PAID",
            Self::SignError => "SIGN_ERROR",
            Self::NoAuth => "NO_AUTH",
            Self::OutTradeNoUsed => "OUT_TRADE_NO_USED",
            Self::NotEnough => "NOT_ENOUGH",
            Self::OrderNotExist => "ORDER_NOT_EXIST",
            Self::ResourceNotExists => "RESOURCE_NOT_EXISTS",
            Self::FrequencyLimited => "FREQUENCY_LIMITED",
            Self::SystemError => "SYSTEM_ERROR",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::ParamError
            | Self::InvalidRequest
            | Self::AppidMchidNotMatch
            | Self::OrderClosed
            | Self::OrderPaid => StatusCode::BAD_REQUEST,
            Self::SignError => StatusCode::UNAUTHORIZED,
            Self::NoAuth | Self::OutTradeNoUsed | Self::NotEnough => StatusCode::FORBIDDEN,
            Self::OrderNotExist | Self::ResourceNotExists => StatusCode::NOT_FOUND,
            Self::FrequencyLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::SystemError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// An error as WeChat Pay tells it.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: String,
    message: String,
    detail: Option<Value>,
}

impl ApiError {
    /// An error of this code.
    pub fn of(code: Code, message: impl Into<String>) -> Self {
        Self {
            status: code.status(),
            code: code.name().to_owned(),
            message: message.into(),
            detail: None,
        }
    }

    /// 400 `PARAM_ERROR`: names the field by its path, as `/amount/total`, and where it was looked for.
    pub fn param(location: &str, field: &str, value: Value, issue: &str) -> Self {
        Self {
            detail: Some(json!({ "location": location, "field": field, "value": value, "issue": issue })),
            ..Self::of(Code::ParamError, "参数错误")
        }
    }

    /// 401 `SIGN_ERROR`.
    pub fn sign(issue: &str, message: impl Into<String>) -> Self {
        Self {
            detail: Some(json!({ "location": "authorization", "field": "signature", "issue": issue })),
            ..Self::of(Code::SignError, message)
        }
    }

    /// What a dial asks for: a status, and the code that goes with it unless the dial names one.
    pub fn dialled(status: u16, code: Option<&str>) -> Self {
        let usual = match status {
            400 => Code::ParamError,
            401 => Code::SignError,
            403 => Code::NoAuth,
            404 => Code::ResourceNotExists,
            429 => Code::FrequencyLimited,
            status if status < 500 => Code::InvalidRequest,
            _ => Code::SystemError,
        };
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: code.unwrap_or(usual.name()).to_owned(),
            message: "系统错误，请稍后重试".to_owned(),
            detail: None,
        }
    }

    /// The same under another status.
    pub fn under(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The HTTP status.
    pub fn http_status(&self) -> StatusCode {
        self.status
    }

    /// The whole body.
    pub fn envelope(&self) -> Value {
        let mut envelope = json!({ "code": self.code, "message": self.message });
        if let Some(detail) = &self.detail {
            envelope["detail"] = detail.clone();
        }
        envelope
    }
}
