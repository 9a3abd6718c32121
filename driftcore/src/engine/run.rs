//! The engine itself: waits, reads, hands on.

use std::fmt;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustc_hash::FxHashMap;
use rustix::event::epoll;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::time::Itimerspec;
use rustix::time::TimerfdClockId;
use rustix::time::TimerfdFlags;
use rustix::time::TimerfdTimerFlags;
use rustix::time::Timespec;

use super::EngineBuilder;
use super::EngineError;
use super::asked::Asking;
use super::asked::Needs;
use super::asked::Shared;
use super::assemble::Origin;
use super::choice::Chosen;
use super::choice::HookChoice;
use super::choice::choose;
use super::clock::boot_now_ns;
use super::configuration;
use super::configuration::Configuration;
use super::configuration::ConfigurationCalls;
use super::configuration::secrets::SecretsWatch;
use super::containers::Containers;
use super::core::Core;
use super::counters::Counters;
#[cfg(feature = "digest")]
use super::digests::ApprovalsHandle;
#[cfg(feature = "digest")]
use super::digests::Verifying;
use super::expectations::ExpectationsHandle;
use super::found;
use super::found::Spots;
use super::images::ImagesHandle;
use super::matching::Matching;
use super::matching::RulesHandle;
use super::mounts::Mounts;
use super::normality::NormalityHandle;
use super::packages::Packages;
use super::proofs::Proofs;
use super::wake::Stopper;
use crate::container::Runtimes;
use crate::decode::decode;
use crate::event::Event;
use crate::event::LossReason;
use crate::sensor::Batch;
use crate::sensor::Losses;
use crate::sensor::Sensor;
use crate::sensor::Suppressed;
use crate::sensor::Wanted;
use crate::sink::Sink;
use crate::wire::RawEvent;

/// How often counters are read and what has ended is forgotten.
const TICK: Duration = Duration::from_secs(1);
/// How long a lone exec of code from the image may wait for company: within it, the rings are read
/// again without a wake-up.
const LINGER: Duration = Duration::from_millis(1);
/// How long it may wait in a stream of such execs. (What may be drift never waits.)
const LINGER_MAX: Duration = Duration::from_millis(8);
/// Records that are worked off before the promise to come back is over.
const SHORT: usize = 64;
/// How long the end waits for verdicts that are being proved.
const DRAIN: Duration = Duration::from_secs(3);

/// A running drift detector. Made by [`EngineBuilder::build`]; dropping it detaches everything.
pub struct Engine {
    sensor: Shared,
    core: Core,
    batch: Batch,
    stopper: Stopper,
    epoll: OwnedFd,
    timer: OwnedFd,
    linger: OwnedFd,
    lingering: Duration,
    next_tick: Instant,
    losses: Losses,
    suppressed: FxHashMap<u64, Suppressed>,
    choice: HookChoice,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("counters", &self.core.counters).finish_non_exhaustive()
    }
}

