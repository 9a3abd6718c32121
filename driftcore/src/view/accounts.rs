//! Names of users and groups.

use std::fmt;

use super::View;
use crate::fields::Value;

/// What stands for a name that is not known: a text, never a missing value, as in Falco.
const UNKNOWN: &[u8] = b"<NA>";
const ROOT: &[u8] = b"root";

/// Names of users and groups, looked up when a rule first asks.
pub trait AccountNames: fmt::Debug {
    /// A user of the event's container.
    fn user(&self, uid: u32) -> Option<User<'_>>;

    /// The name of a group of the event's container.
    fn group(&self, gid: u32) -> Option<&[u8]>;

    /// The name of a user of the host: who logs in does so there.
    fn login_name(&self, uid: u32) -> Option<&[u8]>;
}

/// A user, as an account file has one. Any bytes but NUL and line breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The home directory.
    pub home: &'a [u8],
    /// The login shell.
    pub shell: &'a [u8],
}

pub(super) fn user_name<'v>(view: &'v View<'_>) -> Value<'v> {
    let Some(process) = view.process() else { return Value::Missing };
    if process.uid == 0 {
        return Value::Text(ROOT);
    }
    text(user(view).map(|user| user.name))
}

pub(super) fn home<'v>(view: &'v View<'_>) -> Value<'v> {
    if view.process().is_none() {
        return Value::Missing;
    }
    text(user(view).map(|user| user.home))
}

pub(super) fn shell<'v>(view: &'v View<'_>) -> Value<'v> {
    if view.process().is_none() {
        return Value::Missing;
    }
    text(user(view).map(|user| user.shell))
}

pub(super) fn login_name<'v>(view: &'v View<'_>) -> Value<'v> {
    let Some(process) = view.process() else { return Value::Missing };
    match (process.loginuid, view.facts.accounts) {
        (Some(0), _) => Value::Text(ROOT),
        (Some(uid), Some(accounts)) => text(accounts.login_name(uid)),
        _ => Value::Text(UNKNOWN),
    }
}

pub(super) fn group_name<'v>(view: &'v View<'_>) -> Value<'v> {
    let Some(process) = view.process() else { return Value::Missing };
    if process.gid == 0 {
        return Value::Text(ROOT);
    }
    text(view.facts.accounts.and_then(|accounts| accounts.group(process.gid)))
}

fn user<'v>(view: &'v View<'_>) -> Option<User<'v>> {
    view.facts.accounts?.user(view.process()?.uid)
}

fn text(name: Option<&[u8]>) -> Value<'_> {
    Value::Text(name.unwrap_or(UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::DriftEvent;
    use crate::fields::FieldRef;
    use crate::fields::Fields;
    use crate::view::LiveFacts;
    use crate::view::Recorded;

    #[derive(Debug)]
    struct Known;

    impl AccountNames for Known {
        fn user(&self, uid: u32) -> Option<User<'_>> {
            let user = User { name: b"bob", home: b"/home/bob", shell: b"/bin/ash" };
            (uid == 7).then_some(user)
        }

        fn group(&self, gid: u32) -> Option<&[u8]> {
            (gid == 8).then_some(b"staff")
        }

        fn login_name(&self, uid: u32) -> Option<&[u8]> {
            (uid == 9).then_some(b"admin")
        }
    }

    /// The names of an event by these ids, in the order of the catalogue.
    fn names(uid: u32, gid: u32, login: &str, accounts: Option<&dyn AccountNames>) -> [String; 5] {
        let json = format!(
            r#"{{"version":1,"time":"2026-01-01T00:00:00Z","drift":false,"kind":"binary",
            "action":"exec","provenance":null,"container":null,"process":{{"pid":1,"tid":1,
            "ppid":0,"container_pid":1,"name":"x","exe":"/x","cmdline":[],"cwd":"/","uid":{uid},
            "gid":{gid},"loginuid":{login},"tty":0,"cgroup":"/","ancestors":[]}}}}"#
        );
        let event: DriftEvent = serde_json::from_str(&json).unwrap();
        let recorded = Recorded::with_live(&event, LiveFacts::default());
        let recorded = recorded.in_container(None, accounts);
        let names = ["group.name", "user.homedir", "user.loginname", "user.name", "user.shell"];
        recorded.with_view(1, "h", |view| {
            names.map(|name| match view.get(&FieldRef::parse(name).unwrap()) {
                Value::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                other => panic!("{name}: {other:?}"),
            })
        })
    }

    #[test]
    fn names_are_those_that_are_known() {
        let known = names(7, 8, "9", Some(&Known));
        assert_eq!(known, ["staff", "/home/bob", "admin", "bob", "/bin/ash"]);
        assert_eq!(names(1, 1, "null", Some(&Known)), ["<NA>"; 5]);
    }

    #[test]
    fn root_is_root_and_an_event_from_a_file_has_no_other_name() {
        let root = ["root", "<NA>", "root", "root", "<NA>"];
        assert_eq!(names(0, 0, "0", Some(&Known)), root);
        assert_eq!(names(0, 0, "0", None), root);
        assert_eq!(names(7, 8, "9", None), ["<NA>"; 5]);
    }
}
