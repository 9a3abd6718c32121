//! The event.

use std::fmt;
use std::mem::take;

use super::check::check_field;
use super::check::checked;
use super::check::found;
use super::derive::ADDRESS_IDS;
use super::derive::Clock;
use super::derive::PORT_IDS;
use super::derive::RAW_TIME;
use super::derive::Role;
use super::derive::TIME;
use super::derive::clock;
use super::error::FlatEventError;
use super::memory::Memory;
use super::slot::List;
use super::slot::Slot;
use crate::fields::Argument;
use crate::fields::EventType;
use crate::fields::FieldId;
use crate::fields::FieldRef;
use crate::fields::FieldType;
use crate::fields::Fields;
use crate::fields::Multiplicity;
use crate::fields::Value;
use crate::fields::Values;

/// An event that is given by its fields, either one by one or as a JSON object of names and values.
///
/// A list-valued field is an array; so are the fields of all ancestors, from the parent upwards,
/// and from them follow those of the parent (`proc.pname`). A socket is given by its ends, from
/// which follow `fd.ip`, `fd.net`, `fd.port`, `fd.snet` and their like. What follows is there at
/// once, in whichever order values are given.
///
/// In JSON, values are booleans, numbers and strings of the field's type; addresses are strings,
/// bytes strings or `{"hex": "..."}`. What is absent or null is missing; what is null does not
/// follow from another field either.
///
/// ```
/// use driftcore::fields::{FieldRef, Fields, FlatEvent};
///
/// let event = FlatEvent::parse(
///     r#"{"evt.type": "execve", "proc.name": "sh", "proc.aname": ["bash", "sshd"]}"#,
/// )
/// .unwrap();
/// let parent = FieldRef::parse("proc.pname").unwrap();
/// assert_eq!(format!("{:?}", event.get(&parent)), r#"Text("bash")"#);
/// ```
///
/// Whoever has a sensor of its own looks up its fields once and fills one event again and again.
/// An event keeps the memory of the values that it held: once it has held values of such fields
/// and lengths, [`reset`](Self::reset), [`set`](Self::set), [`push`](Self::push) and
/// [`get`](Fields::get) allocate nothing.
///
/// ```
/// use driftcore::fields::{EventType, FieldRef, Fields, FlatEvent, Value};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let name = FieldRef::parse("proc.name").unwrap();
/// let ancestors = FieldRef::parse("proc.aname").unwrap();
/// let mut event = FlatEvent::new(EventType::EXECVE);
/// for (process, parent) in [("sh", "sshd"), ("curl", "sh")] {
///     event.reset(EventType::EXECVE);
///     event.set(&name, Value::Text(process.as_bytes()))?;
///     event.push(&ancestors, Value::Text(parent.as_bytes()))?;
///     // Here it is matched against rules.
/// }
/// assert!(event.get(&FieldRef::parse("proc.aname[1]").unwrap()) == Value::Text(b"sh"));
/// # Ok(())
/// # }
/// ```
///
/// Two events are equal when they are of one type and each field has the same value in both,
/// whatever they held before.
#[derive(Clone)]
pub struct FlatEvent {
    pub(super) event_type: EventType,
    /// What was given.
    memory: Memory,
    /// The time of day. Holds while the time in nanoseconds is known.
    clock: Clock,
    /// The ends of the connection that are known.
    addresses: List,
    ports: List,
}

impl FlatEvent {
    /// An event of this type without values.
    pub fn new(event_type: EventType) -> Self {
        Self {
            event_type,
            memory: Memory::new(),
            clock: clock(0),
            addresses: List::default(),
            ports: List::default(),
        }
    }

    /// Forgets all values and takes another type. Keeps the memory, and takes the same time
    /// however many values there were.
    pub fn reset(&mut self, event_type: EventType) {
        self.event_type = event_type;
        self.memory.clear();
        self.addresses.clear();
        self.ports.clear();
    }

    /// Sets a field, in place of the value that it had. [`Value::Missing`] removes it;
    /// [`Value::List`] sets every item of a list-valued field, or of a field of all ancestors,
    /// where an item may be missing.
    ///
    /// Numbers may be signed or unsigned where they fit the field's type. `evt.time` takes its
    /// text, or nanoseconds since the epoch as `evt.rawtime` does. `evt.type` is set by
    /// [`new`](Self::new) and [`reset`](Self::reset); here it may only be repeated.
    ///
    /// Errs, and changes nothing, when the value is not of the field's type or does not fit its
    /// width, when text holds NUL, when the field follows from others (`fd.ip`), is that of one
    /// ancestor (`proc.aname[2]`), or is none that a rule can name.
    pub fn set(&mut self, field: &FieldRef, value: Value<'_>) -> Result<(), FlatEventError> {
        self.try_set(field, value).map_err(|message| at(field, message))
    }