/// Readable when [`Engine::poll`] has something to do.
impl AsFd for Engine {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

impl Engine {
    pub(super) fn new(
        options: &mut EngineBuilder,
        sink: Box<dyn Sink + Send>,
    ) -> Result<Self, EngineError> {
        let stopper = Stopper::new().map_err(EngineError::io("make an event descriptor"))?;
        let waker = stopper.clone();
        let proofs = Proofs::new(options.proofs, Arc::new(move || waker.wake()))?;
        let waker = stopper.clone();
        let mut containers = Containers::new(Runtimes::new(options.roots.clone()));
        containers.images = ImagesHandle::new(std::mem::take(&mut options.images));
        let rules = options.rules.take();
        let matching = Matching::new(RulesHandle::new(rules.clone()));
        let mut core = Core::new(containers, proofs, options.scope.clone(), matching, sink);
        core.mounts = Mounts::of(&options.wanted);
        if options.packages.0 {
            core.packages = Packages::start(Arc::new(move || waker.wake()))?;
        }
        if let Some(configuration) = options.configuration {
            let waker = stopper.clone();
            let runtimes = Runtimes::new(options.roots.clone());
            let wake = Arc::new(move || waker.wake());
            core.configuration =
                Configuration::start(runtimes, configuration, options.pods.take(), wake)?;
            let waker = stopper.clone();
            let runtimes = Runtimes::new(options.roots.clone());
            core.secrets = Some(SecretsWatch::start(
                runtimes,
                configuration.interval,
                std::mem::take(&mut options.secrets),
                Arc::new(move || waker.wake()),
            )?);
        }
        #[cfg(feature = "digest")]
        if let Some(verifier) = options.verifier.take() {
            let waker = stopper.clone();
            core.verifying = Some(Verifying::start(verifier, Arc::new(move || waker.wake()))?);
        }
        core.expectations = ExpectationsHandle::new(std::mem::take(&mut options.expectations));
        core.normality = NormalityHandle::new(std::mem::take(&mut options.normality));

        let compares = options.configuration.is_some();
        let calls = options.configuration_calls;
        let needs = Needs {
            watched: options.wanted,
            never: options.code.never(),
            own: if compares { configuration::calls(calls) } else { Wanted::NOTHING },
            own_alone: calls == ConfigurationCalls::Always,
        };
        let wanted = needs.told(rules.as_deref());
        let mut record = |record: &[u8]| core.record(record, Origin::Live);
        let Chosen { sensor, test, choice } = choose(options.sensor, &wanted, &mut record)?;
        sensor.set_interpreters(&options.code.interpreters)?;
        if let Some(container) = test.container {
            sensor.forget_container(container);
        }
        if !test.passed() {
            let what = test.blind.join("; ");
            if !options.allow_degraded {
                return Err(EngineError::Blind(what));
            }
            core.blind(what);
        }

        let timer = new_timer()?;
        let linger = new_timer()?;
        let epoll = wait_set(&sensor, &stopper, &timer, &linger)?;
        let losses = sensor.losses()?;
        let sensor = Shared::new(Asking::begin(sensor, needs, wanted)?);
        core.matching.asks(sensor.asker());
        let mut engine = Self {
            sensor,
            core,
            batch: Batch::new(),
            stopper,
            epoll,
            timer,
            linger,
            lingering: LINGER,
            next_tick: Instant::now() + TICK,
            losses,
            suppressed: FxHashMap::default(),
            choice,
        };
        engine.take_stock()?;
        engine.tick_again()?;
        Ok(engine)
    }

    /// Takes in what was there before the start.
    fn take_stock(&mut self) -> Result<(), EngineError> {
        self.core.live_spots = Some(Spots::default());
        // What came live so far first: a sweep then shows only what is newer or was there before.
        self.read_rings()?;
        let records = self.sweep(Origin::BeforeStart)?;
        let found = found::find(&records, &self.sensor.wanted());
        if !found.is_empty() {
            // What began while /proc was read has its record by now.
            self.read_rings()?;
        }
        let live = self.core.live_spots.take().unwrap_or_default();
        self.core.found_sockets(&records, &found, &live);
        Ok(())
    }

    /// Runs on this thread until [`Stopper::stop`], then reports what is still under way and
    /// returns.
    ///
    /// # Errors
    ///
    /// [`EngineError`] when the rings can no longer be read.
    pub fn run(&mut self) -> Result<(), EngineError> {
        while !self.stopper.is_stopped() {
            self.poll(None)?;
        }
        self.finish()
    }

    /// Waits at most `timeout` (`None`: as long as it takes) for something to do, and does it.
    ///
    /// # Errors
    ///
    /// As [`Engine::run`].
    pub fn poll(&mut self, timeout: Option<Duration>) -> Result<(), EngineError> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut events =
            [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 8];
        match epoll::wait(&self.epoll, &mut events[..], timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(EngineError::io("wait for events")(errno)),
        }
        self.stopper.clear();
        self.read_rings()?;
        self.core.answers();
        if self.core.holds_back() {
            self.linger(LINGER_MAX)?;
        }
        if Instant::now() >= self.next_tick {
            self.tick()?;
        }
        Ok(())
    }

