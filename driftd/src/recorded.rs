//! Recorded events, or a stream of them, line by line.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::bail;
use driftcore::event::DriftEvent;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::io::Errno;

/// Longest line that is read: an event with everything in it is far below.
const LINE_MAX: usize = 16 << 20;
/// How much is read at once.
const CHUNK: usize = 64 << 10;
/// How long nothing may come before it is asked whether it is time to end, in nanoseconds.
const PATIENCE: i64 = 100_000_000;
/// How long what waits is still read after it was told to stop.
const AFTER_STOP: Duration = Duration::from_secs(1);

/// Lines of a file or of standard input.
pub(crate) struct Lines {
    name: String,
    input: OwnedFd,
    buffer: Vec<u8>,
    /// Where the next line begins.
    at: usize,
    is_over: bool,
    number: u64,
    until: Option<Instant>,
    stop: Arc<AtomicBool>,
    stopped: bool,
}

impl Lines {
    /// Opens a file; "-" is standard input.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let (name, input) = if path == Path::new("-") {
            ("standard input".to_owned(), io::stdin().as_fd().try_clone_to_owned())
        } else {
            (path.display().to_string(), File::open(path).map(OwnedFd::from))
        };
        let input = input.with_context(|| format!("cannot read {name}"))?;
        Ok(Self::of(name, input))
    }

    fn of(name: String, input: OwnedFd) -> Self {
        Self {
            name,
            input,
            buffer: Vec::new(),
            at: 0,
            is_over: false,
            number: 0,
            until: None,
            stop: Arc::default(),
            stopped: false,
        }
    }

    /// Ends at that time, whether or not more is to come.
    pub(crate) fn until(&mut self, until: Option<Instant>) {
        self.until = until;
    }

    /// Ends once this is set and what waits by then is read.
    pub(crate) fn stopped_by(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// The next event. Empty lines are passed over.
    pub(crate) fn next_event(&mut self) -> anyhow::Result<Option<DriftEvent>> {
        self.next(event)
    }

    /// What `read` makes of the next line that is not empty. An error of it gets the line's place.
    pub(crate) fn next<T>(
        &mut self,
        read: impl FnOnce(&[u8]) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let Some(line) = self.next_line()? else { return Ok(None) };
        read(line).map(Some).with_context(|| format!("{}, line {}", self.name, self.number))
    }

    /// The next line that is not empty.
    fn next_line(&mut self) -> anyhow::Result<Option<&[u8]>> {
        // How much of what waits holds no end of a line.
        let mut searched = 0;
        loop {
            let waiting = self.buffer.get(self.at..).unwrap_or_default();
            let end = waiting.iter().skip(searched).position(|&byte| byte == b'\n');
            let line = match end {
                Some(end) => self.at..self.at + searched + end,
                None if self.is_over && waiting.is_empty() => return Ok(None),
                None if self.is_over => self.at..self.buffer.len(),
                None => {
                    searched = waiting.len();
                    if searched > LINE_MAX {
                        let line = self.number + 1;
                        bail!("{}, line {line}: longer than {LINE_MAX} bytes", self.name);
                    }
                    if !self.fill()? {
                        return Ok(None);
                    }
                    continue;
                }
            };
            self.number += 1;
            self.at = (line.end + 1).min(self.buffer.len());
            searched = 0;
            let is_empty = self.buffer.get(line.clone()).is_none_or(|it| it.trim_ascii().is_empty());
            if !is_empty {
                return Ok(self.buffer.get(line));
            }
        }
    }

    /// Waits for more and takes it in. False when it is time to end.
    fn fill(&mut self) -> anyhow::Result<bool> {
        self.buffer.drain(..self.at);
        self.at = 0;
        loop {
            if !self.stopped && self.stop.load(Ordering::Relaxed) {
                self.stopped = true;
                let end = Instant::now() + AFTER_STOP;
                self.until = Some(self.until.map_or(end, |until| until.min(end)));
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Ok(false);
            }
            let patience = Timespec { tv_sec: 0, tv_nsec: if self.stopped { 0 } else { PATIENCE } };
            match poll(&mut [PollFd::new(&self.input, PollFlags::IN)], Some(&patience)) {
                Ok(0) if self.stopped => return Ok(false),
                Ok(0) | Err(Errno::INTR) => continue,
                Ok(_) => break,
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.name)),
            }
        }
        let length = self.buffer.len();
        self.buffer.resize(length + CHUNK, 0);
        let read = rustix::io::read(&self.input, self.buffer.get_mut(length..).unwrap_or_default());
        let count = match read {
            Err(Errno::INTR) => 0,
            read => {
                let count = read.with_context(|| format!("cannot read {}", self.name))?;
                self.is_over = count == 0;
                count
            }
        };
        self.buffer.truncate(length + count);
        Ok(true)
    }
}

