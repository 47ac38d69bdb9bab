//! Why something cannot be used, where it is our code that says so, in both languages.

use channels::{AmountRefused, Flaw, InvalidCredentials, NotTaken, standard_webhooks::InvalidSecret};
use domain::{mask::mask, money::Money, routing::Route, texts::InvalidText};

use super::language::Language;

/// A reason in both languages.
#[derive(Debug)]
pub(super) struct Reason {
    english: String,
    chinese: String,
}

impl Reason {
    pub(super) fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Chinese => &self.chinese,
        }
    }
}

/// What is the same in both: a name, a number, or what others said.
impl From<String> for Reason {
    fn from(same: String) -> Self {
        Self {
            english: same.clone(),
            chinese: same,
        }
    }
}

impl From<NotTaken> for Reason {
    fn from(why: NotTaken) -> Self {
        let chinese = match why {
            NotTaken::Amount(why) => amount(why),
            NotTaken::Method { channel, method } => format!("{channel} 没有支付方式 {method}"),
            NotTaken::MethodCurrency {
                channel,
                method,
                currency,
            } => format!("{channel} 的 {method} 不支持 {currency}"),
            NotTaken::Flow { channel, flow } => format!("{channel} 对此支付没有流程 {flow}"),
            NotTaken::NoWay { channel } => format!("{channel} 没有可用的支付途径"),
            NotTaken::Needs { channel, need } => format!("{channel} 需要 {}", need.field()),
            NotTaken::NotAtOnce { channel } => format!("{channel} 不能立即扣款 payment_method"),
            NotTaken::NoConnectedAccounts { channel } => {
                format!("{channel} 不能付款给 connected_account")
            }
            NotTaken::NoRoutes { channel } => format!("没有路由通向 {channel}：支付直接指定该渠道"),
            NotTaken::NoDestinations { channel } => format!("{channel} 不能转付给 destination"),
        };
        let english = why.to_string();
        Self { english, chinese }
    }
}

fn amount(why: AmountRefused) -> String {
    match why {
        AmountRefused::Currency { channel, currency } => format!("{channel} 不支持 {currency}"),
        AmountRefused::TooSmall { channel, minimum } => format!("{channel} 至少收取 {minimum}"),
        AmountRefused::TooLarge { channel, maximum } => format!("{channel} 至多收取 {maximum}"),
        AmountRefused::TooFine { channel, step } => format!("{channel} 只收取 {step} 的整数倍"),
    }
}

impl From<InvalidSecret> for Reason {
    fn from(why: InvalidSecret) -> Self {
        let chinese = match why {
            InvalidSecret::Malformed => "签名密钥应为 whsec_ 加 24 至 64 字节的 base64",
            InvalidSecret::None => "没有签名密钥",
            InvalidSecret::NoRandomness => "操作系统未提供随机字节",
        };
        Self {
            english: why.to_string(),
            chinese: chinese.to_owned(),
        }
    }
}

impl From<InvalidCredentials> for Reason {
    /// The name of a field that is not known is what somebody typed; the rest is our own.
    fn from(InvalidCredentials { field, problem }: InvalidCredentials) -> Self {
        let problem = match problem {
            Flaw::Fields(named) => Flaw::Fields(mask(&named)),
            ours => ours,
        };
        let field = mask(&field);
        Self {
            english: format!("{field}: {problem}"),
            chinese: format!("{field}：{}", flaw(&problem)),
        }
    }
}

fn flaw(flaw: &Flaw) -> String {
    let text = match flaw {
        Flaw::Fields(named) => return fields(named),
        Flaw::TooMany(most) => return format!("最多可同时使用 {most} 个"),
        Flaw::NotVisible(most) => return format!("应为 1 至 {most} 个可见 ASCII 字符"),
        Flaw::NotAlphanumeric(most) => return format!("应为 1 至 {most} 个 ASCII 字母或数字"),
        Flaw::NotIdentifier(most) => return format!("应为 1 至 {most} 个 ASCII 字母、数字或下划线"),
        Flaw::NotDigits(most) => return format!("应为 1 至 {most} 位数字"),
        Flaw::OtherKind => "类型不符",
        Flaw::Wallet => "钱包不需要凭据",
        Flaw::NotSealed => "已保存的内容与加密时不一致",
        Flaw::Empty => "至少需要一个，最新的在前",
        Flaw::Colon => "不得含冒号",
        Flaw::NotStripeKey => "应以 sk_ 或 rk_ 开头，且为可见 ASCII 字符",
        Flaw::NotAlipayAccount => "应为以 2088 开头的 16 位账号",
        Flaw::NotKeyText => "不是 base64 或 PEM",
        Flaw::NotPrivateKey => "应为至少 2048 位的 RSA 私钥（PKCS#8 或 PKCS#1，未加密）",
        Flaw::NotPublicKey => "应为支付宝所示的至少 2048 位 RSA 公钥（不是证书）",
        Flaw::OwnPublicKey => "填入的是应用公钥，不是支付宝公钥",
        Flaw::NotPkcs8 => "应为 PKCS#8 PEM 格式的 RSA 私钥",
        Flaw::NotApiv3Key => "每个应为 32 字节",
        Flaw::NotVerifier => "每项应为 id 与 public_key，或 certificate",
        Flaw::NotPublicKeyId => "公钥的 id 以 PUB_KEY_ID_ 开头",
        Flaw::NotPublicPem => "public_key 应为 PEM 格式的 RSA 公钥",
        Flaw::NotCertificate => "certificate 应为 PEM 格式的 RSA X.509 证书",
        Flaw::OtherSerial => "id 不是该证书的序列号",
    };
    text.to_owned()
}

