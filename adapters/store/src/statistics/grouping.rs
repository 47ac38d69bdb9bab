//! What figures are told apart by.

/// What the figures are told apart by, besides the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Nothing.
    None,
    /// The day on which they were asked for.
    Day,
    /// The channel.
    Channel,
    /// The method.
    Method,
    /// How they stand by now.
    Status,
}

impl Grouping {
    /// All that payments have, but for none.
    pub const OF_PAYMENTS: [Self; 4] = [Self::Day, Self::Channel, Self::Method, Self::Status];
    /// All that orders have, but for none. By anything else they are not told apart.
    pub const OF_ORDERS: [Self; 2] = [Self::Day, Self::Status];

    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Day => "day",
            Self::Channel => "channel",
            Self::Method => "method",
            Self::Status => "status",
        }
    }
}
