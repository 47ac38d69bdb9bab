//! All that the console says, in both languages: a text without one of them does not compile.

use super::language::Language;

macro_rules! catalogue {
    ($($name:ident: $english:literal, $chinese:literal;)*) => {
        /// Something that the console says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Text {
            $($name),*
        }

        impl Text {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The text. What is in braces is for [`filled`].
            pub(super) const fn in_language(self, language: Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$name, Language::English) => $english,
                        (Self::$name, Language::Chinese) => $chinese,
                    )*
                }
            }
        }
    };
}

catalogue! {
    Console: "Sluice console", "Sluice 控制台";
    SkipToContent: "Skip to the content", "跳到正文";
    Menu: "Pages", "页面";
    Overview: "Overview", "总览";
    Review: "Needs review", "待处理";
    Audit: "Log", "操作日志";
    Operators: "Operators", "操作员";
    Language: "Language", "语言";
    SignIn: "Sign in", "登录";
    SignOut: "Sign out", "退出登录";
    SignedInAs: "Signed in as {name} ({role})", "已登录：{name}（{role}）";
    Name: "Name", "用户名";
    Password: "Password", "密码";
    WrongPassword: "Name or password is wrong, or the operator is disabled.", "用户名或密码错误，或该操作员已停用。";
    TooManyTries: "Too many tries. Wait a quarter of an hour and try again.", "尝试次数过多，请 15 分钟后再试。";
    Reason: "Reason", "原因";
    Viewer: "viewer", "只读";
    Operator: "operator", "操作员";
    Administrator: "administrator", "管理员";
    NotFound: "There is nothing at this address.", "该地址没有内容。";
    Forbidden: "This needs the role {role}.", "需要角色：{role}。";
    Outdated: "The form is from another session. Go back, reload the page and send it again.", "表单已过期，请返回并刷新页面后重新提交。";
    Elsewhere: "The request does not come from a page of this console, or this console is not known by that name (CONSOLE_PUBLIC_URL).", "请求并非来自本控制台页面，或本控制台未以该名称配置（CONSOLE_PUBLIC_URL）。";
    BadForm: "The form cannot be read. Go back and send it again.", "无法读取表单，请返回后重新提交。";
    NoReason: "Say why, in 1 to 500 characters. Go back and send the form again.", "请填写原因（1 至 500 个字符），返回后重新提交。";
    StoreAway: "PostgreSQL is not available. Try again in a moment.", "PostgreSQL 不可用，请稍后再试。";
    NotKnown: "PostgreSQL is not available. It is not known whether it was done: look before you try again.", "PostgreSQL 不可用，操作结果未知，重试前请先核实。";
    Busy: "Too many pages are open. Try again in a moment.", "打开的页面过多，请稍后再试。";
    Broken: "Something went wrong here; the console's own log says what.", "控制台内部出错，详情见其日志。";
    UnknownOperator: "There is no such operator.", "没有该操作员。";
    NotYourself: "Ask another administrator: nobody changes themselves.", "不能更改自己的账号，请联系其他管理员。";
    Back: "Back to the overview", "返回总览";
    AsOf: "As of {time} UTC", "截至 {time} UTC";
    Live: "live", "实时";
    RabbitAway: "RabbitMQ's management API does not answer since {time} UTC; what is shown of queues is as of {then} UTC.", "RabbitMQ 管理接口自 {time} UTC 起无响应，队列数据停留在 {then} UTC。";
    RabbitUnknown: "RabbitMQ's management API does not answer since {time} UTC; nothing is known of queues.", "RabbitMQ 管理接口自 {time} UTC 起无响应，队列情况未知。";
    PostgresAway: "PostgreSQL does not answer since {time} UTC; what is shown of payments and channels is as of {then} UTC.", "PostgreSQL 自 {time} UTC 起无响应，支付与渠道数据停留在 {then} UTC。";
    PostgresUnknown: "PostgreSQL does not answer since {time} UTC; nothing is known of payments and channels.", "PostgreSQL 自 {time} UTC 起无响应，支付与渠道情况未知。";
    TrafficAway: "PostgreSQL takes too long to count the calls to channels since {time} UTC; they are shown as of {then} UTC.", "PostgreSQL 自 {time} UTC 起统计渠道调用超时，渠道数据停留在 {then} UTC。";
    TrafficUnknown: "PostgreSQL takes too long to count the calls to channels since {time} UTC; some of them are not shown.", "PostgreSQL 自 {time} UTC 起统计渠道调用超时，部分渠道数据缺失。";
    Unknown: "unknown", "未知";
    PaymentsInReview: "Payments in review", "待核查支付";
    RefundsInReview: "Refunds in review", "待核查退款";
    PayoutsInReview: "Payouts in review", "待核查提现打款";
    AccountsInReview: "Connected accounts in review", "待核查关联账户";
    OpenDifferences: "Open differences", "未处理的对账差异";
    OpenWithdrawals: "Withdrawals to pay out", "待付提现";
    DeadLetters: "Dead letters", "死信";
    Outbox: "Outbox", "发件箱";
    OldestSince: "oldest: {age}", "最早：{age}";
    NothingWaits: "nothing waits", "无积压";
    Queues: "Queues", "队列";
    QueuesNote: "From RabbitMQ's management API, whose figures are up to five seconds old. The line shows the last hour.", "来自 RabbitMQ 管理接口，数据最多滞后 5 秒；折线为最近一小时。";
    Kind: "Job", "任务";
    Waiting: "Waiting", "排队";
    InHand: "In hand", "处理中";
    OldestWaits: "Oldest waits", "最早等待";
    AtMost: "at most {age}", "至多 {age}";
    MoreThanHour: "maybe over an hour", "可能超过一小时";
    InRate: "In /s", "流入/秒";
    OutRate: "Out /s", "流出/秒";
    Consumers: "Consumers", "消费者";
    LastHour: "Last hour", "最近一小时";
    Unroutable: "unroutable", "无法路由";
    Retries: "Retries that wait", "等待重试";
    RetriesNote: "Jobs that failed and wait for their next try, by the length of the wait.", "失败后等待下次尝试的任务，按等待时长分列。";
    Tier: "Wait", "等待时长";
    Jobs: "Jobs", "任务数";
    Channels: "Channels", "渠道";
    ChannelsNote: "Calls about payments that were written down: the last 15 minutes, and below them the last day.", "已记录的支付调用：上为最近 15 分钟，下为最近一天。";
    CircuitsClosed: "Circuit breakers: closed in every worker process.", "熔断器：所有工作进程均为闭合。";
    CircuitOpenForChanges: "{channel}: the circuit breaker is open (worker processes: {processes}). Jobs wait until the provider answers again.", "{channel}：{processes} 个工作进程的熔断器已断开，作业等待渠道恢复。";
    CircuitOpenForQuestions: "{channel}: the circuit breaker for queries is open (worker processes: {processes}).", "{channel}：{processes} 个工作进程的查询熔断器已断开。";
    CircuitTriedWithChanges: "{channel}: one call finds out whether the provider is back (worker processes: {processes}).", "{channel}：{processes} 个工作进程正以一次调用试探渠道是否恢复。";
    CircuitTriedWithQuestions: "{channel}: one query finds out whether the provider is back (worker processes: {processes}).", "{channel}：{processes} 个工作进程正以一次查询试探渠道是否恢复。";
    Channel: "Channel", "渠道";
    Span: "Span", "时段";
    QuarterHour: "15 min", "15 分钟";
    Day: "24 h", "24 小时";
    Calls: "Calls", "调用";
    Succeeded: "OK", "正常应答";
    Declined: "Declined", "被拒绝";
    Unanswered: "No answer", "无应答";
    Median: "Median", "中位数";
    Slow: "95 %", "95 %";
    LastCall: "Last call", "最近调用";
    NoCalls: "No calls within a day.", "一天内没有调用。";
    NoneInReview: "Nothing waits here.", "没有待处理项。";
    ReviewNote: "The provider does not say what became of these. Sluice goes on asking; the oldest come first.", "渠道未给出结果，Sluice 会继续查询；最早的在前。";
    DifferencesNote: "console differences --open lists them.", "用 console differences --open 查看。";
    Payment: "Payment", "支付";
    Refund: "Refund", "退款";
    Merchant: "Merchant", "商户";
    Amount: "Amount (minor unit)", "金额（最小单位）";
    Since: "Since (UTC)", "起始 (UTC)";
    When: "When (UTC)", "时间 (UTC)";
    Who: "Who", "操作者";
    What: "What", "操作";
    Subject: "On what", "对象";
    Older: "Older", "更早";
    Nothing: "Nothing yet.", "暂无记录。";
    Role: "Role", "角色";
    Added: "Added (UTC)", "添加时间 (UTC)";
    State: "State", "状态";
    Active: "active", "启用";
    Disabled: "disabled", "已停用";
    SetRole: "Set role", "设置角色";
    Disable: "Disable", "停用";
    Enable: "Enable", "启用";
    Change: "Change", "更改";
    OperatorsNote: "Operators are added, and get passwords, by the command line: console operators add.", "添加操作员与设置密码请用命令行：console operators add。";
}

/// A text with what belongs into its braces.
pub(super) fn filled(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in braces, in order of the alphabet.
    fn places(text: &str) -> Vec<&str> {
        let inner = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let mut places: Vec<_> = inner.collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn both_languages_say_everything_with_the_same_places() {
        for text in Text::ALL {
            let [english, chinese] = Language::ALL.map(|language| text.in_language(language));
            assert!(
                !english.trim().is_empty() && !chinese.trim().is_empty(),
                "{text:?}"
            );
            assert_eq!(places(english), places(chinese), "{text:?}");
            assert!(
                english.is_ascii() || english.contains(['–', '…']),
                "{text:?} is not English: {english}"
            );
            let is_chinese = chinese
                .chars()
                .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            assert!(
                is_chinese || english == chinese,
                "{text:?} is not Chinese: {chinese}"
            );
        }
    }

    #[test]
    fn places_are_filled() {
        assert_eq!(filled("{a} and {b}", &[("a", "1"), ("b", "2")]), "1 and 2");
    }
}
