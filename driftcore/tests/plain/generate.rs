//! Conditions and events out of bytes: from proptest or from a fuzzer. Vocabularies are small and
//! collide, so that tests are true about as often as false. No bytes left reads as zeros, which
//! make the simplest thing everywhere.

use std::net::IpAddr;

use driftcore::fields::Argument;
use driftcore::fields::EventType;
use driftcore::fields::FieldId;
use driftcore::fields::FieldRef;
use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Network;
use driftcore::matcher::Operand;
use driftcore::matcher::Order;
use driftcore::matcher::Relation;
use driftcore::matcher::Test;
use driftcore::matcher::TextTest;
use driftcore::matcher::Transformer;

use super::event::List;
use super::event::Owned;
use super::event::PlainEvent;

/// Bytes to choose by.
pub struct Choices<'a> {
    rest: &'a [u8],
    /// Most tests are of this field, and of the same kind: such rules are found by its index.
    focus: Option<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    List,
    Signed,
    Unsigned,
    Bool,
    Bytes,
    Address,
    Ports,
    Addresses,
}

/// Fields to test, with their types.
const FIELDS: &[(&str, Kind)] = &[
    ("proc.name", Kind::Text),
    ("proc.pname", Kind::Text),
    ("fd.name", Kind::Text),
    ("container.image.repository", Kind::Text),
    ("proc.aname", Kind::Text),
    ("file.changed", Kind::List),
    ("proc.args", Kind::Text),
    ("proc.pid", Kind::Signed),
    ("evt.num", Kind::Unsigned),
    ("evt.is_open_write", Kind::Bool),
    ("evt.buffer", Kind::Bytes),
    ("fd.sip", Kind::Address),
    ("fd.ip", Kind::Addresses),
    ("fd.net", Kind::Addresses),
    ("fd.port", Kind::Ports),
];

const TEXTS: &[&[u8]] = &[
    b"a",
    b"",
    b"ab",
    b"b",
    b"abc",
    b"AB",
    b"ba",
    b"aab",
    b"/var",
    b"/var/x",
    b"/variable",
    b"//var//x",
    b"/var/run",
    b"/var/a/x",
    b"/",
    b"sh",
    b"SH",
    b"bash",
    b"YWI=",
    b"YQ",
    b"Y",
    b"-a",
    b"-ab",
    b"-bx",
    b"--",
    b"[a]",
    b"a*b",
    b"\xc3\xa9",
    b"a\xffb",
    b"-",
    b"a/b",
    b"execve",
];

const REGEXES: &[&str] = &[
    "a.*",
    "(a|b)+",
    "[^/]*",
    ".*b",
    "",
    "a{1,3}b?",
    "(?i)AB",
    r"\pL+",
    "/var(/.*)?",
    "a.b",
    "(?x) a b # c",
    "a|ab",
    "^a$",
    r"\w+\b.*",
    "(?s).*",
];

