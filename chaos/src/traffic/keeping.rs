//! One merchant that keeps wallets for its users: opens them, has them filled and spent, and looks after what is on its way.
//!
//! As with payments, it repeats under the same key until it knows, and goes on once it has seen what has to come first. What
//! is paid into a wallet and from it is played like any other payment. Told to come to an end, it begins nothing more.

use e2e::{Answer, client::Client};
use futures::FutureExt;
use serde_json::{Value, json};

use super::{
    client::{Shop, WAIT_S, asked, is_final},
    draw::{Drawn, DrawnPurse, DrawnSale},
    errand::Errand,
    purse::PurseStory,
    sale::SaleStory,
    selling::settled_as,
    story::Story,
};
use crate::journal::{
    Asked, Basket, Goods, Owner, PurseDeed, PurseNumber, PurseStepNumber, Told, WalletUse, Wanted,
};

/// Where an owner comes back to from a provider's page.
const WAY_BACK: &str = "https://shop.example/back";
/// Where it begins once more.
const ANEW: &str = "https://shop.example/again";

/// A purse that is being played.
struct Keeping<'a> {
    errand: Errand<'a>,
    purse: PurseNumber,
    drawn: &'a DrawnPurse,
}

/// A wallet that is open.
#[derive(Clone)]
struct Wallet {
    owner: Owner,
    id: String,
}

/// A step under its key.
struct Step {
    number: PurseStepNumber,
    key: String,
    deed: PurseDeed,
}

impl Shop {
    /// Plays a purse from the first wallet to the last step.
    pub async fn keep(&self, drawn: DrawnPurse) {
        let purse = self
            .journal
            .begin_purse(drawn.merchant, &drawn.key, drawn.story, drawn.currency);
        let keeping = Keeping {
            errand: Errand::of(self),
            purse,
            drawn: &drawn,
        };
        // Whoever is told no, or nothing, has come to the end of the story.
        let _end = keeping.play().await;
    }
}

