//! The requests about payment intents.

use domain::{
    channel::{CallError, Destination, Method, NewIntent},
    money::Money,
};
use stripe_client_core::{CustomizableStripeRequest, StripeRequest};
use stripe_core::{
    PaymentIntentAllowedPaymentMethodTypes as Types,
    payment_intent::{
        CancelPaymentIntent, ConfirmPaymentIntent, CreatePaymentIntent,
        CreatePaymentIntentAutomaticPaymentMethods,
        CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects as AllowRedirects,
        CreatePaymentIntentPaymentMethodData, CreatePaymentIntentPaymentMethodDataType as MethodDataType,
        CreatePaymentIntentPaymentMethodOptions,
        CreatePaymentIntentPaymentMethodOptionsWechatPay as WechatPayOptions,
        CreatePaymentIntentPaymentMethodOptionsWechatPayClient as WechatPayClient,
        CreatePaymentIntentTransferData, ListPaymentIntent, RetrievePaymentIntent,
    },
};
use stripe_types::{RangeBoundsTs, RangeQueryTs};

use super::{PAGE_SIZE, Request, asked, checked_intent, keyed, refused};
use crate::{
    channel::{Cancellation, Confirmation, Period},
    stripe::{
        PAYMENT_ID_KEY, amount,
        wire::{WireIntent, WirePage},
    },
};

/// Our clock and Stripe's may differ: intents are looked for from this much earlier, and until this much later.
pub(super) const CLOCK_SKEW_S: i64 = 60;

/// Opens an intent for the method that was asked for, else for whatever ways to pay the merchant has switched on at Stripe.
///
/// With a payment method it is charged at once. So are wallets, whose page or code Stripe makes only when it is asked to
/// charge (<https://docs.stripe.com/payments/alipay>, <https://docs.stripe.com/payments/wechat-pay>).
pub(in crate::stripe) fn create(new: &NewIntent) -> Request<WireIntent> {
    let (amount, currency) =
        amount::to_wire(new.money).map_err(|error| refused("amount_not_taken", &error))?;
    let metadata = [(PAYMENT_ID_KEY.to_owned(), new.payment_id.to_string())];
    let mut request = CreatePaymentIntent::new(amount, currency).metadata(metadata);
    if let Some(description) = &new.description {
        request = request.description(description);
    }
    if let Some(destination) = &new.destination {
        request = passed_on(request, destination, new.money)?;
    }
    if let Some(payment_method) = &new.payment_method {
        request = charged(request.payment_method(payment_method), new);
    }
    request = match new.method {
        None => request.automatic_payment_methods(whatever_is_on(new)),
        Some(Method::Card) => request.allowed_payment_method_types([Types::Card]),
        Some(Method::Alipay) => wallet(request, new, Types::Alipay, MethodDataType::Alipay),
        Some(Method::WechatPay) => wallet(request, new, Types::WechatPay, MethodDataType::WechatPay)
            .payment_method_options(shown_as_code()),
        Some(other @ (Method::Paypal | Method::Wallet)) => {
            let said = format!("{other} is not paid with through Stripe");
            return Err(refused("method_not_offered", &said));
        }
    };
    keyed(request.build(), &[&new.payment_id, &"create_intent"])
}

/// Sends the money on once it is there. Stripe sends all of it and takes the fee back
/// (<https://docs.stripe.com/connect/destination-charges>).
fn passed_on(
    request: CreatePaymentIntent,
    destination: &Destination,
    money: Money,
) -> Result<CreatePaymentIntent, CallError> {
    let request = request.transfer_data(CreatePaymentIntentTransferData::new(&*destination.account));
    let Some(amount_minor) = destination.application_fee_minor else {
        return Ok(request);
    };
    let fee = amount::to_wire(Money {
        amount_minor,
        ..money
    });
    let (fee, _) = fee.map_err(|error| refused("application_fee_not_taken", &error))?;
    Ok(request.application_fee_amount(fee))
}

