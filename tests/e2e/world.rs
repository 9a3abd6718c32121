//! What the cases share, and how a verdict is asserted.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Evidence;
use driftcore::event::Kind;
use driftcore::event::Verdict;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::DriftdOptions;
use driftcore_e2e::Image;
use driftcore_e2e::Lab;
use driftcore_e2e::driftd_binary;

/// The laboratory with a `driftd` that watches it.
pub(crate) struct World {
    /// Ends before the laboratory does.
    pub(crate) watch: Driftd,
    pub(crate) options: DriftdOptions,
    pub(crate) image: Image,
    marks: AtomicU32,
    quiet: RwLock<()>,
    containerd_image: OnceLock<()>,
    pub(crate) lab: Lab,
}

impl World {
    pub(crate) fn new() -> Result<Self> {
        let binary = driftd_binary()?;
        let lab = Lab::start()?;
        let image = lab.build_image(3)?;
        lab.docker().load(&image)?;
        let options = DriftdOptions::new(&binary).docker(lab.docker()).containerd(lab.containerd());
        let watch = Driftd::start(&options, &lab.in_memory("watch")?)?;
        Ok(Self {
            watch,
            options,
            image,
            marks: AtomicU32::new(0),
            quiet: RwLock::new(()),
            containerd_image: OnceLock::new(),
            lab,
        })
    }

    /// An argument that no other exec has: an event is found by it.
    pub(crate) fn mark(&self, what: &str) -> String {
        // Some are looked for in all of /proc, where another run may have its own.
        let number = self.marks.fetch_add(1, Ordering::Relaxed);
        format!("mark-{what}-{}-{number}", std::process::id())
    }

    /// A directory of the laboratory that no other case has.
    pub(crate) fn directory(&self, what: &str) -> PathBuf {
        self.lab.path().join(self.mark(what))
    }

    /// Others may run at the same time.
    pub(crate) fn shared(&self) -> RwLockReadGuard<'_, ()> {
        self.quiet.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody else runs.
    pub(crate) fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.quiet.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A container that idles.
    pub(crate) fn start(&self, options: &[&str]) -> Result<DockerContainer> {
        self.lab.docker().start(&self.image, options)
    }

    /// Imports the image into containerd, once.
    pub(crate) fn import_into_containerd(&self) -> Result<()> {
        if self.containerd_image.get().is_none() {
            self.lab.containerd().import(&self.image)?;
            let _ = self.containerd_image.set(());
        }
        Ok(())
    }

    /// The exec event that carries `mark` among its arguments.
    pub(crate) fn exec(&self, mark: &str) -> Result<Seen> {
        Seen::by(&self.watch, mark)
    }

    /// Proves that whatever happened before has been reported: runs a dropped binary in
    /// `container` and waits for its event.
    pub(crate) fn fence(&self, container: &DockerContainer) -> Result<()> {
        let mark = self.mark("fence");
        container.sh(&format!(
            "cp /opt/payload /tmp/{mark}; printf x >> /tmp/{mark}; /tmp/{mark} {mark}"
        ))?;
        self.exec(&mark)?.drift(Verdict::Added, Evidence::Kernel)?;
        Ok(())
    }
}

/// An exec event that was found, to be looked at.
pub(crate) struct Seen {
    pub(crate) event: DriftEvent,
    /// Whether it is among the events of drift.
    reported: bool,
}

impl Seen {
    /// Waits for the exec event with `mark` among its arguments.
    pub(crate) fn by(watch: &Driftd, mark: &str) -> Result<Self> {
        Self::find(watch, |event| carries(event, mark))
            .with_context(|| format!("the exec marked {mark}"))
    }

