//! The scheme that rules and events share: which fields there are, of which type, and how an
//! event gives their values.

mod catalogue;
mod event_argument;
mod event_type;
mod field;
mod flat;
mod listing;
mod resolve;
mod value;

pub use catalogue::CATALOGUE;
pub use event_argument::EVENT_ARGUMENTS;
pub(crate) use event_argument::raw_type;
pub use event_type::EVENT_TYPES;
pub use event_type::EventType;
pub use event_type::EventTypes;
pub use field::Argument;
pub use field::ArgumentKind;
pub use field::Availability;
pub use field::Field;
pub use field::FieldId;
pub use field::FieldRef;
pub use field::FieldType;
pub use field::Multiplicity;
pub use field::Print;
pub use flat::FlatEvent;
pub use flat::FlatEventError;
pub use listing::catalogue_json;
pub use listing::catalogue_markdown;
pub use listing::catalogue_text;
pub use resolve::FieldError;
pub(crate) use resolve::event_argument_names;
pub use value::Fields;
pub use value::Value;
pub use value::Values;