/// Charges the payment method of the request at once.
fn charged(request: CreatePaymentIntent, new: &NewIntent) -> CreatePaymentIntent {
    let request = request.confirm(true);
    match &new.return_url {
        Some(return_url) => request.return_url(return_url),
        None => request,
    }
}

/// All that is switched on. Stripe wants to know where to send a payer who has to leave the page; without an answer, ways to
/// pay that need this are left out.
fn whatever_is_on(new: &NewIntent) -> CreatePaymentIntentAutomaticPaymentMethods {
    let mut methods = CreatePaymentIntentAutomaticPaymentMethods::new(true);
    if new.payment_method.is_some() && new.return_url.is_none() {
        methods.allow_redirects = Some(AllowRedirects::Never);
    }
    methods
}

/// Allows a wallet alone. Since 2026-09-30.endive nothing else restricts an intent: `payment_method_types` is refused
/// (<https://docs.stripe.com/changelog/endive/2026-09-30/removes-the-payment-method-types-parameter-from-payment-intents-and-setup-intents>).
fn wallet(
    request: CreatePaymentIntent,
    new: &NewIntent,
    allowed: Types,
    kind: MethodDataType,
) -> CreatePaymentIntent {
    let request = request.allowed_payment_method_types([allowed]);
    if new.payment_method.is_some() {
        return request;
    }
    charged(
        request.payment_method_data(CreatePaymentIntentPaymentMethodData::new(kind)),
        new,
    )
}

/// WeChat Pay insists on knowing where the payer is; in a browser it is a code to be scanned.
fn shown_as_code() -> CreatePaymentIntentPaymentMethodOptions {
    let mut options = CreatePaymentIntentPaymentMethodOptions::new();
    let mut wechat_pay = WechatPayOptions::new();
    wechat_pay.client = Some(WechatPayClient::Web);
    options.wechat_pay = Some(wechat_pay);
    options
}

pub(in crate::stripe) fn retrieve(intent_id: &str) -> Request<WireIntent> {
    Ok(asked(
        RetrievePaymentIntent::new(checked_intent(intent_id)?).build(),
    ))
}

pub(in crate::stripe) fn confirm(confirmation: &Confirmation) -> Request<WireIntent> {
    let mut request = ConfirmPaymentIntent::new(checked_intent(&confirmation.intent.id)?);
    if let Some(payment_method) = &confirmation.payment_method {
        request = request.payment_method(payment_method);
    }
    if let Some(return_url) = &confirmation.return_url {
        request = request.return_url(return_url);
    }
    keyed(
        request.build(),
        &[&confirmation.payment_id, &"confirm_intent", &confirmation.job_id],
    )
}

pub(in crate::stripe) fn cancel(cancellation: &Cancellation) -> Request<WireIntent> {
    let request = CancelPaymentIntent::new(checked_intent(&cancellation.intent.id)?).build();
    keyed(
        request,
        &[&cancellation.payment_id, &"cancel_intent", &cancellation.job_id],
    )
}

