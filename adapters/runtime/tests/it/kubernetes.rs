//! The Kubernetes manifests agree with the programs. That they are what Kubernetes and KEDA take, `scripts/manifests` finds out.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use domain::job::Kind;

use crate::sources::{files, read, root};

/// The programs with the settings that say where they listen, and what the manifests call those ports.
const PROGRAMS: [(&str, &[(&str, &str)]); 3] = [
    (
        "ingress",
        &[
            ("INGRESS_LISTEN", "public"),
            ("INGRESS_INTERNAL_LISTEN", "internal"),
        ],
    ),
    ("workers", &[("WORKERS_INTERNAL_LISTEN", "internal")]),
    ("console", &[("CONSOLE_LISTEN", "web")]),
];
/// How long a process may take to stop, in seconds: docs/architecture.md, "Stopping".
const STOPPING_S: u64 = 30;
/// What `WORKERS_CONCURRENCY` is where nothing is said: jobs of one kind that a worker has in hand.
const IN_HAND: u64 = 128;

fn manifest(name: &str) -> String {
    read(&format!("ops/kubernetes/{name}.yaml"))
}

/// What stands after `key:` in each line, or in each part of a line in braces, that has it.
fn values<'a>(manifest: &'a str, key: &str) -> Vec<&'a str> {
    let lines = manifest
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines
        .flat_map(|line| line.split(['{', '}', ',']))
        .filter_map(|part| part.trim().trim_start_matches("- ").split_once(':'))
        .filter(|(name, _)| *name == key)
        .map(|(_, value)| value.trim().trim_matches('"'))
        .collect()
}

fn is_setting(name: &str) -> bool {
    let is_part =
        |character: char| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_';
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.contains('_')
        && name.chars().all(is_part)
}

/// The settings in a manifest: of a `ConfigMap` with their values, and those that come from secrets.
fn settings(manifest: &str) -> BTreeMap<&str, &str> {
    let given = manifest.lines().filter_map(|line| line.trim().split_once(": "));
    let given = given.map(|(name, value)| (name, value.trim_matches('"')));
    let secret = values(manifest, "name").into_iter().map(|name| (name, ""));
    given.chain(secret).filter(|(name, _)| is_setting(name)).collect()
}

/// The first whole number after `key:`.
fn number(manifest: &str, key: &str) -> u64 {
    values(manifest, key)[0].parse().unwrap()
}

#[test]
fn every_setting_is_one_that_its_program_reads() {
    let shared = files(&root().join("adapters"), ".rs");
    for program in ["ingress", "workers", "console", "migrate"] {
        let own = if program == "migrate" { "console" } else { program };
        let own = files(&root().join(own).join("src"), ".rs");
        let sources: String = own
            .iter()
            .chain(&shared)
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        let manifest = manifest(program);
        let settings = settings(&manifest);
        assert!(settings.contains_key("DATABASE_URL"), "{program}: {settings:?}");
        for name in settings.keys() {
            assert!(
                sources.contains(&format!("\"{name}\"")),
                "{program} does not read {name}"
            );
        }
    }
}

#[test]
fn probes_and_services_ask_where_the_programs_listen() {
    let routes = read("adapters/runtime/src/internal.rs")
        + &read("ingress/src/routes.rs")
        + &read("console/src/web/routes.rs");
    for (program, listeners) in PROGRAMS {
        let manifest = manifest(program);
        let settings = settings(&manifest);
        let mut ports = BTreeMap::new();
        for (setting, port) in listeners {
            let listen: SocketAddr = settings[setting].parse().unwrap();
            assert!(
                listen.ip().is_unspecified(),
                "{setting}: only this pod would reach it"
            );
            ports.insert(*port, listen.port().to_string());
        }
        let declared: BTreeMap<_, _> = manifest
            .lines()
            .filter(|line| line.contains("containerPort:"))
            .map(|line| {
                (
                    values(line, "name")[0],
                    values(line, "containerPort")[0].to_owned(),
                )
            })
            .collect();
        assert_eq!(declared, ports, "{program}");
        let probes: Vec<_> = manifest
            .lines()
            .filter(|line| line.contains("httpGet:"))
            .collect();
        assert!(probes.len() >= 2, "{program}");
        for probe in probes {
            assert!(ports.contains_key(values(probe, "port")[0]), "{program}: {probe}");
            let path = values(probe, "path")[0];
            assert!(routes.contains(&format!("\"{path}\"")), "{program}: {path}");
        }
        for target in values(&manifest, "targetPort") {
            assert!(ports.contains_key(target), "{program}: {target}");
        }
        assert!(
            number(&manifest, "terminationGracePeriodSeconds") > STOPPING_S,
            "{program}"
        );
    }
}

