//! Every field that rules may use.

use super::ArgumentKind;
use super::Field;
use super::FieldId;
use super::FieldType;
use super::Multiplicity;

/// The catalogue, sorted by name.
pub const CATALOGUE: &[Field] = &[
    Field {
        name: "container.image.repository",
        kind: FieldType::Text,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The image repository.",
    },
    Field {
        name: "evt.buffer",
        kind: FieldType::Bytes,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The data of the event.",
    },
    Field {
        name: "evt.is_open_write",
        kind: FieldType::Bool,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "Whether the path was opened for writing.",
    },
    Field {
        name: "evt.num",
        kind: FieldType::Unsigned(64),
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The event's number.",
    },
    Field {
        name: "evt.type",
        kind: FieldType::Text,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The name of the event.",
    },
    Field {
        name: "fd.ip",
        kind: FieldType::Address,
        multiplicity: Multiplicity::Ends,
        argument: ArgumentKind::None,
        filter_only: true,
        transformable: false,
        description: "The IP address of either end.",
    },
    Field {
        name: "fd.name",
        kind: FieldType::Text,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The full name of the file descriptor.",
    },
    Field {
        name: "fd.net",
        kind: FieldType::Network,
        multiplicity: Multiplicity::Ends,
        argument: ArgumentKind::None,
        filter_only: true,
        transformable: false,
        description: "The network of either end.",
    },
    Field {
        name: "fd.port",
        kind: FieldType::Port,
        multiplicity: Multiplicity::Ends,
        argument: ArgumentKind::None,
        filter_only: true,
        transformable: false,
        description: "The port of either end.",
    },
    Field {
        name: "fd.sip",
        kind: FieldType::Address,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The server's IP address.",
    },
    Field {
        name: "proc.aname",
        kind: FieldType::Text,
        multiplicity: Multiplicity::Ancestors,
        argument: ArgumentKind::OptionalIndex,
        filter_only: false,
        transformable: false,
        description: "The name of an ancestor.",
    },
    Field {
        name: "proc.args",
        kind: FieldType::Text,
        multiplicity: Multiplicity::List,
        argument: ArgumentKind::OptionalIndex,
        filter_only: false,
        transformable: true,
        description: "The arguments.",
    },
    Field {
        name: "proc.name",
        kind: FieldType::Text,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The process name.",
    },
    Field {
        name: "proc.pid",
        kind: FieldType::Signed(64),
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The process id.",
    },
    Field {
        name: "proc.pname",
        kind: FieldType::Text,
        multiplicity: Multiplicity::One,
        argument: ArgumentKind::None,
        filter_only: false,
        transformable: true,
        description: "The parent's name.",
    },
];

impl FieldId {
    /// The field of this exact name.
    pub fn of(name: &str) -> Option<Self> {
        let index = CATALOGUE.binary_search_by(|field| field.name.cmp(name)).ok()?;
        u16::try_from(index).ok().map(Self)
    }

    /// The catalogue's entry.
    pub const fn field(self) -> &'static Field {
        &CATALOGUE[self.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name() {
        assert!(CATALOGUE.is_sorted_by(|a, b| a.name < b.name));
        for field in CATALOGUE {
            assert_eq!(FieldId::of(field.name).map(FieldId::field), Some(field));
        }
    }
}
