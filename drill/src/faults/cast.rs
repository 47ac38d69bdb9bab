//! The merchants of a drill, and what they do when nothing is wrong.

use std::{future::Future, time::Duration};

use anyhow::{Context, ensure};
use e2e::{
    Account, Scene,
    scene::{body, body_with},
    wait,
};
use serde_json::{Value, json};
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::stage::Stage;

/// A drill: the stage, and who is on it.
pub struct Play<'s> {
    /// Everything that runs.
    pub stage: &'s Stage,
    /// A merchant to whom nothing happens, with accounts at all providers.
    pub usual: Scene<'s>,
    /// Its wallet.
    pub shop: Seller,
    /// A merchant whose account at Stripe gets answers that nobody understands.
    pub puzzled: Scene<'s>,
    /// Its wallet, and what is wanted done.
    pub plans: Plans,
    /// A merchant whose endpoint refuses.
    pub deaf: Scene<'s>,
    /// A merchant whose statement differs.
    pub differing: Scene<'s>,
    /// A merchant whose statement cannot be read.
    pub unread: Scene<'s>,
    callers: Mutex<JoinSet<()>>,
}

/// A user with a wallet, an account at Stripe, and money.
pub struct Seller {
    /// The wallet.
    pub wallet: String,
}

/// What the puzzled merchant asks for once nobody understands the answers.
pub struct Plans {
    /// A payment to be given back.
    pub paid: String,
    /// The wallet that a withdrawal is made from.
    pub seller: Seller,
    /// The withdrawal to be paid out.
    pub withdrawal: String,
    /// A wallet whose owner is to get an account.
    pub wallet: String,
}

impl<'s> Play<'s> {
    /// Registers the merchants and lets them do for a while what they usually do, so that everything that is counted has
    /// begun to be.
    ///
    /// # Errors
    /// Something does not work although nothing is broken.
    pub async fn begin(stage: &'s Stage) -> anyhow::Result<Self> {
        let world = &stage.world;
        let usual = Scene::set(world, "usual").await?;
        for account in Account::ALL {
            world.open_account(&usual.merchant, account).await?;
        }
        let shop = Seller::of(&usual, "user-1").await?;
        let puzzled = Scene::set(world, "puzzled").await?;
        let plans = Plans::of(&puzzled).await?;
        let play = Self {
            stage,
            usual,
            shop,
            puzzled,
            plans,
            deaf: Scene::set(world, "deaf").await?,
            differing: Scene::set(world, "differing").await?,
            unread: Scene::set(world, "unread").await?,
            callers: Mutex::default(),
        };
        for _ in 0..4 {
            play.as_usual().await?;
        }
        play.differing.paid(&body(), "pm_card_visa").await?;
        play.unread.paid(&body(), "pm_card_visa").await?;
        play.deaf.paid(&body(), "pm_card_visa").await?;
        Ok(play)
    }

    /// Goes on doing something every so often until the act is over. What it comes to does not matter.
    pub async fn keep<F: Future<Output = ()> + Send + 'static>(
        &self,
        every: Duration,
        mut act: impl FnMut() -> F + Send + 'static,
    ) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.callers.lock().await.spawn(async move {
            loop {
                ticks.tick().await;
                act().await;
            }
        });
    }

    /// Ends what goes on.
    pub async fn rest(&self) {
        self.callers.lock().await.shutdown().await;
    }

    /// Runs a command of the console.
    ///
    /// # Errors
    /// It refuses.
    pub async fn console(&self, arguments: &[&str]) -> anyhow::Result<()> {
        self.stage.world.console.run(arguments, "").await.map(drop)
    }

    /// Throws away what is parked, as people do once they have seen it.
    ///
    /// # Errors
    /// RabbitMQ does not answer.
    pub async fn discard_parked(&self) -> anyhow::Result<()> {
        let rabbit = &self.stage.world.rabbit;
        for depth in rabbit.depths().await? {
            if depth.queue.starts_with("dead.") && depth.messages > 0 {
                rabbit.purge(&depth.queue).await?;
            }
        }
        Ok(())
    }

    async fn as_usual(&self) -> anyhow::Result<()> {
        self.usual.paid(&body(), "pm_card_visa").await?;
        for channel in ["alipay", "wechat", "paypal"] {
            let asked = self.usual.create(&through(channel)).await?;
            ensure!(
                asked.status == 201,
                "a payment through {channel}: {} {}",
                asked.status,
                asked.body
            );
        }
        let order = json!({ "currency": "USD", "items": [{ "name": "Tea", "sku": "tea", "unit_price": 500, "quantity": 1 }] });
        self.usual.ordered(&order).await?;
        Ok(())
    }
}

