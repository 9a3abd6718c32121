//! What the comparison of containers' configuration costs `driftd run`: processor time of the thread that
//! compares, for several numbers of containers.
//!
//! The first containers are Docker's. The others have what it takes to be compared as these are: an overlay,
//! namespaces, a control group, a first process, all made by runc, and the state that Docker and
//! containerd would have written down, copied from a container of Docker's. What they lack is a shim.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use clap::Args;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::DriftdOptions;
use driftcore_e2e::Image;
use driftcore_e2e::Lab;
use driftcore_e2e::driftd_binary;
use driftcore_e2e::poll;
use driftcore_e2e::privileges;
use serde_json::Value;

use super::proc;
use crate::packages;

/// The name of the thread, as the kernel cuts it short.
const THREAD: &str = "driftcore-confi";
/// How long it may take until all containers were compared once.
const FIRST: Duration = Duration::from_secs(120);
/// Where containerd keeps the bundles of Docker's containers, in its state directory.
const BUNDLES: &str = "io.containerd.runtime.v2.task/moby";

/// Options of the measurement.
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// Numbers of containers.
    #[arg(long, value_delimiter = ',', default_value = "10,100,500")]
    containers: Vec<usize>,
    /// How many of them Docker starts.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    real: u32,
    /// Seconds between two comparisons of a container.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(5..))]
    interval: u32,
    /// How many intervals are measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// Measures, and prints a table.
pub(crate) fn config(options: &Config) -> Result<ExitCode> {
    packages::install()?;
    let missing = privileges::missing();
    if !missing.is_empty() {
        bail!("the measurement needs real containers and BPF; missing: {}", missing.join("; "));
    }
    let binary = driftd_binary()?;
    let lab = Lab::start()?;
    let image = lab.build_image(3)?;
    lab.docker().load(&image)?;
    println!("{}, load {}", super::machine("config"), load());
    let directory = lab.path().join("bench");
    fs::create_dir(&directory)?;
    let file = directory.join("driftd.toml");
    fs::write(&file, format!("[config]\ninterval = {}\n", options.interval))?;
    let driftd = DriftdOptions::new(&binary).docker(lab.docker()).containerd(lab.containerd());
    let driftd = driftd.alerts_only().argument("--config").argument(&file);
    let driftd = driftd.argument("--log-level").argument("debug");
    let mut node = Node::new(&lab, &image);
    let mut table = String::from(
        "| containers | of Docker | a comparison | CPU a minute, one comparison a minute | longest turn |\n\
         | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for &count in &options.containers {
        node.fill(count, options.real as usize)?;
        let watch = Driftd::start(&driftd, &directory.join(format!("with-{count}")))?;
        let cost = measure(&watch, count, options)?;
        let minute = cost.each() * f64::from(u32::try_from(count)?);
        writeln!(
            table,
            "| {count} | {} | {:.0} µs | {:.1} ms ({:.3} %) | {:.1} ms |",
            node.real.len(),
            cost.each() / 1e3,
            minute / 1e6,
            minute / 60e9 * 100.0,
            cost.longest.as_secs_f64() * 1e3,
        )?;
        println!("{count} containers: {} comparisons measured, load {}", cost.compared, load());
    }
    println!("\n{table}");
    Ok(ExitCode::SUCCESS)
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// What the thread did in a while.
struct Cost {
    cpu_ns: u64,
    compared: u64,
    longest: Duration,
}

impl Cost {
    /// Nanoseconds for a comparison, with what comparisons share.
    fn each(&self) -> f64 {
        self.cpu_ns as f64 / self.compared as f64
    }
}

fn measure(watch: &Driftd, count: usize, options: &Config) -> Result<Cost> {
    // Each is looked at once, and again for what was different at first.
    let all = poll(FIRST, || (turns(&watch.stderr()).0 >= count as u64).then_some(()));
    ensure!(all.is_some(), "not all are compared; driftd says:\n{}", tail(&watch.stderr()));
    std::thread::sleep(Duration::from_secs(u64::from(options.interval)));
    let before = watch.stderr().len();
    let cpu = proc::thread_cpu_ns(watch.pid(), THREAD)?;
    std::thread::sleep(Duration::from_secs(u64::from(options.interval * options.rounds)));
    let cpu_ns = proc::thread_cpu_ns(watch.pid(), THREAD)? - cpu;
    let (compared, longest) = turns(watch.stderr().get(before..).unwrap_or_default());
    let least = count as u64 * u64::from(options.rounds) * 8 / 10;
    ensure!(compared >= least, "{compared} comparisons, and at least {least} were due");
    Ok(Cost { cpu_ns, compared, longest })
}

fn tail(text: &str) -> &str {
    let start = text.len().saturating_sub(4000);
    text.get(start..).unwrap_or(text)
}

/// How many containers were compared by what driftd logged, and the processor time of its longest turn.
fn turns(log: &str) -> (u64, Duration) {
    let turns = log.lines().filter(|line| line.contains("configurations compared"));
    let number = |line: &str, key: &str| {
        let rest = line.split_once(key)?.1;
        rest.split_whitespace().next()?.parse::<u64>().ok()
    };
    turns.fold((0, Duration::ZERO), |(all, longest), line| {
        let took = Duration::from_micros(number(line, "cpu_us=").unwrap_or(0));
        (all + number(line, "compared=").unwrap_or(0), longest.max(took))
    })
}

/// The containers that run.
struct Node<'a> {
    lab: &'a Lab,
    image: &'a Image,
    real: Vec<DockerContainer>,
    recorded: Vec<String>,
}

