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
    ToTheForm: "To the form", "前往表单";
    BadForm: "The form cannot be read. Go back and send it again.", "无法读取表单，请返回后重新提交。";
    NoReason: "Say why, in 1 to 500 characters. Go back and send the form again.", "请填写原因（1 至 500 个字符），返回后重新提交。";
    StoreAway: "PostgreSQL is not available. Try again in a moment.", "PostgreSQL 不可用，请稍后再试。";
    NotKnown: "PostgreSQL is not available. It is not known whether it was done: look before you try again.", "PostgreSQL 不可用，操作结果未知，重试前请先核实。";
    TooSlow: "PostgreSQL takes too long over this, and was stopped. Look for something that fewer have in common.", "PostgreSQL 查询耗时过长，已中止。请缩小查询范围。";
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
    Payout: "Payout", "提现打款";
    Account: "Connected account", "关联账户";
    PayoutsReviewNote: "Nobody should pay by hand before it is known. Look at the provider for the transfer whose transfer_group is the payout's id; the link leads to its wallet. Where the provider can never tell, an administrator says how it ended: POST /api/v1/wallets/{wal_…}/withdrawals/{wdr_…}/end.", "结果明确前请勿人工打款。请在渠道后台查找 transfer_group 为该编号的转账；链接指向其钱包。若渠道始终无法给出结果，由管理员登记结果：POST /api/v1/wallets/{wal_…}/withdrawals/{wdr_…}/end。";
    AccountsReviewNote: "Look at the provider for an account whose metadata has this id as sluice_account_id; the link leads to a wallet of its owner's. One that is there, or surely is not, is noticed by itself; the key must be allowed to list accounts.", "请在渠道后台查找元数据 sluice_account_id 为该编号的账户；链接指向其所有者的钱包。账户是否存在一旦明确即自动处理；渠道密钥须有列出账户的权限。";
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
    Notifications: "Notifications", "通知";
    Switches: "Switches", "开关";
    Merchants: "Merchants", "商户";
    SayWhy: "Say why, in 1 to 500 characters; the log keeps it.", "请填写原因（1 至 500 个字符），操作日志会保留。";
    BadField: "This field cannot be read, or is out of its range: {field}. Put it right and send the form again.", "该字段无法识别或超出范围：{field}。请更正后重新提交。";
    SwitchesNote: "A pause holds for all workers and over restarts, until it is resumed. Workers obey within about two seconds.", "暂停对所有工作进程生效，重启后仍然有效，直至恢复；工作进程约两秒内执行。";
    Paused: "Paused", "已暂停";
    NotPausedNow: "Not paused", "未暂停";
    NothingPaused: "Nothing is paused.", "没有已暂停的项目。";
    PausedWhat: "What", "项目";
    PausedBy: "By", "操作者";
    PausedFor: "For", "已持续";
    Pause: "Pause", "暂停";
    Resume: "Resume", "恢复";
    PauseQueue: "Pause a queue", "暂停队列";
    PauseQueueNote: "No job of the kind is begun; jobs wait in their order and use up no tries.", "不再开始该类任务；任务按原顺序等待，不消耗尝试次数。";
    PauseChannel: "Pause a channel", "暂停渠道";
    PauseChannelNote: "No call to its provider is begun. New payments take another channel where the merchant has one that fits; its callbacks come in and count.", "不再调用该渠道；商户如有其他合适渠道，新支付改走其他渠道；回调照常接收。";
    PauseNotifications: "Pause a merchant's notifications", "暂停商户通知";
    PauseNotificationsNote: "Nothing is sent to it; notifications are kept and go on in their order when they are resumed.", "不再向其发送；通知会保留，恢复后按顺序发送。";
    Queue: "Queue", "队列";
    MerchantId: "Merchant's id", "商户 ID";
    AllPaused: "All of them are paused.", "已全部暂停。";
    NoProvider: "This channel calls no provider, so there is nothing to pause. Pause the queue of what you want held up.", "该渠道不调用外部渠道商，无可暂停；请暂停相应队列。";
    PausedAlready: "{what} is paused already; the table tells by whom and why.", "{what} 已经暂停，操作者与原因见下表。";
    NotPaused: "{what} is not paused. Somebody may have resumed it before.", "{what} 未暂停，可能已被他人恢复。";
    NoSuchMerchantId: "This is no merchant's id; it is mer_ and 32 hexadecimal digits.", "商户 ID 格式不正确，应为 mer_ 加 32 位十六进制数字。";
    UnknownMerchant: "There is no merchant {merchant}. The page of merchants shows all of them.", "没有商户 {merchant}，可在商户页面查看全部商户。";
    EndpointHealth: "Endpoints", "接收端";
    HealthLate: "PostgreSQL took too long to tell how all endpoints do. Find the notifications of a merchant below, or reload the page in a while.", "PostgreSQL 未能及时返回接收端状态。可在下方按商户查找通知，或稍后刷新页面。";
    HealthNote: "Tries that were answered with 2xx, of all; waiting and given up are counted up to 10000.", "以 2xx 应答的次数占全部尝试的比例；等待与放弃数最多计到 10000。";
    Endpoint: "Endpoint", "接收端地址";
    NoEndpointYet: "none", "未设置";
    SwitchedOff: "switched off: {why}", "已停用：{why}";
    LastSuccess: "Last taken (UTC)", "最近成功 (UTC)";
    LastFailure: "Last failure (UTC)", "最近失败 (UTC)";
    TakenHour: "Taken, 1 h", "成功率（1 小时）";
    TakenDay: "Taken, 24 h", "成功率（24 小时）";
    WaitingHeld: "Waiting (held)", "等待（保留）";
    GivenUp: "Given up", "已放弃";
    FindNotifications: "Find notifications", "查找通知";
    About: "Id of a merchant, payment or order", "商户、支付或订单 ID";
    AnyState: "any", "全部";
    StateWaiting: "waiting", "等待";
    StateHeld: "held", "保留";
    StateDelivered: "delivered", "已送达";
    StateGivenUp: "given up", "已放弃";
    Show: "Show", "显示";
    BadAbout: "This is no id of a merchant, payment or order: mer_, pay_ or ord_ and 32 hexadecimal digits.", "ID 格式不正确，应为 mer_、pay_ 或 ord_ 加 32 位十六进制数字。";
    NoNotifications: "There are no such notifications.", "没有符合条件的通知。";
    ShownNewest: "The newest {count} are shown.", "仅显示最新 {count} 条。";
    Notification: "Notification", "通知";
    Event: "Event", "事件";
    AboutWhat: "About", "关于";
    Written: "Written (UTC)", "生成时间 (UTC)";
    Ended: "Ended (UTC)", "结束时间 (UTC)";
    HeldSince: "Held since (UTC)", "保留起始 (UTC)";
    Tries: "Tries", "尝试次数";
    TriesBefore: "Tries before it was sent again", "重发前的尝试次数";
    Attempts: "Tries", "尝试记录";
    NoAttempts: "It was not tried yet.", "尚未尝试发送。";
    Attempt: "Try", "第几次";
    HttpStatus: "HTTP status", "HTTP 状态码";
    Took: "Took (ms)", "耗时（毫秒）";
    WhyNot: "Why not", "失败原因";
    Resend: "Send again", "重新发送";
    ResendNote: "The same notification under the same id, with a fresh schedule of tries. What is being sent is left alone.", "以相同 ID 重新发送同一通知，并重新安排尝试；正在发送的不受影响。";
    ResendUnderWay: "It is being sent, or was since this page was made, so it was not sent again. What came of it is shown below; if it is still to be sent again, send the form once more.", "该通知正在发送，或在此页面生成后已再次发送，本次未重复发送。结果见下方；如仍需发送，请再次提交表单。";
    NothingArrives: "{merchant} has no endpoint, or it is switched off, so nothing was sent. Set the endpoint on the merchant's page first.", "{merchant} 未设置接收端或接收端已停用，未发送。请先在商户页面设置接收端。";
    BadName: "The name must be 1 to 200 characters, not only white space.", "名称须为 1 至 200 个字符，且不能全为空白。";
    AmqpUserTaken: "This RabbitMQ user already publishes for {merchant}; give each merchant a user of its own.", "该 RabbitMQ 用户已属于 {merchant}，每个商户须使用各自的用户。";
    BadAmqpUser: "A RabbitMQ user has 255 bytes at the most. Put it right and send the form again.", "RabbitMQ 用户名最长 255 字节，请更正后重新提交。";
    AmqpUserReserved: "This name stands for jobs that name no user, so no merchant can have it. Call the RabbitMQ user something else.", "该名称代表未署名的任务，不能分配给商户，请换用其他 RabbitMQ 用户名。";
    KeyMade: "This form has made the key {key} already, and a key is shown once only. If nobody has kept it, revoke it and make another one with the form below.", "此表单已创建过密钥 {key}，密钥仅显示一次。若未保存，请吊销后用下方表单重新创建。";
    MerchantCreated: "This form has created the merchant {merchant} already. Its first key was shown once; make another one on its page if nobody has kept it.", "此表单已创建过商户 {merchant}。首个密钥仅显示一次，若未保存，请在商户页面另行创建。";
    RouteAdded: "This form has added the route {route} already.", "此表单已添加过路由 {route}。";
    UnknownKey: "There is no such key that is still good. Somebody may have revoked it before.", "没有该有效密钥，可能已被他人吊销。";
    RouteChanged: "The route was changed since this form was made, so nothing was done. The list shows how it is now; what you wanted is in the form below it.", "此表单生成后路由已被更改，本次未作更改。列表显示当前内容，您填写的内容保留在表单中。";
    UnknownRoute: "There is no such route. Somebody may have removed it before.", "没有该路由，可能已被他人删除。";
    NoEndpoint: "The merchant has no endpoint; set one first.", "该商户未设置接收端，请先设置。";
    NoCredentials: "The merchant has no credentials for this channel; store them first.", "该商户没有此渠道的凭据，请先保存。";
    BadEndpointSecret: "The signing secret cannot be used: {why}. Type it again.", "签名密钥不可用：{why}。请重新填写。";
    BadCredentials: "The credentials cannot be used: {why}. Put it right and paste all of them again; nothing was stored.", "凭据不可用：{why}。请更正后重新粘贴全部内容，未作任何保存。";
    StoredCredentials: "The credentials that are stored already cannot be understood, so it is not known whether the account is the same. Tick the box to replace them, and paste the new ones again; nothing was stored.", "已保存的凭据无法解析，因此无法确认是否为同一账户。如需替换，请勾选更换账户并重新粘贴新凭据；未作任何保存。";
    BadRoute: "The route cannot be used: {why}.", "路由不可用：{why}。";
    UselessRoute: "The route would send nothing there: {why}.", "该路由不会匹配任何支付：{why}。";
    AccountInUse: "{count} payments, refunds, payouts or accounts are under way at the present account {account}, and could not be asked about at another one. Wait for them to end, or tick the box if the account is the same or they do not matter, and paste the credentials again.", "当前账户 {account} 尚有 {count} 笔支付、退款、打款或关联账户未完结，更换账户后将无法查询。请等待其完结；若为同一账户或可忽略，请勾选更换账户并重新粘贴凭据。";
    UrlNotAUrl: "The address cannot be used: it must look like https://shop.example/webhooks.", "地址不可用：应类似 https://shop.example/webhooks。";
    UrlScheme: "The address cannot be used: it must start with https://.", "地址不可用：必须以 https:// 开头。";
    UrlUserInfo: "The address must not hold a user name or password; notifications are signed instead.", "地址中不得包含用户名或密码，通知以签名验证。";
    UrlFragment: "The address must not hold a fragment, from # on.", "地址中不得包含 # 片段。";
    UrlNotPrivate: "http:// is only for private hosts; use https://.", "http:// 仅限内网主机，请使用 https://。";
    MerchantName: "Name", "名称";
    NoMerchants: "There is no merchant yet.", "暂无商户。";
    Created: "Created (UTC)", "创建时间 (UTC)";
    CreateMerchant: "Create merchant", "创建商户";
    CreateMerchantNote: "The answer shows the first API key, and a signing secret that was made for the endpoint, this once only. Channels, routes and terms are set on the merchant's page.", "提交后仅显示一次首个 API 密钥及为接收端生成的签名密钥；渠道、路由与条款在商户页面设置。";
    EndpointOptional: "Endpoint's address (may be left out)", "接收端地址（可选）";
    SecretOptional: "Signing secret, whsec_… (empty: a new one is made)", "签名密钥 whsec_…（留空则自动生成）";
    AmqpUser: "RabbitMQ user", "RabbitMQ 用户";
    AmqpUserOptional: "RabbitMQ user that publishes for it (may be left out)", "为其发布任务的 RabbitMQ 用户（可选）";
    ApiKey: "API key", "API 密钥";
    ApiKeys: "API keys", "API 密钥";
    SigningSecret: "Signing secret", "签名密钥";
    Made: "Done", "已完成";
    ShownOnce: "Copy this now and hand it over by a safe way: it is shown this once only, and nobody can look it up. Reloading this page makes nothing new.", "请立即复制并通过安全途径交付：仅显示这一次，之后无法查询。刷新本页不会重复创建。";
    BackToMerchant: "To the merchant", "返回商户页面";
    ShowNotifications: "Show notifications", "查看通知";
    KeyId: "Key", "密钥";
    KeysNote: "A new key is shown once. The others go on working until they are revoked, which ingress notices within ten seconds.", "新密钥仅显示一次；其他密钥在吊销前继续有效，吊销后十秒内生效。";
    CreateKey: "Create key", "创建密钥";
    Revoke: "Revoke", "吊销";
    Revoked: "revoked", "已吊销";
    Good: "good", "有效";
    EndpointUrl: "Address", "地址";
    EndpointNote: "https, or http where the host is private. Setting the address switches an endpoint on again and leaves its secret as it is.", "须为 https，内网主机可用 http。设置地址会重新启用接收端，签名密钥不变。";
    SetEndpoint: "Set address", "设置地址";
    RotateNote: "A new signing secret. The one before signs as well for as long as is said here, so that the merchant can move.", "更换签名密钥。旧密钥在指定时间内继续签名，便于商户切换。";
    KeepHours: "Keep the old one for (hours, 0 to 720)", "旧密钥保留（小时，0 至 720）";
    Rotate: "Make a new secret", "更换签名密钥";
    EndpointChanged: "The endpoint was set, or switched off, since this form was made, so nothing was done. If its first signing secret was shown and nobody has kept it, make a new one below.", "此表单生成后接收端已被设置或停用，本次未作更改。若首个签名密钥已显示但无人保存，请在下方更换签名密钥。";
    RotatedBefore: "The secret was replaced since this form was made, so nothing was done. If nobody has kept the new one, send the form below.", "此表单生成后签名密钥已更换，本次未作更改。若无人保存新密钥，请提交下方表单。";
    Unsealable: "What is stored cannot be opened with the console's key. Set SLUICE_SECRETS_KEY to the key ring that ingress and workers use, restart the console and try again. Nothing was changed.", "已保存的内容无法用控制台的密钥解开。请将 SLUICE_SECRETS_KEY 设为与 ingress、workers 相同的密钥，重启控制台后重试；未作任何更改。";
    NoChannels: "No credentials are stored, so nothing can be paid through a provider.", "尚未保存凭据，无法通过支付渠道收款。";
    CredentialsSet: "Credentials set (UTC)", "凭据保存时间 (UTC)";
    CallbackPath: "Path for callbacks, on ingress's host", "回调路径（ingress 主机）";
    Fees: "Fees", "费率";
    SetCredentials: "Store credentials", "保存凭据";
    CredentialsNote: "They are sealed and never shown again. New ones replace those of the channel at once; paste all of them, as one JSON object.", "凭据加密保存，之后不再显示。新凭据立即替换该渠道的旧凭据，请以一个 JSON 对象粘贴全部内容。";
    CredentialsShape: "What each channel asks for", "各渠道所需字段";
    CredentialsJson: "Credentials, as JSON", "凭据（JSON）";
    ReplaceAccount: "Another account may replace the present one, whatever is under way there", "允许更换账户，忽略当前账户未完结的业务";
    SetFees: "Set fees", "设置费率";
    FeesNote: "What was agreed that the provider keeps; what comparisons find is held against it.", "约定由渠道收取的费用，对账时据此核对。";
    FeeBps: "Share in hundredths of a percent (290: 2.9 %)", "比例（万分之一，290 即 2.9%）";
    FeeFixed: "Fixed part (minor unit)", "固定部分（最小单位）";
    Routes: "Routes", "路由";
    RoutesNote: "From the first route on, a merchant's payments take what its routes allow, and nothing else. Those of a lower priority number are tried first; among equals the weight is the share.", "设置首条路由后，商户的支付只走路由允许的渠道。优先级数字小者先试；同级按权重分配。";
    NoRoutes: "There are no routes: payments take the channels that fit.", "没有路由：支付走合适的渠道。";
    RouteFor: "For", "适用";
    AnyPayment: "any payment", "任何支付";
    Priority: "Priority (1 to 1000)", "优先级（1 至 1000）";
    Weight: "Weight (1 to 1000)", "权重（1 至 1000）";
    AddRoute: "Add route", "添加路由";
    ChangeRoute: "Change route", "更改路由";
    RemoveRoute: "Remove route", "删除路由";
    Method: "Method", "支付方式";
    Flow: "Flow", "支付流程";
    Currency: "Currency", "币种";
    LeastAmount: "Least amount (minor unit)", "最小金额（最小单位）";
    MostAmount: "Largest amount (minor unit)", "最大金额（最小单位）";
    Country: "Payer's country, such as DE", "付款人国家，如 DE";
    Enabled: "Counts", "启用";
    Terms: "Terms", "条款";
    SetTerms: "Set terms", "设置条款";
    PaymentExpiry: "A payment that was not paid is closed after (seconds, 1 to 2592000)", "未支付订单关闭时间（秒，1 至 2592000）";
    LatePayments: "A payment that is paid after that", "关闭后才到账的支付";
    LateAccept: "counts", "接受";
    LateRefund: "is given back", "退款";
    UrlTooLong: "The address must be at most 2000 characters.", "地址最长 2000 个字符。";
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
    Choose: "Choose {kind} of {time}: {subject}", "选择 {time} 的 {kind}：{subject}";
    WithChosen: "With those that are ticked", "对勾选的死信";
    AllMatching: "All parked letters that match", "所有符合条件的已停放死信";
    NoLetters: "No dead letter matches.", "没有符合条件的死信。";
    Replay: "Replay", "重放";
    Discard: "Discard", "丢弃";
    ReplayOrDiscard: "replay or discard", "重放或丢弃";
    RateAtMost: "A second, at most", "每秒上限";
    ReplayNote: "A replay goes through the same idempotency as the first try: what was done before is not done twice. What is discarded is gone.", "重放沿用首次执行的幂等键，已完成的操作不会重复执行；丢弃后无法恢复。";
    AllParked: "all that is parked", "全部已停放的死信";
    AllWith: "all with {conditions}", "全部符合条件的死信：{conditions}";
    LettersById: "{count} letters by id", "按编号选择的 {count} 条死信";
    DryRun: "It would be {count} letters: {selection}. Nothing was asked for yet.", "将涉及 {count} 条死信：{selection}。尚未执行任何操作。";
    DryRunOfMore: "It would be the oldest {count} letters, and more match: {selection}. Nothing was asked for yet; ask again for the rest.", "将涉及最早的 {count} 条死信，符合条件的不止这些：{selection}。尚未执行任何操作；其余请再次操作。";
    NewestOfThem: "The newest of them", "其中最新的死信";
    BackToLetters: "Back to the search", "返回查询";
    Ever: "Ever", "累计";
    First: "First (UTC)", "首次 (UTC)";
    Last: "Last (UTC)", "最近 (UTC)";
    OnlyParked: "Only those that are parked", "仅显示有停放的分组";
    AlsoEnded: "Also those of which none is parked any more", "包括已无停放的分组";
    MoreGroups: "There may be more groups; search by kind or error text.", "可能还有更多分组，请按任务或错误文本查询。";
    FailedTries: "Tries that did not work", "失败的尝试";
    NoTries: "None is recorded: it was parked before any worker tried it, or by RabbitMQ.", "没有记录：在任何尝试之前即被停放，或由 RabbitMQ 停放。";
    TriedAgain: "tried again", "已重试";
    TryGivenUp: "given up", "已放弃";
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
    ProgressAway: "PostgreSQL does not answer; this is as of {time} UTC.", "PostgreSQL 无响应，以下数据截至 {time} UTC。";
    ActionNote: "Missing: not in its queue any more. Left parked: nobody knows its kind. What came of a replayed job is shown once it is known.", "已不在队列：消息已被取走；仍停放：无法识别其类型。重放任务的结果在得知后显示。";
    Timeline: "Timeline", "时间线";
    TimelineId: "Payment, refund, order or wallet (pay_, rfd_, ord_, wal_)", "支付、退款、订单或钱包（pay_、rfd_、ord_、wal_）";
    TimelineNote: "Everything that is stored about it, oldest first, times in UTC. Personal data is masked.", "所有已存储的记录，最早的在前，时间为 UTC；个人信息已脱敏。";
    Source: "From", "来源";
    Happened: "What happened", "事件";
    Lasted: "Took", "耗时";
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
    SureToDiscard: "To discard: there is no way back", "确认丢弃：此操作不可撤销";
    NotSure: "What is discarded does not come back, and nothing was asked for. Go back, tick that you know and send the form again.", "丢弃后无法恢复，未执行任何操作。请返回勾选确认后重新提交。";
    OthersMatch: "Other letters are parked now than were shown, and nothing was asked for. Go back, load the page again and look at what it would be now.", "当前停放的死信与所示不一致，未执行任何操作。请返回并重新加载页面，查看最新结果。";
    OthersAsk: "Somebody is having something done with some of these letters at this moment, and nothing more was asked for. Go back and send the form again in a moment; /dead-letters/actions shows what others asked for.", "此刻有人正在处理其中部分死信，本次未执行任何操作。请稍后返回重新提交；他人的操作见 /dead-letters/actions。";
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
