//! Whose data somebody may see: what every read for a caller takes place within.

use crate::{id::MerchantId, user::UserId};

/// A part of all data. Everything in it belongs to a merchant, and perhaps to one of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's: for those who run the deployment.
    All,
    /// A merchant's, whichever of its users it belongs to.
    Merchant(MerchantId),
    /// What belongs to one user of a merchant.
    User(MerchantId, UserId),
}

impl Scope {
    /// The one merchant whose data it is.
    pub const fn merchant(&self) -> Option<MerchantId> {
        match self {
            Self::All => None,
            Self::Merchant(merchant) | Self::User(merchant, _) => Some(*merchant),
        }
    }

    /// The one user whose data it is.
    pub const fn user(&self) -> Option<&UserId> {
        match self {
            Self::All | Self::Merchant(_) => None,
            Self::User(_, user) => Some(user),
        }
    }

    /// Whether anything of this merchant can be in it: what belongs to all of its users, at the least.
    pub fn reaches(&self, merchant: MerchantId) -> bool {
        self.merchant().is_none_or(|only| only == merchant)
    }

    /// Whether it holds what belongs to this merchant, and to this user of it if to any.
    pub fn covers(&self, merchant: MerchantId, owner: Option<&UserId>) -> bool {
        self.reaches(merchant) && self.user().is_none_or(|only| Some(only) == owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_holds_its_own_and_nothing_else() {
        let (shop, other) = (MerchantId::random(), MerchantId::random());
        let [anna, bob] = ["anna", "bob"].map(|name| name.parse::<UserId>().unwrap());
        let everything = [
            (shop, None),
            (shop, Some(&anna)),
            (shop, Some(&bob)),
            (other, None),
            (other, Some(&anna)),
        ];
        for (scope, held) in [
            (Scope::All, [true; 5]),
            (Scope::Merchant(shop), [true, true, true, false, false]),
            (
                Scope::User(shop, anna.clone()),
                [false, true, false, false, false],
            ),
        ] {
            let found = everything.map(|(merchant, owner)| scope.covers(merchant, owner));
            assert_eq!(found, held, "{scope:?}");
        }
    }
}
