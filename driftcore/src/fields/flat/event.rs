//! The event.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::convert::List;
use super::convert::Stored;
use super::convert::found;
use super::convert::scalar;
use super::derive::ANCESTRY;
use super::derive::derive;
use super::derive::get;
use super::derive::given_by;
use super::error::FlatEventError;
use crate::event::Timestamp;
use crate::fields::Argument;
use crate::fields::CATALOGUE;
use crate::fields::EventType;
use crate::fields::FieldError;
use crate::fields::FieldId;
use crate::fields::FieldRef;
use crate::fields::FieldType;
use crate::fields::Fields;
use crate::fields::Multiplicity;
use crate::fields::Value;

/// An event that is given as an object of field names and values.
///
/// Values are JSON booleans, numbers and strings of the field's type; addresses are strings, bytes
/// strings or `{"hex": "..."}`. What is absent or null is missing. A list-valued field is an array;
/// so are the fields of all ancestors, from the parent upwards, and from them follow those of the
/// parent (`proc.pname`). A socket is given by its ends, from which follow `fd.ip`, `fd.net`,
/// `fd.port`, `fd.snet` and their like.
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
#[derive(Clone, Debug, PartialEq)]
pub struct FlatEvent {
    event_type: EventType,
    /// Values of fields without an argument.
    plain: Vec<Stored>,
    /// By the index of the field: where its value is in `plain`, counted from 1; 0 for nowhere.
    places: Vec<u16>,
    /// Values of fields with an argument; few, where there are any.
    with_argument: Vec<(FieldRef, Stored)>,
}

impl FlatEvent {
    /// The event of a JSON text. Errs when it is no JSON, no object, or holds a key that is no
    /// field, a value of another type, or no `evt.type`.
    pub fn parse(text: &str) -> Result<Self, FlatEventError> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| FlatEventError::new(format!("this is no JSON: {error}")))?;
        Self::from_json(&json)
    }

    /// The event of a JSON object.
    pub fn from_json(json: &Json) -> Result<Self, FlatEventError> {
        let object = json.as_object().ok_or_else(|| {
            FlatEventError::new(format!("expected an object of fields, found {}", found(json)))
        })?;
        let mut values = BTreeMap::new();
        for (key, json) in object {
            let field = field(key)?;
            let value = value(&field, json).map_err(|message| FlatEventError::at(key, message))?;
            if values.insert(field, value).is_some() {
                return Err(FlatEventError::at(key, "the field is given twice"));
            }
        }
        let event_type = match get(&values, "evt.type") {
            Some(Stored::Text(name)) => {
                let name = String::from_utf8_lossy(name);
                EventType::of(&name).ok_or_else(|| {
                    FlatEventError::at("evt.type", format!("there is no event type {name:?}"))
                })?
            }
            _ => return Err(FlatEventError::at("evt.type", "every event needs its type")),
        };
        derive(&mut values);
        derive_time(&mut values);
        Ok(Self::with_values(event_type, values))
    }

    fn with_values(event_type: EventType, values: BTreeMap<FieldRef, Stored>) -> Self {
        let mut event = Self {
            event_type,
            plain: Vec::with_capacity(values.len()),
            places: vec![0; CATALOGUE.len()],
            with_argument: Vec::new(),
        };
        for (field, value) in values {
            if field.argument.is_some() {
                event.with_argument.push((field, value));
                continue;
            }
            event.plain.push(value);
            // There are no more values than fields, and those are counted by a u16.
            let place = u16::try_from(event.plain.len()).unwrap_or(0);
            if let Some(entry) = event.places.get_mut(field.id.index()) {
                *entry = place;
            }
        }
        event
    }

    /// Names of all fields that an event may give; those that follow from others are left out.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        CATALOGUE.iter().map(|field| field.name).filter(|name| given_by(name).is_none())
    }

    fn stored(&self, id: FieldId) -> Option<&Stored> {
        let place = usize::from(*self.places.get(id.index())?);
        self.plain.get(place.checked_sub(1)?)
    }

    fn plain(&self, name: &str) -> Value<'_> {
        let stored = FieldId::of(name).and_then(|id| self.stored(id));
        stored.map_or(Value::Missing, Stored::value)
    }

    /// The value of one ancestor; 0 is the process itself.
    fn ancestor(&self, id: FieldId, index: u32) -> Value<'_> {
        let name = id.field().name;
        match index.checked_sub(1) {
            None => {
                let own = ANCESTRY.iter().find(|(all, ..)| *all == name).map(|(_, own, _)| own);
                own.map_or(Value::Missing, |own| self.plain(own))
            }
            Some(index) => match self.stored(id) {
                Some(Stored::List(List(ancestors))) => usize::try_from(index)
                    .ok()
                    .and_then(|index| ancestors.get(index))
                    .map_or(Value::Missing, Stored::value),
                _ => Value::Missing,
            },
        }
    }
}

