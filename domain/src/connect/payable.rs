//! Whether a withdrawal can be paid out to its owner's account.

use crate::{
    connect::ConnectedAccount,
    wallet::{Withdrawal, WithdrawalStatus},
};

/// Why a withdrawal is not paid out by a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRefused {
    /// A stable code for programs.
    pub code: &'static str,
    /// One sentence for people.
    pub message: String,
}

impl Withdrawal {
    /// The account, if this withdrawal, which nobody has begun to pay out, can be paid out to it.
    ///
    /// # Errors
    /// The withdrawal is over, or there is no account that can be sent money.
    pub fn payable_to(&self, account: Option<ConnectedAccount>) -> Result<ConnectedAccount, PayoutRefused> {
        if self.status != WithdrawalStatus::Requested {
            let message = format!("The withdrawal is {}, and pay is refused.", self.status);
            return Err(refused("withdrawal_over", message));
        }
        match account {
            Some(account) if account.takes_transfers() => Ok(account),
            Some(account) if account.status.is_over() => {
                let message = format!(
                    "The owner's account is {}, and cannot be sent money any more; ask for another one.",
                    account.status
                );
                Err(refused("account_over", message))
            }
            Some(account) if account.channel_account_id.is_some() => {
                let message = format!(
                    "The owner's account is {}, and cannot be sent money.",
                    account.status
                );
                Err(refused("account_not_active", message))
            }
            Some(_) | None => {
                let message = "The wallet's owner has no account at the provider yet.";
                Err(refused("account_not_open", message.into()))
            }
        }
    }
}

const fn refused(code: &'static str, message: String) -> PayoutRefused {
    PayoutRefused { code, message }
}
