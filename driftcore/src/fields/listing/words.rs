//! What the forms of the catalogue have in common.

use crate::fields::ArgumentKind;
use crate::fields::Availability;
use crate::fields::CATALOGUE;
use crate::fields::Field;
use crate::fields::FieldType;
use crate::fields::Multiplicity;

/// The families, in the catalogue's order, with what each is about.
pub(super) const FAMILIES: [(&str, &str); 16] = [
    ("config", "Configuration that departs from its declaration"),
    ("container", "The container"),
    ("digest", "Digests of images"),
    ("drift", "The event and the verdict about it"),
    ("evt", "The call"),
    ("fd", "The file or socket that a call is about"),
    ("file", "The file that a drift event is about"),
    ("fs", "The paths that a call is about"),
    ("group", "The group"),
    ("image", "The container's image"),
    ("k8s", "The pod"),
    ("net", "The connection that a drift event is about"),
    ("package", "Packages that departed from the image"),
    ("proc", "The process"),
    ("thread", "The thread"),
    ("user", "The user"),
];

/// The fields of a family.
pub(super) fn fields(family: &str) -> impl Iterator<Item = &'static Field> + use<'_> {
    CATALOGUE.iter().filter(move |field| self::family(field) == family)
}

fn family(field: &Field) -> &'static str {
    match field.name.split('.').next().unwrap_or_default() {
        "syscall" => "evt",
        family => family,
    }
}

/// The type in a word.
pub(super) const fn kind(field: &Field) -> &'static str {
    match field.kind {
        FieldType::Bool => "bool",
        FieldType::Signed(8) => "int8",
        FieldType::Signed(16) => "int16",
        FieldType::Signed(32) => "int32",
        FieldType::Signed(_) => "int64",
        FieldType::Unsigned(8) => "uint8",
        FieldType::Unsigned(16) => "uint16",
        FieldType::Unsigned(32) => "uint32",
        FieldType::Unsigned(_) => "uint64",
        FieldType::Port => "port",
        FieldType::Text => "text",
        FieldType::Path => "path",
        FieldType::Bytes => "bytes",
        FieldType::Address => "address",
        FieldType::Network => "network",
        FieldType::Time => "time",
        FieldType::Duration => "duration",
    }
}

/// How many values in a word.
pub(super) const fn values(field: &Field) -> &'static str {
    match field.multiplicity {
        Multiplicity::One => "one",
        Multiplicity::List => "list",
        Multiplicity::Ancestors => "ancestors",
        Multiplicity::Ends => "ends",
    }
}

/// The argument in a word.
pub(super) const fn argument(field: &Field) -> &'static str {
    match field.argument {
        ArgumentKind::None => "none",
        ArgumentKind::OptionalIndex => "optional_index",
        ArgumentKind::Index => "index",
        ArgumentKind::OptionalKey => "optional_key",
        ArgumentKind::Key => "key",
    }
}

/// The name with what may follow it: `evt.arg.NAME`, `proc.aname[N]`.
pub(super) fn form(field: &Field) -> String {
    let name = field.name;
    match (field.argument, field.dotted) {
        (ArgumentKind::None, _) => name.to_owned(),
        (ArgumentKind::Index, _) => format!("{name}[N]"),
        (ArgumentKind::OptionalIndex, _) => format!("{name}, {name}[N]"),
        (ArgumentKind::Key, true) => format!("{name}.NAME, {name}[NAME]"),
        (ArgumentKind::Key, false) => format!("{name}[NAME]"),
        (ArgumentKind::OptionalKey, true) => format!("{name}, {name}.NAME, {name}[NAME]"),
        (ArgumentKind::OptionalKey, false) => format!("{name}, {name}[NAME]"),
    }
}

/// Whether it has a value today: `yes`, or what is missing.
pub(super) fn today(field: &Field) -> String {
    match field.availability {
        Availability::Always => "yes".to_owned(),
        Availability::Needs(what) => format!("needs {what}"),
        Availability::Never(why) => format!("never: {why}"),
    }
}
