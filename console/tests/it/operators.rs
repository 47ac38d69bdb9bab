//! Operators from the desk.

use crate::desk::desk;

#[tokio::test]
async fn an_operator_is_added_changed_and_disabled_and_each_is_written_down() {
    let desk = desk().await;
    let added = desk
        .run(&["operators", "add", "--name", "anna", "--role", "viewer", "--json"])
        .json();
    let password = added["password"].as_str().unwrap();
    assert_eq!((password.len(), added["role"].as_str()), (24, Some("viewer")));
    let typed = [
        "operators",
        "add",
        "--name",
        "li",
        "--role",
        "operator",
        "--password",
        "stdin",
    ];
    let told = desk.run_with_input("correct horse battery\n", &typed);
    assert!(told.ok && !told.out.contains("horse"), "{}{}", told.out, told.err);

    desk.run(&["operators", "add", "--name", "anna", "--role", "viewer"])
        .refused("there is an operator anna already");
    let set_role = [
        "operators",
        "set-role",
        "--name",
        "anna",
        "--role",
        "administrator",
        "--json",
    ];
    assert_eq!(desk.run(&set_role).json()["role"], "administrator");
    let again = desk
        .run(&["operators", "set-password", "--name", "anna", "--json"])
        .json();
    assert_ne!(again["password"], added["password"]);
    assert!(desk.run(&["operators", "disable", "--name", "anna"]).ok);

    let listed = desk.run(&["operators", "list", "--json"]).json();
    assert_eq!(
        (listed[0]["operator"].as_str(), listed[1]["operator"].as_str()),
        (Some("anna"), Some("li"))
    );
    assert!(listed[0]["disabled_at"].is_string() && listed[1]["disabled_at"].is_null());
    assert!(!listed.to_string().contains("argon2"), "{listed}");
    assert!(desk.run(&["operators", "enable", "--name", "anna"]).ok);

    let audit = desk.audit().await;
    let actions: Vec<_> = audit
        .iter()
        .map(|(_, action, subject)| format!("{action} {subject}"))
        .collect();
    assert_eq!(
        actions,
        [
            "operator.add anna: viewer",
            "operator.add li: operator",
            "operator.set_role anna: viewer -> administrator",
            "operator.set_password anna",
            "operator.disable anna",
            "operator.enable anna",
        ]
    );
    assert!(audit.iter().all(|(actor, ..)| actor == "console:ada"));
    desk.close().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_named_and_nothing_is_stored() {
    let desk = desk().await;
    let add = |name: &str, role: &str| desk.run(&["operators", "add", "--name", name, "--role", role]);
    assert!(add("Anna", "viewer").err.contains("small letters"));
    assert!(
        add("anna", "root")
            .err
            .contains("expected viewer, operator or administrator")
    );
    let typed = [
        "operators",
        "add",
        "--name",
        "li",
        "--role",
        "operator",
        "--password",
        "stdin",
    ];
    desk.run_with_input("short\n", &typed).refused("12 characters");
    desk.run_with_input(&"x".repeat(1_000), &typed)
        .refused("12 characters");
    for command in ["disable", "enable", "set-password"] {
        desk.run(&["operators", command, "--name", "nobody"])
            .refused("there is no operator nobody");
    }
    assert!(desk.store.operators().await.unwrap().is_empty() && desk.audit().await.is_empty());
    desk.close().await;
}

/// Neither ingress nor workers can read what passwords are held against, or sign anybody in.
#[tokio::test]
async fn other_processes_cannot_see_operators() {
    let desk = desk().await;
    for store in [desk.database.store(true), desk.database.store_as_writer()] {
        let refused = store.operators().await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
        store.close().await;
    }
    desk.close().await;
}
