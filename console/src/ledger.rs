//! `ledger`: whether the books agree with everything else, and what is in them.

use domain::wallet::{WalletTransaction, WalletTransactionView};
use serde_json::Value;
use store::{Balance, Disagreement, LayerSum};

use crate::{Answer, Console, ConsoleError, answer::Facts};

impl Console<'_> {
    pub(crate) async fn check_ledger(&self) -> Result<Answer, ConsoleError> {
        let report = self.store.ledger_check().await?;
        Ok(Answer::Report {
            facts: vec![
                ("agrees", Value::from(report.agrees())),
                ("transfers", Value::from(report.transfers)),
                ("postings", Value::from(report.postings)),
                // Of very many, only the first are listed.
                ("disagreements_total", Value::from(report.total)),
            ],
            passed: report.agrees(),
            lists: vec![
                ("sums", report.sums.iter().map(sum).collect()),
                (
                    "disagreements",
                    report.disagreements.iter().map(disagreement).collect(),
                ),
            ],
        })
    }

    pub(crate) async fn balances(&self, merchant: &str) -> Result<Answer, ConsoleError> {
        let merchant = self.merchant(merchant).await?.id;
        let balances = self.store.balances(merchant).await?;
        Ok(Answer::Many(balances.iter().map(balance).collect()))
    }

    pub(crate) async fn wallet(&self, wallet: &str, limit: u32) -> Result<Answer, ConsoleError> {
        let unknown = || ConsoleError::UnknownWallet(wallet.to_owned());
        let id = wallet.parse().map_err(|_| unknown())?;
        let found = self.store.posted_wallet(id).await?.ok_or_else(unknown)?;
        let lines = self.store.wallet_transactions(id, None, limit).await?;
        Ok(Answer::Report {
            facts: vec![
                ("id", Value::from(found.id.to_string())),
                ("merchant_id", Value::from(found.merchant_id.to_string())),
                ("user_id", Value::from(found.user_id.as_str())),
                ("currency", Value::from(found.currency.code())),
                ("balance_minor", Value::from(found.balance_minor)),
                ("held_minor", Value::from(found.held_minor)),
                ("available_minor", Value::from(found.available_minor())),
            ],
            lists: vec![("statement", lines.iter().map(line).collect())],
            passed: true,
        })
    }
}

fn line(line: &WalletTransaction) -> Facts {
    let view = WalletTransactionView::from(line);
    vec![
        ("number", Value::from(view.number)),
        ("at", Value::from(view.at.to_rfc3339())),
        ("kind", Value::from(view.kind)),
        ("phase", Value::from(view.phase)),
        ("subject", Value::from(view.subject)),
        ("amount_minor", Value::from(view.amount_minor)),
        ("hold_minor", Value::from(view.hold_minor)),
        ("balance_minor", Value::from(view.balance_minor)),
        ("held_minor", Value::from(view.held_minor)),
        ("note", Value::from(view.note)),
    ]
}

fn sum(sum: &LayerSum) -> Facts {
    vec![
        ("currency", Value::from(sum.currency.as_str())),
        ("layer", Value::from(sum.layer.as_str())),
        ("sum_minor", Value::from(sum.sum_minor)),
        ("moved_minor", Value::from(sum.moved_minor)),
    ]
}

fn disagreement(found: &Disagreement) -> Facts {
    vec![
        ("rule", Value::from(found.rule.as_str())),
        ("subject", Value::from(found.subject.as_str())),
        ("expected", Value::from(found.expected.as_str())),
        ("found", Value::from(found.found.as_str())),
    ]
}

fn balance(balance: &Balance) -> Facts {
    let account = &balance.account;
    let detail = Some(account.detail.as_str()).filter(|detail| !detail.is_empty());
    vec![
        ("account_id", Value::from(account.id.to_string())),
        ("account", Value::from(account.kind.name())),
        ("detail", Value::from(detail)),
        ("currency", Value::from(account.currency.code())),
        ("posted_minor", Value::from(balance.posted_minor)),
        ("pending_minor", Value::from(balance.pending_minor)),
    ]
}
