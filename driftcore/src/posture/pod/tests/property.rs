//! Pods of any kind.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::posture;
use crate::posture::Failure;
use crate::posture::Level;
use crate::posture::read_pods;

/// JSON of any shape, with the names that matter where they may matter.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1i64..3).prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "ALL",
            "CHOWN",
            "SYS_ADMIN",
            "NET_BIND_SERVICE",
            "RuntimeDefault",
            "Unconfined",
            "Default",
            "Unmasked",
            "spc_t",
            "container_t",
            "kernel.msgmax",
            "net.ipv4.tcp_rmem",
            "windows",
            "/",
        ])
        .prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "name",
        "type",
        "add",
        "drop",
        "privileged",
        "allowPrivilegeEscalation",
        "runAsNonRoot",
        "runAsUser",
        "capabilities",
        "seccompProfile",
        "appArmorProfile",
        "seLinuxOptions",
        "procMount",
        "securityContext",
        "volumes",
        "hostPath",
        "emptyDir",
        "nfs",
        "ports",
        "hostPort",
        "containers",
        "sysctls",
        "hostUsers",
        "hostNetwork",
        "os",
        "lifecycle",
        "preStop",
        "httpGet",
        "host",
        "user",
    ]);
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// Pods of the right types, whose fields have values that matter.
fn any_pod() -> impl Strategy<Value = Value> {
    fn maybe(values: Vec<Value>) -> impl Strategy<Value = Value> + Clone {
        prop::sample::select(values)
    }
    let flag = || maybe(vec![Value::Null, json!(true), json!(false)]);
    let user = || maybe(vec![Value::Null, json!(0), json!(5)]);
    let profile = || {
        maybe(vec![
            Value::Null,
            json!({"type": "RuntimeDefault"}),
            json!({"type": "Localhost"}),
            json!({"type": "Unconfined"}),
            json!({}),
        ])
    };
    let capabilities = || {
        maybe(vec![
            Value::Null,
            json!({"drop": ["ALL"]}),
            json!({"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
            json!({"drop": ["ALL"], "add": ["CHOWN"]}),
            json!({"add": ["SYS_ADMIN"]}),
        ])
    };
    let mount = || maybe(vec![Value::Null, json!("Default"), json!("Unmasked")]);
    let container =
        (flag(), flag(), flag(), user(), profile(), profile(), capabilities(), mount()).prop_map(
            |(privileged, escalation, non_root, user, seccomp, app_armor, capabilities, mount)| {
                json!({"name": "c", "securityContext": {"privileged": privileged,
                    "allowPrivilegeEscalation": escalation, "runAsNonRoot": non_root, "runAsUser": user,
                    "seccompProfile": seccomp, "appArmorProfile": app_armor,
                    "capabilities": capabilities, "procMount": mount}})
            },
        );
    let containers = || prop::collection::vec(container.clone(), 0..3);
    let volume = maybe(vec![
        json!({"name": "v", "emptyDir": {}}),
        json!({"name": "v", "nfs": {}}),
        json!({"name": "v", "hostPath": {"path": "/"}}),
    ]);
    let os = maybe(vec![Value::Null, json!({"name": "windows"})]);
    (
        (flag(), flag(), flag(), user(), profile(), os),
        prop::collection::vec(volume, 0..2),
        containers(),
        containers(),
        containers(),
    )
        .prop_map(|((network, users, non_root, user, seccomp, os), volumes, main, init, other)| {
            json!({"spec": {"hostNetwork": network, "hostUsers": users, "os": os, "volumes": volumes,
                "securityContext": {"runAsNonRoot": non_root, "runAsUser": user,
                    "seccompProfile": seccomp},
                "containers": main, "initContainers": init, "ephemeralContainers": other}})
        })
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(spec in any_json(), metadata in any_json()) {
        let text = json!({"metadata": metadata, "spec": spec}).to_string();
        let _ = read_pods(Path::new("pods"), text.as_bytes(), |it| drop(serde_json::to_string(&it)));
        let end = text.char_indices().map(|(at, _)| at).nth(text.len() / 2).unwrap_or(0);
        let _ = read_pods(Path::new("pods"), &text.as_bytes()[..end], |_| ());
    }

    /// What fails baseline fails restricted; a level is met where nothing of it and of those below fails.
    #[test]
    fn levels_contain_each_other(pod in any_pod()) {
        let found = posture(&pod);
        let fails = |level: Level, failures: &[Failure]| failures.iter().any(|it| it.level <= level);
        for container in &found.containers {
            let either = |level| fails(level, &found.failures) || fails(level, &container.failures);
            prop_assert_eq!(container.level >= Level::Baseline, !either(Level::Baseline));
            prop_assert_eq!(container.level == Level::Restricted, !either(Level::Restricted));
            prop_assert!(found.level <= container.level);
        }
        let least = found.containers.iter().map(|it| it.level).min();
        prop_assert!(least.is_none_or(|least| least == found.level));
    }
}
