//! Orders and sales, drawn from a seed.

use rand::{RngExt, SeedableRng, rngs::SmallRng};

use e2e::accounts::Account;

use super::{purse::PurseStory, sale::SaleStory, story::Story};
use crate::{
    journal::{Basket, Goods, Provider, Wanted},
    seed::{Deck, Dice},
};

/// Every amount is above what any currency asks for at least, and no two orders of a run ask for the same.
const FIRST_AMOUNT: i64 = 1_000;
/// Two apart, so that the other request of an order has an amount of its own.
const AMOUNT_STEP: i64 = 2;
/// The only one that is paid with in China.
const YUAN: &str = "CNY";
/// With two decimals and with none.
const CURRENCIES: [&str; 4] = ["USD", "EUR", "GBP", "JPY"];
/// Beside every so manieth order something is sold.
const ORDERS_BESIDE_A_SALE: i64 = 8;
/// Beside every so manieth order a merchant keeps wallets.
const ORDERS_BESIDE_A_PURSE: i64 = 24;
/// What its wallets are filled with; as much as two orders for goods need, and a multiple of what it is divided by.
const PURSE: i64 = 4_000;
/// Without decimals, and of the country in which its owners have their accounts.
const PURSE_CURRENCY: &str = "USD";
/// The prices of the cheapest things that are sold.
const TEA: i64 = 500;
const CUP: i64 = 300;

/// An order to be played.
pub struct Drawn {
    pub merchant: usize,
    pub key: String,
    pub story: Story,
    /// What is asked for, and with some stories what is asked for under the same key besides.
    pub wanted: Vec<Wanted>,
    /// Whether the client waits for the end of what it wants done with the payment.
    pub is_waiting: bool,
}

/// A sale to be played.
pub struct DrawnSale {
    pub merchant: usize,
    pub key: String,
    pub story: SaleStory,
    pub basket: Basket,
    /// The user who has it paid from a wallet, if one does.
    pub user: Option<String>,
    /// Whether the client waits for the end of what it wants done with the order.
    pub is_waiting: bool,
}

/// A purse to be played.
pub struct DrawnPurse {
    pub merchant: usize,
    pub key: String,
    pub story: PurseStory,
    pub currency: &'static str,
    /// What a wallet is filled with.
    pub amount_minor: i64,
    /// Whether the client waits for the end of what it wants done.
    pub is_waiting: bool,
}

/// An endless supply of orders; the same seed gives the same ones.
pub struct Draw {
    random: SmallRng,
    seed: u64,
    merchants: usize,
    shares: Vec<(Story, u32)>,
    /// All of them come up in a short run already.
    sales: Deck<SaleStory>,
    /// The same.
    purses: Deck<PurseStory>,
    drawn: i64,
}

impl Draw {
    /// Orders to merchants that have these accounts beside the one at Stripe.
    pub fn new(seed: u64, merchants: usize, accounts: &[Account]) -> Self {
        let can_be_played = |story: Story| {
            let account = story.script().through.account();
            account.is_none_or(|account| accounts.contains(&account))
        };
        let shares = Story::SHARES.into_iter();
        Self {
            shares: shares.filter(|(story, _)| can_be_played(*story)).collect(),
            random: SmallRng::seed_from_u64(seed),
            sales: Deck::new(SaleStory::ALL.to_vec(), Dice::new(seed, "sales")),
            purses: Deck::new(PurseStory::ALL.to_vec(), Dice::new(seed, "purses")),
            seed,
            merchants: merchants.max(1),
            drawn: 0,
        }
    }

    pub fn next(&mut self) -> Drawn {
        let story = self.story();
        let script = story.script();
        let wanted = Wanted {
            amount_minor: FIRST_AMOUNT + AMOUNT_STEP * self.drawn,
            currency: match script.through {
                Provider::Stripe | Provider::Paypal | Provider::Wallet => {
                    CURRENCIES[self.random.random_range(0..CURRENCIES.len())]
                }
                Provider::Alipay | Provider::Wechat => YUAN,
            },
            through: script.through,
            payment_method: script.card,
            expires_in_s: script.expires_in_s,
            wallet: None,
        };
        let other = script.has_other_body().then(|| Wanted {
            amount_minor: wanted.amount_minor + 1,
            ..wanted.clone()
        });
        self.drawn += 1;
        Drawn {
            merchant: self.random.random_range(0..self.merchants),
            key: format!("order-{:x}-{}", self.seed, self.drawn),
            story,
            wanted: [Some(wanted), other].into_iter().flatten().collect(),
            is_waiting: self.random.random_bool(0.5),
        }
    }

