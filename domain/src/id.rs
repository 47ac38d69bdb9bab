//! Identifiers. Each kind has its own type and prefix, so that a merchant's id can never be passed for a payment's.
//!
//! A payment's id is derived from who asked, for what, under which idempotency key. Whoever holds the request can
//! compute it without a lookup, which is what makes a repeat name the same object even while PostgreSQL is away.

use std::{fmt, str::FromStr};

use ring::digest;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::user::UserId;

/// A text is not an identifier of the kind asked for.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("expected an identifier like {prefix}_ followed by 32 hexadecimal digits")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! identifier {
    ($(#[$doc:meta])+ $name:ident, $prefix:literal) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id as the database stores it.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as the database stores it.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId { prefix: $prefix };
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(invalid.clone())?;
                if digits.len() != 32 || digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(invalid);
                }
                Uuid::try_parse(digits).map(Self).map_err(|_| invalid)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

identifier! {
    /// A merchant: a tenant of this deployment.
    MerchantId, "mer"
}
identifier! {
    /// A payment.
    PaymentId, "pay"
}
identifier! {
    /// A notification to a merchant; sent as `webhook-id`, the same on every attempt.
    NotificationId, "ntf"
}
identifier! {
    /// A job. Two messages with one job id are the same job.
    JobId, "job"
}
identifier! {
    /// A refund of a payment, or of a part of it.
    RefundId, "rfd"
}
identifier! {
    /// A dispute: the payer's bank took money back, or wants to.
    DisputeId, "dsp"
}
identifier! {
    /// An order of a merchant's customer.
    OrderId, "ord"
}
identifier! {
    /// What a merchant keeps for a user in one currency.
    WalletId, "wal"
}
identifier! {
    /// Money of a wallet that is kept for its merchant.
    HoldId, "hld"
}
identifier! {
    /// Money of a wallet on its way out to its owner.
    WithdrawalId, "wdr"
}
identifier! {
    /// A movement of a wallet that is over when it is made: a transfer between two, or a correction of one.
    WalletMovementId, "wmv"
}
identifier! {
    /// An account of a merchant's user at a provider, connected to the merchant's own.
    ConnectedAccountId, "cac"
}
identifier! {
    /// An account of the ledger.
    AccountId, "acc"
}
identifier! {
    /// A transfer of the ledger.
    TransferId, "trf"
}
identifier! {
    /// One comparison of a merchant's day at a channel with what the provider says.
    ReconciliationId, "rec"
}
identifier! {
    /// A merchant's rule about which payments a channel gets.
    RouteId, "rte"
}

identifier! {
    /// A message that was parked: the same for every copy of it, wherever it is found.
    DeadLetterId, "dlt"
}
identifier! {
    /// Dead letters of one kind with the same trouble.
    DeadLetterGroupId, "dlg"
}
identifier! {
    /// What somebody wants done with parked messages.
    DeadLetterActionId, "dla"
}

impl DeadLetterId {
    /// The id of a parked message with these marks, which all copies of it share and no other message has.
    pub fn derive(marks: &[&[u8]]) -> Self {
        Self(derive("dead letter", marks))
    }
}

impl DeadLetterGroupId {
    /// The id of the one group of this kind, class of error and pattern of reason.
    pub fn derive(kind: &str, error_class: &str, pattern: &str) -> Self {
        Self(derive(
            "dead letter group",
            &[kind.as_bytes(), error_class.as_bytes(), pattern.as_bytes()],
        ))
    }
}

impl DeadLetterActionId {
    /// A new, random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id of what one form asks for: who wants what done with which letters.
    pub fn derive(form: &str, actor: &str, kind: &str, letters: &str) -> Self {
        let parts = [form, actor, kind, letters].map(str::as_bytes);
        Self(derive("dead letter action", &parts))
    }
}

impl RouteId {
    /// A new, random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl MerchantId {
    /// A new, random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl PaymentId {
    /// The id of the payment that `merchant` creates under `key`.
    pub fn derive(merchant: MerchantId, key: &IdempotencyKey) -> Self {
        Self(derive(
            "payment",
            &[merchant.as_uuid().as_bytes(), key.as_str().as_bytes()],
        ))
    }
}

impl RefundId {
    /// The id of the refund that `merchant` asks for under `key`.
    pub fn derive(merchant: MerchantId, key: &IdempotencyKey) -> Self {
        Self(derive(
            "refund",
            &[merchant.as_uuid().as_bytes(), key.as_str().as_bytes()],
        ))
    }
}

impl OrderId {
    /// The id of the order that `merchant` creates under `key`.
    pub fn derive(merchant: MerchantId, key: &IdempotencyKey) -> Self {
        Self(derive(
            "order",
            &[merchant.as_uuid().as_bytes(), key.as_str().as_bytes()],
        ))
    }
}

impl ConnectedAccountId {
    /// The id of the account that `merchant` asks for under `key`.
    pub fn derive(merchant: MerchantId, key: &IdempotencyKey) -> Self {
        Self(derive(
            "connected account",
            &[merchant.as_uuid().as_bytes(), key.as_str().as_bytes()],
        ))
    }
}

impl WalletId {
    /// The id of the one wallet of this user of `merchant` in this currency.
    pub fn derive(merchant: MerchantId, user: &UserId, currency: &str) -> Self {
        Self(derive(
            "wallet",
            &[
                merchant.as_uuid().as_bytes(),
                user.as_str().as_bytes(),
                currency.as_bytes(),
            ],
        ))
    }
}

impl HoldId {
    /// The id of the hold that `merchant` asks for under `key`.
    pub fn derive(merchant: MerchantId, key: &IdempotencyKey) -> Self {
        Self(derive(
            "hold",
            &[merchant.as_uuid().as_bytes(), key.as_str().as_bytes()],
        ))
    }
}

impl WithdrawalId {
    /// The id of the withdrawal that is asked for under `key`, which is one of `merchant`'s or of a user of it.
    pub fn derive(merchant: MerchantId, key: &IdempotencyKey) -> Self {
        Self(derive(
            "withdrawal",
            &[merchant.as_uuid().as_bytes(), key.as_str().as_bytes()],
        ))
    }
}

impl WalletMovementId {
    /// The id of the movement of this kind that is asked for under `key`.
    pub fn derive(merchant: MerchantId, kind: &str, key: &IdempotencyKey) -> Self {
        Self(derive(
            "wallet movement",
            &[
                merchant.as_uuid().as_bytes(),
                kind.as_bytes(),
                key.as_str().as_bytes(),
            ],
        ))
    }
}

impl DisputeId {
    /// The id of the dispute that `merchant`'s provider knows under its own id.
    pub fn derive(merchant: MerchantId, channel: &str, channel_dispute_id: &str) -> Self {
        Self(derive(
            "dispute",
            &[
                merchant.as_uuid().as_bytes(),
                channel.as_bytes(),
                channel_dispute_id.as_bytes(),
            ],
        ))
    }
}

impl AccountId {
    /// The id of the one account of a merchant with this kind, detail (a channel, an owner) and currency.
    pub fn derive(merchant: MerchantId, kind: &str, detail: &str, currency: &str) -> Self {
        Self(derive(
            "account",
            &[
                merchant.as_uuid().as_bytes(),
                kind.as_bytes(),
                detail.as_bytes(),
                currency.as_bytes(),
            ],
        ))
    }
}

impl TransferId {
    /// The id of the one transfer that makes this movement about this subject.
    pub fn derive(kind: &str, phase: &str, subject: &str) -> Self {
        Self(derive(
            "transfer",
            &[kind.as_bytes(), phase.as_bytes(), subject.as_bytes()],
        ))
    }
}

impl ReconciliationId {
    /// The id of the `number`-th comparison of this merchant's `day` (`YYYY-MM-DD`) at this channel.
    pub fn derive(merchant: MerchantId, channel: &str, day: &str, number: u32) -> Self {
        Self(derive(
            "reconciliation",
            &[
                merchant.as_uuid().as_bytes(),
                channel.as_bytes(),
                day.as_bytes(),
                &number.to_be_bytes(),
            ],
        ))
    }
}

impl NotificationId {
    /// The id of the one notification that tells of this event of this subject: a payment, a refund, a dispute.
    pub fn derive(subject: Uuid, event_type: &str) -> Self {
        Self(derive(
            "notification",
            &[subject.as_bytes(), event_type.as_bytes()],
        ))
    }
}

impl NotificationId {
    /// The id of the one notification that tells how this subject is at this version of it.
    pub fn of_version(subject: Uuid, event_type: &str, version: i32) -> Self {
        Self(derive(
            "notification",
            &[subject.as_bytes(), event_type.as_bytes(), &version.to_be_bytes()],
        ))
    }
}

impl JobId {
    /// The id of the one job of this kind about this subject.
    pub fn derive(kind: &str, subject: &[&[u8]]) -> Self {
        let mut parts = vec![kind.as_bytes()];
        parts.extend_from_slice(subject);
        Self(derive("job", &parts))
    }
}

/// A version-8 UUID from SHA-256 over the length-prefixed parts, so that no two lists of parts run together.
fn derive(domain: &str, parts: &[&[u8]]) -> Uuid {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&context.finish().as_ref()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The caller's name for one request, repeated when it repeats the request: `Idempotency-Key` over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

/// The idempotency key cannot be used.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("an idempotency key is 1 to 255 visible ASCII characters; a UUID made for this request serves well")]
pub struct InvalidIdempotencyKey;

/// How the keys begin under which Sluice itself pays, refunds and cancels for orders. Nobody else may use one: taking it
/// beforehand would keep an order from being paid.
pub const OWN_ORDER_KEYS: &str = "sluice-order:";

impl IdempotencyKey {
    /// The key under which Sluice does for an order what was asked for under this name.
    pub fn of_order(order: OrderId, name: &str) -> Self {
        let id = derive("order-key", &[order.as_uuid().as_bytes(), name.as_bytes()]);
        Self(format!("{OWN_ORDER_KEYS}{}", id.simple()))
    }

    /// Whether it is one of those.
    pub fn is_of_order(&self) -> bool {
        self.0.starts_with(OWN_ORDER_KEYS)
    }

    /// The key under which the merchant knows what this user of it asks for under this one.
    #[must_use]
    pub fn of_user(&self, user: &UserId) -> Self {
        let name = derive("user key", &[user.as_str().as_bytes(), self.0.as_bytes()]);
        Self(format!("user:{}", name.simple()))
    }

    /// The key as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidIdempotencyKey;

    fn try_from(text: String) -> Result<Self, InvalidIdempotencyKey> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > 255 || !visible {
            return Err(InvalidIdempotencyKey);
        }
        Ok(Self(text))
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> String {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn the_same_request_names_the_same_payment() {
        let (merchant, other) = (MerchantId::random(), MerchantId::random());
        assert_eq!(
            PaymentId::derive(merchant, &key("k")),
            PaymentId::derive(merchant, &key("k"))
        );
        assert_ne!(
            PaymentId::derive(merchant, &key("k")),
            PaymentId::derive(merchant, &key("k2"))
        );
        assert_ne!(
            PaymentId::derive(merchant, &key("k")),
            PaymentId::derive(other, &key("k"))
        );
    }

    #[test]
    fn the_derivation_never_changes() {
        let merchant: MerchantId = "mer_00000000000000000000000000000001".parse().unwrap();
        assert_eq!(
            PaymentId::derive(merchant, &key("order-1")).to_string(),
            "pay_1fedc3ad96208c7eaf799d250faf6052"
        );
    }

    #[test]
    fn what_is_done_for_an_order_has_keys_of_its_own() {
        let merchant = MerchantId::random();
        let (one, two) = (
            OrderId::derive(merchant, &key("one")),
            OrderId::derive(merchant, &key("two")),
        );
        let longest = "x".repeat(255);
        let own = IdempotencyKey::of_order(one, &longest);
        assert!(own.is_of_order() && !key("order-1").is_of_order());
        assert_eq!(IdempotencyKey::try_from(own.as_str().to_owned()), Ok(own.clone()));
        assert_eq!(IdempotencyKey::of_order(one, &longest), own);
        assert_ne!(IdempotencyKey::of_order(two, &longest), own);
        assert_ne!(IdempotencyKey::of_order(one, "y"), own);
    }

    #[test]
    fn ids_read_back_and_do_not_pass_for_one_another() {
        let merchant = MerchantId::random();
        assert_eq!(merchant.to_string().parse(), Ok(merchant));
        assert!(merchant.to_string().parse::<PaymentId>().is_err());
        for bad in [
            "",
            "pay_",
            "pay_123",
            "pay_ZZ000000000000000000000000000001",
            "PAY_00000000000000000000000000000001",
        ] {
            assert!(bad.parse::<PaymentId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_short_visible_ascii() {
        for bad in ["", "a b", "é", "a\n", &"x".repeat(256)] {
            assert_eq!(
                IdempotencyKey::try_from(bad.to_owned()),
                Err(InvalidIdempotencyKey),
                "{bad:?}"
            );
        }
        assert!(IdempotencyKey::try_from("x".repeat(255)).is_ok());
    }
}
