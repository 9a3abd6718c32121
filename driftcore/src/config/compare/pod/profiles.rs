//! Profiles and labels of security modules.

use super::Sides;
use crate::config::declared::Bundle;
use crate::config::declared::PodContainer;

const UNCONFINED: &str = "Unconfined";

pub(super) fn compare(pod: &PodContainer, bundle: &Bundle, sides: &mut Sides<'_>) {
    if pod.privileged {
        // Runtimes confine none of these.
        return;
    }
    app_armor(pod, bundle, sides);
    let label = bundle.process.selinux_label.as_deref().unwrap_or_default();
    if label.is_empty() {
        // Where the kernel knows none, none is in the bundle.
        return;
    }
    let wanted = &pod.se_linux;
    let mut parts = label.splitn(4, ':');
    for (name, wanted) in [
        ("user", &wanted.user),
        ("role", &wanted.role),
        ("type", &wanted.r#type),
        ("level", &wanted.level),
    ] {
        let is = parts.next().unwrap_or_default();
        if let Some(wanted) = wanted.as_deref().filter(|it| !it.is_empty()) {
            sides.same(&format!("seLinuxOptions.{name}"), wanted, is);
        }
    }
}

/// No node takes a pod that asks for a profile which is not there.
fn app_armor(pod: &PodContainer, bundle: &Bundle, sides: &mut Sides<'_>) {
    let Some(profile) = &pod.app_armor else { return };
    let is = bundle.process.apparmor_profile.as_deref().filter(|it| !it.is_empty());
    let is = is.filter(|it| *it != "unconfined").unwrap_or(UNCONFINED);
    match (profile.r#type.as_str(), &profile.name) {
        // Whatever confines it is more than nothing.
        (UNCONFINED, _) => sides.push("appArmorProfile", UNCONFINED, is, false),
        ("Localhost", Some(name)) => sides.same("appArmorProfile", name.as_str(), is),
        (kind, _) => sides.push("appArmorProfile", kind, is, is == UNCONFINED),
    }
}
