//! The methods of the gateway that the double knows.

/// A method of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The payer's browser is sent to the cashier.
    PagePay,
    /// The same on a phone.
    WapPay,
    /// The payer's Alipay app is handed an order string; never asked over the gateway.
    AppPay,
    /// A QR code to show.
    Precreate,
    /// How a trade stands.
    Query,
    /// Ends a trade that was not paid.
    Close,
    /// Ends a trade, giving the money back if it was paid.
    Cancel,
    /// Gives money back.
    Refund,
    /// How a refund stands.
    RefundQuery,
}

impl Method {
    const ALL: [Self; 9] = [
        Self::PagePay,
        Self::WapPay,
        Self::AppPay,
        Self::Precreate,
        Self::Query,
        Self::Close,
        Self::Cancel,
        Self::Refund,
        Self::RefundQuery,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::PagePay => "alipay.trade.page.pay",
            Self::WapPay => "alipay.trade.wap.pay",
            Self::AppPay => "alipay.trade.app.pay",
            Self::Precreate => "alipay.trade.precreate",
            Self::Query => "alipay.trade.query",
            Self::Close => "alipay.trade.close",
            Self::Cancel => "alipay.trade.cancel",
            Self::Refund => "alipay.trade.refund",
            Self::RefundQuery => "alipay.trade.fastpay.refund.query",
        }
    }

    /// The method of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether the answer is a page for the payer's browser, not an object.
    pub fn is_page(self) -> bool {
        matches!(self, Self::PagePay | Self::WapPay)
    }
}
