//! An event that its owner fills field by field, as one with a sensor of its own does: setting 15
//! fields, and matching 1,000 rules then.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use driftcore::fields::EventType;
use driftcore::fields::FieldRef;
use driftcore::fields::Fields;
use driftcore::fields::FlatEvent;
use driftcore::fields::Value;
use driftcore::matcher::Limits;
use driftcore::matcher::Policy;
use driftcore::matcher::Program;
use driftcore::matcher::Rule;
use driftcore::matcher::Scratch;
use driftcore_benches::synthetic;

const RULES: usize = 1_000;

/// What is set, by fields that were looked up once, and the ancestors' names.
struct Exec {
    values: Vec<(FieldRef, Value<'static>)>,
    ancestors: (FieldRef, [Value<'static>; 3]),
}

impl Exec {
    fn new(name: &'static str) -> Self {
        let text = |text: &'static str| Value::Text(text.as_bytes());
        let values = [
            ("evt.rawtime", Value::Unsigned(1_700_000_000_123_456_789)),
            ("evt.rawres", Value::Signed(0)),
            ("evt.arg.flags", text("EXE_WRITABLE")),
            ("proc.name", text(name)),
            ("proc.exe", text("nginx")),
            ("proc.exepath", text("/usr/sbin/nginx")),
            ("proc.cmdline", text("nginx -g daemon off;")),
            ("proc.cwd", text("/")),
            ("proc.pid", Value::Signed(4711)),
            ("proc.tty", Value::Unsigned(0)),
            ("user.uid", Value::Unsigned(101)),
            ("user.name", text("nginx")),
            ("container.id", text("3ad7b26ded6d")),
            ("container.image.repository", text("docker.io/library/nginx")),
        ];
        let field = |name| FieldRef::parse(name).unwrap();
        Self {
            values: values.into_iter().map(|(name, value)| (field(name), value)).collect(),
            ancestors: (
                field("proc.aname"),
                [text("entrypoint.sh"), text("containerd-shim"), text("systemd")],
            ),
        }
    }

    fn fill(&self, event: &mut FlatEvent) {
        event.reset(EventType::EXECVE);
        for (field, value) in &self.values {
            event.set(field, *value).unwrap();
        }
        let (field, names) = &self.ancestors;
        for name in names {
            event.push(field, *name).unwrap();
        }
    }
}

fn setting(criterion: &mut Criterion) {
    let exec = Exec::new("nginx");
    let mut event = FlatEvent::new(EventType::EXECVE);
    let parent = FieldRef::parse("proc.pname").unwrap();
    exec.fill(&mut event);
    assert!(event.get(&parent) == Value::Text(b"entrypoint.sh"));
    let mut group = criterion.benchmark_group("flat");
    group.throughput(Throughput::Elements(1));
    group.bench_function("set_15", |bencher| {
        bencher.iter(|| black_box(&exec).fill(black_box(&mut event)));
    });
    group.finish();
}

fn matching(criterion: &mut Criterion) {
    let conditions = synthetic(RULES);
    let rules: Vec<Rule<'_>> = conditions.iter().map(Rule::new).collect();
    let program = Program::compile(&rules, &Limits::default()).unwrap();
    let mut scratch = Scratch::new(&program);
    let mut event = FlatEvent::new(EventType::EXECVE);
    let mut group = criterion.benchmark_group(format!("flat/set_15_match/{RULES}"));
    group.throughput(Throughput::Elements(1));
    for (name, program_name, expected) in [("execve", "nginx", 0), ("execve_match", "prog7", 1)] {
        let exec = Exec::new(program_name);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(&exec).fill(&mut event);
                let matched = program.matches(&event, &mut scratch, Policy::First, |rule| {
                    black_box(rule);
                });
                assert_eq!(matched, expected, "{name}");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, setting, matching);
criterion_main!(benches);
