//! What Docker's two files say, member by member, as it may be shown: to tell later what was edited, of members too
//! that nothing else can be compared with.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use crate::config::secret;
use crate::container::Document;
use crate::event::Text;

/// Longest text of a member that is shown; of a longer one it is the digest.
const SHOWN_MAX: usize = 256;
/// Members of `config.v2.json`, and of its `Config`, that change while nobody changes the container.
const PASSING: [&str; 18] = [
    "Config",
    "Created",
    "HasBeenManuallyRestarted",
    "HasBeenManuallyStopped",
    "HasBeenStartedBefore",
    "HostnamePath",
    "HostsPath",
    "ID",
    "LocalLogCacheMeta",
    "LogPath",
    "Managed",
    "Name",
    "NetworkSettings",
    "ResolvConfPath",
    "RestartCount",
    "ShmPath",
    "State",
    "StreamConfig",
];
/// Members of a mount point that Docker notes for itself.
const NOTES: [&str; 3] = ["ID", "Relabel", "SkipMountpointCreation"];
/// Members whose texts are no secrets: names of namespaces, devices, groups, runtimes, paths, addresses.
const SHOWN: [&str; 43] = [
    "AppArmorProfile",
    "Binds",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
    "BlkioWeightDevice",
    "CapAdd",
    "CapDrop",
    "Cgroup",
    "CgroupParent",
    "CgroupnsMode",
    "Config.Image",
    "CpusetCpus",
    "CpusetMems",
    "DeviceCgroupRules",
    "Devices",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "Domainname",
    "ExposedPorts",
    "ExtraHosts",
    "GroupAdd",
    "Hostname",
    "Image",
    "IpcMode",
    "Links",
    "MaskedPaths",
    "MountLabel",
    "NetworkMode",
    "PidMode",
    "PortBindings",
    "ProcessLabel",
    "ReadonlyPaths",
    "RestartPolicy",
    "Runtime",
    "SecurityOpt",
    "StopSignal",
    "UTSMode",
    "User",
    "UsernsMode",
    "WorkingDir",
];

/// By file and member, as `hostconfig.json:RestartPolicy`; what is empty is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Members(BTreeMap<String, Text>);

impl Members {
    pub(super) fn of(config: Option<&Document>, host: Option<&Document>) -> Self {
        let mut members = Self::default();
        let object = |document: Option<&Document>| document?.json::<Map<String, Value>>().ok();
        for (name, value) in object(host).into_iter().flatten() {
            members.take("hostconfig.json", &name, value);
        }
        for (name, value) in object(config).into_iter().flatten() {
            match (name.as_str(), value) {
                ("Config", Value::Object(own)) => {
                    for (name, value) in own {
                        // The container has an image, too: by its digest.
                        let is_image = name == "Image";
                        let name = if is_image { "Config.Image" } else { name.as_str() };
                        members.take("config.v2.json", name, value);
                    }
                }
                ("MountPoints", Value::Object(points)) => {
                    for (point, value) in points {
                        let name = format!("MountPoints.{point}");
                        members.take("config.v2.json", &name, without_notes(value));
                    }
                }
                (name, value) if !PASSING.contains(&name) => {
                    members.take("config.v2.json", name, value);
                }
                _ => {}
            }
        }
        members
    }

    fn take(&mut self, file: &str, name: &str, value: Value) {
        if let Some(value) = filled(value) {
            self.0.insert(format!("{file}:{name}"), shown(name, &value));
        }
    }

    /// The members of which the two say otherwise, with what each says.
    pub(in crate::config) fn differences<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (&'a str, Option<&'a Text>, Option<&'a Text>)> {
        let gone_or_other = self.0.iter().filter_map(|(name, is)| {
            let others = other.0.get(name);
            (others != Some(is)).then_some((name.as_str(), Some(is), others))
        });
        let new = other.0.iter().filter(|(name, _)| !self.0.contains_key(*name));
        gone_or_other.chain(new.map(|(name, is)| (name.as_str(), None, Some(is))))
    }
}

/// Versions of Docker write what is not there in several ways.
fn filled(value: Value) -> Option<Value> {
    let value = match value {
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(name, it)| Some((name, filled(it)?)));
            Value::Object(members.collect())
        }
        value => value,
    };
    let is_empty = match &value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
    };
    (!is_empty).then_some(value)
}

fn without_notes(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|name, _| !NOTES.contains(&name.as_str()));
    }
    value
}

fn shown(name: &str, value: &Value) -> Text {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let is_plain = matches!(value, Value::Bool(_) | Value::Number(_)) || SHOWN.contains(&name);
    if is_plain && text.len() <= SHOWN_MAX {
        Text::from(text.as_str())
    } else {
        secret::digest(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(config: &str, host: &str) -> Members {
        let document = |text: &str| Document::in_memory("x", text.as_bytes());
        Members::of(Some(&document(config)), Some(&document(host)))
    }

    fn told(one: &Members, other: &Members) -> Vec<String> {
        let text = |it: Option<&Text>| it.map_or_else(|| "-".to_owned(), ToString::to_string);
        let all = one.differences(other);
        all.map(|(name, one, other)| format!("{name} {} {}", text(one), text(other))).collect()
    }

    #[test]
    fn what_is_edited_differs_and_what_is_empty_is_not_there() {
        let config = r#"{"State":{"Pid":7},"Config":{"Image":"web","Labels":{"a":"hunter2"},"Tty":false},
            "Image":"sha256:0","MountPoints":{"/v":{"ID":"1","Name":"v"}}}"#;
        let host =
            r#"{"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"Links":null,"Devices":[]}"#;
        let one = members(config, host);
        assert!(!format!("{one:?}").contains("hunter2"));
        let same = members(
            &config.replace(r#""ID":"1","#, r#""ID":"2","#).replace("\"Pid\":7", "\"Pid\":8"),
            r#"{"RestartPolicy":{"Name":"no"},"Privileged":false}"#,
        );
        assert_eq!(told(&one, &same), [""; 0]);
        let other = members(
            &config
                .replace("\"web\"", "\"db\"")
                .replace("hunter2", "hunter3")
                .replace("\"v\"", "\"w\""),
            r#"{"RestartPolicy":{"Name":"always"},"LogConfig":{"Config":{"splunk-token":"hunter2"}},"KernelMemory":7}"#,
        );
        let told = told(&one, &other);
        let names: Vec<_> = told.iter().filter_map(|it| it.split(' ').next()).collect();
        assert_eq!(
            names,
            [
                "config.v2.json:Config.Image",
                "config.v2.json:Labels",
                "config.v2.json:MountPoints./v",
                "hostconfig.json:RestartPolicy",
                "hostconfig.json:KernelMemory",
                "hostconfig.json:LogConfig",
            ]
        );
        assert_eq!(told[0], "config.v2.json:Config.Image web db");
        assert_eq!(told[3], r#"hostconfig.json:RestartPolicy {"Name":"no"} {"Name":"always"}"#);
        assert_eq!(told[4], "hostconfig.json:KernelMemory - 7");
        assert!(told[5].starts_with("hostconfig.json:LogConfig - sha256:"));
        assert!(!told.concat().contains("hunter"));
    }

    proptest! {
        #[test]
        fn no_text_of_a_member_that_may_be_a_secret_is_shown(name in "[A-Z][a-z]{1,9}", value in "[a-z]{9,300}") {
            let host = serde_json::json!({ &name: { "x": [&value] } }).to_string();
            let all = format!("{:?}", members("{}", &host));
            prop_assert!(SHOWN.contains(&name.as_str()) || !all.contains(&value));
        }
    }
}
