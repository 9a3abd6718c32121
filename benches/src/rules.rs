//! Synthetic rules as users write them: three to four tests each over proc.name, proc.pname,
//! fd.name and container.image.repository, lists of 5 to 50 values, a fifth with prefixes or
//! globs. And events for them.

use driftcore::fields::CATALOGUE;
use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::fields::FieldType;
use driftcore::fields::Fields;
use driftcore::fields::Value;
use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Operand;
use driftcore::matcher::Test;
use driftcore::matcher::TextTest;

/// Program names, directories and images that rules choose from.
const NAMES: usize = 2000;
const IMAGES: usize = 500;

/// A small generator whose numbers are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % count as u64) as usize
    }
}

fn test(field: &str, comparison: Comparison) -> Condition {
    let field = FieldId::of(field).map(FieldRef::new);
    let Some(field) = field else { return Condition::Any(Vec::new()) };
    Condition::Test(Test { left: Operand::Field(field), comparison })
}

fn text(value: impl Into<String>) -> Constant {
    Constant::Text(value.into().into_bytes().into())
}

fn list(random: &mut Random, value: impl Fn(usize) -> String, count: usize) -> Comparison {
    let length = 5 + random.below(46);
    Comparison::In((0..length).map(|_| text(value(random.below(count)))).collect())
}

fn name(index: usize) -> String {
    format!("prog{index}")
}

fn image(index: usize) -> String {
    format!("registry.example.com/team{}/app{index}", index % 20)
}

fn path(index: usize) -> String {
    format!("/opt/dir{}/file{index}", index % 100)
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

/// This many conditions, the same ones in every run.
pub fn synthetic(count: usize) -> Vec<Condition> {
    let mut random = Random(42);
    (0..count).map(|_| rule(&mut random)).collect()
}

fn rule(random: &mut Random) -> Condition {
    let mut all = Vec::new();
    let opens = random.below(100) < 40;
    let pattern = random.below(100) < 20;
    if opens {
        all.push(test("evt.type", Comparison::In(vec![text("openat"), text("open")])));
        all.push(test("evt.is_open_write", Comparison::Equal(Constant::Bool(true))));
        let at = random.below(NAMES);
        let comparison = match (pattern, random.below(2)) {
            (true, 0) => {
                let prefix = format!("{}/", path(at));
                Comparison::Text(TextTest::StartsWith, prefix.into_bytes().into())
            }
            (true, _) => {
                let pattern = format!("{}/*.s[ho]", path(at));
                Comparison::Text(TextTest::Glob, pattern.into_bytes().into())
            }
            _ => list(random, path, NAMES),
        };
        all.push(test("fd.name", comparison));
        all.push(not(test("proc.name", list(random, name, NAMES))));
    } else {
        let types = vec![text("execve"), text("execveat")];
        all.push(test("evt.type", Comparison::In(types)));
        let comparison = match (pattern, random.below(2)) {
            (true, 0) => {
                let prefix = format!("tool{}", random.below(NAMES));
                Comparison::Text(TextTest::StartsWith, prefix.into_bytes().into())
            }
            (true, _) => {
                let pattern = format!("tool{}-*[0-9]", random.below(NAMES));
                Comparison::Text(TextTest::Glob, pattern.into_bytes().into())
            }
            _ => list(random, name, NAMES),
        };
        all.push(test("proc.name", comparison));
        all.push(not(test("proc.pname", list(random, name, NAMES))));
    }
    if random.below(2) == 0 {
        let images = test("container.image.repository", list(random, image, IMAGES));
        all.push(if random.below(2) == 0 { images } else { not(images) });
    }
    Condition::All(all)
}

/// An event whose values lie in a row by their field's index.
#[derive(Clone, Debug)]
pub struct FlatEvent {
    event_type: EventType,
    values: Vec<Option<Flat>>,
}

#[derive(Clone, Debug)]
enum Flat {
    Text(Vec<u8>),
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
}

impl FlatEvent {
    /// An event of this type; `None` when there is no such type.
    pub fn new(event_type: &str) -> Option<Self> {
        let event_type = EventType::of(event_type)?;
        let event = Self { event_type, values: vec![None; CATALOGUE.len()] };
        Some(event.with("evt.type", event_type.name()))
    }

    /// The event with this text for a field.
    #[must_use]
    pub fn with(self, field: &str, value: &str) -> Self {
        self.set(field, Flat::Text(value.into()))
    }

    /// The event with this truth for a field.
    #[must_use]
    pub fn with_bool(self, field: &str, value: bool) -> Self {
        self.set(field, Flat::Bool(value))
    }

    /// The event with this number for a field, of its sign.
    #[must_use]
    pub fn with_number(self, field: &str, value: i64) -> Self {
        let signed = FieldId::of(field)
            .is_some_and(|field| matches!(field.field().kind, FieldType::Signed(_)));
        self.set(
            field,
            if signed { Flat::Signed(value) } else { Flat::Unsigned(value.unsigned_abs()) },
        )
    }

    fn set(mut self, field: &str, value: Flat) -> Self {
        let slot = FieldId::of(field).and_then(|field| self.values.get_mut(field.index()));
        if let Some(slot) = slot {
            *slot = Some(value);
        }
        self
    }
}

impl Fields for FlatEvent {
    fn event_type(&self) -> EventType {
        self.event_type
    }

    fn get(&self, field: &FieldRef) -> Value<'_> {
        match self.values.get(field.id.index()) {
            Some(Some(Flat::Text(text))) => Value::Text(text),
            Some(Some(Flat::Bool(value))) => Value::Bool(*value),
            Some(Some(Flat::Signed(value))) => Value::Signed(*value),
            Some(Some(Flat::Unsigned(value))) => Value::Unsigned(*value),
            _ => Value::Missing,
        }
    }
}

/// Events by name, each with whether one of the synthetic rules matches it.
pub fn events() -> Vec<(&'static str, FlatEvent, bool)> {
    let exec = |name: &str, parent: &str, image: &str| {
        let event = FlatEvent::new("execve")?;
        let event = event.with("proc.name", name).with("proc.pname", parent);
        Some(event.with("container.image.repository", image))
    };
    let open = |path: &str, name: &str| {
        let event = FlatEvent::new("openat")?.with_bool("evt.is_open_write", true);
        let event = event.with("fd.name", path).with("proc.name", name);
        Some(event.with("container.image.repository", "docker.io/library/nginx"))
    };
    [
        // In no rule's lists, as most of what runs.
        ("execve", exec("nginx", "entrypoint.sh", "docker.io/library/nginx"), false),
        ("openat", open("/var/lib/nginx/body/0000000012", "nginx"), false),
        // Begins as what some rules look for.
        ("openat_near", open("/opt/dir7/file1007/x.txt", "nginx"), false),
        ("execve_match", exec("prog7", "nginx", "docker.io/library/nginx"), true),
    ]
    .into_iter()
    .filter_map(|(name, event, matches)| Some((name, event?, matches)))
    .collect()
}
