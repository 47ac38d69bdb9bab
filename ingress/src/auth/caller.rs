//! Who asks, and what follows from it: whose data is seen.

use domain::{id::MerchantId, scope::Scope};

/// Who asks. Made from what a request shows and from nothing else; everything that is read for a request is read through
/// it ([`crate::reads::Reads::seen_by`]).
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    merchant_id: MerchantId,
    scope: Scope,
}

impl Caller {
    /// A merchant, by its API key.
    pub(super) const fn merchant(merchant_id: MerchantId) -> Self {
        Self {
            merchant_id,
            scope: Scope::Merchant(merchant_id),
        }
    }

    /// Whose data it sees.
    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The merchant that it acts for.
    pub(crate) const fn acts_for(&self) -> MerchantId {
        self.merchant_id
    }
}
