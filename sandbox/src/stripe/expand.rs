//! `expand[]`: puts whole objects where an answer holds their ids.

use serde_json::Value;

use super::book::Book;
use super::errors::ApiError;

/// Expands each of the dotted paths in place.
pub fn expand(book: &Book, answer: &mut Value, paths: &[&str]) -> Result<(), ApiError> {
    for path in paths {
        let segments: Vec<&str> = path.split('.').collect();
        if !step(book, answer, &segments) {
            return Err(
                ApiError::invalid(format!("This property cannot be expanded ({path}).")).param("expand"),
            );
        }
    }
    Ok(())
}

fn step(book: &Book, here: &mut Value, segments: &[&str]) -> bool {
    let Some((first, rest)) = segments.split_first() else {
        return true;
    };
    if let Value::Array(items) = here {
        return items.iter_mut().all(|item| step(book, item, segments));
    }
    let Some(field) = here.get_mut(first) else {
        return false;
    };
    if let Value::String(id) = field {
        match find(book, id) {
            Some(object) => *field = object,
            None => return false,
        }
    }
    field.is_null() || step(book, field, rest)
}

fn find(book: &Book, id: &str) -> Option<Value> {
    let (prefix, _) = id.split_once('_')?;
    match prefix {
        "pi" => book.show_intent(id).ok(),
        "ch" => book.show_charge(id).ok(),
        "re" => book.show_refund(id).ok(),
        "du" => book.show_dispute(id).ok(),
        "txn" => book.show_transaction(id).ok(),
        "tr" => book.show_transfer(id).ok(),
        // The double has no address for it, and shows it where it is named.
        "fee" => Some(serde_json::json!({ "id": id, "object": "application_fee" })),
        "pm" => book.methods.get(id).map(super::methods::Method::render),
        _ => None,
    }
}
