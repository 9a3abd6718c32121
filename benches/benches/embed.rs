//! What those pay who embed the library in Rust, and what its C ABI adds to that: an event through
//! a callback, an alert through a callback, and events of the caller's own against rules.
//! `cargo xtask bench embed` sets `benches/c/embed.c` and Go beside it, which do the same.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
// The callbacks of a C program are that.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use criterion::BatchSize;
use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::engine::Pipeline;
use driftcore::engine::Scope;
use driftcore::event::DriftEvent;
use driftcore::fields::EventType;
use driftcore::fields::FieldRef;
use driftcore::fields::FlatEvent;
use driftcore::fields::Value;
use driftcore::matcher::Alert;
use driftcore::matcher::Scratch;
use driftcore::provenance::Bounds;
use driftcore::rules::Limits;
use driftcore::rules::RuleSet;
use driftcore::rules::SHIPPED_RULES;
use driftcore::rules::SetOptions;
use driftcore::rules::SetScratch;
use driftcore::rules::Sources;
use driftcore::rules::load;
use driftcore::sink::Sink;
use driftcore::view::Recorded;
use driftcore_benches::Container;
use driftcore_benches::Sample;
use driftcore_benches::synthetic_text;
use driftcore_ffi::engine::CallbackSink;
use driftcore_ffi::engine::driftcore_callbacks;
use driftcore_ffi::event::driftcore_event;
use driftcore_ffi::event::driftcore_event_file;
use driftcore_ffi::event::driftcore_event_get;
use driftcore_ffi::event::driftcore_event_info;
use driftcore_ffi::event::driftcore_event_process;
use driftcore_ffi::event::driftcore_file;
use driftcore_ffi::event::driftcore_process;
use driftcore_ffi::status::driftcore_status;

const RULES: usize = 1_000;
const BATCH: usize = 64;
const HOST: &str = "node";
const PID: u32 = 2;

fn set(text: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("rules.yaml", text);
    let (set, said) = RuleSet::new(load(&sources, &Limits::default()), &SetOptions::default());
    set.unwrap_or_else(|| panic!("{said:?}"))
}

/// A drift event of a file: matched, and reported to a closure.
fn alert(criterion: &mut Criterion) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/drift_event/exec.json");
    let event: DriftEvent = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let set = set(SHIPPED_RULES);
    let (mut memory, mut seen) = (SetScratch::default(), 0);
    let alerts = Cell::new(0_u64);
    let report = |alert: &Alert<'_>| {
        let path = &alert.event.unwrap().file.as_ref().unwrap().path;
        black_box((alert.rule, alert.priority, path.as_bytes()));
        alerts.set(alerts.get() + 1);
    };
    criterion.bench_function("embed/alert", |bencher| {
        bencher.iter(|| {
            seen += 1;
            let recorded = Recorded::new(black_box(&event));
            let matched = recorded.with_view(seen, HOST, |view| set.matched(view, &mut memory));
            for one in &matched {
                report(&one.alert(&set, event.time, HOST, Some(&event)).unwrap());
            }
        });
    });
    assert_eq!(alerts.get(), seen, "an event, an alert");
}

/// From the bytes of a ring to a callback that looks at the event.
fn event(criterion: &mut Criterion) {
    let container = Container::new();
    let sample = Sample::memfd();
    let count = AtomicU64::new(0);
    let context = (&raw const count).cast_mut().cast::<c_void>();
    let callbacks = driftcore_callbacks {
        size: size_of::<driftcore_callbacks>(),
        context,
        event: Some(look),
        alert: None,
    };
    // SAFETY: the function gets the count, which outlives the pipeline that has the sink.
    let callback = unsafe { CallbackSink::new(callbacks, Arc::default()) };
    let counted = Arc::new(AtomicU64::new(0));
    let counting = Arc::clone(&counted);
    let closure = move |event: &DriftEvent| {
        let (process, file) = (event.process.as_ref().unwrap(), event.file.as_ref().unwrap());
        black_box((event.time, event.provenance.as_ref().unwrap().verdict));
        black_box((process.pid, process.exe.as_bytes(), file.inode, file.path.as_bytes()));
        counting.fetch_add(1, Ordering::Relaxed);
    };
    piped(criterion, "embed/event/closure", &container, &sample, closure, &counted);
    piped(criterion, "embed/event/callback", &container, &sample, callback, &count);
}