const ADDRESSES: &[&str] = &["10.0.0.1", "10.0.0.2", "10.1.0.1", "::1", "fe80::1", "0.0.0.0"];

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, focus: None }
    }

    /// Half of the time with a focus.
    pub fn for_rules(bytes: &'a [u8]) -> Self {
        let mut choices = Self::new(bytes);
        if choices.chance(50) {
            choices.focus = Some((choices.below(FIELDS.len()), choices.below(12)));
        }
        choices
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    fn focus(&mut self, percent: usize) -> Option<(usize, usize)> {
        if self.focus.is_some() && self.chance(percent) { self.focus } else { None }
    }

    fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) * count / 256
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    fn many<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> Box<[u8]> {
        if self.chance(20) {
            return self.string(b"ab/", 4);
        }
        // The first ones more often.
        let most = if self.chance(60) { 8 } else { TEXTS.len() };
        self.pick(&TEXTS[..most]).into()
    }

    fn string(&mut self, alphabet: &[u8], most: usize) -> Box<[u8]> {
        self.many(most, |choices| choices.pick(alphabet)).into()
    }

    fn pattern(&mut self) -> Box<[u8]> {
        if self.chance(25) {
            let known: [&[u8]; 8] =
                [b"*", b"a*", b"*b", b"*a*", b"[ab]*", b"/var/*", b"*[!a]", b"/*/x"];
            return self.pick(&known).into();
        }
        self.string(b"aab*?/[]!-\\*^B", 7)
    }

    fn path(&mut self) -> Box<[u8]> {
        match self.below(3) {
            0 => self.text(),
            1 => [b"/var/".as_slice(), &self.string(b"ax*?[]", 3)].concat().into(),
            _ => [b"/".as_slice(), &self.string(b"var/*?[]", 5)].concat().into(),
        }
    }

    fn number(&mut self) -> u64 {
        self.pick(&[0, 1, 2, 3, 80, u64::MAX])
    }

    fn address(&mut self) -> IpAddr {
        self.pick(ADDRESSES).parse().unwrap()
    }

    fn constant(&mut self, kind: Kind) -> Constant {
        // Sometimes of the wrong type.
        let kind = if self.chance(3) { self.pick(FIELDS).1 } else { kind };
        match kind {
            Kind::Text | Kind::List => Constant::Text(self.text().into()),
            Kind::Signed => Constant::Signed(self.number().cast_signed()),
            Kind::Unsigned | Kind::Ports => Constant::Unsigned(self.number()),
            Kind::Bool => Constant::Bool(self.chance(50)),
            Kind::Bytes => Constant::Bytes(self.text()),
            Kind::Address | Kind::Addresses => {
                let address = self.address();
                if self.chance(40) {
                    let prefix = self.pick(&[0, 8, 16, 30, 32]);
                    Constant::Network(Network::new(address, prefix).unwrap())
                } else {
                    Constant::Address(address)
                }
            }
        }
    }

    fn constants(&mut self, kind: Kind) -> Vec<Constant> {
        let first = self.constant(kind);
        let mut all = self.many(5, |choices| choices.constant(kind));
        // A list is of one type.
        let discriminant = |constant: &Constant| match constant {
            Constant::Network(_) | Constant::Address(_) => None,
            constant => Some(std::mem::discriminant(constant)),
        };
        all.retain(|constant| discriminant(constant) == discriminant(&first));
        if !self.chance(5) {
            all.push(first);
        }
        all
    }

    fn field(&mut self) -> (FieldRef, Kind) {
        let (name, kind) = match self.focus(80) {
            Some((field, _)) => FIELDS[field],
            _ => self.pick(FIELDS),
        };
        let id = FieldId::of(name).unwrap();
        let indexed = matches!(name, "proc.aname" | "proc.args") && self.chance(40);
        if indexed {
            let argument = Some(Argument::Index(self.below(3) as u32));
            return (FieldRef { id, argument }, Kind::Text);
        }
        (FieldRef::new(id), kind)
    }

    fn field_of(&mut self, names: &[&str]) -> Operand {
        Operand::Field(FieldRef::new(FieldId::of(self.pick(names)).unwrap()))
    }

    fn text_operand(&mut self, depth: usize) -> Operand {
        if depth == 0 || self.chance(50) {
            if self.chance(20) {
                return Operand::Text(self.text());
            }
            return self.field_of(&["proc.name", "proc.pname", "fd.name"]);
        }
        let mut key = None;
        let (transformer, arguments) = match self.below(7) {
            0 => (Transformer::ToLower, vec![self.text_operand(depth - 1)]),
            1 => (Transformer::ToUpper, vec![self.text_operand(depth - 1)]),
            2 => (Transformer::Basename, vec![self.text_operand(depth - 1)]),
            3 => (Transformer::Base64, vec![self.text_operand(depth - 1)]),
            4 => {
                let mut all = self.many(2, |choices| choices.text_operand(depth - 1));
                all.push(self.text_operand(depth - 1));
                (Transformer::Concat, all)
            }
            5 => {
                let separator = self.text_operand(0);
                (Transformer::Join, vec![separator, self.list_operand(depth - 1)])
            }
            _ => {
                key = Some(self.pick(&["a", "b", "c"]).into());
                let options = Operand::Text(self.pick(&["a:b", "ab", "b:"]).as_bytes().into());
                (Transformer::GetOpt, vec![self.list_operand(depth - 1), options])
            }
        };
        Operand::Transformed { transformer, arguments, key }
    }

    fn list_operand(&mut self, depth: usize) -> Operand {
        match self.below(3) {
            1 => Operand::List(self.many(3, |choices| choices.text_operand(depth))),
            2 if depth > 0 => Operand::Transformed {
                transformer: Transformer::GetOpt,
                arguments: vec![
                    self.list_operand(depth - 1),
                    Operand::Text(self.pick(&["a:b", "ab"]).as_bytes().into()),
                ],
                key: None,
            },
            _ => self.field_of(&["file.changed"]),
        }
    }

    fn left(&mut self) -> (Operand, Kind) {
        if self.chance(15) {
            return match self.below(4) {
                0 => (self.list_operand(2), Kind::List),
                1 => {
                    let inner =
                        if self.chance(50) { self.list_operand(1) } else { self.text_operand(1) };
                    let transformer = Transformer::Length;
                    let arguments = vec![inner];
                    (Operand::Transformed { transformer, arguments, key: None }, Kind::Unsigned)
                }
                _ => (self.text_operand(3), Kind::Text),
            };
        }
        let (field, kind) = self.field();
        (Operand::Field(field), kind)
    }

    fn text_test(&mut self) -> Comparison {
        let tests = [
            TextTest::StartsWith,
            TextTest::EndsWith,
            TextTest::Contains,
            TextTest::ContainsIgnoringCase,
            TextTest::Glob,
            TextTest::GlobIgnoringCase,
            TextTest::Regex,
        ];
        let test = match self.focus(80) {
            Some((_, kind)) => tests[kind % tests.len()],
            _ => self.pick(&tests),
        };
        let needle = match test {
            TextTest::Glob | TextTest::GlobIgnoringCase => self.pattern(),
            TextTest::Regex => self.pick(REGEXES).as_bytes().into(),
            _ => self.text(),
        };
        Comparison::Text(test, needle)
    }

    fn order(&mut self) -> Order {
        self.pick(&[Order::Less, Order::LessOrEqual, Order::Greater, Order::GreaterOrEqual])
    }

    fn relation(&mut self) -> Comparison {
        let relation = match self.below(6) {
            0 => Relation::Equal,
            1 => Relation::NotEqual,
            2 => Relation::Order(self.order()),
            3 => {
                let tests = [
                    TextTest::StartsWith,
                    TextTest::EndsWith,
                    TextTest::Contains,
                    TextTest::ContainsIgnoringCase,
                    TextTest::Glob,
                    TextTest::GlobIgnoringCase,
                ];
                Relation::Text(self.pick(&tests))
            }
            4 => Relation::In,
            _ => Relation::Intersects,
        };
        let lists = matches!(relation, Relation::In | Relation::Intersects);
        let right = match self.below(4) {
            0 => Operand::Field(self.field().0),
            _ if lists => self.list_operand(2),
            1 => self.field_of(&["proc.name", "fd.name", "proc.pid", "evt.num", "fd.sip"]),
            _ => self.text_operand(2),
        };
        Comparison::With(relation, right)
    }

    fn test(&mut self) -> Test {
        if self.chance(12) {
            let left = Operand::Field(FieldRef::new(FieldId::of("evt.type").unwrap()));
            let name = |choices: &mut Self| {
                let texts = ["execve", "openat", "execveat", "none"];
                Constant::Text(choices.pick(&texts).as_bytes().into())
            };
            let comparison = match self.below(5) {
                0 => Comparison::Equal(name(self)),
                1 => Comparison::NotEqual(name(self)),
                2 => self.text_test(),
                3 => Comparison::Exists,
                _ => Comparison::In(self.many(3, name)),
            };
            return Test { left, comparison };
        }
        let (left, kind) = self.left();
        let way = match self.focus(70) {
            Some((_, kind)) => kind,
            _ => self.below(12),
        };
        let comparison = match way {
            0 | 1 => Comparison::Equal(self.constant(kind)),
            2 => Comparison::NotEqual(self.constant(kind)),
            3 | 4 => Comparison::In(self.constants(kind)),
            5 => Comparison::Intersects(self.constants(kind)),
            6 => Comparison::Exists,
            7 => Comparison::Order(self.order(), self.constant(kind)),
            8 => Comparison::PathMatch(self.many(4, Self::path)),
            9 => self.relation(),
            _ => self.text_test(),
        };
        Test { left, comparison }
    }

    /// A condition of at most this depth.
    pub fn condition(&mut self, depth: usize) -> Condition {
        if depth == 0 || self.chance(25) {
            return Condition::Test(self.test());
        }
        match self.below(10) {
            0..=3 => Condition::All(self.many(4, |choices| choices.condition(depth - 1))),
            4..=6 => Condition::Any(self.many(4, |choices| choices.condition(depth - 1))),
            7 => Condition::One(self.many(4, |choices| choices.condition(depth - 1))),
            8 => Condition::Not(Box::new(self.condition(depth - 1))),
            _ => {
                // As most rules are: all of several tests, some of them negated.
                let test = |choices: &mut Self| {
                    let test = Condition::Test(choices.test());
                    if choices.chance(30) { Condition::Not(Box::new(test)) } else { test }
                };
                let first = test(self);
                let mut all = self.many(3, test);
                all.push(first);
                Condition::All(all)
            }
        }
    }

    fn value(&mut self, kind: Kind) -> Owned {
        // Sometimes of the wrong type.
        let kind = if self.chance(2) { self.pick(FIELDS).1 } else { kind };
        match kind {
            Kind::Text => Owned::Text(self.text().into()),
            Kind::List => Owned::list(self.many(4, |choices| choices.value(Kind::Text))),
            Kind::Signed => Owned::Signed(self.number().cast_signed()),
            Kind::Unsigned => Owned::Unsigned(self.number()),
            Kind::Bool => Owned::Bool(self.chance(50)),
            Kind::Bytes => Owned::Bytes(self.text().into()),
            Kind::Address => Owned::Address(self.address()),
            Kind::Ports => Owned::list(self.many(2, |choices| Owned::Unsigned(choices.number()))),
            Kind::Addresses => {
                Owned::list(self.many(2, |choices| Owned::Address(choices.address())))
            }
        }
    }

    /// An event with most of the fields.
    pub fn event(&mut self) -> PlainEvent {
        let types: Vec<EventType> = ["execve", "openat", "execveat"]
            .iter()
            .filter_map(|name| EventType::of(name))
            .collect();
        let mut event = PlainEvent::new(self.pick(&types));
        for (name, kind) in FIELDS {
            if self.chance(85) {
                let value = match self.value(*kind) {
                    // All ancestors.
                    Owned::Text(_) if *name == "proc.aname" => {
                        Owned::list(self.many(3, |choices| choices.value(Kind::Text)))
                    }
                    // No list in a list.
                    value => value,
                };
                event.set(name, flat(value));
            }
        }
        for name in ["proc.aname", "proc.args"] {
            for index in 0..2 {
                if self.chance(70) {
                    let id = FieldId::of(name).unwrap();
                    let argument = Some(Argument::Index(index));
                    let value = Owned::Text(self.text().into());
                    event.values.insert(FieldRef { id, argument }, value);
                }
            }
        }
        event
    }
}

fn flat(value: Owned) -> Owned {
    match value {
        Owned::List(List(values)) => Owned::list(
            values.into_iter().filter(|value| !matches!(value, Owned::List(_))).collect(),
        ),
        value => value,
    }
}