fn event(line: &[u8]) -> anyhow::Result<DriftEvent> {
    let json: serde_json::Value = serde_json::from_slice(line).context("no JSON")?;
    if json.get("version").is_none() {
        bail!("no DriftEvent, as `driftd run --events-all FILE` writes them");
    }
    DriftEvent::from_json(&json).context("no DriftEvent")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use driftcore::event::Action;
    use driftcore::event::Kind;
    use driftcore::event::Timestamp;

    use super::*;

    fn line(nanos: i64) -> String {
        let event = DriftEvent::new(Timestamp::from_nanos(nanos), Kind::Binary, Action::Exec);
        serde_json::to_string(&event).unwrap()
    }

    fn lines(text: &[u8]) -> (Vec<i64>, Option<String>) {
        let (read, mut write) = io::pipe().unwrap();
        let text = text.to_vec();
        let writer = std::thread::spawn(move || {
            // Pieces that end anywhere in a line. Whoever reads may have enough before the end.
            text.chunks(37).all(|piece| write.write_all(piece).is_ok())
        });
        let mut lines = Lines::of("test".to_owned(), read.into());
        let mut times = Vec::new();
        let error = loop {
            match lines.next_event() {
                Ok(Some(event)) => times.push(event.time.as_nanos()),
                Ok(None) => break None,
                Err(error) => break Some(format!("{error:#}")),
            }
        };
        drop(lines);
        writer.join().unwrap();
        (times, error)
    }

    #[test]
    fn events_come_line_by_line_and_faults_name_theirs() {
        let text = format!("{}\n\n  \n{}\n{}", line(1), line(2), line(3));
        assert_eq!(lines(text.as_bytes()), (vec![1, 2, 3], None));
        assert_eq!(lines(b""), (vec![], None));
        let long = vec![b' '; LINE_MAX + 2 * CHUNK];
        for (bad, part) in [
            (&b"{"[..], "no JSON"),
            (b"{\"evt.type\": \"execve\"}", "no DriftEvent"),
            (b"\xff", "no JSON"),
            (&long, "longer than"),
        ] {
            let text = [line(1).as_bytes(), b"\n", bad].concat();
            let (times, error) = lines(&text);
            let error = error.unwrap();
            assert_eq!(times, [1]);
            assert!(error.starts_with("test, line 2: ") && error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_stream_that_does_not_end_is_left_when_it_is_time() {
        let (read, mut write) = io::pipe().unwrap();
        writeln!(write, "{}", line(1)).unwrap();
        let mut lines = Lines::of("test".to_owned(), read.into());
        lines.until(Some(Instant::now() + Duration::from_millis(50)));
        assert!(lines.next_event().unwrap().is_some());
        assert!(lines.next_event().unwrap().is_none());
        let stop = Arc::new(AtomicBool::new(true));
        lines.until(None);
        lines.stopped_by(stop);
        writeln!(write, "{}", line(2)).unwrap();
        assert!(lines.next_event().unwrap().is_some(), "what waited counts");
        assert!(lines.next_event().unwrap().is_none());
        drop(write);
    }
}
