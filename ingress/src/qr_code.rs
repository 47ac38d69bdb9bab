//! Draws what a payer scans, for merchants that only want to show it.

use domain::{
    channel::{NextAction, PayerStep},
    payment::PaymentView,
};
use qrcode::{EcLevel, QrCode, render::svg};

/// Of the picture, in its own units; it scales without loss.
const SIDE: u32 = 240;

/// The payment with its code drawn, if it has one. Content that no code can hold stays undrawn.
pub(crate) fn drawn(mut view: PaymentView) -> PaymentView {
    if let Some(NextAction {
        step: PayerStep::QrCode { content, svg },
        ..
    }) = &mut view.next_action
    {
        *svg = draw(content);
    }
    view
}

fn draw(content: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(content, EcLevel::M).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build())
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn a_code_is_a_square_picture() {
        let picture = draw("weixin://wxpay/bizpayurl?pr=p4lpSuKzz").unwrap();
        assert!(
            picture.contains("<svg") && picture.contains("viewBox"),
            "{picture}"
        );
    }

    #[test]
    fn what_no_code_can_hold_is_not_drawn() {
        assert_eq!(draw(&"x".repeat(10_000)), None);
    }
}