    /// Waits for the first exec event that `wanted` accepts.
    pub(crate) fn find(watch: &Driftd, wanted: impl Fn(&DriftEvent) -> bool) -> Result<Self> {
        let event = watch.event(|event| {
            (event.kind, event.action) == (Kind::Binary, Action::Exec) && wanted(event)
        })?;
        // An event of drift is in both files; which one is written first is not promised.
        let is_it = |other: &DriftEvent| *other == event;
        let mut reported = watch.drift_events()?.iter().any(is_it);
        for _ in 0..50 {
            if reported || !event.drift {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
            reported = watch.drift_events()?.iter().any(is_it);
        }
        Ok(Self { event, reported })
    }

    /// It is drift, with exactly this verdict on this evidence, and reported as such.
    pub(crate) fn drift(self, verdict: Verdict, evidence: Evidence) -> Result<Self> {
        self.judged(true, verdict, evidence)
    }

    /// It was seen, judged with this verdict, and is no drift.
    pub(crate) fn silent(self, verdict: Verdict, evidence: Evidence) -> Result<Self> {
        self.judged(false, verdict, evidence)
    }

    fn judged(self, drift: bool, verdict: Verdict, evidence: Evidence) -> Result<Self> {
        let provenance = self.event.provenance.as_ref().context("no provenance")?;
        let got = (self.event.drift, provenance.verdict, provenance.evidence);
        ensure!(
            got == (drift, verdict, evidence),
            "expected {:?}, got {got:?} ({}) for {:?}",
            (drift, verdict, evidence),
            provenance.reason,
            self.event.file
        );
        ensure!(
            self.reported == drift,
            "among the events of drift: {}, expected: {drift}",
            self.reported
        );
        Ok(self)
    }

    /// The file's path is exactly this.
    pub(crate) fn path(self, path: impl AsRef<[u8]>) -> Result<Self> {
        let got = self.event.file.as_ref().context("no file")?.path.as_bytes();
        ensure!(
            got == path.as_ref(),
            "path of {} bytes {:?}, expected {} bytes {:?}",
            got.len(),
            String::from_utf8_lossy(got),
            path.as_ref().len(),
            String::from_utf8_lossy(path.as_ref())
        );
        Ok(self)
    }

    /// The file's permission bits are these.
    pub(crate) fn mode(self, mode: &str) -> Result<Self> {
        let got = &self.event.file.as_ref().context("no file")?.mode;
        ensure!(got == mode, "mode {got}, expected {mode}");
        Ok(self)
    }

    /// It happened in this container, and its image is known.
    pub(crate) fn within(self, container: &DockerContainer, image: &Image) -> Result<Self> {
        let got = self.event.container.as_ref().context("no container")?;
        ensure!(got.id == container.id, "container {}, expected {}", got.id, container.id);
        ensure!(got.runtime == "docker", "runtime {}", got.runtime);
        let facts = [
            ("name", got.name.as_deref(), container.name.as_str()),
            ("image", got.image.as_deref(), image.reference.as_str()),
            ("image_id", got.image_id.as_deref(), image.id.as_str()),
        ];
        for (what, got, expected) in facts {
            ensure!(got == Some(expected), "{what} {got:?}, expected {expected}");
        }
        ensure!(
            got.labels == container.labels()?,
            "labels {:?}, expected {:?}",
            got.labels,
            container.labels()?
        );
        // Runtimes write it down only after the first process was started, and then with a time that
        // is later than that process's.
        let first = self.event.process.as_ref().is_some_and(|it| it.container_pid == 1);
        if let Some(started) = got.started_at.filter(|_| !first) {
            ensure!(
                started <= self.event.time,
                "the container started at {started}, after the event at {}",
                self.event.time
            );
        }
        Ok(self)
    }

    /// The shell of busybox is among its ancestors.
    pub(crate) fn by_shell(self) -> Result<Self> {
        let process = self.event.process.as_ref().context("no process")?;
        let shell = process.ancestors.first().context("no ancestors")?;
        ensure!(shell.exe.as_bytes() == b"/bin/busybox", "parent {shell:?}");
        ensure!(shell.pid == process.ppid, "parent {}, ppid {}", shell.pid, process.ppid);
        Ok(self)
    }
}

/// Whether `mark` is among the first arguments of the event's process. The attack program, which
/// is told the arguments of what it runs, has them further behind.
pub(crate) fn carries(event: &DriftEvent, mark: &str) -> bool {
    event.process.as_ref().is_some_and(|process| {
        let mut first = process.cmdline.iter().take(3);
        first.any(|argument| argument.as_bytes() == mark.as_bytes())
    })
}
