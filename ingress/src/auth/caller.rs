//! Who asks, and what follows from it: whose data is seen, and what may be done.

use domain::{
    id::{IdempotencyKey, MerchantId},
    scope::Scope,
    user::UserId,
};

use crate::{
    problem::{Problem, ProblemKind},
    rate_limit::Counted,
};

/// Who asks. Made from what a request shows and from nothing else. Everything that is read for a request is read through it
/// ([`crate::reads::Reads::seen_by`]), and what it may do is decided here and nowhere else.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    role: Role,
    scope: Scope,
}

/// What somebody is here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    Merchant,
    User,
    /// By its name at the identity provider.
    Admin(UserId),
}

impl Caller {
    /// A merchant, by its API key.
    pub(super) const fn merchant(id: MerchantId) -> Self {
        Self {
            role: Role::Merchant,
            scope: Scope::Merchant(id),
        }
    }

    /// A user of a merchant.
    pub(super) const fn user(merchant: MerchantId, user: UserId) -> Self {
        Self {
            role: Role::User,
            scope: Scope::User(merchant, user),
        }
    }

    /// Somebody who runs the deployment, and acts for the merchant that it names, if it names one.
    pub(super) fn admin(name: UserId, merchant: Option<MerchantId>) -> Self {
        Self {
            role: Role::Admin(name),
            scope: merchant.map_or(Scope::All, Scope::Merchant),
        }
    }

    /// What it is, for the log.
    pub(crate) const fn role(&self) -> &'static str {
        match self.role {
            Role::Merchant => "merchant",
            Role::User => "user",
            Role::Admin(_) => "admin",
        }
    }

    /// Whose requests it adds to: its merchant's own, or those of all users of its merchant, who must not shut their shop out.
    pub(crate) fn counts_for(&self) -> Option<Counted> {
        match self.role {
            Role::Merchant => self.scope.merchant().map(Counted::Merchant),
            Role::User => self.scope.merchant().map(Counted::UsersOf),
            Role::Admin(_) => None,
        }
    }

    /// Whose data it sees.
    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether a payment has to be known as its own before anything is done with it: workers ask whose merchant's it is, and
    /// no more.
    pub(crate) fn has_to_own(&self) -> bool {
        self.role == Role::User
    }

    /// The merchant that it acts for.
    ///
    /// # Errors
    /// An administrator has not named one.
    pub(crate) fn acts_for(&self) -> Result<MerchantId, Problem> {
        self.scope.merchant().ok_or_else(|| {
            let detail = "Name the merchant that you act for: `Sluice-Merchant: mer_…`.";
            Problem::new(ProblemKind::MerchantHeader, detail)
        })
    }

    /// The key under which what it asks for is known. Users have keys of their own: they take none away from each other or
    /// from their merchant.
    pub(crate) fn own_key(&self, given: IdempotencyKey) -> IdempotencyKey {
        match self.scope.user() {
            Some(user) => given.of_user(user),
            None => given,
        }
    }

    /// Whose something new is.
    ///
    /// # Errors
    /// A user wants it to be another's.
    pub(crate) fn owner(&self, named: Option<UserId>) -> Result<Option<UserId>, Problem> {
        match (self.scope.user(), named) {
            (Some(user), Some(named)) if *user != named => Err(forbidden(
                "You can ask for something in your own name only: leave user_id out.",
            )),
            (Some(user), _) => Ok(Some(user.clone())),
            (None, named) => Ok(named),
        }
    }

    /// The user to whose things a list is narrowed.
    ///
    /// # Errors
    /// Nobody can tell which merchant's user is meant.
    pub(crate) fn only_of(&self, named: Option<UserId>) -> Result<Option<UserId>, Problem> {
        if named.is_some() {
            self.acts_for()?;
        }
        Ok(named)
    }

    /// Checks that it may say through whose account at the provider something is paid.
    ///
    /// # Errors
    /// A user must not decide where the money goes.
    pub(crate) fn may_choose_account(&self) -> Result<(), Problem> {
        self.is_no_user("Only your merchant can say whose account the money goes to: leave connected_account and destination out.")
    }

    /// Checks that it may give money back.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_refund(&self) -> Result<(), Problem> {
        self.is_no_user("Users cannot refund: ask your merchant for your money.")
    }

    /// Checks that it may say what something costs.
    ///
    /// # Errors
    /// A user must not set its own prices.
    pub(crate) fn may_set_prices(&self) -> Result<(), Problem> {
        self.is_no_user("Only your merchant can make an order: ask it for one.")
    }

    /// Checks that it may say who decided something.
    ///
    /// # Errors
    /// A user speaks for itself.
    pub(crate) fn may_name_operator(&self) -> Result<(), Problem> {
        self.is_no_user("Only your merchant can name an operator: leave it out.")
    }

    /// Whether it is told whom the merchant shares money with. That is nothing of its users'.
    pub(crate) fn sees_sharing(&self) -> bool {
        self.role != Role::User
    }

    /// Whether it is told who decided something and why. What the merchant's people write for each other is not for its users.
    pub(crate) fn sees_decisions(&self) -> bool {
        self.role != Role::User
    }

    /// Checks that it may see what all payments of a merchant come to.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_see_figures(&self) -> Result<(), Problem> {
        self.is_no_user("Statistics are for merchants, not for their users.")
    }

    /// Checks that it may say what became of goods.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_deliver(&self) -> Result<(), Problem> {
        self.is_no_user("Only your merchant can say that an order was shipped or completed.")
    }

    /// Checks that it may keep money of a wallet, and take it or let it go.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_hold(&self) -> Result<(), Problem> {
        self.is_no_user("Only your merchant can hold money of a wallet.")
    }

    /// Checks that it may say how a withdrawal ended.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_pay_out(&self) -> Result<(), Problem> {
        self.is_no_user("Only your merchant can say that a withdrawal was paid out or is not.")
    }

    /// Its name, if it may correct what is in a wallet.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_adjust(&self) -> Result<&UserId, Problem> {
        self.is_admin("Only administrators correct what is in a wallet: ask whoever runs this deployment.")
    }

    /// Its name, if it may say how a withdrawal ended that a provider was asked to pay out.
    ///
    /// # Errors
    /// It may not.
    pub(crate) fn may_end_payout(&self) -> Result<&UserId, Problem> {
        self.is_admin(
            "Only administrators end a withdrawal that is in review: ask whoever runs this deployment.",
        )
    }

    fn is_admin(&self, else_say: &str) -> Result<&UserId, Problem> {
        match &self.role {
            Role::Admin(name) => Ok(name),
            Role::Merchant | Role::User => Err(forbidden(else_say)),
        }
    }

    fn is_no_user(&self, else_say: &str) -> Result<(), Problem> {
        match self.role {
            Role::Merchant | Role::Admin(_) => Ok(()),
            Role::User => Err(forbidden(else_say)),
        }
    }
}

