//! The self-test: execs whose answers are known.
//!
//! A sensor that loads may still be blind: a kernel whose overlay inode has another layout, a
//! tracepoint that never fires. So before anything else it is asked three questions about a
//! scratch overlay mount in a mount namespace that only one thread has; the mount, its files and
//! the namespace end with that thread, whatever becomes of the process.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::thread::JoinHandle;

use rustix::fs::CWD;
use rustix::mount::MountFlags;
use rustix::mount::MountPropagationFlags;
use rustix::mount::mount;
use rustix::mount::mount_change;
use rustix::thread::UnshareFlags;

use super::SensorError;
use super::error::Tried;

/// A question of the self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryCase {
    /// A file of the lower layer.
    Image,
    /// A file of the lower layer whose mode was changed: copied up, content the same.
    CopiedUp,
    /// A file that only the upper layer has.
    Added,
}

impl CanaryCase {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 3] = [Self::Image, Self::CopiedUp, Self::Added];

    /// The path of the executed file below the scratch root; the event must carry it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Image => "/canary-image",
            Self::CopiedUp => "/canary-copied-up",
            Self::Added => "/canary-added",
        }
    }
}

impl fmt::Display for CanaryCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "an image file",
            Self::CopiedUp => "a copied-up file",
            Self::Added => "a new file",
        })
    }
}

/// The scratch overlay, mounted and waiting.
///
/// Made before the probes are loaded: mounting an overlay also loads the overlay module where it
/// is one, and libbpf finds its types only then.
#[derive(Debug)]
pub struct Canary {
    go: mpsc::Sender<()>,
    pids: mpsc::Receiver<io::Result<[u32; 3]>>,
    thread: Option<JoinHandle<()>>,
}

impl Canary {
    /// Mounts the scratch overlay in a namespace of its own.
    ///
    /// # Errors
    ///
    /// [`SensorError::Io`] when the namespace or a mount is refused.
    pub fn prepare() -> Result<Self, SensorError> {
        let (go, wait_for_go) = mpsc::channel();
        let (answer, pids) = mpsc::channel();
        let (ready, wait_for_ready) = mpsc::channel();
        let work = move || {
            let scratch = enter_scratch();
            let failed = scratch.is_err();
            if ready.send(scratch).is_err() || failed || wait_for_go.recv().is_err() {
                return;
            }
            // Nobody listens any more when the sensor was dropped meanwhile.
            let _ = answer.send(run_all());
        };
        let thread = thread::Builder::new().name("driftcore-canary".to_owned()).spawn(work);
        let thread = Some(thread.tried("start the self-test's thread")?);
        match wait_for_ready.recv() {
            Ok(scratch) => scratch?,
            Err(_) => {
                let source = io::Error::other("its thread ended");
                return Err(SensorError::Io { action: "prepare the self-test", source });
            }
        }
        Ok(Self { go, pids, thread })
    }

    /// Runs the canaries; the process ids, in the order of [`CanaryCase::ALL`].
    ///
    /// # Errors
    ///
    /// [`SensorError::Io`] when one cannot be executed.
    pub fn run(&self) -> Result<[u32; 3], SensorError> {
        // A failed send shows in the receive.
        let _ = self.go.send(());
        let answer = self.pids.recv().map_err(|_| io::Error::other("its thread ended"));
        answer.and_then(|pids| pids).tried("execute the self-test's canaries")
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        // Dropping the sender ends a thread that still waits; then the mounts are gone.
        let (closed, _) = mpsc::channel();
        self.go = closed;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes this thread to a root of its own: an overlay over a tmpfs.
fn enter_scratch() -> Result<(), SensorError> {
    const TRIED: &str = "mount the self-test's scratch overlay";
    let base = ["/run", "/tmp", "/mnt"].into_iter().map(Path::new).find(|path| path.is_dir());
    let base = base
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no /run, /tmp or /mnt"))
        .tried(TRIED)?;

    // A new mount namespace also gives this thread a root and working directory of its own.
    #[expect(deprecated, reason = "the successor is unsafe for the sake of FILES, not of NEWNS")]
    rustix::thread::unshare(UnshareFlags::NEWNS).tried("make a mount namespace")?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE).tried(TRIED)?;
    mount("tmpfs", base, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"size=1m,mode=0700")
        .tried(TRIED)?;
    let [lower, upper, work, root] = ["lower", "upper", "work", "root"].map(|dir| base.join(dir));
    for dir in [&lower, &upper, &work, &root] {
        fs::create_dir(dir).tried(TRIED)?;
    }
    write_program(&lower, CanaryCase::Image, 0o755).tried(TRIED)?;
    write_program(&lower, CanaryCase::CopiedUp, 0o755).tried(TRIED)?;
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    let options = std::ffi::CString::new(options).map_err(io::Error::other).tried(TRIED)?;
    mount("overlay", &root, "overlay", MountFlags::empty(), options.as_c_str()).tried(TRIED)?;
    rustix::process::chroot(&root).tried(TRIED)?;
    rustix::process::chdir("/").tried(TRIED)?;

    let copied_up = CanaryCase::CopiedUp.path();
    fs::set_permissions(copied_up, fs::Permissions::from_mode(0o700)).tried(TRIED)?;
    write_program(Path::new("/"), CanaryCase::Added, 0o755).tried(TRIED)?;
    // Settles the rename of the copy-up before the exec looks at it.
    rustix::fs::statat(CWD, copied_up, rustix::fs::AtFlags::empty()).tried(TRIED)?;
    Ok(())
}

fn write_program(dir: &Path, case: CanaryCase, mode: u32) -> io::Result<()> {
    let path = dir.join(case.path().trim_start_matches('/'));
    fs::write(&path, PROGRAM)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))
}

