//! Lines on their way out, so that a slow reader never holds up the sensor.

use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crossbeam_channel::Receiver;
use crossbeam_channel::Sender;
use crossbeam_channel::bounded;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::poll;

/// Most bytes that wait for one target. What comes then is dropped and counted.
const WAITING_MAX: usize = 16 << 20;
/// Most lines that wait for one target.
const LINES_MAX: usize = 65_536;
/// Lines that follow one another faster go through the thread: each direct write would wake the
/// target's reader, which takes the processor from the sensor and may hold the pipe's lock.
const BURST: Duration = Duration::from_micros(500);
/// How long the end waits for a target that does not take its lines.
const PATIENCE: Duration = Duration::from_secs(3);

/// One target: stdout, stderr or a file.
#[derive(Debug)]
pub(crate) struct Writer {
    name: String,
    direct: Option<OwnedFd>,
    lines: Option<Sender<Vec<u8>>>,
    waiting: Arc<AtomicUsize>,
    last: Option<Instant>,
    dropped: u64,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Writes to a descriptor through a thread of its own. With `prompt`, a line goes straight to
    /// the descriptor when it takes it at once: no second thread has to wake up for an alert.
    pub(crate) fn new(name: String, fd: OwnedFd, prompt: bool) -> io::Result<Self> {
        let direct = if prompt { Some(fd.try_clone()?) } else { None };
        let (lines, queue) = bounded(LINES_MAX);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (target, left) = (name.clone(), Arc::clone(&waiting));
        let thread = thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || drain(&target, &queue, fd, &left))?;
        Ok(Self {
            name,
            direct,
            lines: Some(lines),
            waiting,
            last: None,
            dropped: 0,
            thread: Some(thread),
        })
    }

    /// Takes one line, its newline included. Never blocks.
    pub(crate) fn write(&mut self, line: &[u8]) {
        if self.direct.is_some() {
            let now = Instant::now();
            let burst = self.last.replace(now).is_some_and(|last| now < last + BURST);
            if !burst && self.waiting.load(Ordering::Acquire) == 0 && self.write_now(line) {
                return;
            }
        }
        let size = line.len();
        let before = self.waiting.fetch_add(size, Ordering::AcqRel);
        let fits = before + size <= WAITING_MAX
            && self.lines.as_ref().is_some_and(|lines| lines.try_send(line.to_vec()).is_ok());
        if !fits {
            self.waiting.fetch_sub(size, Ordering::AcqRel);
            if self.dropped == 0 {
                tracing::error!(target = self.name, "too slow: lines are dropped and counted");
            }
            self.dropped += 1;
        }
    }

    /// Writes the line at once where that cannot block and cannot be partial: a pipe that polls
    /// as writable takes PIPE_BUF (4096) bytes in one piece.
    fn write_now(&self, line: &[u8]) -> bool {
        let Some(fd) = &self.direct else { return false };
        if line.len() > 4096 {
            return false;
        }
        let mut ready = [PollFd::new(fd, PollFlags::OUT)];
        let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut ready, Some(&now)).is_ok_and(|count| count == 1)
            && ready[0].revents() == PollFlags::OUT
            && rustix::io::write(fd, line) == Ok(line.len())
    }

    /// Writes out what waits, for a bounded time; the number of lines that did not get out.
    pub(crate) fn finish(mut self) -> (String, u64) {
        let queue = self.lines.take();
        let deadline = Instant::now() + PATIENCE;
        while self.waiting.load(Ordering::Acquire) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        if self.waiting.load(Ordering::Acquire) == 0 {
            drop(queue);
            if let Some(thread) = self.thread.take()
                && thread.join().is_err()
            {
                tracing::error!("the output thread ended by a panic");
            }
        } else if let Some(queue) = queue {
            // The thread is stuck in a write; it ends with the process.
            self.dropped += queue.len() as u64 + 1;
        }
        (self.name, self.dropped)
    }
}

fn drain(name: &str, queue: &Receiver<Vec<u8>>, fd: OwnedFd, waiting: &AtomicUsize) {
    let mut out = BufWriter::with_capacity(64 * 1024, std::fs::File::from(fd));
    let mut failed = false;
    while let Ok(line) = queue.recv() {
        let mut taken = 0;
        let mut next = Some(line);
        while let Some(line) = next {
            taken += line.len();
            report(name, out.write_all(&line), &mut failed);
            next = queue.try_recv().ok();
        }
        report(name, out.flush(), &mut failed);
        waiting.fetch_sub(taken, Ordering::AcqRel);
    }
}

fn report(name: &str, result: io::Result<()>, failed: &mut bool) {
    if let Err(error) = result
        && !std::mem::replace(failed, true)
    {
        tracing::error!(%error, target = name, "cannot write; further failures are not logged");
    }
}

/// A descriptor of a standard stream of our own.
pub(crate) fn own(stream: &impl AsFd) -> io::Result<OwnedFd> {
    stream.as_fd().try_clone_to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn lines_come_out_whole_and_in_order() {
        for prompt in [false, true] {
            let (mut read, write) = io::pipe().unwrap();
            let mut writer = Writer::new("test".to_owned(), write.into(), prompt).unwrap();
            let reader = thread::spawn(move || {
                let mut all = String::new();
                read.read_to_string(&mut all).unwrap();
                all
            });
            let expected: String =
                (0..5_000).map(|n| format!("{n} {}\n", "x".repeat(90))).collect();
            for line in expected.lines() {
                writer.write(format!("{line}\n").as_bytes());
            }
            assert_eq!(writer.finish().1, 0);
            assert_eq!(reader.join().unwrap(), expected);
        }
    }

    #[test]
    fn a_reader_that_never_reads_costs_its_own_lines_only() {
        let (read, write) = io::pipe().unwrap();
        let mut writer = Writer::new("test".to_owned(), write.into(), true).unwrap();
        let line = vec![b'x'; 4096];
        let sent = WAITING_MAX / line.len() + 100;
        for _ in 0..sent {
            writer.write(&line);
        }
        assert!(writer.dropped > 0);
        assert!(writer.waiting.load(Ordering::Acquire) <= WAITING_MAX);
        let (_, lost) = writer.finish();
        assert!(lost > 100, "{lost}");
        drop(read);
    }
}
