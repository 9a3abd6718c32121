//! What a program may do, by its exec alone: whoever runs for a moment is not seen by a look at who runs.

use super::capabilities;
use super::identity;
use crate::config::declared::Declared;
use crate::config::item::Holder;
use crate::config::item::Item;
use crate::config::live::IdMaps;
use crate::config::live::Live;
use crate::config::live::ProcessFacts;
use crate::config::live::Status;
use crate::event::TaskFacts;
use crate::event::Text;

/// The index of a process's user namespace.
const USER: usize = 5;

/// Rights that an exec told of. Ids are the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExecRights {
    pid: u32,
    name: Text,
    user_namespace: u32,
    /// Real, effective, saved, filesystem.
    uids: [u32; 4],
    gids: [u32; 4],
    effective: u64,
    permitted: u64,
    inheritable: u64,
}

impl ExecRights {
    /// Of a task that has just executed a program.
    pub(crate) fn of(task: &TaskFacts<'_>) -> Self {
        // An exec leaves the effective id as the saved one and the filesystem's.
        let ids = |real, effective| [real, effective, effective, effective];
        Self {
            pid: task.pid,
            name: Text::from(task.comm),
            user_namespace: task.namespaces.user,
            uids: ids(task.uid, task.euid),
            gids: ids(task.gid, task.egid),
            effective: task.capabilities.effective,
            permitted: task.capabilities.permitted,
            inheritable: task.capabilities.inheritable,
        }
    }
}

/// What programs of a container may have, in a form that costs nothing to ask. Ids are the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    user_namespace: u32,
    /// `None` where it may be anybody: who starts as root may become any user.
    uid: Option<u32>,
    gid: Option<u32>,
    effective: u64,
    permitted: u64,
    inheritable: u64,
}

impl Allowed {
    /// By what was declared, and the first process. `None` where that is not known.
    pub(crate) fn of(declared: &Declared, live: &Live) -> Option<Self> {
        let user = &declared.bundle.process.user;
        let outside = |maps: &IdMaps, inside: u32| match (user.uid, identity::outside(maps, inside))
        {
            (0, _) => Some(None),
            (_, outside) => outside.map(Some),
        };
        let sets = declared.bundle.process.capabilities.as_ref();
        let bits = |names: &dyn Fn() -> Option<u64>| names().unwrap_or(u64::MAX);
        Some(Self {
            user_namespace: u32::try_from(live.first.namespaces[USER]?).ok()?,
            uid: outside(&live.uid_map, user.uid)?,
            gid: outside(&live.gid_map, user.gid)?,
            effective: bits(&|| Some(capabilities::bits(&sets?.effective))),
            permitted: bits(&|| Some(capabilities::bits(&sets?.permitted))),
            inheritable: bits(&|| Some(capabilities::bits(&sets?.inheritable))),
        })
    }

    /// Whether a program has no more than that. What is in another user namespace is told of as that.
    pub(crate) fn covers(&self, task: &TaskFacts<'_>) -> bool {
        let is = |wanted: Option<u32>, real: u32, effective: u32| {
            wanted.is_none_or(|id| id == real && id == effective)
        };
        let sets = &task.capabilities;
        let beyond = (sets.effective & !self.effective)
            | (sets.permitted & !self.permitted)
            | (sets.inheritable & !self.inheritable);
        task.namespaces.user != self.user_namespace
            || beyond == 0 && is(self.uid, task.uid, task.euid) && is(self.gid, task.gid, task.egid)
    }
}