    /// Appends to a list-valued field, or to a field of all ancestors, from the parent upwards:
    /// [`Value::Missing`] there is an ancestor of which this is not known.
    ///
    /// Errs, and changes nothing, as [`set`](Self::set) does, and when the field has one value.
    pub fn push(&mut self, field: &FieldRef, value: Value<'_>) -> Result<(), FlatEventError> {
        self.try_push(field, value).map_err(|message| at(field, message))
    }

    /// Names of all fields that an event may give; those that follow from others are left out.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        let given = FieldId::all().filter(|id| Role::of(*id).given_by().is_none());
        given.map(|id| id.field().name)
    }

    pub(super) fn try_set(&mut self, field: &FieldRef, value: Value<'_>) -> Result<(), String> {
        self.check(field)?;
        match (field.multiplicity(), value) {
            _ if Role::of(field.id) == Role::EventType => return self.check_type(value),
            (_, Value::Missing) => self.memory.empty(field),
            (Multiplicity::List | Multiplicity::Ancestors, Value::List(items)) => {
                // Twice, so that a fault in the last item changes nothing.
                for index in 0..items.len() {
                    check_item(field, items.get(index))
                        .map_err(|fault| format!("item {index}: {fault}"))?;
                }
                self.memory.fill(field, |slot, life| {
                    let list = slot.list(life);
                    list.clear();
                    let items = (0..items.len()).map(|index| items.get(index));
                    items.flat_map(|item| check_item(field, item)).for_each(|it| list.push(it));
                });
            }
            (Multiplicity::List | Multiplicity::Ancestors, value) => {
                let (kind, found) = (field.kind(), found(value));
                return Err(format!("expected a list of {kind}, found {found}"));
            }
            (Multiplicity::One | Multiplicity::Ends, value) => {
                let kind = match (field.id, value) {
                    (TIME, Value::Signed(_) | Value::Unsigned(_)) => FieldType::Time,
                    _ => field.kind(),
                };
                let value = checked(value, kind)?;
                self.memory.fill(field, |slot, life| slot.set(life, value));
            }
        }
        self.derive(field.id);
        Ok(())
    }

    pub(super) fn try_push(&mut self, field: &FieldRef, value: Value<'_>) -> Result<(), String> {
        self.check(field)?;
        if !matches!(field.multiplicity(), Multiplicity::List | Multiplicity::Ancestors) {
            return Err("the field has one value, to which none can be appended".to_owned());
        }
        let value = check_item(field, value)?;
        self.memory.fill(field, |slot, life| slot.list(life).push(value));
        Ok(())
    }

    /// Errs when nothing may be given for this field. What has a slot was checked before.
    fn check(&self, field: &FieldRef) -> Result<(), String> {
        if self.memory.knows(field) { Ok(()) } else { check_field(field) }
    }

    /// Notes that the field is missing, and does not follow from another either.
    pub(super) fn set_null(&mut self, field: &FieldRef) {
        self.memory.fill(field, Slot::set_null);
        self.derive(field.id);
    }

    pub(super) fn is_given(&self, field: &FieldRef) -> bool {
        self.memory.get(field).is_some()
    }

    fn check_type(&self, value: Value<'_>) -> Result<(), String> {
        let name = self.event_type.name();
        match value {
            Value::Text(text) if text == name.as_bytes() => Ok(()),
            _ => Err(format!("the event is of type {name:?}: it is given with `new` or `reset`")),
        }
    }

    /// Builds what follows from a field that changed, where `get` could not lend it otherwise.
    fn derive(&mut self, changed: FieldId) {
        match Role::of(changed) {
            Role::Time | Role::RawTime => {
                if let Some(nanos) = self.nanos() {
                    self.clock = clock(nanos);
                }
            }
            Role::Address => {
                let mut ends = take(&mut self.addresses);
                self.collect(&ADDRESS_IDS, &mut ends);
                self.addresses = ends;
            }
            Role::Port => {
                let mut ends = take(&mut self.ports);
                self.collect(&PORT_IDS, &mut ends);
                self.ports = ends;
            }
            _ => {}
        }
    }

    /// The ends of the first pair of which any is known.
    fn collect(&self, pairs: &[[FieldId; 2]], ends: &mut List) {
        ends.clear();
        for pair in pairs {
            let known = pair.iter().map(|id| self.given(*id)).filter(Value::exists);
            known.for_each(|end| ends.push(end));
            if !ends.is_empty() {
                return;
            }
        }
    }

    /// The event's time since the epoch: `evt.rawtime`, or else `evt.time` in that form.
    fn nanos(&self) -> Option<u64> {
        let slot = self.memory.plain(RAW_TIME).or_else(|| self.memory.plain(TIME))?;
        match slot.value() {
            Value::Unsigned(nanos) => Some(nanos),
            _ => None,
        }
    }

    /// The value that was given for a field without argument.
    fn given(&self, id: FieldId) -> Value<'_> {
        self.memory.plain(id).map_or(Value::Missing, Slot::value)
    }

    /// The value of a field without argument.
    fn plain(&self, id: FieldId) -> Value<'_> {
        match Role::of(id) {
            Role::Plain | Role::IsEventType | Role::Address | Role::Port => self.given(id),
            Role::EventType => Value::Text(self.event_type.name().as_bytes()),
            Role::RawTime => self.nanos().map_or(Value::Missing, Value::Unsigned),
            Role::Time => match (self.memory.plain(TIME).map(Slot::value), self.nanos()) {
                (None | Some(Value::Unsigned(_)), Some(_)) => Value::Text(&self.clock),
                (None | Some(Value::Unsigned(_)), None) => Value::Missing,
                (Some(text), _) => text,
            },
            Role::Network(end) => self.given(end),
            Role::Addresses => known(&self.addresses),
            Role::Ports => known(&self.ports),
            Role::Ancestors { parent, .. } => match self.memory.plain(id) {
                Some(slot) => slot.value(),
                None => self.memory.plain(parent).map_or(Value::Missing, Slot::alone),
            },
            Role::Parent { all } => match self.memory.plain(id) {
                Some(slot) => slot.value(),
                None => item(self.given(all), 0),
            },
        }
    }

    /// The value of one ancestor; 0 is the process itself.
    fn ancestor(&self, id: FieldId, index: u32) -> Value<'_> {
        match (Role::of(id), index.checked_sub(1)) {
            (Role::Ancestors { own, .. }, None) => self.given(own),
            (_, None) => Value::Missing,
            (_, Some(index)) => item(self.plain(id), index),
        }
    }
}