    /// The sale beside the order that was drawn last, if there is one.
    pub fn sale(&mut self) -> Option<DrawnSale> {
        if self.drawn % ORDERS_BESIDE_A_SALE != 0 {
            return None;
        }
        let goods = |sku, price, quantity| Goods {
            sku,
            unit_price_minor: price + self.drawn,
            quantity,
        };
        let goods = vec![goods("tea", TEA, 3), goods("cup", CUP, 2)];
        Some(DrawnSale {
            merchant: self.random.random_range(0..self.merchants),
            key: format!("sale-{:x}-{}", self.seed, self.drawn),
            story: self.sales.deal(),
            basket: Basket {
                currency: CURRENCIES[self.random.random_range(0..CURRENCIES.len())],
                goods,
            },
            user: None,
            is_waiting: self.random.random_bool(0.5),
        })
    }

    /// The purse beside the order that was drawn last, if there is one. Its choices are dice of their own.
    pub fn purse(&mut self) -> Option<DrawnPurse> {
        if self.drawn % ORDERS_BESIDE_A_PURSE != ORDERS_BESIDE_A_PURSE / 2 {
            return None;
        }
        let story = self.purses.deal();
        let dice = self.purses.dice();
        Some(DrawnPurse {
            merchant: dice.place(self.merchants),
            key: format!("purse-{:x}-{}", self.seed, self.drawn),
            story,
            currency: PURSE_CURRENCY,
            amount_minor: PURSE,
            is_waiting: dice.chance(50),
        })
    }

    fn story(&mut self) -> Story {
        let all: u32 = self.shares.iter().map(|(_, share)| share).sum();
        let mut left = self.random.random_range(0..all);
        for (story, share) in &self.shares {
            match left.checked_sub(*share) {
                Some(rest) => left = rest,
                None => return *story,
            }
        }
        Story::PaidAtOnce
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn first(seed: u64, count: usize) -> Vec<Drawn> {
        let mut draw = Draw::new(seed, 5, &Account::ALL);
        (0..count).map(|_| draw.next()).collect()
    }

    fn shown(drawn: &Drawn) -> String {
        format!(
            "{} {} {:?} {:?}",
            drawn.merchant, drawn.key, drawn.story, drawn.wanted
        )
    }

    #[test]
    fn a_seed_repeats_its_orders_and_another_has_others() {
        let orders = |seed| first(seed, 50).iter().map(shown).collect::<Vec<_>>();
        assert_eq!(orders(7), orders(7));
        assert_ne!(orders(7), orders(8));
    }

    #[test]
    fn nobody_is_asked_to_pay_through_an_account_that_is_not_there() {
        let mut draw = Draw::new(1, 5, &[Account::Wechat]);
        let drawn = (0..500).map(|_| draw.next().wanted[0].through);
        let through: std::collections::BTreeSet<Provider> = drawn.collect();
        assert_eq!(
            through.into_iter().collect::<Vec<_>>(),
            [Provider::Stripe, Provider::Wechat]
        );
    }

    #[test]
    fn a_seed_repeats_its_sales_and_all_their_stories_come_up() {
        let sales = |seed| {
            let mut draw = Draw::new(seed, 5, &[]);
            let drawn = (0..17 * ORDERS_BESIDE_A_SALE).filter_map(|_| {
                draw.next();
                draw.sale()
            });
            drawn
                .map(|sale| (sale.merchant, sale.key, sale.story, sale.basket))
                .collect::<Vec<_>>()
        };
        let sold = sales(7);
        assert_eq!(sold, sales(7));
        assert_eq!(sold.len(), 17);
        let stories: HashSet<SaleStory> = sold.iter().map(|(_, _, story, _)| *story).collect();
        assert_eq!(stories.len(), SaleStory::ALL.len());
    }

    #[test]
    fn a_seed_repeats_its_purses_and_all_their_stories_come_up() {
        let purses = |seed| {
            let mut draw = Draw::new(seed, 5, &[]);
            let drawn = (0..8 * ORDERS_BESIDE_A_PURSE).filter_map(|_| {
                draw.next();
                draw.purse()
            });
            drawn
                .map(|purse| (purse.merchant, purse.key, purse.story))
                .collect::<Vec<_>>()
        };
        let kept = purses(7);
        assert_eq!(kept, purses(7));
        let stories: HashSet<PurseStory> = kept.iter().map(|(_, _, story)| *story).collect();
        assert_eq!(stories.len(), PurseStory::ALL.len());
        assert!(kept.iter().all(|(merchant, ..)| *merchant < 5));
    }

    #[test]
    fn all_stories_come_up_and_no_two_requests_look_alike() {
        let drawn = first(1, 500);
        let stories: HashSet<Story> = drawn.iter().map(|drawn| drawn.story).collect();
        assert_eq!(stories.len(), Story::SHARES.len());
        let keys: HashSet<&String> = drawn.iter().map(|drawn| &drawn.key).collect();
        assert_eq!(keys.len(), drawn.len());
        let amounts: Vec<i64> = drawn
            .iter()
            .flat_map(|drawn| drawn.wanted.iter().map(|wanted| wanted.amount_minor))
            .collect();
        assert_eq!(amounts.iter().collect::<HashSet<_>>().len(), amounts.len());
        assert!(drawn.iter().all(|drawn| drawn.merchant < 5));
    }
}
