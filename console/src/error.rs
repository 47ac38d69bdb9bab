//! What can go wrong with a command, told to the person who gave it. No error repeats a secret.

use channels::{InvalidCredentials, NotTaken, standard_webhooks::InvalidSecret};
use chrono::NaiveDate;
use domain::{
    channel::Channel,
    id::{DeadLetterActionId, DeadLetterId, InvalidId, MerchantId, NotificationId, PaymentId, RouteId},
    operator::OperatorName,
    switch::Switch,
    texts::InvalidText,
};
use store::StoreError;

use crate::endpoint_url::InvalidEndpointUrl;

/// The command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// PostgreSQL is away or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The merchant's id is not one.
    #[error("--merchant {text:?}: {source}")]
    MerchantId {
        /// What was given.
        text: String,
        /// What is wrong with it.
        source: InvalidId,
    },
    /// There is no such merchant.
    #[error("there is no merchant {0}; `console merchants list` shows all of them")]
    UnknownMerchant(MerchantId),
    /// There is no such wallet.
    #[error("there is no wallet {0:?}; its id is wal_ and 32 hexadecimal digits")]
    UnknownWallet(String),
    /// A merchant needs a name that people can read.
    #[error("--name must be 1 to 200 characters, not only white space")]
    Name,
    /// Another merchant has this RabbitMQ user.
    #[error(
        "the RabbitMQ user {user:?} already publishes for {merchant}; each merchant needs a user of its own"
    )]
    AmqpUserTaken {
        /// The user.
        user: String,
        /// Whose user it is.
        merchant: MerchantId,
    },
    /// A RabbitMQ user needs a name that AMQP can carry.
    #[error("--amqp-user must be 1 to 255 bytes, not only white space")]
    AmqpUser,
    /// The name stands for nobody.
    #[error(
        "--amqp-user {0:?}: jobs that name no user count as published by it, so no merchant can have it; call the \
             RabbitMQ user something else"
    )]
    AmqpUserReserved(String),
    /// There is no such key that is still good.
    #[error("there is no API key {0:?} that is still good; the id is the 16 digits after slk_")]
    UnknownKey(String),
    /// A key of this id was made before.
    #[error("there is an API key {0} already")]
    KeyMade(String),
    /// A merchant of this id was created before.
    #[error("there is a merchant {0} already")]
    MerchantCreated(MerchantId),
    /// A route of this id was added before.
    #[error("there is a route {0} already")]
    RouteAdded(RouteId),
    /// A route is not as it was when somebody said how it should be.
    #[error("the route {0} was changed meanwhile")]
    RouteChanged(RouteId),
    /// The endpoint's address cannot be used.
    #[error("the endpoint's address cannot be used: {0}")]
    EndpointUrl(#[from] InvalidEndpointUrl),
    /// The merchant has no endpoint.
    #[error("{0} has no endpoint; set one with `console endpoints set`")]
    NoEndpoint(MerchantId),
    /// The endpoint is not as it was when somebody said how it should be.
    #[error("the endpoint of {0} was changed meanwhile")]
    EndpointChanged(MerchantId),
    /// The secret that was to be replaced signs no more.
    #[error("the signing secret of {0} was replaced meanwhile")]
    RotatedBefore(MerchantId),
    /// The merchant does not use the channel.
    #[error(
        "{merchant} has no credentials for {channel}; store them first with `console channels set --channel {channel}`"
    )]
    NoCredentials {
        /// The merchant.
        merchant: MerchantId,
        /// The channel.
        channel: Channel,
    },
    /// The signing secret cannot be used.
    #[error("ENDPOINT_SECRET cannot be used: {0}")]
    EndpointSecret(#[from] InvalidSecret),
    /// An environment variable that holds a secret is not there.
    #[error("{0} is not set in the environment")]
    MissingSecret(&'static str),
    /// The provider's credentials cannot be used.
    #[error("the credentials cannot be used: {0}")]
    Credentials(#[from] InvalidCredentials),
    /// The credentials that are there cannot be understood.
    #[error(
        "the stored credentials for {channel} cannot be understood ({why}), so it is not known whether the account is the same; \
         repeat with --replace-account to replace them"
    )]
    StoredCredentials {
        /// The channel.
        channel: Channel,
        /// What is wrong with them.
        why: InvalidCredentials,
    },
    /// Standard input is not what it should be.
    #[error(
        "standard input must be JSON like {{\"secret_key\": \"sk_…\", \"webhook_secrets\": [\"whsec_…\"]}}"
    )]
    Input,
    /// Standard input holds no credentials.
    #[error("standard input must be the credentials for {0}, as JSON")]
    ChannelInput(Channel),
    /// A route, or a wish for a payment, has a value that cannot be used.
    #[error(transparent)]
    Field(#[from] InvalidText),
    /// No payment could ever take the route.
    #[error("the route would send nothing there: {0}")]
    Route(#[from] NotTaken),
    /// The merchant has something under way at another account of the provider.
    #[error(
        "{merchant} has {under_way} payments, refunds, payouts or accounts under way at its present {channel} account \
             {account}, and they could not be asked about at another one: what was sent would look as if it had not been. Wait for them to end, or repeat with --replace-account if the account \
             is the same or they do not matter"
    )]
    AccountInUse {
        /// The merchant.
        merchant: MerchantId,
        /// The channel.
        channel: Channel,
        /// The account's public id.
        account: String,
        /// How many have not ended.
        under_way: i64,
    },
    /// There is no such route.
    #[error("there is no route {0}; `console routes list` shows those of a merchant")]
    UnknownRoute(RouteId),
    /// There is no such payment.
    #[error("there is no payment {0}")]
    UnknownPayment(PaymentId),
    /// Nothing was decided about the payment.
    #[error("nothing is recorded about why {0} took its channel: it is older than that")]
    Unrouted(PaymentId),
    /// Where a payment goes depends on how much it is.
    #[error("--amount and --currency are needed to tell where a payment would go")]
    NoAmount,
    /// The merchant is there, its credentials are not.
    #[error(
        "{merchant} was created, but its Stripe credentials were not stored ({source}). Repeat with `console \
             channels set-stripe`; its API key was never shown, so make one with `console keys create`{}",
        if *.hides_endpoint_secret {
            "; nor was the secret that signs what its endpoint gets, so replace it with `console endpoints rotate`"
        } else {
            ""
        }
    )]
    HalfCreated {
        /// The merchant.
        merchant: MerchantId,
        /// Whether a signing secret was made for its endpoint, which nobody has seen.
        hides_endpoint_secret: bool,
        /// Why the second step failed.
        source: StoreError,
    },
    /// The day is not there yet.
    #[error("{0} has not begun yet, by UTC")]
    DayToCome(NaiveDate),
    /// The workers have not ended what was asked for in time.
    #[error("not ended within {wait_s} s")]
    Unfinished {
        /// For how long they were waited for.
        wait_s: u32,
    },
    /// Nobody is paid through the channel, so there is nothing to compare.
    #[error("no merchant uses {0}; `console channels set --channel {0}` stores the credentials of one")]
    UnusedChannel(Channel),
    /// The channel's provider tells nothing that could be compared.
    #[error("{0} gives no statements, so there is nothing that its payments could be compared with")]
    NoStatements(Channel),
    /// Comparisons were begun before something went wrong, and go on without the console.
    #[error(
        "{source}; the workers go on with {}, and `console differences` shows what they find",
        .runs.join(", ")
    )]
    Begun {
        /// The comparisons.
        runs: Vec<String>,
        /// What went wrong.
        source: Box<Self>,
    },
    /// There is no such difference.
    #[error("there is no difference {0}; `console differences` shows all of them")]
    UnknownDifference(i64),
    /// Somebody has said something about the difference before.
    #[error("difference {0} is resolved already")]
    ResolvedBefore(i64),
    /// A word on a difference is for people to read.
    #[error("--resolution must be 1 to 500 characters, not only white space")]
    Resolution,
    /// There is an operator of that name.
    #[error("there is an operator {0} already; `console operators list` shows all of them")]
    OperatorTaken(OperatorName),
    /// There is no such operator.
    #[error("there is no operator {0}; `console operators list` shows all of them")]
    UnknownOperator(OperatorName),
    /// A password cannot be used.
    #[error("a password has 12 characters at the least and 256 bytes at the most")]
    Password,
    /// The web console is no command with an answer.
    #[error("the web console is served by the program `console serve`")]
    Served,
    /// There is no such dead letter.
    #[error("there is no dead letter {0}; `console dead-letters list` shows the newest")]
    UnknownLetter(DeadLetterId),
    /// Nobody has asked for such a thing.
    #[error("there is no action {0}; `console dead-letters actions` shows the newest")]
    UnknownLetterAction(DeadLetterActionId),
    /// Nothing that was asked for is parked.
    #[error(
        "none of these letters is parked; nothing was asked for. `console dead-letters list` shows how they stand"
    )]
    NoLetters,
    /// It is not clear whether all that is found is meant.
    #[error(
        "what to look for says which letters are meant only with --all-matching; otherwise name their ids"
    )]
    NotAllMatching,
    /// Too little to look for.
    #[error("--text must be 3 characters or more")]
    LetterText,
    /// The workers have not ended what was asked for in time.
    #[error(
        "not done within {wait_s} s; the workers go on, and `console dead-letters actions {id}` shows how far they are"
    )]
    LettersUnfinished {
        /// What was asked for.
        id: DeadLetterActionId,
        /// For how long it was waited for.
        wait_s: u32,
    },
    /// There is nothing that could be told.
    #[error(
        "there is no payment, refund, order or wallet {0:?}; an id is pay_, rfd_, ord_ or wal_ and 32 hexadecimal digits"
    )]
    NoTimeline(String),
    /// There is no such notification.
    #[error(
        "there is no notification {0}; `console notifications list` shows those of a merchant, payment or order"
    )]
    UnknownNotification(NotificationId),
    /// It was not said whose notifications are meant.
    #[error("say whose notifications: --merchant, --payment or --order")]
    NotificationsOfWhat,
    /// What would be sent could not arrive.
    #[error(
        "{0} has no endpoint, or it is switched off, so nothing is sent; `console endpoints set` sets it and switches it on"
    )]
    NothingArrives(MerchantId),
    /// What is done to the pipeline is explained to those who come after.
    #[error("--reason must be 1 to 500 characters, not only white space")]
    Reason,
    /// Nobody is called through the channel.
    #[error("{0} calls no provider, so there is nothing to pause; pause the queue of what you want held up")]
    NoProvider(Channel),
    /// Somebody has paused it before.
    #[error("{0} is paused already; `console switches` tells by whom and why")]
    PausedAlready(Switch),
    /// There is nothing to resume.
    #[error("{0} is not paused; `console switches` lists what is")]
    NotPaused(Switch),
    /// The machine gives no random bytes, so no key can be made.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// The answer cannot be written as JSON.
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}