impl Keeping<'_> {
    async fn play(&self) -> Option<()> {
        let wallet = self.open(Owner::First).await?;
        match self.drawn.story {
            PurseStory::GivenBack => self.play_given_back(&wallet).await,
            PurseStory::WantedByThree => self.play_wanted_by_three(&wallet).await,
            PurseStory::Held => self.play_held(&wallet).await,
            PurseStory::GivenBothWays => self.play_given_both_ways(&wallet).await,
            PurseStory::PaidOut => self.play_paid_out(&wallet).await,
            PurseStory::PaidOutByHand => self.play_paid_out_by_hand(&wallet).await,
            PurseStory::Ordered => self.play_ordered(&wallet).await,
            PurseStory::TopUpTakenBack => self.play_top_up_taken_back(&wallet).await,
        }
    }

    async fn play_given_back(&self, wallet: &Wallet) -> Option<()> {
        self.top_up(wallet, Story::TopUp).await?;
        self.spend(wallet, Story::FromWallet, self.all()).await
    }

    async fn play_wanted_by_three(&self, wallet: &Wallet) -> Option<()> {
        self.top_up(wallet, Story::TopUp).await?;
        let amount_minor = self.all();
        let (_, hold, withdrawal) = tokio::join!(
            self.spend(wallet, Story::FromWalletInVain, amount_minor),
            self.take(wallet, PurseDeed::Hold { amount_minor }),
            self.take(wallet, PurseDeed::Withdraw { amount_minor }),
        );
        if let Some(hold) = hold {
            self.take(wallet, PurseDeed::Release { hold }).await?;
        }
        if let Some(withdrawal) = withdrawal {
            self.take(wallet, PurseDeed::Reject { withdrawal }).await?;
        }
        Some(())
    }

    async fn play_held(&self, wallet: &Wallet) -> Option<()> {
        self.top_up(wallet, Story::TopUp).await?;
        let amount_minor = self.half();
        let hold = self.take(wallet, PurseDeed::Hold { amount_minor }).await?;
        let capture = |hold: &str, amount_minor| PurseDeed::Capture {
            hold: hold.to_owned(),
            amount_minor,
        };
        self.take(wallet, capture(&hold, amount_minor / 2)).await?;
        let hold = self.take(wallet, PurseDeed::Hold { amount_minor }).await?;
        self.take(wallet, PurseDeed::Release { hold }).await?;
        let hold = self.take(wallet, PurseDeed::Hold { amount_minor }).await?;
        let taken = capture(&hold, amount_minor);
        tokio::join!(
            self.take(wallet, taken),
            self.take(wallet, PurseDeed::Release { hold })
        );
        Some(())
    }

    async fn play_given_both_ways(&self, wallet: &Wallet) -> Option<()> {
        let other = self.open(Owner::Second).await?;
        self.top_up(wallet, Story::TopUp).await?;
        self.top_up(&other, Story::TopUp).await?;
        let give = |to: &Wallet, amount_minor| PurseDeed::Transfer {
            to: to.id.clone(),
            amount_minor,
        };
        tokio::join!(
            self.take(wallet, give(&other, self.half())),
            self.take(&other, give(wallet, self.half() + 1)),
        );
        tokio::join!(
            self.take(wallet, give(&other, self.all())),
            self.take(wallet, give(&other, self.all())),
        );
        Some(())
    }

    async fn play_paid_out(&self, wallet: &Wallet) -> Option<()> {
        self.onboard(wallet).await?;
        self.top_up(wallet, Story::TopUp).await?;
        let amount_minor = self.half();
        let withdrawal = self.take(wallet, PurseDeed::Withdraw { amount_minor }).await?;
        let pay = || PurseDeed::PayOut {
            withdrawal: withdrawal.clone(),
        };
        tokio::join!(self.take(wallet, pay()), self.take(wallet, pay()));
        Some(())
    }

    async fn play_paid_out_by_hand(&self, wallet: &Wallet) -> Option<()> {
        let gift = PurseDeed::Adjust {
            amount_minor: self.all(),
        };
        self.take_again(wallet, gift).await?;
        let amount_minor = self.all() / 4;
        let withdraw = || self.take(wallet, PurseDeed::Withdraw { amount_minor });
        let withdrawal = withdraw().await?;
        self.take(wallet, PurseDeed::Complete { withdrawal }).await?;
        let withdrawal = withdraw().await?;
        self.take(wallet, PurseDeed::Reject { withdrawal }).await?;
        let withdrawal = withdraw().await?;
        let completed = PurseDeed::Complete {
            withdrawal: withdrawal.clone(),
        };
        tokio::join!(
            self.take(wallet, completed),
            self.take(wallet, PurseDeed::Reject { withdrawal })
        );
        let correction = PurseDeed::Adjust {
            amount_minor: -amount_minor,
        };
        self.take(wallet, correction).await.map(drop)
    }

    async fn play_ordered(&self, wallet: &Wallet) -> Option<()> {
        self.top_up(wallet, Story::TopUp).await?;
        let goods = |sku, price_minor, quantity| Goods {
            sku,
            unit_price_minor: price_minor,
            quantity,
        };
        let basket = Basket {
            currency: self.drawn.currency,
            goods: vec![goods("tea", self.all() / 10, 3), goods("cup", self.all() / 20, 2)],
        };
        let sale = DrawnSale {
            merchant: self.drawn.merchant,
            key: format!("{}-order", self.drawn.key),
            story: SaleStory::FromWallet,
            basket,
            user: Some(self.user_of(wallet)),
            is_waiting: self.drawn.is_waiting,
        };
        self.errand.sell(sale).await;
        Some(())
    }

    async fn play_top_up_taken_back(&self, wallet: &Wallet) -> Option<()> {
        self.top_up(wallet, Story::TopUpTakenBack).await?;
        self.spend(wallet, Story::FromWalletInVain, self.half()).await
    }

    /// Asks for a wallet, the first one twice at the same moment; waits until it is there.
    async fn open(&self, owner: Owner) -> Option<Wallet> {
        let wallet = Wallet {
            owner,
            id: String::new(),
        };
        let id = if owner == Owner::First {
            self.take_again(&wallet, PurseDeed::Open).await
        } else {
            self.take(&wallet, PurseDeed::Open).await
        };
        Some(Wallet { id: id?, ..wallet })
    }

    /// Has an account opened for a wallet's owner, who then tells the provider about itself.
    async fn onboard(&self, wallet: &Wallet) -> Option<()> {
        self.take_again(wallet, PurseDeed::OpenAccount).await?;
        let (api, path) = (
            &self.errand.shop.api,
            format!("wallets/{}/account/onboarding-link", wallet.id),
        );
        let body = json!({ "return_url": WAY_BACK, "refresh_url": ANEW });
        let key = format!("{}-link", self.drawn.key);
        let ask = || asked(api.of_wallets(&path, &key, &body, Some(WAIT_S)));
        let url = |answer: &Answer| (answer.status == 200).then(|| answer.text("/url").to_owned());
        let link = self.errand.repeat_until_found(ask, drop, url).await?;
        self.errand.shop.sandbox.follow(&link).await.ok()?;
        let look = || asked(api.account(&wallet.id));
        let note = |seen| self.errand.shop.journal.note_purse_look(self.purse, seen);
        let is_active = |answer: &Answer| (answer.text("/status") == "active").then_some(());
        self.errand.repeat_until_found(look, note, is_active).await
    }

    /// Has the wallet filled; none when it was not.
    async fn top_up(&self, wallet: &Wallet, story: Story) -> Option<()> {
        let wallet_use = WalletUse::Into(wallet.id.clone());
        self.pay(wallet, story, self.all(), wallet_use).await
    }

    /// Pays from the wallet; none when it does not.
    async fn spend(&self, wallet: &Wallet, story: Story, amount_minor: i64) -> Option<()> {
        let wallet_use = WalletUse::From(self.user_of(wallet));
        self.pay(wallet, story, amount_minor, wallet_use).await
    }

    async fn pay(
        &self,
        wallet: &Wallet,
        story: Story,
        amount_minor: i64,
        wallet_use: WalletUse,
    ) -> Option<()> {
        let script = story.script();
        let wanted = Wanted {
            amount_minor,
            currency: self.drawn.currency,
            through: script.through,
            payment_method: script.card,
            expires_in_s: None,
            wallet: Some(wallet_use),
        };
        let drawn = Drawn {
            merchant: self.drawn.merchant,
            key: format!("{}-{story:?}", self.user_of(wallet)),
            story,
            wanted: vec![wanted],
            is_waiting: self.drawn.is_waiting,
        };
        if !self.errand.goes_on() {
            return None;
        }
        // It is as large as any order's play.
        let payment = Box::pin(self.errand.play(drawn)).await?;
        let look = || asked(self.errand.shop.api.payment(&payment));
        let status = self.errand.repeat_until_found(look, drop, settled_as).await?;
        (status == "succeeded").then_some(())
    }

    fn all(&self) -> i64 {
        self.drawn.amount_minor
    }

    fn half(&self) -> i64 {
        self.drawn.amount_minor / 2
    }

    fn user_of(&self, wallet: &Wallet) -> String {
        wallet.owner.user_of(&self.drawn.key)
    }

    /// Sends a step until it is known what came of it; gives the id of what it was done about.
    async fn take(&self, wallet: &Wallet, deed: PurseDeed) -> Option<String> {
        let step = self.begin(wallet, deed)?;
        self.send_until_known(wallet, &step).await?;
        self.ask_for_the_end(wallet, &step).await
    }

    /// The same, twice at the same moment and again later.
    async fn take_again(&self, wallet: &Wallet, deed: PurseDeed) -> Option<String> {
        let step = self.begin(wallet, deed)?;
        tokio::join!(
            self.send_until_known(wallet, &step),
            self.send_until_known(wallet, &step)
        );
        self.ask_for_the_end(wallet, &step).await
    }

    async fn send_until_known(&self, wallet: &Wallet, step: &Step) -> Option<Told> {
        let ask = || self.send(wallet, step).map(|(asked, _)| asked);
        self.errand.repeat_until_known(ask, self.note(step)).await
    }

    async fn ask_for_the_end(&self, wallet: &Wallet, step: &Step) -> Option<String> {
        let send = || self.send(wallet, step);
        let end = |answer: &Answer| end_of(&step.deed, answer);
        self.errand
            .repeat_until_found(send, self.note(step), end)
            .await
            .flatten()
    }

    fn note(&self, step: &Step) -> impl Fn(Asked) {
        let number = step.number;
        move |asked| self.errand.shop.journal.note_purse_step_asked(number, asked)
    }

    async fn send(&self, wallet: &Wallet, Step { key, deed, .. }: &Step) -> (Asked, Option<Answer>) {
        let wait_s = self.errand.wait_s(self.drawn.is_waiting);
        let client: &Client = match deed {
            PurseDeed::Adjust { .. } => &self.errand.shop.administrator,
            _ => &self.errand.shop.api,
        };
        let body = self.body_of(wallet, deed);
        asked(client.of_wallets(&path_of(wallet, deed), key, &body, wait_s)).await
    }

    fn body_of(&self, wallet: &Wallet, deed: &PurseDeed) -> Value {
        match deed {
            PurseDeed::Open => json!({ "user_id": self.user_of(wallet), "currency": self.drawn.currency }),
            PurseDeed::Hold { amount_minor } => {
                json!({ "amount_minor": amount_minor, "reason": "a deposit" })
            }
            PurseDeed::Capture { amount_minor, .. } | PurseDeed::Withdraw { amount_minor } => {
                json!({ "amount_minor": amount_minor })
            }
            PurseDeed::Reject { .. } => json!({ "reason": "not today" }),
            PurseDeed::Transfer { to, amount_minor } => {
                json!({ "to_wallet_id": to, "amount_minor": amount_minor })
            }
            PurseDeed::Adjust { amount_minor } => {
                json!({ "amount_minor": amount_minor, "reason": "a correction" })
            }
            PurseDeed::OpenAccount => json!({ "country": "US" }),
            PurseDeed::Release { .. } | PurseDeed::Complete { .. } | PurseDeed::PayOut { .. } => json!({}),
        }
    }

    /// A step that is begun; none when it is time to come to an end.
    fn begin(&self, wallet: &Wallet, deed: PurseDeed) -> Option<Step> {
        self.errand.goes_on().then(|| {
            let journal = &self.errand.shop.journal;
            let (number, key) = journal.begin_purse_step(self.purse, wallet.owner, deed.clone());
            Step { number, key, deed }
        })
    }
}

