//! What a scan takes: of an unchanged container, for images of several sizes, beside `docker diff` and
//! a comparison of the whole trees; and how fast contents are hashed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use clap::Args;
use driftcore_e2e::Docker;
use driftcore_e2e::Lab;
use driftcore_e2e::driftd_binary;
use driftcore_e2e::privileges;
use serde_json::Value;

use crate::packages;

const FILES_IN_A_DIRECTORY: usize = 100;
/// Docker takes more than twenty minutes to import a million files. Above this, a tree stands in for the
/// image, and an empty directory for what a container changed.
const IMPORTED_MAX: usize = 100_000;
/// Files that are hashed, and how large each is.
const HASHED: usize = 8;
const HASHED_MIB: usize = 64;

/// Options of the measurement.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Numbers of files in the images.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    files: Vec<usize>,
    /// Rounds, each of which measures everything once; medians count.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// Measures, and prints two tables.
pub(crate) fn scan(options: &Scan) -> Result<ExitCode> {
    packages::install()?;
    let missing = privileges::missing();
    if !missing.is_empty() {
        bail!("the measurement needs real containers; missing: {}", missing.join("; "));
    }
    let bench = Bench { driftd: driftd_binary()?, lab: Lab::start()? };
    println!("{}", super::machine("scan"));
    let mut table = String::from(
        "| files in the image | driftd scan | docker diff | diff -r of both trees |\n\
         | --- | --- | --- | --- |\n",
    );
    for &files in &options.files {
        let [scan, diff, trees] = bench.unchanged(files, options.rounds)?.map(median);
        let ms = |time: Option<Duration>| match time {
            Some(time) => format!("{:.1} ms", time.as_secs_f64() * 1e3),
            None => "not measured".to_owned(),
        };
        writeln!(table, "| {files} | {} | {} | {} |", ms(scan), ms(diff), ms(trees))?;
        println!("{files} files measured");
    }
    println!("\n{table}\n{}", bench.hashing(options.rounds)?);
    Ok(ExitCode::SUCCESS)
}

struct Bench {
    driftd: PathBuf,
    lab: Lab,
}

impl Bench {
    /// Times of a scan, of `docker diff` and of `diff -r`, of a container that changed nothing.
    fn unchanged(&self, files: usize, rounds: u32) -> Result<[Vec<Duration>; 3]> {
        let docker = self.lab.docker();
        let tree = self.lab.path().join("bench-tree");
        make_tree(&tree, files)?;
        if files > IMPORTED_MAX {
            let upper = self.lab.path().join("bench-upper");
            fs::create_dir_all(&upper)?;
            let scan = || {
                let mut scan = Command::new(&self.driftd);
                scan.args(["scan", "--format", "json", "--upper"]).arg(&upper);
                scan.arg("--lower").arg(&tree);
                scan
            };
            let mounts = Mounts::new(self.lab.path(), &upper, &[&tree])?;
            let result = measure(&scan, None, &mounts, rounds);
            drop(mounts);
            fs::remove_dir_all(&tree)?;
            return result;
        }
        let reference = format!("driftcore-bench:{files}");
        import(docker, &tree, &reference)?;
        fs::remove_dir_all(&tree)?;
        // It has layers as soon as it is made; it need not run.
        let id = output(docker.command().args(["create", &reference, "/none"]))?;
        let id = id.trim();
        let result = self.measure(docker, id, rounds);
        output(docker.command().args(["rm", id]))?;
        output(docker.command().args(["rmi", &reference]))?;
        result
    }

    fn measure(&self, docker: &Docker, id: &str, rounds: u32) -> Result<[Vec<Duration>; 3]> {
        let scan = || {
            let mut scan = Command::new(&self.driftd);
            scan.args(["scan", id, "--format", "json", "--docker-root"]).arg(docker.root());
            scan
        };
        let report: Value = serde_json::from_str(&output(&mut scan())?)?;
        ensure!(report["summary"]["drift"] == 0, "it differs: {}", report["summary"]);
        let target = &report["target"];
        let upper = target["upper"].as_str().context("no upper directory")?;
        let lowers = target["lowers"].as_array().context("no lower ones")?;
        let lowers: Vec<&Path> = lowers.iter().filter_map(Value::as_str).map(Path::new).collect();
        let mounts = Mounts::new(self.lab.path(), Path::new(upper), &lowers)?;
        let diff = || {
            let mut diff = docker.command();
            diff.args(["diff", id]);
            diff
        };
        measure(&scan, Some(&diff), &mounts, rounds)
    }

