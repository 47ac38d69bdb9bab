use super::*;

fn account() -> ConnectedAccount {
    let (merchant_id, key) = (MerchantId::random(), crate::examples::key("account"));
    ConnectedAccount {
        id: ConnectedAccountId::derive(merchant_id, &key),
        merchant_id,
        user_id: "anna".parse().unwrap(),
        channel: Channel::Stripe,
        idempotency_key: key,
        fingerprint: [0; 32],
        country: "US".into(),
        status: AccountStatus::Pending,
        channel_account_id: None,
        abilities: Abilities::default(),
        requirements: Requirements::default(),
        failure: None,
        version: 0,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

fn seen(account: &ConnectedAccount, abilities: Abilities) -> AccountEvent {
    AccountEvent::Seen(ChannelAccount {
        id: "acct_1".into(),
        account_id: Some(account.id),
        abilities,
        requirements: Requirements::default(),
        is_rejected: false,
    })
}

const ALL: Abilities = Abilities {
    charges_enabled: true,
    payouts_enabled: true,
    transfers_enabled: true,
    details_submitted: true,
};

fn after(account: &ConnectedAccount, event: AccountEvent) -> ConnectedAccount {
    account.clone().apply(event).unwrap().account
}

#[test]
fn it_stands_where_its_provider_says_and_may_lose_what_it_had() {
    let new = account();
    let made = after(&new, seen(&new, Abilities::default()));
    assert_eq!(made.status, AccountStatus::Onboarding);
    let active = after(&made, seen(&new, ALL));
    assert_eq!(active.status, AccountStatus::Active);
    for lost in [
        Abilities {
            payouts_enabled: false,
            ..ALL
        },
        Abilities {
            transfers_enabled: false,
            ..ALL
        },
        Abilities {
            charges_enabled: false,
            ..ALL
        },
    ] {
        assert_eq!(after(&active, seen(&new, lost)).status, AccountStatus::Restricted);
    }
    assert!(
        !active.clone().apply(seen(&new, ALL)).unwrap().changed,
        "nothing new"
    );
}

#[test]
fn what_is_known_is_not_given_up() {
    let new = account();
    let made = after(&new, seen(&new, Abilities::default()));
    for event in [
        AccountEvent::LostSight,
        AccountEvent::GaveUp(Failure::account_unavailable()),
    ] {
        assert!(!made.clone().apply(event).unwrap().changed);
    }
    let in_review = after(&new, AccountEvent::LostSight);
    assert_eq!(in_review.status, AccountStatus::NeedsReview);
    let found = after(&in_review, seen(&new, ALL));
    assert_eq!((found.status, found.failure), (AccountStatus::Active, None));
}

#[test]
fn another_account_is_for_people() {
    let (new, other) = (account(), account());
    assert!(matches!(
        new.clone().apply(seen(&other, ALL)),
        Err(AccountMismatch::OtherMark { .. })
    ));
    let mut made = after(&new, seen(&new, ALL));
    made.channel_account_id = Some("acct_2".into());
    assert!(matches!(
        made.clone().apply(seen(&new, ALL)),
        Err(AccountMismatch::OtherAccount { .. })
    ));
    let failed = after(&new, AccountEvent::GaveUp(Failure::account_unavailable()));
    assert!(failed.is_settled());
    assert!(matches!(
        failed.apply(seen(&new, ALL)),
        Err(AccountMismatch::GivenUp { .. })
    ));
}

fn shown(account: &ConnectedAccount, requirements: Requirements, is_rejected: bool) -> AccountEvent {
    AccountEvent::Seen(ChannelAccount {
        id: "acct_1".into(),
        account_id: Some(account.id),
        abilities: ALL,
        requirements,
        is_rejected,
    })
}

#[test]
fn what_is_over_can_do_nothing_however_it_ended() {
    let new = account();
    let active = after(&new, seen(&new, ALL));
    let nothing = Abilities {
        details_submitted: true,
        ..Abilities::default()
    };
    for end in [
        shown(&new, Requirements::default(), true),
        AccountEvent::Deauthorized,
    ] {
        let over = after(&active, end);
        assert!(over.status.is_over());
        assert_eq!(over.abilities, nothing);
    }
}

#[test]
fn the_order_of_requirements_says_nothing() {
    let wants = |due: [&str; 2]| Requirements {
        currently_due: due.map(str::to_owned).to_vec(),
        past_due: due.map(str::to_owned).to_vec(),
        disabled_reason: None,
    };
    let new = account();
    let made = after(&new, shown(&new, wants(["b", "a"]), false));
    assert_eq!(made.requirements, wants(["a", "b"]));
    let again = made.clone().apply(shown(&new, wants(["a", "b"]), false)).unwrap();
    assert!(!again.changed);
    let more = made.apply(shown(&new, wants(["a", "c"]), false)).unwrap();
    assert!(more.changed);
}

#[test]
fn what_is_over_stays_so_and_leaves_room_for_another() {
    let new = account();
    let active = after(&new, seen(&new, ALL));
    assert!(active.takes_transfers() && !active.leaves_room());
    for (event, status) in [
        (AccountEvent::Deauthorized, AccountStatus::Deauthorized),
        (
            shown(&new, Requirements::default(), true),
            AccountStatus::Rejected,
        ),
    ] {
        let over = active.clone().apply(event).unwrap();
        assert!(over.changed);
        assert_eq!(over.account.status, status);
        assert!(over.account.leaves_room() && !over.account.takes_transfers());
        for late in [
            seen(&new, ALL),
            AccountEvent::Deauthorized,
            AccountEvent::LostSight,
        ] {
            let after = over.account.clone().apply(late).unwrap();
            assert!(!after.changed);
            assert_eq!(after.account, over.account);
        }
    }
    // Of one that nobody knows yet nothing can be lost.
    assert!(!new.apply(AccountEvent::Deauthorized).unwrap().changed);
}
