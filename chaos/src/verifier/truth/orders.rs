//! What merchants were told of orders, against the payments and refunds that it is about.

use std::collections::HashMap;

use serde_json::Value;

use super::{Payment, Refund, text};

/// How the types of notifications about orders begin.
pub const PREFIX: &str = "order.";

/// What a notification says of an order that is not so.
pub fn untrue(
    what: &str,
    payload: &Value,
    payments: &HashMap<&str, &Payment>,
    refunds: &HashMap<&str, &Refund>,
) -> Option<String> {
    let payment = payments.get(text(payload, "/data/payment_id"));
    let refund = refunds.get(text(payload, "/data/refund_id"));
    let is_so = match what {
        "paid" => payment.is_some_and(|payment| {
            let total = payload.pointer("/data/total").and_then(Value::as_i64);
            payment.status == "succeeded" && total == Some(payment.amount_minor)
        }),
        // It may have been paid after all, by another card.
        "payment_failed" => payment.is_some(),
        // It may have come back since then.
        "refunded" => refund.is_some_and(|refund| matches!(refund.status.as_str(), "succeeded" | "failed")),
        "refund_failed" => refund.is_some_and(|refund| refund.status == "failed"),
        "canceled" | "shipped" | "completed" => text(payload, "/data/status") == what,
        _ => return Some("nobody knows what that is".to_owned()),
    };
    (!is_so).then(|| "nothing that is stored says so".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(what: &str, status: &str) -> Option<String> {
        let payment = Payment {
            status: status.into(),
            amount_minor: 500,
            ..Payment::default()
        };
        let refund = Refund {
            status: status.into(),
            ..Refund::default()
        };
        let data = json!({ "payment_id": "pay_1", "refund_id": "rfd_1", "total": 500, "status": status });
        untrue(
            what,
            &json!({ "data": data }),
            &HashMap::from([("pay_1", &payment)]),
            &HashMap::from([("rfd_1", &refund)]),
        )
    }

    #[test]
    fn what_is_told_of_an_order_has_happened() {
        for (what, status) in [
            ("paid", "succeeded"),
            ("payment_failed", "succeeded"),
            ("refunded", "succeeded"),
            ("refunded", "failed"),
            ("refund_failed", "failed"),
            ("canceled", "canceled"),
            ("shipped", "shipped"),
            ("completed", "completed"),
        ] {
            assert_eq!(said(what, status), None, "{what} {status}");
        }
        for (what, status) in [
            ("paid", "failed"),
            ("refunded", "processing"),
            ("refund_failed", "succeeded"),
            ("shipped", "paid"),
            ("lost", "succeeded"),
        ] {
            assert!(said(what, status).is_some(), "{what} {status}");
        }
    }
}