    /// How fast files are read and hashed that are in the page cache.
    fn hashing(&self, rounds: u32) -> Result<String> {
        let directory = self.lab.path().join("bench-hash");
        let (upper, lower) = (directory.join("upper"), directory.join("lower"));
        fs::create_dir_all(&upper)?;
        fs::create_dir_all(&lower)?;
        let mut word = 88_172_645_463_325_252_u64;
        for number in 0..HASHED {
            let mut content = Vec::with_capacity(HASHED_MIB << 20);
            while content.len() < HASHED_MIB << 20 {
                word ^= word << 13;
                word ^= word >> 7;
                word ^= word << 17;
                content.extend_from_slice(&word.to_le_bytes());
            }
            fs::write(upper.join(format!("file-{number}")), content)?;
        }
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let scan = |threads: usize| {
            let mut scan = Command::new(&self.driftd);
            scan.args(["scan", "--format", "json", "--fail-on", "type", "--threads"]);
            scan.arg(threads.to_string()).arg("--upper").arg(&upper).arg("--lower").arg(&lower);
            scan
        };
        let shell = |script: String| {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(script).current_dir(&upper);
            shell
        };
        let mut commands = [
            ("driftd scan --threads 1".to_owned(), scan(1)),
            (format!("driftd scan --threads {processors}"), scan(processors)),
            ("sha256sum".to_owned(), shell("sha256sum *".to_owned())),
            (
                format!("sha256sum, {processors} at a time"),
                shell(format!("printf '%s\\n' * | xargs -P {processors} -n 1 sha256sum")),
            ),
            ("reading alone (cat)".to_owned(), shell("cat *".to_owned())),
            (
                format!("reading alone, {processors} at a time"),
                shell(format!("printf '%s\\n' * | xargs -P {processors} -n 1 cat")),
            ),
        ];
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); commands.len()];
        for round in 0..=rounds {
            for (times, (_, command)) in times.iter_mut().zip(&mut commands) {
                let time = time(command)?;
                if round > 0 {
                    times.push(time);
                }
            }
        }
        let mut table = format!(
            "| {HASHED} files of {HASHED_MIB} MiB, in the page cache | MB/s |\n| --- | --- |\n"
        );
        for ((name, _), times) in commands.iter().zip(times) {
            let bytes = (HASHED * (HASHED_MIB << 20)) as f64;
            let time = median(times).context("no rounds")?;
            let rate = bytes / time.as_secs_f64() / 1e6;
            writeln!(table, "| {name} | {rate:.0} |")?;
        }
        fs::remove_dir_all(&directory)?;
        Ok(table)
    }
}

/// Times of a scan, of `docker diff` where there is one, and of `diff -r` of the mounted trees.
fn measure(
    scan: &dyn Fn() -> Command,
    docker_diff: Option<&dyn Fn() -> Command>,
    mounts: &Mounts,
    rounds: u32,
) -> Result<[Vec<Duration>; 3]> {
    let mut times = [const { Vec::new() }; 3];
    // Once over unmeasured, for the caches.
    for round in 0..=rounds {
        let each = [
            Some(time(&mut scan())?),
            docker_diff.map(|diff| time(&mut diff())).transpose()?,
            Some(time(
                Command::new("diff").arg("-rq").arg("--no-dereference").args(mounts.both()),
            )?),
        ];
        for (times, time) in times.iter_mut().zip(each).filter(|_| round > 0) {
            times.extend(time);
        }
    }
    Ok(times)
}

/// The trees of the image and of the container, mounted.
struct Mounts([PathBuf; 2]);

impl Mounts {
    fn new(directory: &Path, upper: &Path, lowers: &[&Path]) -> Result<Self> {
        let [image, container] = ["bench-image", "bench-container"].map(|it| directory.join(it));
        let mounts = Self([image, container]);
        // Without an upper directory, overlay wants two below.
        let base = directory.join("bench-base");
        fs::create_dir_all(&base)?;
        let lowers: Vec<_> =
            lowers.iter().chain([&&*base]).map(|it| it.display().to_string()).collect();
        let lowers = lowers.join(":");
        let upper = upper.display();
        for (at, lowers) in mounts.0.iter().zip([lowers.clone(), format!("{upper}:{lowers}")]) {
            fs::create_dir_all(at)?;
            let data = format!("lowerdir={lowers}");
            output(Command::new("mount").args(["-t", "overlay", "overlay", "-o", &data]).arg(at))?;
        }
        Ok(mounts)
    }

    const fn both(&self) -> &[PathBuf; 2] {
        &self.0
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        for at in &self.0 {
            let _ = Command::new("umount").arg(at).stderr(Stdio::null()).status();
        }
    }
}

fn make_tree(root: &Path, files: usize) -> Result<()> {
    for number in 0..files {
        let directory = root.join(format!("usr/lib/d{}", number / FILES_IN_A_DIRECTORY));
        if number % FILES_IN_A_DIRECTORY == 0 {
            fs::create_dir_all(&directory)?;
        }
        fs::write(directory.join(format!("file-{number}")), format!("content {number}"))?;
    }
    Ok(())
}

/// Makes an image of a tree.
fn import(docker: &Docker, tree: &Path, reference: &str) -> Result<()> {
    let mut tar = Command::new("tar")
        .args(["-c", "-C"])
        .arg(tree)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run tar")?;
    let stdout = tar.stdout.take().context("tar has no output")?;
    output(docker.command().args(["import", "-", reference]).stdin(stdout))?;
    ensure!(tar.wait()?.success(), "tar failed");
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// How long a command takes that must succeed.
fn time(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    let time = start.elapsed();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(time)
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}
