//! A file event for rules and for the outside.

use rustix::fs::FileType;

use super::operation::Meaning;
use super::operation::full_flags;
use super::resolve::Resolved;
use super::resolve::has_old_path;
use crate::engine::acting::Acting;
use crate::enrich::ProcessTable;
use crate::event::DriftEvent;
use crate::event::File;
use crate::event::FileEvent;
use crate::event::FileEvidence;
use crate::event::FileOperation;
use crate::event::Inode;
use crate::event::Owner;
use crate::event::Provenance;
use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Writer;
use crate::fields::EventType;
use crate::view::FileFacts;
use crate::view::LiveFacts;
use crate::view::event_type;

/// What is known of a file event while its record is at hand.
pub(in crate::engine) struct Seen<'a> {
    pub(in crate::engine) event: &'a FileEvent<'a>,
    pub(in crate::engine) meaning: &'a Meaning,
    pub(in crate::engine) acting: &'a Acting<'a>,
    pub(in crate::engine) path: &'a [u8],
    pub(in crate::engine) old_path: &'a [u8],
    pub(in crate::engine) evidence: Option<&'a FileEvidence>,
    pub(in crate::engine) resolved: &'a Resolved,
    pub(in crate::engine) writer: Option<&'a Writer>,
}

/// The file as far as anything showed it.
#[derive(Clone, Copy, Default)]
struct Shown {
    inode: u64,
    device: (u32, u32),
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    changed: Option<Timestamp>,
    modified: Option<Timestamp>,
    is_known: bool,
}

impl Seen<'_> {
    /// The type of the call that it came by, else of one that stands for it.
    pub(in crate::engine) fn event_type(&self) -> EventType {
        let by_call = self.event.call.and_then(EventType::of_call);
        by_call.unwrap_or_else(|| event_type(self.meaning.kind, self.meaning.action))
    }

    fn shown(&self) -> Shown {
        if let Some(FileEvidence { inode, mode, uid, gid, .. }) = self.evidence {
            let Inode { number, size, mtime_ns, ctime_ns, .. } = *inode;
            return Shown {
                inode: number,
                device: inode.major_minor(),
                mode: *mode,
                uid: *uid,
                gid: *gid,
                size,
                changed: Some(Timestamp::from_nanos(ctime_ns)),
                modified: Some(Timestamp::from_nanos(mtime_ns)),
                is_known: true,
            };
        }
        let Some(stat) = self.resolved.stat.filter(|_| self.resolved.proved) else {
            return Shown::default();
        };
        Shown {
            inode: stat.inode,
            device: stat.device,
            mode: stat.mode,
            uid: stat.uid,
            gid: stat.gid,
            size: stat.size,
            changed: Some(Timestamp::from_nanos(stat.changed_ns)),
            modified: Some(Timestamp::from_nanos(stat.modified_ns)),
            is_known: true,
        }
    }

    /// Of a rename its former path, of a link its target.
    pub(in crate::engine) fn old_path(&self) -> Option<&[u8]> {
        match self.event.operation {
            FileOperation::Symlink => Some(self.event.text),
            operation if has_old_path(operation) => Some(self.old_path),
            _ => None,
        }
    }

    /// Name of the extended attribute.
    fn attribute(&self) -> Option<&[u8]> {
        let is_attribute = matches!(
            self.event.operation,
            FileOperation::SetAttribute | FileOperation::RemoveAttribute
        );
        is_attribute.then_some(self.event.text)
    }

    /// The descriptor that an open returned.
    fn descriptor(&self) -> Option<i64> {
        let opens = matches!(
            self.event.operation,
            FileOperation::Read | FileOperation::Open | FileOperation::Create
        );
        (opens && self.event.call.is_some() && self.event.result >= 0).then_some(self.event.result)
    }

    pub(in crate::engine) fn is_directory(&self) -> bool {
        self.event.is_directory || FileType::from_raw_mode(self.shown().mode).is_dir()
    }

    pub(in crate::engine) fn upper_layer(&self) -> Option<bool> {
        self.evidence
            .filter(|it| it.upper.is_some() || it.lower.is_some())
            .map(|it| it.upper.is_some())
    }

    pub(in crate::engine) fn facts(&self) -> FileFacts<'_> {
        let shown = self.shown();
        FileFacts {
            path: self.path,
            old_path: self.old_path(),
            raw_name: Some(self.event.path.name).filter(|name| !name.is_empty()),
            raw_old_name: Some(self.event.old_path.name).filter(|name| !name.is_empty()),
            value: full_flags(self.event),
            attribute: self.attribute(),
            descriptor: self.descriptor(),
            is_directory: self.is_directory(),
            changed_attributes: self.meaning.changed.as_slice(),
            written: self.meaning.written,
            writer: self.writer,
            inode: shown.inode,
            device: shown.device,
            mode: shown.mode & 0o7777,
            uid: shown.uid,
            gid: shown.gid,
            size: shown.size,
            sha256: None,
            upper_layer: self.upper_layer(),
            writable: None,
            changed: shown.changed,
            modified: shown.modified,
        }
    }

    /// For the outside, with what rules may ask besides.
    pub(in crate::engine) fn owned(
        &self,
        processes: &ProcessTable,
        drift: bool,
        provenance: Option<Provenance>,
    ) -> (DriftEvent, LiveFacts) {
        let time = self.acting.clock.wall(self.event.boot_ns);
        let mut event = DriftEvent::new(time, self.meaning.kind, self.meaning.action);
        event.drift = drift;
        event.provenance = provenance;
        event.process = Some(self.acting.process(processes));
        event.tainted = self.acting.tainted;
        event.unproved = !self.resolved.proved;
        let shown = self.shown();
        let mut file = File {
            path: Text::from(self.path),
            old_path: self.old_path().map(Text::from),
            changed: self.meaning.changed.as_slice().to_vec(),
            written: self.meaning.written,
            fd: self.descriptor(),
            writer: self.writer.map(|writer| Box::new(writer.clone())),
            ..File::default()
        };
        if shown.is_known {
            let (major, minor) = shown.device;
            file.inode = shown.inode;
            file.device = format!("{major}:{minor}");
            file.mode = format!("{:04o}", shown.mode & 0o7777);
            file.owner = Owner { uid: shown.uid, gid: shown.gid };
            file.size = shown.size;
        }
        event.file = Some(file);
        let NamesCut { path, old_path } = self.cut();
        for (is_cut, name) in [(path, "file.path"), (old_path, "file.old_path")] {
            if is_cut {
                event.truncated.push(name.to_owned());
            }
        }
        (event, self.live(&shown))
    }

    fn live(&self, shown: &Shown) -> LiveFacts {
        let event = self.event;
        let copied = |name: &[u8]| (!name.is_empty()).then(|| name.to_vec());
        LiveFacts {
            event_type: Some(self.event_type()),
            result: event.result,
            raw_name: copied(event.path.name),
            raw_old_name: copied(event.old_path.name),
            value: full_flags(event),
            attribute: self.attribute().map(<[u8]>::to_vec),
            descriptor: self.descriptor(),
            is_directory: self.is_directory(),
            file_changed: shown.changed,
            file_modified: shown.modified,
            upper_layer: self.upper_layer(),
            ..self.acting.live()
        }
    }

    fn cut(&self) -> NamesCut {
        let event = self.event;
        let is_cut =
            |path: &crate::event::NamedPath<'_>| path.base.truncated || path.name_truncated;
        let is_link = event.operation == FileOperation::Symlink;
        NamesCut {
            path: is_cut(&event.path),
            old_path: has_old_path(event.operation) && is_cut(&event.old_path)
                || is_link && event.text_truncated,
        }
    }
}

