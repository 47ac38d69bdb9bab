//! What will happen to an order's capture and to its refunds: what a test decides, and at PayPal the payer's bank does.

use serde::{Deserialize, Serialize};

/// How a capture goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureEnding {
    /// The money is there at once.
    #[default]
    Completed,
    /// The capture waits until it is settled.
    Pending,
    /// There is a capture, but it was declined; the order is used up.
    Declined,
    /// 422 `INSTRUMENT_DECLINED`: there is no capture, and the payer may choose another way to pay.
    InstrumentDeclined,
}

/// How a refund goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundEnding {
    /// At once.
    #[default]
    Completed,
    /// It waits until it is settled.
    Pending,
    /// It fails at once.
    Failed,
}

/// In what a capture, or what is told of it, differs from what was ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Differences {
    /// Another `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
    /// Another `custom_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<String>,
    /// Another `invoice_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<String>,
}

/// What will happen to an order once it is approved.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// How its capture goes.
    pub capture: CaptureEnding,
    /// For how many calls the instrument is declined, before the capture completes; none means always.
    pub times: Option<u32>,
    /// In what the capture differs from the order.
    pub differs: Differences,
    /// How refunds of the capture go.
    pub refunds: RefundEnding,
}

impl Plan {
    /// How the capture that is asked for now goes.
    pub fn next_capture(&mut self) -> CaptureEnding {
        if self.capture == CaptureEnding::InstrumentDeclined {
            match &mut self.times {
                Some(0) => self.capture = CaptureEnding::Completed,
                Some(times) => *times -= 1,
                None => {}
            }
        }
        self.capture
    }
}