fn run_all() -> io::Result<[u32; 3]> {
    let mut pids = [0; 3];
    for (case, pid) in CanaryCase::ALL.into_iter().zip(&mut pids) {
        let mut child = Command::new(case.path()).env_clear().spawn()?;
        *pid = child.id();
        match child.wait() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(io::Error::other(format!("{case} ended with {status}"))),
            // The process that we are part of ignores its children, or waits for all of them. This
            // one has ended then; whether it ran is for the sensor to say.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::CHILD.raw_os_error()) => {
            }
            Err(error) => return Err(error),
        }
    }
    Ok(pids)
}

/// A program that does nothing but `exit(0)`, without a C library: an ELF header, one program
/// header that maps the file, and the code.
const PROGRAM: &[u8] = &program();

#[cfg(target_arch = "x86_64")]
const MACHINE: u16 = 62; // EM_X86_64
/// `xor edi, edi; mov eax, 60; syscall`
#[cfg(target_arch = "x86_64")]
const CODE: [u8; 12] = [0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05, 0x90, 0x90, 0x90];

#[cfg(target_arch = "aarch64")]
const MACHINE: u16 = 183; // EM_AARCH64
/// `mov x0, #0; mov x8, #93; svc #0`
#[cfg(target_arch = "aarch64")]
const CODE: [u8; 12] = [0x00, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4];

const fn program() -> [u8; 64 + 56 + CODE.len()] {
    const BASE: u32 = 0x40_0000;
    const SIZE: u8 = 64 + 56 + CODE.len() as u8;
    let mut elf = [0; SIZE as usize];
    let base = BASE.to_le_bytes();
    let machine = MACHINE.to_le_bytes();
    // (offset, value): everything that is not zero, elf(5).
    let bytes: [(usize, u8); 27] = [
        (0, 0x7f),
        (1, b'E'),
        (2, b'L'),
        (3, b'F'),
        (4, 2),  // 64 bits
        (5, 1),  // little endian
        (6, 1),  // version
        (16, 2), // ET_EXEC
        (18, machine[0]),
        (19, machine[1]),
        (20, 1),       // version
        (24, 64 + 56), // entry: behind the headers
        (25, base[1]),
        (26, base[2]),
        (32, 64),      // program headers
        (52, 64),      // size of this header
        (54, 56),      // size of a program header
        (56, 1),       // number of program headers
        (64, 1),       // PT_LOAD
        (68, 5),       // readable, executable
        (81, base[1]), // address
        (82, base[2]),
        (89, base[1]), // physical address
        (90, base[2]),
        (96, SIZE),  // size in the file
        (104, SIZE), // size in memory
        (113, 0x10), // alignment 4096
    ];
    let mut index = 0;
    while index < bytes.len() {
        elf[bytes[index].0] = bytes[index].1;
        index += 1;
    }
    let mut index = 0;
    while index < CODE.len() {
        elf[64 + 56 + index] = CODE[index];
        index += 1;
    }
    elf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_runs_and_succeeds() {
        let dir = tempfile::tempdir().unwrap();
        write_program(dir.path(), CanaryCase::Image, 0o755).unwrap();
        let status = Command::new(dir.path().join("canary-image")).status().unwrap();
        assert!(status.success(), "{status}");
    }
}