/// What the parser says of fields, which are named in both languages as in the form.
fn fields(said: &str) -> String {
    let missing = said.strip_prefix("missing field ");
    let missing = missing.map(|field| format!("缺少字段 {field}"));
    let unknown = said.strip_prefix("unknown field ");
    let unknown = unknown.map(|rest| match rest.split_once(", expected ") {
        Some((field, known)) => format!("未知字段 {field}，可用的为 {known}"),
        None => format!("未知字段 {rest}"),
    });
    missing.or(unknown).unwrap_or_else(|| said.to_owned())
}

impl From<InvalidText> for Reason {
    /// What is wrong with a field of a route.
    fn from(why: InvalidText) -> Self {
        let InvalidText { field, problem } = &why;
        let chinese = match problem.as_str() {
            "needs a currency, whose minor unit it is in" => "需指定币种，金额以其最小单位计".to_owned(),
            "must not be below min_amount_minor" => "不得小于 min_amount_minor".to_owned(),
            "an ISO 3166-1 alpha-2 code such as \"DE\"" => {
                "应为 ISO 3166-1 二位国家代码，如 \"DE\"".to_owned()
            }
            other if *other == format!("1 to {}", Route::MOST) => format!("应为 1 至 {}", Route::MOST),
            other if *other == format!("1 to {} minor units", Money::MAX_MINOR) => {
                format!("应为 1 至 {}（最小单位）", Money::MAX_MINOR)
            }
            other => other.to_owned(),
        };
        Self {
            english: why.to_string(),
            chinese: format!("{field}：{chinese}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        channel::Channel,
        currency::Currency,
        id::{MerchantId, RouteId},
    };

    use super::*;

    fn is_chinese(reason: &Reason) -> bool {
        let is_word = |letter| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        reason.chinese.chars().any(is_word) && reason.english.is_ascii()
    }

    #[test]
    fn what_a_route_cannot_be_is_said_in_chinese() {
        let sound = Route {
            id: RouteId::random(),
            merchant_id: MerchantId::random(),
            channel: Channel::Stripe,
            method: None,
            flow: None,
            currency: Some(Currency::USD),
            min_amount_minor: None,
            max_amount_minor: None,
            country: None,
            priority: 1,
            weight: 1,
            enabled: true,
        };
        assert_eq!(sound.validate(), Ok(()));
        let usd = Some(Currency::USD);
        for (priority, currency, least, most, country) in [
            (0, usd, None, None, None),
            (1, usd, Some(0), None, None),
            (1, None, Some(1), None, None),
            (1, usd, Some(2), Some(1), None),
            (1, usd, None, None, Some("Germany")),
        ] {
            let route = Route {
                priority,
                currency,
                min_amount_minor: least,
                max_amount_minor: most,
                country: country.map(str::to_owned),
                ..sound.clone()
            };
            let why = route.validate().unwrap_err();
            let reason = Reason::from(why);
            assert!(is_chinese(&reason), "{reason:?}");
        }
    }

    #[test]
    fn what_credentials_cannot_be_is_said_in_chinese_and_masked() {
        for (problem, said) in [
            (Flaw::Empty, "webhook_secrets：至少需要一个，最新的在前"),
            (
                Flaw::Fields("missing field `secret_key`".into()),
                "webhook_secrets：缺少字段 `secret_key`",
            ),
            (
                Flaw::Fields(
                    "unknown field `ada@example.com`, expected `secret_key` or `webhook_secrets`".into(),
                ),
                "webhook_secrets：未知字段 `masked`，可用的为 `secret_key` or `webhook_secrets`",
            ),
        ] {
            let field = "webhook_secrets".to_owned();
            let reason = Reason::from(InvalidCredentials { field, problem });
            assert_eq!(reason.in_language(Language::Chinese), said);
        }
    }

    #[test]
    fn a_reason_is_said_in_the_language_of_whoever_looks() {
        let reason = Reason::from(NotTaken::NoWay {
            channel: Channel::Stripe,
        });
        assert_eq!(reason.in_language(Language::English), "stripe has no way to pay");
        assert_eq!(reason.in_language(Language::Chinese), "stripe 没有可用的支付途径");
    }
}
