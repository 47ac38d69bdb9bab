//! What a timeline tells, in the language of whoever looks.

use store::{Event, EventName};

use super::{codes, language::Language};

/// What is said of an event.
pub(super) fn said(language: Language, event: &Event) -> String {
    match language {
        Language::English => event.to_string(),
        Language::Chinese => event.said(chinese(event.name), codes::in_chinese),
    }
}

/// Where a value is one of our codes, its place names the list that the code is of.
const fn chinese(name: EventName) -> &'static str {
    match name {
        EventName::PaymentTaken => "受理支付 {0} {1}，渠道 {2}",
        EventName::RefundTaken => "受理退款 {0} {1}",
        EventName::OrderTaken => "受理订单 {0} {1}",
        EventName::WalletOpened => "开立钱包，币种 {0}",
        EventName::Changed => "自最近一次变更起为{0:status}",
        EventName::Wished => "请求 {0}：{1:outcome}",
        EventName::Called => "调用 [{0} ]{1}：{2:outcome}[，{3}]",
        EventName::Told => "{0} 告知 {1}（{2}）：{3:outcome}，{4} 毫秒后处理",
        EventName::DisputeOpened => "关于 {0} {1} 的争议在 {2} 发起（{3}）",
        EventName::DisputeChanged => "争议 {0} 自最近一次变更起为{1:dispute}",
        EventName::JobFailed => "任务 {0} 失败，将重试",
        EventName::JobGivenUp => "任务 {0} 已放弃并停放",
        EventName::JobWaits => "任务 {0} 在发件箱中等待 RabbitMQ",
        EventName::NotificationWritten => "已写入通知 {0}，待告知商户",
        EventName::NotificationEnded => "通知 {0}：{1:delivery}",
        EventName::NotificationHeld => "通知 {0} 在第 {1} 次尝试前保留，因该商户的通知已暂停",
        EventName::Delivered => "商户接收端已接收",
        EventName::NotDelivered => "商户接收端未接收",
        EventName::Moved => "记账 {0} {1:phase}：{2}",
        EventName::NothingMoved => "记账 {0} {1:phase}：无资金变动",
        EventName::OrderStep => "订单步骤 {0}：{1:status}[（附有原因）{2}][，{3}][，{4}]",
        EventName::WalletLine => "第 {0} 笔：{1} {2:phase}，{3}（冻结 {4}），余额 {5}（冻结 {6}）",
        EventName::WithdrawalChanged => "提现 {0} {1} 自最近一次变更起为{2:withdrawal}",
        EventName::DoneByPeople => "{1} 执行 {0}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the places, each with whether it may be left out.
    fn places(template: &str) -> Vec<(String, bool)> {
        let is_optional =
            |at: usize| template[..at].matches('[').count() > template[..at].matches(']').count();
        let found = template.match_indices('{').map(|(at, _)| {
            let place = template[at + 1..].split('}').next().unwrap();
            let number = place.split(':').next().unwrap();
            (number.to_owned(), is_optional(at))
        });
        let mut places: Vec<_> = found.collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn every_event_is_told_in_chinese_with_all_its_values() {
        for name in EventName::ALL {
            let told = chinese(*name);
            assert_eq!(places(told), places(name.english()), "{name:?}");
            let is_chinese = |letter| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            assert!(told.chars().any(is_chinese), "{name:?}: {told}");
        }
    }

    #[test]
    fn codes_are_words_and_the_rest_stays_as_it_is() {
        let told = ["called", "stripe", "create_intent", "unknown", "pi_1"];
        let told: Vec<_> = told.iter().map(|value| Some((*value).to_owned())).collect();
        let event = Event::try_from(told).unwrap();
        assert_eq!(
            said(Language::Chinese, &event),
            "调用 stripe create_intent：结果未知（unknown），pi_1"
        );
        assert_eq!(
            said(Language::English, &event),
            "stripe create_intent: unknown, pi_1"
        );
    }
}