    /// Stops a running engine from elsewhere.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// The rules, to be replaced while the engine runs.
    pub fn rules(&self) -> RulesHandle {
        self.core.matching.handle().clone()
    }

    /// What is expected of containers' sockets, to be replaced while the engine runs.
    pub fn expectations(&self) -> ExpectationsHandle {
        self.core.expectations.clone()
    }

    /// What is normal, to be replaced while the engine runs.
    pub fn normality(&self) -> NormalityHandle {
        self.core.normality.clone()
    }

    /// The images of which all files are known, to be replaced while the engine runs.
    pub fn images(&self) -> ImagesHandle {
        self.core.containers.images.clone()
    }

    /// What was approved, to be replaced while the engine runs; `None` where nothing is asked.
    #[cfg(feature = "digest")]
    pub fn approvals(&self) -> Option<ApprovalsHandle> {
        self.core.verifying.as_ref().map(Verifying::handle)
    }

    /// From where operations on files are seen, and why not from a better place.
    pub fn hooks(&self) -> &HookChoice {
        &self.choice
    }

    /// What was done so far.
    pub fn counters(&self) -> &Counters {
        &self.core.counters
    }

    /// Takes in what waits in the rings and reports what is being proved, as far as that takes no
    /// more than three seconds. [`Engine::run`] ends with it.
    ///
    /// # Errors
    ///
    /// As [`Engine::run`].
    pub fn finish(&mut self) -> Result<(), EngineError> {
        self.read_rings()?;
        self.tick()?;
        self.core.finish(DRAIN);
        Ok(())
    }

    fn read_rings(&mut self) -> Result<(), EngineError> {
        let before = self.core.counters.seen();
        self.core.watches_files = self.sensor.watches_files();
        let mut is_reading = false;
        loop {
            let (more, unheard) = self.sensor.read(&mut self.batch)?;
            self.core.unheard = unheard;
            if self.batch.is_empty() {
                break;
            }
            if self.batch.len() > SHORT && !is_reading {
                is_reading = true;
                self.sensor.with(|sensor| sensor.promise(u64::MAX))?;
            }
            for record in self.batch.records() {
                self.core.record(record, Origin::Live);
            }
            if !more {
                break;
            }
        }
        match self.core.counters.seen() - before {
            0 if !is_reading => {}
            0 | 1 => self.linger(LINGER)?,
            _ => self.linger((self.lingering * 2).min(LINGER_MAX))?,
        }
        Ok(())
    }

    /// Reads again after that time, woken or not, and tells the kernel side so.
    fn linger(&mut self, time: Duration) -> Result<(), EngineError> {
        self.lingering = time;
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(0);
        self.sensor.with(|sensor| sensor.promise(boot_now_ns() + nanos))?;
        set_timer(&self.linger, time)
    }

    /// The timer fires once: the kernel starts a periodic one again only when it is read.
    fn tick_again(&mut self) -> Result<(), EngineError> {
        self.next_tick = Instant::now() + TICK;
        set_timer(&self.timer, TICK)
    }

    fn tick(&mut self) -> Result<(), EngineError> {
        self.tick_again()?;
        if let Some(why) = self.sensor.take_refused() {
            self.core.blind(format!("what is asked for cannot be had: {why}"));
        }
        let losses = self.sensor.with(|sensor| sensor.losses())?;
        let lost = losses.since(&self.losses);
        self.losses = losses;
        if !lost.is_empty() {
            let missed = self.sensor.with(|sensor| sensor.missed());
            self.core.dropped(lost.iter(), &missed);
            if lost.concern_processes() {
                self.repair(&lost)?;
            }
        }
        self.report_suppressed();
        let sensor = &self.sensor;
        let suppressed = &mut self.suppressed;
        self.core.expire(|container| {
            sensor.with(|sensor| sensor.forget_container(container));
            suppressed.remove(&container);
        });
        Ok(())
    }

