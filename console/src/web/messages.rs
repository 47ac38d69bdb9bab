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
    ChannelsNote: "Calls about payments that were written down: the last 15 minutes, and below them the last day. Whether a circuit breaker is open each worker decides for itself; see the metric sluice_channel_breaker_state.", "已记录的支付调用：上为最近 15 分钟，下为最近一天。熔断器由各工作进程自行判断，见指标 sluice_channel_breaker_state。";
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
    // Dead letters and timelines.
    DeadLetter: "Dead letter", "死信";
    LettersByTrouble: "Dead letters by trouble", "按故障分组的死信";
    LetterActions: "Replays and discards", "重放与丢弃记录";
    LetterAction: "Replay or discard", "重放或丢弃";
    LetterGroup: "Letters with the same trouble", "同类故障的死信";
    Order: "Order", "订单";
    ProviderId: "Id at the provider, or any other id", "渠道侧编号或其他编号";
    SoughtError: "Text of the error", "错误文本";
    Any: "any", "不限";
    Search: "Search", "查询";
    Error: "Error", "错误";
    Try: "Try", "第几次";
    Parked: "parked", "已停放";
    Replaying: "to be replayed", "等待重放";
    Replayed: "replayed", "已重放";
    Discarding: "to be discarded", "等待丢弃";
    Discarded: "discarded", "已丢弃";
    MissingLetter: "missing", "已不在队列";
    JobDone: "the job is done", "任务已完成";
    ParkedAgain: "parked again", "再次停放";
    Choose: "Choose the one of {time}", "选择 {time} 的死信";
    WithChosen: "With those that are ticked", "对勾选的死信";
    AllMatching: "All parked letters that match", "所有符合条件的已停放死信";
    NoLetters: "No dead letter matches.", "没有符合条件的死信。";
    Replay: "Replay", "重放";
    Discard: "Discard", "丢弃";
    ReplayOrDiscard: "replay or discard", "重放或丢弃";
    RateAtMost: "A second, at most", "每秒上限";
    ReplayNote: "A replay goes through the same idempotency as the first try: what was done before is not done twice. What is discarded is gone.", "重放沿用首次执行的幂等键，已完成的操作不会重复执行；丢弃后无法恢复。";
    DryRun: "It would be {count} letters: {selection}. Nothing was asked for yet.", "将涉及 {count} 条死信：{selection}。尚未执行任何操作。";
    MostAtOnce: "One action takes no more, the oldest first; ask again for the rest.", "单次操作以此为上限，从最早的开始；其余请再次操作。";
    NewestOfThem: "The newest of them", "其中最新的死信";
    BackToLetters: "Back to the search", "返回查询";
    Ever: "Ever", "累计";
    First: "First (UTC)", "首次 (UTC)";
    Last: "Last (UTC)", "最近 (UTC)";
    OnlyParked: "Only those that are parked", "仅显示有停放的分组";
    AlsoEnded: "Also those of which none is parked any more", "包括已无停放的分组";
    MoreGroups: "There may be more groups; search by kind or error text.", "可能还有更多分组，请按任务或错误文本查询。";
    Tries: "Tries that did not work", "失败的尝试";
    NoTries: "None is recorded: it was parked before any worker tried it, or by RabbitMQ.", "没有记录：在任何尝试之前即被停放，或由 RabbitMQ 停放。";
    TriedAgain: "tried again", "已重试";
    GivenUp: "given up", "已放弃";
    CameOfIt: "Then", "结果";
    StandsNow: "How it stands now", "当前状态";
    NothingStands: "There is no payment, refund or order of it.", "没有相关的支付、退款或订单。";
    JobMasked: "The job, masked", "任务内容（已脱敏）";
    OtherLetters: "Other dead letters of the job", "同一任务的其他死信";
    AskedFor: "Replayed or discarded by", "重放或丢弃操作";
    SameTrouble: "Others", "其他死信";
    Worker: "a worker", "工作进程";
    Broker: "RabbitMQ", "RabbitMQ";
    WhichLetters: "Which letters", "死信范围";
    Letters: "Letters", "死信数";
    LettersWaiting: "Waiting", "等待中";
    LeftParked: "left parked", "仍停放";
    JobsDone: "jobs done", "任务已完成";
    Finished: "finished", "已结束";
    UnderWay: "under way", "进行中";
    HeldUp: "held up", "受阻";
    ActionNote: "Missing: not in its queue any more. Left parked: nobody knows its kind. What came of a replayed job is shown once it is known.", "已不在队列：消息已被取走；仍停放：无法识别其类型。重放任务的结果在得知后显示。";
    Timeline: "Timeline", "时间线";
    TimelineId: "Payment, refund, order or wallet (pay_, rfd_, ord_, wal_)", "支付、退款、订单或钱包（pay_、rfd_、ord_、wal_）";
    TimelineNote: "Everything that is stored about it, oldest first, times in UTC. Personal data is masked.", "所有已存储的记录，最早的在前，时间为 UTC；个人信息已脱敏。";
    Source: "From", "来源";
    Event: "What happened", "事件";
    Took: "Took", "耗时";
    LeftOut: "{count} older entries are not shown.", "另有 {count} 条更早的记录未显示。";
    LeftOutAtLeast: "At least {count} older entries are not shown.", "至少另有 {count} 条更早的记录未显示。";
    ShowMore: "Show more", "显示更多";
    UnclearTimeline: "That is no id of a payment, refund, order or wallet: pay_, rfd_, ord_ or wal_ and 32 hexadecimal digits. Look for an id of the provider's among the dead letters.", "编号无效：应为 pay_、rfd_、ord_ 或 wal_ 加 32 位十六进制数字。渠道侧编号请在死信中查询。";
    UnknownTimeline: "Nothing is stored under this id. A payment is there once its worker has taken it up: look for it among the dead letters.", "该编号下没有记录。支付由工作进程受理后才会存储，请在死信中查询。";
    UnclearPayment: "An id of a payment is pay_ and 32 hexadecimal digits.", "支付编号应为 pay_ 加 32 位十六进制数字。";
    UnclearOrder: "An id of an order is ord_ and 32 hexadecimal digits.", "订单编号应为 ord_ 加 32 位十六进制数字。";
    UnclearMerchant: "An id of a merchant is mer_ and 32 hexadecimal digits.", "商户编号应为 mer_ 加 32 位十六进制数字。";
    UnclearKind: "There is no such kind of job; choose one of the list.", "没有该任务类型，请从列表中选择。";
    UnclearState: "There is no such state; choose one of the list.", "没有该状态，请从列表中选择。";
    UnclearGroup: "An id of a group is dlg_ and 32 hexadecimal digits; the page of troubles leads to each.", "分组编号应为 dlg_ 加 32 位十六进制数字，可从分组页面进入。";
    TooShort: "Look for 3 characters or more of the error.", "错误文本至少需 3 个字符。";
    UnclearWords: "Look for 200 characters at the most, in one line.", "查询内容最多 200 个字符，且须为单行。";
    UnclearLetter: "An id of a dead letter is dlt_ and 32 hexadecimal digits; look for it at /dead-letters.", "死信编号应为 dlt_ 加 32 位十六进制数字，请在 /dead-letters 查询。";
    UnknownLetter: "There is no such dead letter; look for it at /dead-letters.", "没有该死信，请在 /dead-letters 查询。";
    UnclearAction: "An id of a replay or discard is dla_ and 32 hexadecimal digits; /dead-letters/actions lists them.", "操作编号应为 dla_ 加 32 位十六进制数字，请在 /dead-letters/actions 查看。";
    UnknownAction: "Nobody has asked for this; /dead-letters/actions lists the newest.", "没有该操作，请在 /dead-letters/actions 查看。";
    UnclearRate: "A rate is 1 to 100000 letters a second. Go back and send the form again.", "每秒上限应为 1 至 100000，请返回后重新提交。";
    NoneChosen: "No letter is ticked. Go back, tick some and send the form again.", "未勾选任何死信，请返回勾选后重新提交。";
    NoneParked: "None of these letters is parked any more, and nothing was asked for. See at /dead-letters how they stand.", "这些死信均已不在停放状态，未执行任何操作。请在 /dead-letters 查看其状态。";
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