/// What a program has beyond what was declared. `live` tells of the container's first process.
pub(crate) fn exceeding(declared: &Declared, live: &Live, exec: &ExecRights) -> Vec<Item> {
    let of_first = live.first.namespaces[USER];
    if live.first.pid == exec.pid || of_first != Some(exec.user_namespace.into()) {
        return Vec::new();
    }
    let mut process = ProcessFacts { pid: exec.pid, ..ProcessFacts::default() };
    process.namespaces[USER] = of_first;
    process.status = Status {
        name: exec.name.clone(),
        uids: exec.uids,
        gids: exec.gids,
        effective: exec.effective,
        permitted: exec.permitted,
        inheritable: exec.inheritable,
        ..Status::default()
    };
    let mut items = capabilities::of_process(declared, live, &process);
    items.append(&mut identity::ids(declared, live, &process));
    items.retain(|item| item.differs);
    for item in &mut items {
        item.process = Some(Holder { pid: exec.pid, name: exec.name.clone() });
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::declared::IdMapping;
    use crate::event::Capabilities;
    use crate::event::NamespaceIds;

    const NAMESPACE: u32 = 40;

    fn declared(uid: u32) -> Declared {
        let text = format!(
            r#"{{"process":{{"user":{{"uid":{uid},"gid":7}},
            "capabilities":{{"bounding":["CAP_CHOWN"],"inheritable":[],
            "effective":["CAP_KILL"],"permitted":["CAP_KILL"]}}}}}}"#
        );
        Declared { bundle: serde_json::from_str(&text).unwrap(), ..Declared::default() }
    }

    fn live() -> Live {
        let map = vec![IdMapping { inside: 0, outside: 100_000, size: 65_536 }];
        let mut live = Live { uid_map: map.clone(), gid_map: map, ..Live::default() };
        live.first.pid = 5;
        live.first.namespaces[USER] = Some(NAMESPACE.into());
        live
    }

    fn task() -> TaskFacts<'static> {
        TaskFacts {
            pid: 9,
            uid: 101_000,
            euid: 101_000,
            gid: 100_007,
            egid: 100_007,
            namespaces: NamespaceIds { user: NAMESPACE, ..NamespaceIds::default() },
            comm: b"su",
            ..TaskFacts::default()
        }
    }

    fn told(declared: &Declared, task: &TaskFacts<'_>) -> Vec<String> {
        let items = exceeding(declared, &live(), &ExecRights::of(task));
        let covered = Allowed::of(declared, &live()).unwrap().covers(task);
        assert_eq!(covered, items.is_empty(), "{items:?}");
        assert!(items.iter().all(|it| it.process.as_ref().is_some_and(|it| it.pid == 9)));
        let live = |item: &Item| item.live.as_ref().map(ToString::to_string).unwrap_or_default();
        items.iter().map(|item| format!("{} {}", item.name, live(item))).collect()
    }

    #[test]
    fn who_gains_a_user_or_a_capability_by_an_exec_is_told() {
        let of_user = declared(1000);
        assert!(told(&of_user, &task()).is_empty());
        let root = TaskFacts { euid: 100_000, ..task() };
        assert_eq!(told(&of_user, &root), ["uid 1000,0,0,0"]);
        let group = TaskFacts { egid: 100_000, ..task() };
        assert_eq!(told(&of_user, &group), ["gid 7,0,0,0"]);
        let sets = Capabilities { effective: 1 << 5 | 1 << 21, permitted: 1 << 5, inheritable: 1 };
        let strong = TaskFacts { capabilities: sets, ..task() };
        let expected = ["capabilities.inheritable CHOWN", "capabilities.effective KILL,SYS_ADMIN"];
        assert_eq!(told(&of_user, &strong), expected);
    }

    #[test]
    fn who_gives_up_rights_or_has_those_of_another_namespace_is_not() {
        let of_root = declared(0);
        for (uid, gid) in [(100_000, 100_000), (101_000, 100_003)] {
            let task = TaskFacts { uid, euid: uid, gid, egid: gid, ..task() };
            assert!(told(&of_root, &task).is_empty());
        }
        let nested = NamespaceIds { user: 41, ..NamespaceIds::default() };
        let sets = Capabilities { effective: u64::MAX, permitted: u64::MAX, inheritable: 0 };
        let nested = TaskFacts { namespaces: nested, capabilities: sets, euid: 0, ..task() };
        assert!(told(&declared(1000), &nested).is_empty());
        let mut first = ExecRights::of(&nested);
        (first.user_namespace, first.pid) = (NAMESPACE, 5);
        assert!(exceeding(&of_root, &live(), &first).is_empty(), "it is looked at by itself");
    }
}