/// Only ingress is for others; what makes a service public in itself is nowhere.
#[test]
fn no_service_is_public_by_itself() {
    let kinds: Vec<_> = PROGRAMS
        .iter()
        .flat_map(|(program, _)| {
            let manifest = manifest(program);
            let types = values(&manifest, "type").into_iter().map(str::to_owned);
            types.collect::<Vec<_>>()
        })
        .collect();
    assert!(kinds.contains(&"ClusterIP".to_owned()), "{kinds:?}");
    for public in ["LoadBalancer", "NodePort", "ExternalName"] {
        assert!(!kinds.contains(&public.to_owned()));
    }
    assert!(!manifest("network").contains("console\n"));
}

#[test]
fn workers_are_scaled_by_the_queue_of_every_kind_and_never_to_none() {
    let scaling = manifest("workers-scaling");
    let queues = values(&scaling, "queueName");
    let named: BTreeSet<_> = queues.iter().map(|queue| (*queue).to_owned()).collect();
    assert_eq!(named.len(), queues.len(), "a queue comes twice");
    assert_eq!(
        named,
        Kind::ALL.map(|kind| format!("jobs.{}", kind.name())).into()
    );
    assert!(values(&scaling, "mode").iter().all(|mode| *mode == "QueueLength"));
    assert!(scaling.contains("scaleTargetRef: { name: workers }"));
    let of_triggers = scaling
        .lines()
        .filter_map(|line| line.trim().strip_prefix("value: \""));
    let full: Vec<u64> = of_triggers
        .map(|value| value.trim_end_matches('"').parse().unwrap())
        .collect();
    assert_eq!(full.len(), queues.len());
    assert!(
        full.iter().all(|full| *full < IN_HAND),
        "one worker would hold {full:?} jobs and never call for another"
    );
    let (least, most) = (
        number(&scaling, "minReplicaCount"),
        number(&scaling, "maxReplicaCount"),
    );
    assert!(0 < least && least < most);
    let workers = read("workers/src/config.rs");
    assert!(
        workers.contains(&format!("\"WORKERS_CONCURRENCY\", {IN_HAND}")),
        "{IN_HAND} is not the default"
    );
}

#[test]
fn whatever_is_written_is_applied_and_runs_without_privileges() {
    let listed: BTreeSet<String> = manifest("kustomization")
        .lines()
        .filter_map(|line| line.strip_prefix("  - ")?.strip_suffix(".yaml"))
        .map(str::to_owned)
        .collect();
    let written = files(&root().join("ops/kubernetes"), ".yaml").into_iter();
    let written = written.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    assert_eq!(listed, written.filter(|name| name != "kustomization").collect());
    let user = number(&manifest("ingress"), "runAsUser");
    assert!(read("Dockerfile").contains(&format!("--uid {user} ")));
    for name in listed {
        let manifest = manifest(&name);
        let containers = values(&manifest, "image").len();
        for said in [
            "runAsNonRoot: true",
            "readOnlyRootFilesystem: true",
            "drop: [ALL]",
            "memory:",
        ] {
            assert!(manifest.matches(said).count() >= containers, "{name}: {said}");
        }
        assert!(
            !manifest.contains("kind: Secret\n"),
            "{name}: secrets are made by hand"
        );
    }
}