fn path_of(Wallet { id, .. }: &Wallet, deed: &PurseDeed) -> String {
    match deed {
        PurseDeed::Open => "wallets".to_owned(),
        PurseDeed::Hold { .. } => format!("wallets/{id}/holds"),
        PurseDeed::Capture { hold, .. } => format!("wallets/{id}/holds/{hold}/capture"),
        PurseDeed::Release { hold } => format!("wallets/{id}/holds/{hold}/release"),
        PurseDeed::Withdraw { .. } => format!("wallets/{id}/withdrawals"),
        PurseDeed::Complete { withdrawal } => format!("wallets/{id}/withdrawals/{withdrawal}/complete"),
        PurseDeed::Reject { withdrawal } => format!("wallets/{id}/withdrawals/{withdrawal}/reject"),
        PurseDeed::PayOut { withdrawal } => format!("wallets/{id}/withdrawals/{withdrawal}/pay"),
        PurseDeed::Transfer { .. } => format!("wallets/{id}/transfers"),
        PurseDeed::Adjust { .. } => format!("wallets/{id}/adjustments"),
        PurseDeed::OpenAccount => format!("wallets/{id}/account"),
    }
}

/// The end of a step, once an answer tells it: the id of what was done, or that it was refused.
fn end_of(deed: &PurseDeed, answer: &Answer) -> Option<Option<String>> {
    let status = answer.text("/status");
    let is_under_way = match deed {
        PurseDeed::PayOut { .. } => !matches!(status, "completed" | "failed"),
        PurseDeed::OpenAccount => matches!(status, "pending" | "needs_review"),
        _ => false,
    };
    match answer.status {
        200 | 201 if !is_under_way => Some(Some(answer.text("/id").to_owned())),
        400..500 if is_final(answer.status, answer.header("retry-after")) => Some(None),
        _ => None,
    }
}
