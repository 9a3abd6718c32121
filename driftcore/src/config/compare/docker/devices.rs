//! Devices, and rules about devices.

use super::Pair;
use super::rights::is_privileged;
use crate::config::compare::declaration::Sides;
use crate::config::declared::Device;
use crate::config::declared::DeviceRule;
use crate::config::declared::DockerHost;

/// What Docker allows every container, as kind, major and minor.
const DEFAULT: [(&str, i64, i64); 6] =
    [("c", 1, 3), ("c", 1, 5), ("c", 1, 8), ("c", 1, 9), ("c", 5, 0), ("c", 5, 1)];

pub(super) fn compare(pair: &Pair<'_>, host: &DockerHost, sides: &mut Sides<'_>) {
    if host.privileged || is_privileged(pair.bundle) {
        // It has all of them.
        return;
    }
    let linux = &pair.bundle.linux;
    let rules = linux.resources.devices.as_deref().unwrap_or_default();
    for device in &host.devices {
        let path = &device.path_in_container;
        // A directory stands for all devices in it.
        let is_it = |it: &&Device| it.path == *path || is_below(&it.path, path);
        let found = linux.devices.iter().find(is_it);
        let wanted = sorted(&device.cgroup_permissions);
        // Without rules, a device says nothing of what may be done with it.
        let is = match found {
            Some(found) => access(found, rules).unwrap_or_else(|| wanted.clone()),
            None => "absent".to_owned(),
        };
        sides.push(&format!("Devices.{path}"), is, wanted);
    }
    for rule in &host.device_cgroup_rules {
        let has = rules.iter().any(|it| it.allow && text(it) == normal(rule));
        let is = if has { "allowed" } else { "absent" };
        sides.push(&format!("DeviceCgroupRules.{rule}"), is, "allowed");
    }
    if !pair.is_plain(host) {
        return;
    }
    for device in &linux.devices {
        let is_named = |path: &str| device.path == path || is_below(&device.path, path);
        if !host.devices.iter().any(|it| is_named(&it.path_in_container)) {
            let is = access(device, rules).unwrap_or_else(|| "there".to_owned());
            sides.push(&format!("Devices.{}", device.path), is, "absent");
        }
    }
    for rule in rules.iter().filter(|rule| rule.allow) {
        let text = text(rule);
        let is_docker =
            DEFAULT.iter().any(|(kind, major, minor)| is_of(rule, kind, *major, *minor));
        let is_device = linux.devices.iter().any(|it| is_of(rule, &it.r#type, it.major, it.minor));
        if !is_docker && !is_device && !host.device_cgroup_rules.iter().any(|it| normal(it) == text)
        {
            sides.push(&format!("DeviceCgroupRules.{text}"), "allowed", "absent");
        }
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

fn is_of(rule: &DeviceRule, kind: &str, major: i64, minor: i64) -> bool {
    rule.r#type.as_deref() == Some(kind) && rule.major == Some(major) && rule.minor == Some(minor)
}

/// What may be done with a device, by the last rule about it.
fn access(device: &Device, rules: &[DeviceRule]) -> Option<String> {
    let rule =
        rules.iter().rfind(|it| it.allow && is_of(it, &device.r#type, device.major, device.minor));
    Some(sorted(rule?.access.as_deref()?))
}

/// The letters in one order; without any, all.
fn sorted(access: &str) -> String {
    let ways = if access.is_empty() { "rwm" } else { access };
    "rwm".chars().filter(|way| ways.contains(*way)).collect()
}

/// `c 10:229 rwm`, as Docker writes it.
fn text(rule: &DeviceRule) -> String {
    let number = |it: Option<i64>| match it {
        Some(number) if number >= 0 => number.to_string(),
        _ => "*".to_owned(),
    };
    let kind = rule.r#type.as_deref().filter(|it| !it.is_empty()).unwrap_or("a");
    let access = sorted(rule.access.as_deref().unwrap_or_default());
    format!("{kind} {}:{} {access}", number(rule.major), number(rule.minor))
}

/// The same of a rule as somebody wrote it.
fn normal(rule: &str) -> String {
    match rule.rsplit_once(' ') {
        Some((device, access)) => format!("{} {}", device.trim(), sorted(access)),
        None => rule.to_owned(),
    }
}