    /// Reports what the budgets of containers kept back since the last time.
    fn report_suppressed(&mut self) {
        for now in self.sensor.with(|sensor| sensor.suppressed()) {
            let before = self.suppressed.insert(now.container, now);
            let of = |count: fn(&Suppressed) -> u64| {
                count(&now).saturating_sub(before.as_ref().map_or(0, count))
            };
            let kept_back = [
                (LossReason::FileBudget, of(|it| it.files)),
                (LossReason::NetworkBudget, of(|it| it.sockets)),
                (LossReason::CallBudget, of(|it| it.calls)),
                (LossReason::CodeBudget, of(|it| it.code)),
            ];
            if kept_back.iter().any(|&(_, count)| count > 0) {
                self.core.suppressed(now.container, kept_back);
            }
        }
    }

    /// Makes up for lost events as far as their effects still show.
    fn repair(&mut self, lost: &Losses) -> Result<(), EngineError> {
        let exits_lost =
            lost.iter().any(|(reason, count)| reason != LossReason::ContainerTable && count > 0);
        self.read_rings()?;
        let records = self.sweep(Origin::Recovered)?;
        if exits_lost {
            let running: Vec<_> = records.iter().filter_map(|it| who(it)).collect();
            self.core.retain_running(&running, boot_now_ns());
        }
        Ok(())
    }

    /// Takes in every container process that runs now; its records.
    fn sweep(&mut self, origin: Origin) -> Result<Vec<Box<[u8]>>, EngineError> {
        let mut records = Vec::new();
        self.sensor
            .with(|sensor| sensor.sweep(&mut |record| records.push(Box::<[u8]>::from(record))))?;
        for record in &records {
            self.core.record(record, origin);
        }
        Ok(records)
    }
}

/// The process that a record of a sweep tells of: pid and start.
fn who(record: &[u8]) -> Option<(u32, u64)> {
    match decode(&RawEvent::new(record).ok()?) {
        Event::Exec(exec) => Some((exec.task.pid, exec.task.start_ns)),
        _ => None,
    }
}

/// Waits for execs, for a life ring that is half full, for answers and stops, and for the timers.
fn wait_set(
    sensor: &Sensor,
    stopper: &Stopper,
    timer: &OwnedFd,
    linger: &OwnedFd,
) -> Result<OwnedFd, EngineError> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
        .map_err(EngineError::io("make an epoll descriptor"))?;
    let watched = [
        (sensor.exec_fd(), EventFlags::IN),
        (sensor.life_fd(), EventFlags::IN | EventFlags::ET),
        (sensor.bulk_fd(), EventFlags::IN | EventFlags::ET),
        (stopper.fd(), EventFlags::IN),
        (timer.as_fd(), EventFlags::IN | EventFlags::ET),
        (linger.as_fd(), EventFlags::IN | EventFlags::ET),
    ];
    for (number, (fd, flags)) in (0_u64..).zip(watched) {
        epoll::add(&epoll, fd, EventData::new_u64(number), flags)
            .map_err(EngineError::io("watch a descriptor"))?;
    }
    Ok(epoll)
}

fn new_timer() -> Result<OwnedFd, EngineError> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)
        .map_err(EngineError::io("make a timer"))
}

/// Makes a timer readable after that time, once.
fn set_timer(timer: &OwnedFd, time: Duration) -> Result<(), EngineError> {
    let it_value = Timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    };
    let setting = Itimerspec { it_interval: Timespec::default(), it_value };
    rustix::time::timerfd_settime(timer, TimerfdTimerFlags::empty(), &setting)
        .map_err(EngineError::io("set a timer"))?;
    Ok(())
}
