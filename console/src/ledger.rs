//! `ledger`: whether the books agree with everything else, and what is in them.

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
