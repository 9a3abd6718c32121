//! A laboratory with a `driftwatch` that watches it.

use std::fs;
use std::fs::File;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Image;
use driftcore_e2e::Lab;
use driftcore_e2e::poll;
use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;

use crate::module::Module;

/// How long anything may take. Far more than it ever should: a busy machine is not a failure.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    /// Prints everything as JSON; ends before the laboratory does.
    pub(crate) watch: Driftwatch,
    pub(crate) image: Image,
    binary: PathBuf,
    library: PathBuf,
    numbers: AtomicU32,
    pub(crate) module: Arc<Module>,
    pub(crate) lab: Lab,
}

impl World {
    pub(crate) fn new(module: &Arc<Module>) -> Result<Self> {
        let lab = Lab::start()?;
        let image = lab.build_image(2)?;
        lab.docker().load(&image)?;
        let binary = lab.path().join("driftwatch");
        module.build("./cmd/driftwatch", &binary)?;
        let library = module.library();
        let watch = Driftwatch::start(&lab, &binary, &library, &["-json", "-all"])?;
        let module = Arc::clone(module);
        Ok(Self { watch, image, binary, library, numbers: AtomicU32::new(0), module, lab })
    }

    /// A container that idles.
    pub(crate) fn start(&self) -> Result<DockerContainer> {
        self.lab.docker().start(&self.image, &[])
    }

    /// An argument that no other exec has: an event is found by it.
    pub(crate) fn mark(&self, what: &str) -> String {
        format!("go-{what}-{}", self.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// Another `driftwatch`.
    pub(crate) fn watch(&self, options: &[&str]) -> Result<Driftwatch> {
        Driftwatch::start(&self.lab, &self.binary, &self.library, options)
    }
}

/// A running `driftwatch`. Dropping it ends it.
pub(crate) struct Driftwatch {
    child: Child,
    directory: PathBuf,
}

impl Driftwatch {
    /// Starts it and waits until it says that it is ready.
    fn start(lab: &Lab, binary: &PathBuf, library: &PathBuf, options: &[&str]) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = lab.in_memory(&format!("driftwatch-{number}"))?;
        let docker = lab.docker().root().display();
        let child = Command::new(binary)
            .env("LD_LIBRARY_PATH", library)
            .env("GODEBUG", "cgocheck=1")
            .arg(format!("-set=runtimes.docker={docker}"))
            .args(options)
            .stdout(File::create(directory.join("stdout"))?)
            .stderr(File::create(directory.join("stderr"))?)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut watch = Self { child, directory };
        let ready = poll(PATIENCE, || {
            let ready = watch.stderr().starts_with("ready, with driftcore 0.");
            let ended = watch.child.try_wait().ok().flatten().is_some();
            (ready || ended).then_some(ready && !ended)
        });
        ensure!(ready == Some(true), "driftwatch is not ready; it says:\n{}", watch.stderr());
        Ok(watch)
    }

    pub(crate) fn stdout(&self) -> String {
        self.read("stdout")
    }

    pub(crate) fn stderr(&self) -> String {
        self.read("stderr")
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.directory.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Every object that it printed so far.
    ///
    /// # Errors
    /// When a line is none.
    fn objects(&self) -> Result<Vec<Value>> {
        let text = self.stdout();
        // The last line may be under way.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("no JSON: {line}")))
            .collect()
    }

    /// Waits for the event of the exec that has `mark` as its first argument.
    pub(crate) fn event(&self, mark: &str) -> Result<Value> {
        self.object(|object| object["process"]["cmdline"][1] == mark)
            .with_context(|| format!("the event of {mark}"))
    }

    /// Waits for the alert about it.
    pub(crate) fn alert(&self, mark: &str) -> Result<Value> {
        self.object(|object| object["drift"]["process"]["cmdline"][1] == mark)
            .with_context(|| format!("the alert of {mark}"))
    }

    fn object(&self, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let found = poll(PATIENCE, || match self.objects() {
            Ok(objects) => objects.into_iter().find(|object| wanted(object)).map(Ok),
            Err(error) => Some(Err(error)),
        });
        found.with_context(|| format!("it did not come within {} s", PATIENCE.as_secs()))?
    }

    /// How many alerts are about the exec with `mark`.
    pub(crate) fn alerts(&self, mark: &str) -> Result<usize> {
        let objects = self.objects()?;
        let about = |object: &&Value| object["drift"]["process"]["cmdline"][1] == mark;
        Ok(objects.iter().filter(about).count())
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end(&mut self, signal: Signal) -> Result<ExitStatus> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        rustix::process::kill_process(pid.context("driftwatch has no pid")?, signal)?;
        match poll(PATIENCE, || self.child.try_wait().ok().flatten()) {
            Some(status) => Ok(status),
            None => bail!("driftwatch does not end on {signal:?}"),
        }
    }
}

impl Drop for Driftwatch {
    fn drop(&mut self) {
        let running = matches!(self.child.try_wait(), Ok(None));
        if running && self.end(Signal::TERM).is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
