//! What can be meant to happen to the wallets of a merchant's users.

/// What is meant to happen to the wallets of two users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PurseStory {
    /// A wallet that was asked for twice at the same moment is filled by a card, pays, and gets half back, then all that is left.
    GivenBack,
    /// A payment, a hold and a withdrawal each want all that is in it at the same moment: one can have it.
    WantedByThree,
    /// A part of what is held is captured; another hold is let go; and one is captured while it is let go.
    Held,
    /// Both give to each other at the same moment; then one gives all it has, twice at the same moment.
    GivenBothWays,
    /// Its owner has an account opened, and is paid out to it, which is asked for twice at the same moment.
    PaidOut,
    /// An administrator fills it. What is withdrawn is paid by hand, or not, or both are said at the same moment.
    PaidOutByHand,
    /// An order for goods is paid from it, and given back by the item.
    Ordered,
    /// Half of what was paid into it is given back to the payer, and the rest is spent.
    TopUpTakenBack,
}

impl PurseStory {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::GivenBack,
        Self::WantedByThree,
        Self::Held,
        Self::GivenBothWays,
        Self::PaidOut,
        Self::PaidOutByHand,
        Self::Ordered,
        Self::TopUpTakenBack,
    ];
}
