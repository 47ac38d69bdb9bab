//! Holds what ingress answers against what it says of itself in `openapi.json`.

use std::collections::BTreeSet;

use ingress::ProblemKind;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// Every method and path that is described.
pub fn operations() -> Vec<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    let of_path = |(path, operations): (&String, &Value)| {
        let methods = operations.as_object().unwrap().keys();
        methods
            .map(|method| (method.clone(), path.clone()))
            .collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

/// The declared path that this one belongs to.
fn declared_path(document: &Value, path: &str) -> Option<String> {
    let fits = |declared: &&String| {
        let (declared, given): (Vec<_>, Vec<_>) = (declared.split('/').collect(), path.split('/').collect());
        let pairs = declared.iter().zip(&given);
        declared.len() == given.len()
            && pairs
                .into_iter()
                .all(|(d, g)| d == g || (d.starts_with('{') && !g.is_empty()))
    };
    let paths = document["paths"].as_object().unwrap();
    // An address that is declared as it stands goes before one with a placeholder.
    paths
        .keys()
        .find(|declared| *declared == path)
        .or_else(|| paths.keys().find(fits))
        .cloned()
}

/// Panics when the answer is not one that the description allows.
#[track_caller]
pub fn check(method: &Method, path: &str, status: StatusCode, headers: &HeaderMap, body: &Value) {
    let document = document();
    let Some(declared) = declared_path(&document, path) else {
        assert_eq!(
            status,
            StatusCode::NOT_FOUND,
            "{path} answers, but is not described"
        );
        return;
    };
    let operation = &document["paths"][&declared][method.as_str().to_lowercase()];
    if operation.is_null() {
        assert_eq!(
            status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {declared} answers, but is not described"
        );
        return;
    }
    let described = &operation["responses"][status.as_str()];
    assert!(
        !described.is_null(),
        "{method} {declared} answers {status}, which is not described: {body}"
    );
    let described = match described["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => described,
    };
    let media_type = headers["content-type"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let content = &described["content"][media_type];
    assert!(
        !content.is_null(),
        "{method} {declared} answers {status} as {media_type}, which is not described"
    );
    check_object(
        &document,
        &content["schema"],
        body,
        &format!("{method} {declared} {status}"),
    );
}

/// Checks that an object has all required members and none that its description does not know.
fn check_object(document: &Value, schema: &Value, body: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return check_object(
            document,
            target.unwrap_or_else(|| panic!("{reference}")),
            body,
            place,
        );
    }
    let (Some(properties), Some(object)) = (schema["properties"].as_object(), body.as_object()) else {
        return;
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(
            object.contains_key(required.as_str().unwrap()),
            "{place}: {required} is missing in {body}"
        );
    }
    for (name, value) in object {
        let described = properties
            .get(name)
            .unwrap_or_else(|| panic!("{place}: {name} is not described"));
        if let Some(items) = value.as_array() {
            items
                .iter()
                .for_each(|item| check_object(document, &described["items"], item, name));
        }
        if let Some(allowed) = described["enum"].as_array() {
            assert!(
                allowed.contains(value),
                "{place}: {name} is {value}, which is not described"
            );
        }
    }
}

#[test]
fn every_problem_and_status_is_described() {
    let document = document();
    let described: BTreeSet<_> = document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .map(|uri| uri.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        described,
        ProblemKind::ALL
            .iter()
            .map(|kind| kind.uri().to_owned())
            .collect()
    );
    let all_answers = serde_json::to_string(&document["paths"]).unwrap();
    for kind in ProblemKind::ALL
        .into_iter()
        .filter(|kind| *kind != ProblemKind::MethodNotAllowed)
    {
        let status = kind.status();
        assert!(
            all_answers.contains(&format!("\"{}\"", status.as_u16())),
            "{kind:?} is answered nowhere"
        );
    }
}

#[test]
fn currencies_and_statuses_are_those_of_the_model() {
    use domain::{
        currency::Currency,
        order::{LoggedStep, OrderStatus},
        payment::PaymentStatus,
        refund::RefundStatus,
        wallet::{HoldStatus, WalletStepKind, WithdrawalStatus},
    };
    let schemas = &document()["components"]["schemas"];
    let currencies: Vec<_> = Currency::ALL.iter().map(|currency| currency.code()).collect();
    assert_eq!(schemas["Currency"]["enum"], Value::from(currencies));
    assert_eq!(
        schemas["PaymentStatus"]["enum"],
        Value::from(PaymentStatus::ALL.map(PaymentStatus::name).to_vec())
    );
    assert_eq!(
        schemas["RefundStatus"]["enum"],
        Value::from(RefundStatus::ALL.map(RefundStatus::name).to_vec())
    );
    assert_eq!(
        schemas["OrderLog"]["properties"]["step"]["enum"],
        Value::from(LoggedStep::all().map(LoggedStep::name).collect::<Vec<_>>())
    );
    assert_eq!(
        schemas["OrderStatus"]["enum"],
        Value::from(OrderStatus::ALL.map(OrderStatus::name).to_vec())
    );
    assert_eq!(
        schemas["HoldStatus"]["enum"],
        Value::from(HoldStatus::ALL.map(HoldStatus::name).to_vec())
    );
    assert_eq!(
        schemas["WithdrawalStatus"]["enum"],
        Value::from(WithdrawalStatus::ALL.map(WithdrawalStatus::name).to_vec())
    );
    assert_eq!(
        schemas["AcceptedWalletStep"]["properties"]["action"]["enum"],
        Value::from(WalletStepKind::ALL.map(WalletStepKind::name).to_vec())
    );
}

#[test]
fn every_address_and_problem_is_told_to_people() {
    let told = include_str!("../../../docs/contracts/http.md");
    for kind in ProblemKind::ALL {
        let row = format!("| `{}` | {} |", kind.uri(), kind.status().as_u16());
        assert!(told.contains(&row), "{row}");
    }
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    for (path, operations) in paths.filter(|(path, _)| !operations_of_machines(path)) {
        for method in operations.as_object().unwrap().keys() {
            let request = format!("`{} {path}", method.to_uppercase());
            assert!(told.contains(&request), "{request}");
        }
    }
}

#[test]
fn every_notification_is_told_to_people() {
    use domain::{
        notification::NotificationType::{
            self, AccountUpdated, DisputeLost, DisputeOpened, DisputeWon, WithdrawalNeedsReview,
        },
        order::LoggedStep,
        payment::PaymentStatus,
        refund::RefundStatus,
        wallet::WithdrawalStatus,
    };
    let told = include_str!("../../../docs/contracts/notifications.md");
    let of_payments = PaymentStatus::ALL
        .into_iter()
        .filter_map(NotificationType::announcing);
    let of_refunds = RefundStatus::ALL
        .into_iter()
        .filter_map(NotificationType::announcing_refund);
    let of_disputes = [DisputeOpened, DisputeWon, DisputeLost];
    let of_orders = LoggedStep::all().filter_map(NotificationType::announcing_step);
    let of_withdrawals = WithdrawalStatus::ALL
        .into_iter()
        .filter_map(NotificationType::announcing_withdrawal);
    let all = of_payments
        .chain(of_refunds)
        .chain(of_disputes)
        .chain(of_orders)
        .chain([AccountUpdated, WithdrawalNeedsReview])
        .chain(of_withdrawals);
    for announced in all {
        let row = format!("\n| `{announced}` |");
        assert!(told.contains(&row), "{announced} has no row");
    }
}

/// Addresses that are not for merchants.
fn operations_of_machines(path: &str) -> bool {
    path.contains("/webhooks/") || path.ends_with("/openapi.json") || path.ends_with('z')
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(document: &Value, node: &Value) {
        if let Some(reference) = node["$ref"].as_str() {
            assert!(
                document.pointer(reference.trim_start_matches('#')).is_some(),
                "{reference}"
            );
        }
        match node {
            Value::Object(members) => members.values().for_each(|member| walk(document, member)),
            Value::Array(items) => items.iter().for_each(|item| walk(document, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    walk(&document(), &document());
}
