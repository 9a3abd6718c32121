//! The families put together, and the look-up by name.

use super::account;
use super::container;
use super::descriptor;
use super::drift;
use super::event;
use super::process;
use crate::fields::Field;
use crate::fields::FieldId;
use crate::fields::event_type::same;

/// In the order of their names, as the catalogue is.
const FAMILIES: &[&[Field]] = &[
    drift::CONFIG,
    container::CONTAINER,
    drift::DIGEST,
    drift::DRIFT,
    event::EVENT,
    descriptor::DESCRIPTOR,
    drift::FILE_FIELDS,
    descriptor::PATHS,
    account::GROUP,
    drift::IMAGE,
    container::KUBERNETES,
    drift::NETWORK,
    drift::PACKAGE,
    process::PROCESS,
    event::SYSCALL,
    process::THREAD,
    account::USER,
];

const COUNT: usize = {
    let mut count = 0;
    let mut family = 0;
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

static ALL: [Field; COUNT] = {
    let mut all = [FAMILIES[0][0]; COUNT];
    let (mut family, mut count) = (0, 0);
    while family < FAMILIES.len() {
        let mut index = 0;
        while index < FAMILIES[family].len() {
            all[count] = FAMILIES[family][index];
            count += 1;
            index += 1;
        }
        family += 1;
    }
    all
};

/// The catalogue, sorted by name.
pub const CATALOGUE: &[Field] = &ALL;

impl FieldId {
    /// The field of this exact name.
    pub fn of(name: &str) -> Option<Self> {
        let index = ALL.binary_search_by(|field| field.name.cmp(name)).ok()?;
        u16::try_from(index).ok().map(Self)
    }

    /// The field of a name that is in the catalogue; when the program is compiled only.
    pub(in crate::fields) const fn known(name: &str) -> Self {
        let mut index = 0;
        while !same(ALL[index].name.as_bytes(), name.as_bytes()) {
            index += 1;
        }
        Self(index as u16)
    }

    /// The catalogue's entry.
    pub const fn field(self) -> &'static Field {
        &ALL[self.0 as usize]
    }

    /// All of them, in the catalogue's order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..u16::try_from(COUNT).unwrap_or(u16::MAX)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::ArgumentKind;
    use crate::fields::Multiplicity;

    #[test]
    fn every_field_is_found_by_its_name() {
        for pair in CATALOGUE.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} {}", pair[0].name, pair[1].name);
        }
        for field in CATALOGUE {
            assert_eq!(FieldId::of(field.name).map(FieldId::field), Some(field));
        }
        assert_eq!(FieldId::all().count(), CATALOGUE.len());
    }

    #[test]
    fn every_field_has_one_sentence() {
        for field in CATALOGUE {
            let text = field.description;
            assert!(text.ends_with('.') && text.len() > 10 && !text.contains('\n'), "{text}");
            assert!(text.starts_with(|c: char| !c.is_lowercase()), "{text}");
        }
    }

    #[test]
    fn properties_agree_with_each_other() {
        for field in CATALOGUE {
            if field.multiplicity == Multiplicity::Ancestors {
                assert!(field.argument != ArgumentKind::None, "{}", field.name);
            }
            if field.multiplicity == Multiplicity::Ends {
                assert!(field.filter_only && !field.transformable, "{}", field.name);
            }
            if field.dotted {
                assert!(field.argument != ArgumentKind::None, "{}", field.name);
            }
        }
    }
}
