//! Pausing and resuming: said once, kept with who and why.

use serde_json::json;

use crate::desk::desk;

#[tokio::test]
async fn what_is_paused_is_listed_until_it_is_resumed_and_the_log_tells_who_did_it_and_why() {
    let desk = desk().await;
    let (merchant, _) = desk.merchant(&[]);
    let id = merchant.to_string();
    let pause =
        |what: &str, name: &str, reason: &str| desk.run(&["pause", what, name, "--reason", reason, "--json"]);
    assert_eq!(
        pause("queue", "create_intent", " a bad deploy ").json(),
        json!({"what": "queue", "name": "create_intent", "state": "paused", "reason": "a bad deploy"})
    );
    pause("channel", "stripe", "incident 7").json();
    pause("notifications", &id, "their endpoint moves").json();
    pause("channel", "stripe", "again").refused("channel stripe is paused already");

    let listed = desk.run(&["switches", "--json"]).json();
    let listed: Vec<_> = listed.as_array().unwrap().iter().collect();
    assert_eq!(listed.len(), 3);
    assert_eq!(
        (
            &listed[0]["what"],
            &listed[0]["name"],
            &listed[0]["reason"],
            &listed[0]["paused_by"]
        ),
        (
            &json!("channel"),
            &json!("stripe"),
            &json!("incident 7"),
            &json!("console:ada")
        )
    );
    assert!(listed[0]["since"].is_string() && listed[0]["paused_for_s"].is_number());
    assert!(desk.run(&["switches"]).out.contains("incident 7"));

    let resume = |what: &str, name: &str| desk.run(&["resume", what, name, "--reason", "over", "--json"]);
    assert_eq!(resume("channel", "stripe").json()["state"], "going");
    resume("channel", "stripe").refused("channel stripe is not paused");
    resume("queue", "create_intent").json();
    resume("notifications", &id).json();
    assert_eq!(desk.run(&["switches", "--json"]).json(), json!([]));

    let audit = desk.audit().await;
    let of_switches: Vec<_> = audit
        .iter()
        .filter(|(_, action, _)| action.starts_with("switch."))
        .collect();
    assert_eq!(of_switches.len(), 6, "{of_switches:?}");
    let (actor, action, subject) = of_switches[0];
    assert_eq!(
        (actor.as_str(), action.as_str(), subject.as_str()),
        ("console:ada", "switch.pause", "queue create_intent: a bad deploy")
    );
    let (_, action, subject) = of_switches[3];
    assert_eq!(
        (action.as_str(), subject.as_str()),
        ("switch.resume", "channel stripe: over")
    );
    desk.close().await;
}

#[tokio::test]
async fn what_cannot_be_paused_is_refused_with_what_to_do() {
    let desk = desk().await;
    let because = ["--reason", "why not"];
    let run = |args: &[&str]| desk.run(&[args, &because].concat());
    run(&["pause", "queue", "weather"]).refused("unknown kind of job");
    run(&["pause", "channel", "wallet"]).refused("calls no provider");
    run(&["pause", "notifications", "mer_00000000000000000000000000000000"]).refused("there is no merchant");
    desk.run(&["pause", "queue", "create_intent"])
        .refused("--reason must be");
    desk.run(&["pause", "queue", "create_intent", "--reason", "  "])
        .refused("--reason must be");
    assert_eq!(desk.run(&["switches", "--json"]).json(), json!([]));
    desk.close().await;
}