impl Fields for FlatEvent {
    fn event_type(&self) -> EventType {
        self.event_type
    }

    fn get(&self, field: &FieldRef) -> Value<'_> {
        let stored = match &field.argument {
            None => self.stored(field.id),
            Some(_) => {
                let mut given = self.with_argument.iter();
                given.find(|(given, _)| given == field).map(|(_, stored)| stored)
            }
        };
        if let Some(stored) = stored {
            return stored.value();
        }
        let definition = field.id.field();
        match (&field.argument, definition.name) {
            (Some(Argument::Index(index)), _)
                if definition.multiplicity == Multiplicity::Ancestors =>
            {
                self.ancestor(field.id, *index)
            }
            (Some(Argument::Key(key)), "evt.type.is") => {
                Value::Unsigned(u64::from(**key == *self.event_type.name()))
            }
            _ => Value::Missing,
        }
    }
}

fn field(key: &str) -> Result<FieldRef, FlatEventError> {
    let field = FieldRef::parse(key).map_err(|error| {
        FlatEventError::at(
            key,
            match error {
                FieldError::Unknown => "there is no such field".to_owned(),
                FieldError::ArgumentMissing(_) => "the field needs an argument".to_owned(),
                FieldError::ArgumentNotAllowed(_) => "the field takes no argument".to_owned(),
                FieldError::ArgumentNotNumber(_) => "the argument must be a number".to_owned(),
                FieldError::UnknownEventArgument(name) => {
                    format!("no event has an argument {name:?}")
                }
                FieldError::UnknownEventType(name) => format!("there is no event type {name:?}"),
                FieldError::UnknownPath(_) => "the argument is `src` or `dst`".to_owned(),
            },
        )
    })?;
    let name = field.id.field().name;
    if let Some(others) = given_by(name) {
        return Err(FlatEventError::at(key, format!("it follows from {others}: give those")));
    }
    if field.id.field().multiplicity == Multiplicity::Ancestors
        && let Some(Argument::Index(_)) = field.argument
    {
        return Err(FlatEventError::at(
            key,
            format!("give all ancestors as one array, from the parent upwards: `{name}`"),
        ));
    }
    Ok(field)
}

fn value(field: &FieldRef, json: &Json) -> Result<Stored, String> {
    // The alert's form of the event's time.
    let kind = match field.id.field().name {
        "evt.time" if json.is_u64() => FieldType::Time,
        _ => field.kind(),
    };
    match (field.multiplicity(), json) {
        (_, Json::Null) => Ok(Stored::Missing),
        (Multiplicity::List | Multiplicity::Ancestors, Json::Array(items)) => {
            let mut values = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let value = match item {
                    // The chain goes on above an ancestor of which this is not known.
                    Json::Null if field.multiplicity() == Multiplicity::Ancestors => {
                        Stored::Missing
                    }
                    item => scalar(item, kind).map_err(|fault| format!("item {index}: {fault}"))?,
                };
                values.push(value);
            }
            Ok(Stored::List(List(values)))
        }
        (Multiplicity::List | Multiplicity::Ancestors, json) => {
            Err(format!("expected an array of {kind}, found {}", found(json)))
        }
        (Multiplicity::One | Multiplicity::Ends, json) => scalar(json, kind),
    }
}

/// The event's time, in whichever of its forms it was not given.
fn derive_time(values: &mut BTreeMap<FieldRef, Stored>) {
    let field = |name| FieldId::of(name).map(FieldRef::new);
    let (Some(time), Some(raw)) = (field("evt.time"), field("evt.rawtime")) else { return };
    if let Some(Stored::Unsigned(nanos)) = values.get(&time).cloned() {
        values.remove(&time);
        values.entry(raw.clone()).or_insert(Stored::Unsigned(nanos));
    }
    if let Some(Stored::Unsigned(nanos)) = values.get(&raw) {
        let whole = Timestamp::from_nanos(i64::try_from(*nanos).unwrap_or(i64::MAX)).to_string();
        let clock = whole.trim_end_matches('Z').split_once('T').map_or("", |(_, clock)| clock);
        values.entry(time).or_insert_with(|| Stored::Text(clock.as_bytes().into()));
    }
}