/// Which paths are shorter than what the kernel had.
struct NamesCut {
    path: bool,
    old_path: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock::Clock;
    use crate::engine::mounts::MountKind;
    use crate::event::Actor;
    use crate::event::EvidenceFlags;
    use crate::event::KernelPath;
    use crate::event::NamedPath;
    use crate::fields::FieldId;
    use crate::fields::FieldRef;
    use crate::fields::Fields;
    use crate::view::Ancestors;
    use crate::view::ObservedFacts;
    use crate::view::Recorded;
    use crate::view::View;

    const PATH: &[u8] = b"/etc/cron.d/job";
    const OLD_PATH: &[u8] = b"/tmp/job";
    /// Fields with their values.
    type Values = Vec<(String, String)>;

    const HOST: &str = "node";

    /// Every field of the catalogue that has a value, those with arguments by the arguments that calls
    /// on files have.
    fn values(view: &View<'_>) -> Values {
        let mut fields: Vec<FieldRef> = FieldId::all().map(FieldRef::new).collect();
        for name in
            ["fd", "res", "name", "path", "oldpath", "newpath", "flags", "mode", "uid", "dev"]
        {
            fields.push(FieldRef::parse(&format!("evt.arg.{name}")).unwrap());
            fields.push(FieldRef::parse(&format!("evt.rawarg.{name}")).unwrap());
        }
        fields.push(FieldRef::parse("evt.arg[0]").unwrap());
        fields.push(FieldRef::parse("evt.abspath.src").unwrap());
        fields.push(FieldRef::parse("evt.abspath.dst").unwrap());
        let value = |field: &FieldRef| (field.to_string(), format!("{:?}", view.get(field)));
        fields.iter().map(value).filter(|(_, value)| value != "Missing").collect()
    }

