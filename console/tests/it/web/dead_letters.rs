//! Dead letters as people find them in a browser and ask for them, with this test in the workers' place.

mod asking;
mod matching;
mod search;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    dead_letter::{LetterState, ParkedBy},
    id::{DeadLetterId, MerchantId, PaymentId},
};
use reqwest::{Response, header};
use serde_json::json;
use store::NewLetter;

use super::site::{Browser, Site};

/// When something is written down after every page was shown.
const FAR: DateTime<Utc> = DateTime::from_timestamp(9_000_000_000, 0).unwrap();
/// What a provider said, to whom it means no good.
const HOSTILE: &str = "<script>alert(1)</script> no such customer: ada@example.com, \"Ada Lovelace";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_700_000_000 + second)
}

fn payment(number: u16) -> PaymentId {
    format!("pay_{number:032x}").parse().unwrap()
}

fn letter(number: u16, merchant: MerchantId, reason: &str) -> NewLetter {
    let body =
        json!({"merchant_id": merchant, "payment_id": payment(number), "description": "two coffees for Ada"});
    NewLetter {
        id: DeadLetterId::derive(&[&number.to_be_bytes()]),
        kind: "create_intent".into(),
        job_id: format!("job_{number}"),
        attempt: 4,
        replayed_after: 0,
        correlation_id: payment(number).to_string(),
        merchant_id: Some(merchant),
        subjects: vec![payment(number).to_string(), format!("evt_{number}")],
        error_class: "provider_unavailable".into(),
        reason: reason.into(),
        parked_by: ParkedBy::Worker,
        parked_at: at(number.into()),
        message: json!({"body": body.to_string(), "schema": 1, "published_by": "shop"})
            .to_string()
            .into_bytes(),
    }
}

impl Site {
    /// Parks letters, which a worker would write down.
    async fn with_letters(&self, letters: &[NewLetter]) {
        self.desk.store.note_letters(letters, at(0)).await.unwrap();
    }

    /// As many letters, each with its own number in the error.
    async fn parked(&self, count: u16) -> Vec<NewLetter> {
        let (merchant, _) = self.desk.merchant(&[]);
        let one = |number| {
            letter(
                number,
                merchant,
                &format!("the provider answered {}", 500 + number),
            )
        };
        let letters: Vec<NewLetter> = (0..count).map(one).collect();
        self.with_letters(&letters).await;
        letters
    }

    async fn state(&self, id: DeadLetterId) -> LetterState {
        self.desk.store.letter(id).await.unwrap().unwrap().letter.state
    }
}

/// The letters that a page lists, in order.
fn listed(page: &str) -> Vec<String> {
    let named = page.split("data-letter=\"").skip(1);
    named
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// The value of a field that nobody sees.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("type=\"hidden\" name=\"{name}\" value=\""))
        .unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn ask(browser: &Browser, verb: &str, fields: &[(&str, &str)]) -> Response {
    let path = format!("/dead-letters/{verb}");
    browser.post(&path, fields).send().await.unwrap()
}

/// Where an answer leads.
fn led(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}
