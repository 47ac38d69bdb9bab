//! How a payment is shown to whoever asks.

use domain::payment::PaymentView;

use crate::{auth::Caller, qr_code::drawn};

/// The payment as it is for this one to see, with its code drawn if it has one.
pub(super) fn shown(caller: &Caller, view: PaymentView) -> PaymentView {
    let view = drawn(view);
    if caller.sees_sharing() {
        view
    } else {
        view.for_user()
    }
}