    /// What the live event's view gives, and that of the event that waited.
    fn both(event: &FileEvent<'_>) -> (Values, Values) {
        let meaning = Meaning::of(event);
        let mut processes = ProcessTable::new();
        let acting = Acting::new(&mut processes, &event.actor, Clock::now());
        let resolved = Resolved { mount: MountKind::Root, proved: false, stat: None };
        let seen = Seen {
            event,
            meaning: &meaning,
            acting: &acting,
            path: PATH,
            old_path: OLD_PATH,
            evidence: event.file.as_ref(),
            resolved: &resolved,
            writer: None,
        };
        let ancestors = Ancestors::default();
        let live = View::new(ObservedFacts {
            time: acting.clock.wall(event.boot_ns),
            number: 1,
            kind: meaning.kind,
            action: meaning.action,
            event_type: seen.event_type(),
            result: event.result,
            drift: true,
            before_start: false,
            recovered: false,
            container: None,
            details: None,
            accounts: None,
            process: Some(acting.facts(&ancestors)),
            file: Some(seen.facts()),
            network: None,
            config: None,
            package: None,
            digest: None,
            call: None,
            tainted: false,
            unproved: true,
            provenance: None,
            hostname: HOST,
        });
        let (owned, facts) = seen.owned(&processes, true, None);
        let recorded = Recorded::with_live(&owned, facts);
        (values(&live), recorded.with_view(1, HOST, values))
    }

    fn event(operation: FileOperation, call: &str) -> FileEvent<'static> {
        FileEvent {
            boot_ns: 1,
            operation,
            actor: Actor { pid: 7, tid: 8, comm: b"sh", ..Actor::default() },
            path: NamedPath { base: KernelPath::default(), name: b"job", name_truncated: false },
            old_path: NamedPath { name: b"../tmp/job", ..NamedPath::default() },
            file: Some(FileEvidence {
                inode: Inode { number: 99, size: 5, device: 8 << 20 | 1, ..Inode::default() },
                mode: 0o100_755,
                flags: EvidenceFlags::default(),
                ..FileEvidence::default()
            }),
            value: 0o4755,
            before: Some(0o755),
            result: 3,
            call: EventType::of(call).unwrap().call_number(),
            text: b"../etc/shadow",
            text_truncated: false,
            unproved: true,
            is_directory: false,
            writer: None,
        }
    }

    const EVENTS: [(FileOperation, &str); 18] = [
        (FileOperation::Read, "openat"),
        (FileOperation::Open, "openat2"),
        (FileOperation::Create, "openat"),
        (FileOperation::Write, "write"),
        (FileOperation::Truncate, "ftruncate"),
        (FileOperation::Allocate, "fallocate"),
        (FileOperation::Unlink, "unlinkat"),
        (FileOperation::RemoveDirectory, "unlinkat"),
        (FileOperation::Rename, "renameat2"),
        (FileOperation::Exchange, "renameat2"),
        (FileOperation::Link, "linkat"),
        (FileOperation::Symlink, "symlinkat"),
        (FileOperation::MakeDirectory, "mkdirat"),
        (FileOperation::MakeNode, "mknodat"),
        (FileOperation::Mode, "fchmodat"),
        (FileOperation::Owner, "fchownat"),
        (FileOperation::SetAttribute, "setxattr"),
        (FileOperation::RemoveAttribute, "removexattr"),
    ];

    #[test]
    fn an_event_that_waited_has_the_values_that_it_had() {
        for (operation, call) in EVENTS {
            let (live, waited) = both(&event(operation, call));
            assert!(live.len() > 30, "{operation:?}");
            assert_eq!(live, waited, "{operation:?}");
        }
    }

    #[test]
    fn calls_have_the_arguments_that_falco_gives_them() {
        let of = |operation, call: &str, value| {
            let (live, _) = both(&FileEvent { value, ..event(operation, call) });
            let line = live.into_iter().find(|(name, _)| name == "evt.args");
            line.map(|(_, line)| {
                line.trim_start_matches("Text(\"").trim_end_matches("\")").to_owned()
            })
            .unwrap_or_default()
        };
        let created = of(FileOperation::Create, "openat", 0x241);
        assert_eq!(
            created,
            "fd=3(<f>/etc/cron.d/job) name=/etc/cron.d/job \
             flags=16646(O_TRUNC|O_CREAT|O_WRONLY|O_F_CREATED) mode=0755 dev=801 ino=99"
        );
        assert_eq!(
            of(FileOperation::Rename, "renameat2", 1),
            "res=3 oldpath=/tmp/job newpath=/etc/cron.d/job flags=1(RENAME_NOREPLACE)"
        );
        assert_eq!(
            of(FileOperation::Symlink, "symlinkat", 0),
            "res=3 target=../etc/shadow linkpath=/etc/cron.d/job"
        );
        assert_eq!(
            of(FileOperation::Mode, "fchmodat", 0o4700),
            "res=3 filename=/etc/cron.d/job mode=04700(S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID)"
        );
        assert_eq!(
            of(FileOperation::Owner, "fchownat", 1 << 32 | u64::from(u32::MAX)),
            "res=3 pathname=/etc/cron.d/job uid=1 gid=-1"
        );
        assert_eq!(
            of(FileOperation::SetAttribute, "setxattr", 0),
            "res=3 path=/etc/cron.d/job name=../etc/shadow"
        );
    }
}