pub(super) fn forbidden(detail: &str) -> Problem {
    Problem::new(ProblemKind::Forbidden, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::try_from(text.to_owned()).unwrap()
    }

    fn user(name: &str) -> UserId {
        name.parse().unwrap()
    }

    #[test]
    fn a_user_asks_in_its_own_name_and_a_merchant_in_anybodys() {
        let shop = MerchantId::random();
        let (anna, bob) = (user("anna"), user("bob"));
        let caller = Caller::user(shop, anna.clone());
        assert_eq!(caller.owner(None), Ok(Some(anna.clone())));
        assert_eq!(caller.owner(Some(anna.clone())), Ok(Some(anna)));
        assert_eq!(
            caller.owner(Some(bob.clone())).unwrap_err().kind(),
            ProblemKind::Forbidden
        );
        for caller in [Caller::merchant(shop), Caller::admin(user("root"), Some(shop))] {
            assert_eq!(caller.owner(None), Ok(None));
            assert_eq!(caller.owner(Some(bob.clone())), Ok(Some(bob.clone())));
        }
    }

    #[test]
    fn a_merchant_and_its_users_count_together_and_an_administrator_not_at_all() {
        let shop = MerchantId::random();
        assert_eq!(Caller::merchant(shop).counts_for(), Some(Counted::Merchant(shop)));
        assert_eq!(
            Caller::user(shop, user("anna")).counts_for(),
            Some(Counted::UsersOf(shop))
        );
        assert_eq!(Caller::admin(user("root"), Some(shop)).counts_for(), None);
    }

    #[test]
    fn users_have_keys_of_their_own() {
        let shop = MerchantId::random();
        let of = |name| Caller::user(shop, user(name)).own_key(key("order-1"));
        assert_eq!(of("anna"), of("anna"));
        assert_ne!(of("anna"), of("bob"));
        assert_ne!(
            of("anna"),
            Caller::user(shop, user("anna")).own_key(key("order-2"))
        );
        for caller in [Caller::merchant(shop), Caller::admin(user("root"), Some(shop))] {
            assert_eq!(caller.own_key(key("order-1")), key("order-1"));
        }
    }

    #[test]
    fn only_an_administrator_corrects_a_wallet_or_ends_a_payout_and_says_who_it_is() {
        let (shop, root) = (MerchantId::random(), user("root"));
        let admin = Caller::admin(root.clone(), Some(shop));
        assert_eq!(admin.may_adjust(), Ok(&root));
        assert_eq!(admin.may_end_payout(), Ok(&root));
        for caller in [Caller::merchant(shop), Caller::user(shop, root)] {
            for refused in [caller.may_adjust(), caller.may_end_payout()] {
                assert_eq!(refused.unwrap_err().kind(), ProblemKind::Forbidden);
            }
        }
    }

    #[test]
    fn an_administrator_acts_for_the_merchant_it_names() {
        let shop = MerchantId::random();
        assert_eq!(Caller::admin(user("root"), Some(shop)).acts_for(), Ok(shop));
        let nobody = Caller::admin(user("root"), None);
        assert_eq!(*nobody.scope(), Scope::All);
        for refused in [nobody.acts_for().err(), nobody.only_of(Some(user("anna"))).err()] {
            assert_eq!(refused.unwrap().kind(), ProblemKind::MerchantHeader);
        }
        assert_eq!(nobody.only_of(None), Ok(None));
    }
}
