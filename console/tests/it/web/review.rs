//! What waits for people.

use domain::operator::Role;

use super::{
    overview::{IN_REVIEW, execute, words},
    site::site,
};

const PAYOUT_IN_REVIEW: &str = "
insert into wallets (id, merchant_id, user_id, currency, created_at, updated_at)
select '00000000-0000-4000-8000-0000000000cc', id, 'u', 'EUR', now(), now() from merchants;
insert into wallet_withdrawals (id, merchant_id, wallet_id, user_id, currency, amount_minor, status, channel, account_id,
                                version, created_at, updated_at, paying_since, in_review_since)
select '00000000-0000-4000-8000-0000000000dd', merchant_id, id, user_id, currency, 250, 'processing', 'stripe',
       '00000000-0000-4000-8000-0000000000bb', 1, now(), now(), now(), now() - interval '4 hours'
from wallets";

#[tokio::test]
async fn payments_payouts_and_accounts_are_listed_with_what_a_person_can_do() {
    let site = site().await;
    execute(&site, IN_REVIEW).await;
    let vera = site.signed_in("vera", Role::Viewer).await;
    let account = "cac_000000000000400080000000000000bb";
    let page = vera.page("/review").await;
    // Nobody has opened a wallet for its owner.
    assert!(
        page.contains(account) && !page.contains("href=\"/timeline/wal_"),
        "{page}"
    );
    execute(&site, PAYOUT_IN_REVIEW).await;
    let page = vera.page("/review").await;
    let wallet = "<a href=\"/timeline/wal_000000000000400080000000000000cc\"><code>";
    for wanted in [
        format!("{wallet}wdr_000000000000400080000000000000dd"),
        format!("{wallet}{account}"),
        "href=\"/timeline/pay_000000000000400080000000000000aa\"".to_owned(),
        "href=\"/merchants/mer_00000000000040008000000000000001\"".to_owned(),
    ] {
        assert!(page.contains(&wanted), "{wanted}: {page}");
    }
    let said = words(&page);
    for wanted in [
        "Payouts in review (1)",
        "Connected accounts in review (1)",
        "250 EUR",
        "an administrator says how it ended",
        "sluice_account_id",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    vera.page("/timeline/wal_000000000000400080000000000000cc").await;
    site.close().await;
}