/// What a C program reads of an event.
unsafe extern "C" fn look(context: *mut c_void, event: *const driftcore_event) {
    let mut info = std::mem::MaybeUninit::<driftcore_event_info>::uninit();
    let mut process = std::mem::MaybeUninit::<driftcore_process>::uninit();
    let mut file = std::mem::MaybeUninit::<driftcore_file>::uninit();
    // SAFETY: records of the size that is written to their first member, an event that is there,
    // and the count that went with the function.
    unsafe {
        info.as_mut_ptr().cast::<usize>().write(size_of::<driftcore_event_info>());
        process.as_mut_ptr().cast::<usize>().write(size_of::<driftcore_process>());
        file.as_mut_ptr().cast::<usize>().write(size_of::<driftcore_file>());
        let got = driftcore_event_get(event, info.as_mut_ptr(), null_mut());
        let all = got == driftcore_status::DRIFTCORE_STATUS_OK
            && driftcore_event_process(event, process.as_mut_ptr()) == 1
            && driftcore_event_file(event, file.as_mut_ptr()) == 1;
        if all {
            let (info, process, file) =
                (info.assume_init(), process.assume_init(), file.assume_init());
            black_box((info.time_ns, info.verdict));
            black_box((process.pid, process.exe, file.inode, file.path));
            (*context.cast::<AtomicU64>()).fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn piped(
    criterion: &mut Criterion,
    name: &str,
    container: &Container,
    sample: &Sample,
    sink: impl Sink + Send + 'static,
    count: &AtomicU64,
) {
    let mut pipeline =
        Pipeline::new(container.roots(), Scope::default(), Bounds::default(), None, sink).unwrap();
    pipeline.record(&Sample::image().first());
    pipeline.record(&sample.record(PID, 1));
    pipeline.finish(Duration::from_secs(5));
    let before = count.load(Ordering::Relaxed);
    assert_eq!(before, 1, "{name}");
    let mut done = 0;
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched(
            || {
                done += 1;
                sample.record(PID, done + 1)
            },
            |record| {
                pipeline.record(&record);
                record
            },
            BatchSize::SmallInput,
        );
    });
    assert_eq!(count.load(Ordering::Relaxed) - before, done, "{name}");
    assert!(pipeline.counters().lost.is_empty(), "{name}");
}

/// An exec of a dropped file, of 15 fields that were looked up once.
struct Exec {
    values: Vec<(FieldRef, Value<'static>)>,
    ancestors: FieldRef,
}

impl Exec {
    fn new() -> Self {
        let text = |text: &'static str| Value::Text(text.as_bytes());
        let values = [
            ("proc.name", text("payload")),
            ("proc.exe", text("/tmp/payload")),
            ("proc.exepath", text("/tmp/payload")),
            ("proc.cmdline", text("/tmp/payload --serve")),
            ("proc.cwd", text("/tmp/")),
            ("proc.pname", text("sh")),
            ("proc.pid", Value::Signed(4711)),
            ("proc.ppid", Value::Signed(4700)),
            ("user.uid", Value::Unsigned(0)),
            ("proc.tty", Value::Unsigned(0)),
            ("container.id", text("3f2504e04f89")),
            ("container.image.repository", text("docker.io/library/nginx")),
            ("proc.is_exe_upper_layer", Value::Bool(true)),
            ("drift.verdict", text("added")),
        ];
        let field = |name| FieldRef::parse(name).unwrap();
        let values = values.into_iter().map(|(name, value)| (field(name), value)).collect();
        Self { values, ancestors: field("proc.aname") }
    }

    fn fill(&self, event: &mut FlatEvent) {
        event.reset(EventType::EXECVE);
        for (field, value) in &self.values {
            event.set(field, *value).unwrap();
        }
        event.push(&self.ancestors, Value::Text(b"sh")).unwrap();
    }
}

/// Events of the caller's own: filled, matched, both, and many at once.
fn fields(criterion: &mut Criterion) {
    let synthetic = synthetic_text(RULES);
    // For `benches/c/embed.c`, which matches the same.
    if let Some(file) = std::env::var_os("DRIFTCORE_BENCH_RULES") {
        std::fs::write(file, &synthetic).unwrap();
    }
    let exec = Exec::new();
    let mut event = FlatEvent::new(EventType::EXECVE);
    criterion.bench_function("embed/fill", |bencher| {
        bencher.iter(|| black_box(&exec).fill(black_box(&mut event)));
    });
    // One of the shipped rules says that the file was dropped, and none of the others.
    for (name, text, each) in [("shipped", SHIPPED_RULES, 1), ("synthetic", &*synthetic, 0)] {
        let set = set(text);
        let mut scratch = Scratch::default();
        let (mut events, mut found) = (0_u64, 0);
        let mut one = |event: &FlatEvent| {
            events += 1;
            set.matches(event, &mut scratch, |rule| {
                black_box(rule);
                found += 1;
            });
        };
        criterion.bench_function(&format!("embed/fill_match/{name}"), |bencher| {
            bencher.iter(|| {
                black_box(&exec).fill(&mut event);
                one(&event);
            });
        });
        criterion.bench_function(&format!("embed/match/{name}"), |bencher| {
            bencher.iter(|| one(black_box(&event)));
        });
        let mut batch = vec![FlatEvent::new(EventType::EXECVE); BATCH];
        batch.iter_mut().for_each(|event| exec.fill(event));
        criterion.bench_function(&format!("embed/match_batch/{name}"), |bencher| {
            bencher.iter(|| black_box(&batch).iter().for_each(&mut one));
        });
        assert_eq!(found, events * each, "{name}");
    }
}

criterion_group!(benches, alert, event, fields);
criterion_main!(benches);