/// One page of the intents opened within a period, newest first, after the intent the last page ended with.
pub(in crate::stripe) fn list(
    period: Period,
    after: Option<String>,
) -> CustomizableStripeRequest<WirePage<WireIntent>> {
    let created = RangeQueryTs::Bounds(RangeBoundsTs {
        gte: Some(period.from.timestamp() - CLOCK_SKEW_S),
        lte: period.to.map(|to| to.timestamp() + CLOCK_SKEW_S),
        ..RangeBoundsTs::default()
    });
    let mut request = ListPaymentIntent::new().created(created).limit(PAGE_SIZE);
    if let Some(after) = after {
        request = request.starting_after(after);
    }
    asked(request.build())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{
        currency::Currency,
        id::{IdempotencyKey, MerchantId, PaymentId},
        money::Money,
        payment::Payer,
    };

    use super::*;

    fn form(payment_method: Option<&str>, return_url: Option<&str>) -> String {
        form_for(None, payment_method, return_url)
    }

    fn form_for(method: Option<Method>, payment_method: Option<&str>, return_url: Option<&str>) -> String {
        let merchant: MerchantId = "mer_00000000000000000000000000000001".parse().unwrap();
        let key = IdempotencyKey::try_from("order-1".to_owned()).unwrap();
        let new = NewIntent {
            payment_id: PaymentId::derive(merchant, &key),
            money: Money {
                amount_minor: 1999,
                currency: Currency::USD,
            },
            description: None,
            payment_method: payment_method.map(Into::into),
            return_url: return_url.map(Into::into),
            method,
            flow: None,
            payer: Payer::default(),
            expires_at: DateTime::UNIX_EPOCH,
            callback_url: "https://sluice.example/webhooks".into(),
            connected_account: None,
            destination: None,
        };
        // The library shows a request's form only in its debug print.
        format!("{:?}", create(&new).unwrap())
            .replace("%5B", "[")
            .replace("%5D", "]")
    }

    #[test]
    fn without_a_payment_method_the_payer_chooses() {
        let form = form(None, Some("https://merchant.example/back"));
        assert!(form.contains("automatic_payment_methods[enabled]=true"), "{form}");
        for absent in ["confirm", "return_url", "allow_redirects", "payment_method="] {
            assert!(!form.contains(absent), "{absent} is in {form}");
        }
    }

    #[test]
    fn with_a_payment_method_it_is_charged_at_once() {
        let without_return = form(Some("pm_1"), None);
        for part in [
            "confirm=true",
            "payment_method=pm_1",
            "automatic_payment_methods[allow_redirects]=never",
        ] {
            assert!(without_return.contains(part), "{part} is not in {without_return}");
        }
        let with_return = form(Some("pm_1"), Some("https://merchant.example/back"));
        assert!(
            with_return.contains("return_url=https://merchant.example/back"),
            "{with_return}"
        );
        assert!(!with_return.contains("allow_redirects"), "{with_return}");
    }

    #[test]
    fn the_same_payment_gives_the_same_request() {
        assert_eq!(form(Some("pm_1"), None), form(Some("pm_1"), None));
        let code = || form_for(Some(Method::WechatPay), None, None);
        assert_eq!(code(), code());
    }

    #[test]
    fn a_method_that_was_asked_for_is_the_only_one() {
        let back = Some("https://merchant.example/back");
        let card = ["allowed_payment_method_types[0]=card"];
        let card_at_once = [
            "allowed_payment_method_types[0]=card",
            "payment_method=pm_1",
            "confirm=true",
        ];
        let alipay = [
            "allowed_payment_method_types[0]=alipay",
            "payment_method_data[type]=alipay",
            "confirm=true",
            "return_url=https://merchant.example/back",
        ];
        let wechat_pay = [
            "allowed_payment_method_types[0]=wechat_pay",
            "payment_method_data[type]=wechat_pay",
            "payment_method_options[wechat_pay][client]=web",
            "confirm=true",
        ];
        let cases = [
            (Method::Card, None, None, &card[..]),
            (Method::Card, Some("pm_1"), back, &card_at_once),
            (Method::Alipay, None, back, &alipay),
            (Method::WechatPay, None, None, &wechat_pay),
        ];
        for (method, payment_method, return_url, parts) in cases {
            let form = form_for(Some(method), payment_method, return_url);
            for part in parts {
                assert!(form.contains(part), "{part} is not in {form}");
            }
            for absent in [
                "automatic_payment_methods",
                "[payment_method_types",
                "&payment_method_types",
            ] {
                assert!(!form.contains(absent), "{absent} is in {form}");
            }
        }
        let card_on_the_page = form_for(Some(Method::Card), None, back);
        assert!(!card_on_the_page.contains("confirm"), "{card_on_the_page}");
    }
}
