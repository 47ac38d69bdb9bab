//! Words for what our own lists say in code: classes of errors, states, where something is written down, which letters were meant.
//!
//! In English the code is a word. In Chinese the word stands before the code, by which logs and metrics are searched. What others
//! wrote, as providers and operators do, stays as it was written, masked.

use domain::{mask::mask, outcome::ErrorClass};
use maud::{Markup, html};

use super::{
    language::Language,
    messages::{Text, filled},
    view::View,
};

/// A class of errors and what was said of one. What we did not name may hold anything.
pub(super) fn error(view: &View, class: &str, reason: &str) -> Markup {
    // In one piece, also where a cell sets its pieces apart.
    html! { span { (self::class(view, class)) ": " (mask(reason)) } }
}

/// A class of errors.
pub(super) fn class(view: &View, class: &str) -> Markup {
    coded(view, class, ErrorClass::named(class).map(chinese_class))
}

/// The state of a payment, a refund or an order.
pub(super) fn status(view: &View, status: &str) -> Markup {
    coded(view, status, chinese_status(status))
}

/// Where an entry of a timeline is written down.
pub(super) fn source<'a>(view: &View, source: &'a str) -> &'a str {
    match view.language {
        Language::English => source,
        Language::Chinese => chinese_source(source).unwrap_or(source),
    }
}

/// Which letters are meant. The log has it in English.
pub(super) fn selection(view: &View, selection: &str) -> String {
    if view.language == Language::English {
        return selection.to_owned();
    }
    if selection == "all that is parked" {
        return view.say(Text::AllParked).to_owned();
    }
    if let Some(count) = selection.strip_suffix(" letters by id") {
        return filled(view.say(Text::LettersById), &[("count", count)]);
    }
    let Some(said) = selection.strip_prefix("all with ") else {
        return selection.to_owned();
    };
    let mut conditions = String::new();
    for part in said.split(", ") {
        match condition(view, part) {
            Some(told) if conditions.is_empty() => conditions = told,
            Some(told) => conditions += &format!("，{told}"),
            // A text that is looked for may have a comma in it.
            None => conditions += &format!(", {part}"),
        }
    }
    filled(view.say(Text::AllWith), &[("conditions", &conditions)])
}

fn condition(view: &View, said: &str) -> Option<String> {
    let named = [
        ("payment ", Text::Payment),
        ("order ", Text::Order),
        ("merchant ", Text::Merchant),
        ("provider id ", Text::ProviderId),
        ("text ", Text::SoughtError),
        ("kind ", Text::Kind),
        ("group ", Text::LetterGroup),
    ];
    named.iter().find_map(|(word, text)| {
        let value = said.strip_prefix(word)?;
        Some(format!("{} {value}", view.say(*text)))
    })
}

/// What a code of one of our lists is called in Chinese, with the code beside it; a code that is not of the list stays alone.
pub(super) fn in_chinese(list: &str, code: &str) -> String {
    let word = match list {
        "status" => chinese_status(code),
        "outcome" => chinese_outcome(code),
        "delivery" => chinese_delivery(code),
        "dispute" => chinese_dispute(code),
        "phase" => chinese_phase(code),
        "withdrawal" => chinese_withdrawal(code),
        _ => None,
    };
    word.map_or_else(|| code.to_owned(), |word| format!("{word}（{code}）"))
}

fn coded(view: &View, code: &str, chinese: Option<&str>) -> Markup {
    html! {
        @match chinese.filter(|_| view.language == Language::Chinese) {
            Some(word) => { (word) "（" code { (code) } "）" }
            None => { (mask(code)) }
        }
    }
}

const fn chinese_class(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Unreadable => "无法读取",
        ErrorClass::Invalid => "内容无效",
        ErrorClass::Forbidden => "无权限",
        ErrorClass::Conflict => "与现状冲突",
        ErrorClass::Refused => "渠道拒绝",
        ErrorClass::ProviderUnavailable => "渠道不可用",
        ErrorClass::OutcomeUnknown => "结果未知",
        ErrorClass::Mismatch => "结果不符",
        ErrorClass::TooEarly => "时机未到",
        ErrorClass::MerchantEndpoint => "商户接收端故障",
        ErrorClass::Misconfigured => "配置错误",
        ErrorClass::StoreUnavailable => "数据库不可用",
        ErrorClass::Contended => "争用",
        ErrorClass::TimedOut => "超时",
        ErrorClass::Interrupted => "被中断",
        ErrorClass::Internal => "内部错误",
    }
}

