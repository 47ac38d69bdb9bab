//! Which payment method a request names, and under which conditions it is to be charged.

use super::book::Book;
use super::cards::Reaction;
use super::errors::ApiError;
use super::methods::Method;
use super::params::{Params, missing};
use super::wallets::Wallet;

/// Which payment method a request names, and under which conditions.
#[derive(Debug, Clone, Default)]
pub struct MethodChoice {
    named: Option<String>,
    inline: Option<Method>,
    /// Where the payer goes after authentication.
    pub return_url: Option<String>,
    /// Whether nobody is there to authenticate.
    pub payer_absent: bool,
}

impl MethodChoice {
    /// The method of this name, with the payer present.
    pub fn named(name: &str, return_url: Option<String>) -> Self {
        Self {
            named: Some(name.to_owned()),
            return_url,
            ..Self::default()
        }
    }

    /// Reads `payment_method`, `payment_method_data`, `return_url`, `off_session` and `error_on_requires_action`.
    pub fn parse(params: &Params<'_>) -> Result<Self, ApiError> {
        let inline = params
            .branch("payment_method_data")?
            .map(|data| Method::from_data(&data))
            .transpose()?;
        if let Some(method) = &inline {
            check_options(method, params)?;
        }
        let off_session = params.text("off_session")?.is_some_and(|value| value != "false");
        Ok(Self {
            named: params.text("payment_method")?.map(str::to_owned),
            inline,
            return_url: params.text("return_url")?.map(str::to_owned),
            payer_absent: off_session || params.boolean("error_on_requires_action")?.unwrap_or_default(),
        })
    }

    /// Refuses to charge a method whose page has no way back.
    pub fn lead_back_from(&self, method: &Method) -> Result<(), ApiError> {
        if method.reaction == Reaction::Wallet(Wallet::Alipay) && self.return_url.is_none() {
            return Err(ApiError::invalid(
                "A return_url must be specified because the payment method leads the payer to another page.",
            )
            .code("parameter_missing")
            .param("return_url"));
        }
        Ok(())
    }

    /// The method that was given in full, which no account keeps yet.
    pub fn inline(&self) -> Option<&Method> {
        self.inline.as_ref()
    }

    /// Whether a method was named.
    pub fn is_given(&self) -> bool {
        self.named.is_some() || self.inline.is_some()
    }

    /// Keeps the method in the account and answers its id; none when no method was named.
    pub fn attach(&self, book: &mut Book) -> Result<Option<String>, ApiError> {
        if let Some(method) = &self.inline {
            return Ok(Some(book.keep_method(method.clone())));
        }
        let Some(name) = &self.named else {
            return Ok(None);
        };
        if book.methods.contains_key(name) {
            return Ok(Some(name.clone()));
        }
        let method = Method::named(name)
            .ok_or_else(|| ApiError::missing_reference("PaymentMethod", name, "payment_method"))?;
        Ok(Some(book.keep_method(method)))
    }
}

/// WeChat Pay has to be told where the payer is; this double knows browsers only.
fn check_options(method: &Method, params: &Params<'_>) -> Result<(), ApiError> {
    if method.reaction != Reaction::Wallet(Wallet::WechatPay) {
        return Ok(());
    }
    let options = params.branch("payment_method_options")?;
    let wechat_pay = options
        .map(|options| options.branch("wechat_pay"))
        .transpose()?
        .flatten();
    let client = wechat_pay
        .map(|wechat_pay| wechat_pay.one_of("client", &["web"]))
        .transpose()?
        .flatten();
    client
        .map(drop)
        .ok_or_else(|| missing("payment_method_options[wechat_pay][client]"))
}