impl<'a> Node<'a> {
    const fn new(lab: &'a Lab, image: &'a Image) -> Self {
        Self { lab, image, real: Vec::new(), recorded: Vec::new() }
    }

    /// Starts what is missing.
    fn fill(&mut self, count: usize, real: usize) -> Result<()> {
        while self.real.len() < real.min(count) {
            let options = ["--memory=64m", "--env=TOKEN=x", "--tmpfs=/scratch"];
            self.real.push(self.lab.docker().start(self.image, &options)?);
        }
        while self.real.len() + self.recorded.len() < count {
            let id = format!("{:064x}", self.recorded.len() + 1);
            // It is removed in any case, however far it came.
            self.recorded.push(id.clone());
            self.copy(&id).with_context(|| format!("container {id}"))?;
        }
        Ok(())
    }

    fn runc(&self) -> Command {
        let mut runc = Command::new("runc");
        runc.arg("--root").arg(self.lab.path().join("runc")).stdin(Stdio::null());
        runc
    }

    /// Makes a container that is as Docker's first one is.
    fn copy(&self, id: &str) -> Result<()> {
        let of = &self.real[0].id;
        let docker = self.lab.docker().root();
        let replaced = |path: &Path| -> Result<String> {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            Ok(text.replace(of.as_str(), id))
        };
        let (from, to) = (docker.join("containers").join(of), docker.join("containers").join(id));
        fs::create_dir(&to)?;
        for file in ["config.v2.json", "hostconfig.json", "hostname", "hosts", "resolv.conf"] {
            fs::write(to.join(file), replaced(&from.join(file))?)?;
        }
        let layers = docker.join("image/overlay2/layerdb/mounts");
        let own = fs::read_to_string(layers.join(of).join("mount-id"))?;
        fs::create_dir(layers.join(id))?;
        fs::write(layers.join(id).join("mount-id"), id)?;
        let merged = self.overlay(&own, id)?;

        let bundles = self.lab.containerd().state().join(BUNDLES);
        let bundle = bundles.join(id);
        fs::create_dir(&bundle)?;
        let mut config: Value =
            serde_json::from_str(&replaced(&bundles.join(of).join("config.json"))?)?;
        config["root"]["path"] = merged.to_string_lossy().into();
        // Docker's own network setup.
        config.as_object_mut().context("no object")?.remove("hooks");
        fs::write(bundle.join("config.json"), serde_json::to_vec(&config)?)?;
        let mut run = self.runc();
        run.args(["run", "--detach", "--pid-file"]).arg(bundle.join("init.pid"));
        run.arg("--bundle").arg(&bundle).arg(id);
        // The container's own output would keep a pipe open.
        let log = fs::File::create(self.lab.path().join("runc.log"))?;
        let status = run.stdout(log.try_clone()?).stderr(log).status().context("runc")?;
        let said = || fs::read_to_string(self.lab.path().join("runc.log")).unwrap_or_default();
        ensure!(status.success(), "runc ended with {status}: {}", said());
        Ok(())
    }

    /// Mounts an overlay with the same image.
    fn overlay(&self, of: &str, id: &str) -> Result<PathBuf> {
        let overlays = self.lab.docker().root().join("overlay2");
        let lower = fs::read_to_string(overlays.join(of).join("lower"))?;
        let own = overlays.join(id);
        for directory in ["diff", "work", "merged"] {
            fs::create_dir_all(own.join(directory))?;
        }
        fs::write(own.join("lower"), &lower)?;
        let options = format!("lowerdir={lower},upperdir={id}/diff,workdir={id}/work");
        let mut mount = Command::new("mount");
        mount.args(["-t", "overlay", "overlay", "-o", &options]).arg(own.join("merged"));
        let output = mount.current_dir(&overlays).output().context("mount")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(own.join("merged"))
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        for id in &self.recorded {
            // Mounts and files go with the laboratory.
            let _ = self.runc().args(["delete", "--force", id]).output();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_counted_by_what_is_logged() {
        let log = "T DEBUG x: configurations compared compared=3 cpu_us=1500\n\
                   T DEBUG x: something else compared=9\n\
                   T DEBUG x: configurations compared compared=1 cpu_us=20\nx";
        assert_eq!(turns(log), (4, Duration::from_micros(1500)));
    }
}
