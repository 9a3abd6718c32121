//! What is started, as whom, where, and with which variables. Docker adds to that.

use super::Pair;
use crate::config::compare::declaration::Sides;
use crate::config::declared::Bundle;
use crate::config::declared::DockerConfig;
use crate::config::secret;
use crate::event::Text;

/// Variables that Docker gives by itself.
const OWN: [&[u8]; 4] = [b"HOME", b"HOSTNAME", b"PATH", b"TERM"];
/// The program that `--init` puts before the container's.
const INIT: &str = "/sbin/docker-init";

pub(super) fn compare(pair: &Pair<'_>, sides: &mut Sides<'_>) {
    let (bundle, config) = (pair.bundle, &pair.docker.config);
    command(pair, sides);
    environment(pair, sides);
    user(bundle, &config.config.user, sides);
    let directory = |text: &str| if text.is_empty() { "/".to_owned() } else { text.to_owned() };
    sides.push("WorkingDir", directory(&bundle.process.cwd), directory(&config.config.working_dir));
    names(pair, sides);
    sides.flag("NoNewPrivileges", bundle.process.no_new_privileges, config.no_new_privileges);
    for (member, bundle, file) in [
        ("AppArmorProfile", &bundle.process.apparmor_profile, &config.app_armor_profile),
        ("ProcessLabel", &bundle.process.selinux_label, &config.process_label),
    ] {
        // Where the kernel knows none, none is in the bundle.
        let bundle = bundle.as_deref().filter(|it| !it.is_empty());
        if let Some(bundle) = bundle.filter(|_| !file.is_empty()) {
            sides.push(member, bundle, file.as_str());
        }
    }
}

fn command(pair: &Pair<'_>, sides: &mut Sides<'_>) {
    let DockerConfig { path, args, config, .. } = &pair.docker.config;
    let is = &pair.bundle.process.args;
    // Arguments hold passwords now and then.
    let digest = |args: &[String]| secret::digest(args.join("\0").as_bytes());
    let mut compare = |member: &str, wanted: Vec<String>| {
        if wanted.first().is_none_or(String::is_empty) {
            return;
        }
        // With `--init` its own program stands before.
        let tail = is.len().checked_sub(wanted.len()).map_or(&[][..], |at| &is[at..]);
        let is = if tail == wanted { &wanted } else { is };
        sides.push(member, digest(is), digest(&wanted));
    };
    compare("Args", std::iter::once(path).chain(args).cloned().collect());
    let entry = config.entrypoint.iter().skip_while(|it| it.is_empty());
    compare("Cmd", entry.chain(&config.cmd).cloned().collect());
    // Where processes are counted by others, Docker puts none there.
    let mut namespaces = pair.bundle.linux.namespaces.iter();
    let counts =
        namespaces.any(|it| it.r#type == "pid" && it.path.as_deref().is_none_or(str::is_empty));
    if let Some(init) = pair.docker.host.as_ref().and_then(|host| host.init).filter(|_| counts) {
        let has = is.first().is_some_and(|it| it == INIT);
        sides.file = "hostconfig.json";
        sides.flag("Init", has, init);
        sides.file = "config.v2.json";
    }
}

fn environment(pair: &Pair<'_>, sides: &mut Sides<'_>) {
    let env = &pair.docker.config.config.env;
    let of_bundle = &pair.bundle.process.env;
    for (name, value) in env {
        let is = of_bundle.get(name).cloned().unwrap_or_else(|| "absent".into());
        sides.push(&format!("Env.{name}"), is, value.clone());
    }
    let Some(host) = &pair.docker.host else { return };
    if !pair.is_plain(host) || !host.links.is_empty() {
        return;
    }
    for (name, is) in of_bundle {
        if !env.contains_key(name) && !OWN.contains(&name.as_bytes()) {
            sides.push(&format!("Env.{name}"), is.clone(), "absent");
        }
    }
}

/// Names are looked up in files of the image; a number is one.
fn user(bundle: &Bundle, wanted: &str, sides: &mut Sides<'_>) {
    let is = &bundle.process.user;
    let (user, group) = wanted.split_once(':').unwrap_or((wanted, ""));
    let user = if user.is_empty() || user == "root" { "0" } else { user };
    for (member, wanted, is) in [("User", user, is.uid), ("User.group", group, is.gid)] {
        if let Ok(wanted) = wanted.parse::<u32>() {
            sides.push(member, is.to_string(), wanted.to_string());
        }
    }
}

/// The names of the host, which are the container's own with a namespace for them.
fn names(pair: &Pair<'_>, sides: &mut Sides<'_>) {
    let linux = &pair.bundle.linux;
    if !linux.namespaces.iter().any(|it| it.r#type == "uts") {
        return;
    }
    let config = &pair.docker.config.config;
    let (host, domain) = (config.hostname.as_str(), config.domainname.as_str());
    if let Some(is) = pair.bundle.hostname.as_deref().filter(|it| !it.is_empty()) {
        // Versions of Docker write the one name or both.
        let whole = format!("{host}.{domain}");
        let wanted = if !domain.is_empty() && is == whole { &whole } else { host };
        sides.push("Hostname", is, wanted);
    }
    let key = "kernel.domainname";
    let sysctls = pair.docker.host.as_ref().map(|it| &it.sysctls);
    let is_set = sysctls.is_some_and(|it| it.contains_key(key));
    let of_sysctl = linux.sysctl.get(key).map(String::as_str);
    if let Some(is) = of_sysctl.or(pair.bundle.domainname.as_deref()).filter(|_| !is_set) {
        sides.push("Domainname", is, domain);
    } else if !domain.is_empty() && !is_set {
        let is: Text = "none".into();
        sides.push("Domainname", is, domain);
    }
}
