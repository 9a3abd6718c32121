//! One machine, from boot to power off.

use std::fs;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use super::console::Sections;

/// What a machine is made of, and where it writes.
pub(super) struct Machine {
    /// The kernel's image.
    pub(super) kernel: PathBuf,
    /// The first root.
    pub(super) initramfs: PathBuf,
    /// The root disk. The machine's changes to it are thrown away.
    pub(super) disk: PathBuf,
    /// The hook sets to try.
    pub(super) sets: &'static [&'static str],
    /// Count instructions in the place of tests: one processor, whose clock goes on by a nanosecond with
    /// each of them.
    pub(super) counts: bool,
    /// Takes what the kernel and the scripts print.
    pub(super) console: PathBuf,
    /// Takes the sections.
    pub(super) results: PathBuf,
}

impl Machine {
    /// What the kernel does not know it gives to the first program, as its environment.
    fn command_line(&self) -> String {
        let lsm = "lsm=lockdown,yama,bpf";
        // What is measured is read from the counter that QEMU makes of instructions.
        let counts = if self.counts { " tsc=reliable overhead=yes" } else { "" };
        let sets = self.sets.join(",");
        // A host that does other things too may not let the timer tick while the kernel counts its ticks.
        let base = "console=ttyS0 panic=-1 mitigations=off no_timer_check";
        format!("{base} {lsm} hooks={sets}{counts}")
    }

    /// Boots the machine and returns what it says, once it has powered itself off.
    ///
    /// # Errors
    /// When it does not end within `limit` (it is killed then), or did not run to its end.
    pub(super) fn run(&self, limit: Duration) -> Result<Sections> {
        let console = File::create(&self.console)
            .with_context(|| format!("cannot write {}", self.console.display()))?;
        File::create(&self.results)
            .with_context(|| format!("cannot write {}", self.results.display()))?;
        let processors: &[&str] = if self.counts {
            &["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", "1"]
        } else {
            // With a thread for each processor, QEMU 7.2 has executed breakpoints that the kernel had taken away again:
            // those with which it rewrites its own code, for probes and for itself.
            &["-accel", "tcg,thread=single", "-smp", "2"]
        };
        let mut machine = Command::new("qemu-system-x86_64")
            .args(processors)
            .args(["-cpu", "max,la57=off"])
            .args(["-m", "1024", "-nodefaults", "-nic", "none", "-display", "none"])
            .args(["-no-reboot", "-serial", "stdio"])
            .arg("-serial")
            .arg(format!("file:{}", self.results.display()))
            .arg("-kernel")
            .arg(&self.kernel)
            .arg("-initrd")
            .arg(&self.initramfs)
            .arg("-drive")
            .arg(format!("file={},format=raw,if=virtio,snapshot=on", self.disk.display()))
            .arg("-append")
            .arg(self.command_line())
            .stdin(Stdio::null())
            .stderr(console.try_clone()?)
            .stdout(console)
            .spawn()
            .context("cannot start qemu-system-x86_64")?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = machine.try_wait()? {
                break status;
            }
            if start.elapsed() > limit {
                machine.kill()?;
                machine.wait()?;
                bail!("the machine did not end within {} s", limit.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        };
        if !status.success() {
            bail!("qemu-system-x86_64 ended with {status}");
        }
        let text = fs::read(&self.results)
            .with_context(|| format!("cannot read {}", self.results.display()))?;
        Sections::parse(&String::from_utf8_lossy(&text))
    }
}