/// A payment through a channel, which waits for its payer.
pub fn through(channel: &str) -> Value {
    let (method, currency) = match channel {
        "alipay" => ("alipay", "CNY"),
        "wechat" => ("wechat_pay", "CNY"),
        other => (other, "USD"),
    };
    let mut body = json!({ "amount": 1999, "currency": currency, "method": method, "channel": channel });
    if currency == "CNY" {
        body["flow"] = "qr_code".into();
    } else {
        body["return_url"] = "https://shop.example/back".into();
    }
    body
}

impl Seller {
    /// Opens a wallet with an account at Stripe, and has it filled by a card.
    async fn of(scene: &Scene<'_>, user: &str) -> anyhow::Result<Self> {
        let wallet = scene
            .wallet(&json!({ "user_id": user, "currency": "USD" }))
            .await?;
        let account = format!("wallets/{wallet}/account");
        scene.of_wallets(&account, &json!({ "country": "US" })).await?;
        scene.account_until(&wallet, "onboarding").await?;
        let urls =
            json!({ "return_url": "https://shop.example/back", "refresh_url": "https://shop.example/again" });
        let link = scene
            .of_wallets(&format!("{account}/onboarding-link"), &urls)
            .await?;
        scene.world.sandbox.follow(link.text("/url")).await?;
        scene.account_until(&wallet, "active").await?;
        let mut fill = body_with("pm_card_visa");
        fill["wallet_id"] = wallet.as_str().into();
        scene.create(&fill).await?;
        scene.balance_until(&wallet, 1999).await?;
        Ok(Self { wallet })
    }

    /// Asks for a withdrawal of some money; gives its id.
    pub async fn withdrawal(&self, scene: &Scene<'_>) -> anyhow::Result<String> {
        let path = format!("wallets/{}/withdrawals", self.wallet);
        let asked = scene.of_wallets(&path, &json!({ "amount_minor": 700 })).await?;
        ensure!(
            asked.status == 201,
            "a withdrawal: {} {}",
            asked.status,
            asked.body
        );
        Ok(asked.text("/id").to_owned())
    }

    /// The address at which a withdrawal is paid out.
    pub fn paying(&self, withdrawal: &str) -> String {
        format!("wallets/{}/withdrawals/{withdrawal}/pay", self.wallet)
    }

    /// Has money paid out; gives the transfer's id at Stripe.
    pub async fn paid_out(&self, scene: &Scene<'_>) -> anyhow::Result<String> {
        let withdrawal = self.withdrawal(scene).await?;
        scene.of_wallets(&self.paying(&withdrawal), &json!({})).await?;
        let sandbox = &scene.world.sandbox;
        let ask = async || sandbox.transfers(&scene.merchant.account).await;
        let transfers = wait::until(scene.world.patience, ask, |transfers| !transfers.is_empty()).await?;
        let id = transfers.first().and_then(|transfer| transfer["id"].as_str());
        Ok(id.context("the payout is a transfer")?.to_owned())
    }
}

impl Plans {
    async fn of(scene: &Scene<'_>) -> anyhow::Result<Self> {
        let (paid, _) = scene.paid(&body(), "pm_card_visa").await?;
        let seller = Seller::of(scene, "user-1").await?;
        Ok(Self {
            paid,
            withdrawal: seller.withdrawal(scene).await?,
            seller,
            wallet: scene
                .wallet(&json!({ "user_id": "user-2", "currency": "USD" }))
                .await?,
        })
    }
}