/// A list of ends, unless none is known.
fn known(ends: &List) -> Value<'_> {
    if ends.is_empty() { Value::Missing } else { Value::List(ends) }
}

/// One item of a list.
fn item(list: Value<'_>, index: u32) -> Value<'_> {
    match (list, usize::try_from(index)) {
        (Value::List(items), Ok(index)) => items.get(index),
        _ => Value::Missing,
    }
}

/// One item of a field that has several.
fn check_item<'v>(field: &FieldRef, value: Value<'v>) -> Result<Value<'v>, String> {
    match value {
        // The chain goes on above an ancestor of which this is not known.
        Value::Missing if field.multiplicity() == Multiplicity::Ancestors => Ok(value),
        value => checked(value, field.kind()),
    }
}

fn at(field: &FieldRef, message: String) -> FlatEventError {
    FlatEventError::at(&field.to_string(), message)
}

impl Fields for FlatEvent {
    fn event_type(&self) -> EventType {
        self.event_type
    }

    fn get(&self, field: &FieldRef) -> Value<'_> {
        let Some(argument) = &field.argument else { return self.plain(field.id) };
        if let Some(slot) = self.memory.get(field) {
            return slot.value();
        }
        match (argument, Role::of(field.id)) {
            (Argument::Index(index), _)
                if field.id.field().multiplicity == Multiplicity::Ancestors =>
            {
                self.ancestor(field.id, *index)
            }
            (Argument::Key(key), Role::IsEventType) => {
                Value::Unsigned(u64::from(**key == *self.event_type.name()))
            }
            _ => Value::Missing,
        }
    }
}

impl PartialEq for FlatEvent {
    fn eq(&self, other: &Self) -> bool {
        let same = |field: &FieldRef| self.get(field) == other.get(field);
        self.event_type == other.event_type
            && FieldId::all().map(FieldRef::new).all(|field| same(&field))
            && self.memory.with_argument().all(same)
            && other.memory.with_argument().all(same)
    }
}

/// The fields that have a value, with it.
impl fmt::Debug for FlatEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = FieldId::all().map(FieldRef::new);
        let fields = plain.chain(self.memory.with_argument().cloned());
        let mut map = f.debug_map();
        for field in fields {
            let value = self.get(&field);
            if value.exists() {
                map.entry(&format_args!("{field}"), &value);
            }
        }
        map.finish()
    }
}