fn chinese_status(status: &str) -> Option<&'static str> {
    Some(match status {
        "pending" => "待处理",
        "needs_review" => "待核查",
        "requires_action" => "待付款人操作",
        "processing" => "处理中",
        "failed" | "payment_failed" => "失败",
        "canceled" => "已取消",
        "expired" => "已过期",
        "succeeded" => "成功",
        "created" => "已创建",
        "paid" => "已支付",
        "shipped" => "已发货",
        "completed" => "已完成",
        "refunding" => "退款中",
        "refunded" => "已退款",
        _ => return None,
    })
}

/// What came of a call, a callback or a wish.
fn chinese_outcome(outcome: &str) -> Option<&'static str> {
    Some(match outcome {
        "started" => "已开始",
        "ok" => "成功",
        "declined" => "被拒付",
        "refused" => "被拒绝",
        "not_found" | "absent" => "不存在",
        "mismatch" => "不一致",
        "not_done" => "未执行",
        "unknown" => "结果未知",
        "late" => "过时",
        "applied" => "已采纳",
        "unchanged" => "无变化",
        "ignored" => "已忽略",
        "done" => "已完成",
        "answered" => "已答复",
        _ => return None,
    })
}

fn chinese_delivery(status: &str) -> Option<&'static str> {
    Some(match status {
        "pending" => "待送达",
        "delivered" => "已送达",
        "exhausted" => "已放弃",
        "undeliverable" => "无法送达",
        _ => return None,
    })
}

fn chinese_dispute(status: &str) -> Option<&'static str> {
    Some(match status {
        "open" => "进行中",
        "won" => "胜诉",
        "lost" => "败诉",
        _ => return None,
    })
}

fn chinese_phase(phase: &str) -> Option<&'static str> {
    Some(match phase {
        "pending" => "预留",
        "posted" => "入账",
        "voided" => "撤销",
        "expired" => "过期",
        _ => return None,
    })
}

fn chinese_withdrawal(status: &str) -> Option<&'static str> {
    Some(match status {
        "requested" => "已申请",
        "processing" => "处理中",
        "completed" => "已完成",
        "rejected" => "已拒绝",
        "failed" => "失败",
        _ => return None,
    })
}

fn chinese_source(source: &str) -> Option<&'static str> {
    Some(match source {
        "request" => "请求",
        "payment" => "支付",
        "refund" => "退款",
        "order" => "订单",
        "wallet" => "钱包",
        "exchange" => "渠道往来",
        "callback" => "回调",
        "dispute" => "争议",
        "job" => "任务",
        "notification" => "通知",
        "ledger" => "账本",
        "audit" => "操作日志",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use domain::{
        dispute::DisputeStatus, ledger::Phase, order::OrderStatus, payment::PaymentStatus,
        refund::RefundStatus, wallet::WithdrawalStatus,
    };

    use super::*;

    fn chinese() -> View {
        View {
            language: Language::Chinese,
            visitor: None,
            path: "/".to_owned(),
            returned: None,
        }
    }

    #[test]
    fn every_state_has_a_word() {
        let states = PaymentStatus::ALL.iter().map(|status| status.name());
        let states = states.chain(RefundStatus::ALL.iter().map(|status| status.name()));
        for state in states.chain(OrderStatus::ALL.iter().map(|status| status.name())) {
            assert!(chinese_status(state).is_some(), "{state}");
        }
        for status in DisputeStatus::ALL {
            assert!(chinese_dispute(status.name()).is_some(), "{status:?}");
        }
        for phase in Phase::ALL {
            assert!(chinese_phase(phase.name()).is_some(), "{phase:?}");
        }
        for status in WithdrawalStatus::ALL {
            assert!(chinese_withdrawal(status.name()).is_some(), "{status:?}");
        }
    }

    #[test]
    fn a_code_stands_beside_its_word_and_alone_without_one() {
        assert_eq!(in_chinese("outcome", "declined"), "被拒付（declined）");
        assert_eq!(in_chinese("outcome", "something else"), "something else");
        assert_eq!(in_chinese("", "declined"), "declined");
    }

    #[test]
    fn what_we_named_has_a_word_and_what_others_wrote_is_masked() {
        let told = error(&chinese(), "provider_unavailable", "ask ada@example.com").into_string();
        assert_eq!(
            told,
            "<span>渠道不可用（<code>provider_unavailable</code>）: ask [address]</span>"
        );
        assert_eq!(class(&chinese(), "ada@example.com").into_string(), "[address]");
    }

    #[test]
    fn a_selection_is_said_in_chinese() {
        for (english, said) in [
            ("all that is parked", "全部已停放的死信"),
            ("3 letters by id", "按编号选择的 3 条死信"),
            (
                "all with kind create_intent, text \"a, b\"",
                "全部符合条件的死信：任务 create_intent，错误文本 \"a, b\"",
            ),
            (
                "dlt_00000000000000000000000000000001",
                "dlt_00000000000000000000000000000001",
            ),
        ] {
            assert_eq!(selection(&chinese(), english), said);
        }
    }
}
