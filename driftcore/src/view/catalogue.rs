//! Which function gives which field.

use std::sync::LazyLock;

use super::View;
use super::getters::GETTERS;
use crate::fields::Argument;
use crate::fields::CATALOGUE;
use crate::fields::FieldId;
use crate::fields::Value;

/// Gives the value of a field.
pub(super) type Getter = for<'v, 'a> fn(&'v View<'a>, Option<&Argument>) -> Value<'v>;

/// By the index of the field.
static BY_FIELD: LazyLock<Vec<Getter>> = LazyLock::new(|| {
    let mut by_field: Vec<Getter> = vec![missing; CATALOGUE.len()];
    for &(name, getter) in GETTERS {
        if let Some(place) = FieldId::of(name).and_then(|id| by_field.get_mut(id.index())) {
            *place = getter;
        }
    }
    by_field
});

/// The function for a field; for one that no event has so far, one that finds nothing.
pub(super) fn getter(id: FieldId) -> Getter {
    BY_FIELD.get(id.index()).copied().unwrap_or(missing)
}

fn missing<'v>(_: &'v View<'_>, _: Option<&Argument>) -> Value<'v> {
    Value::Missing
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_catalogue_promises_what_the_view_gives() {
        let given: BTreeSet<&str> = GETTERS.iter().map(|(name, _)| *name).collect();
        assert_eq!(given.len(), GETTERS.len(), "a field is given twice");
        let promised: BTreeSet<&str> = CATALOGUE
            .iter()
            .filter(|field| field.availability.is_available())
            .map(|field| field.name)
            .collect();
        let missing: Vec<_> = promised.difference(&given).collect();
        let unpromised: Vec<_> = given.difference(&promised).collect();
        assert!(missing.is_empty(), "promised and not given: {missing:?}");
        assert!(unpromised.is_empty(), "given and not promised: {unpromised:?}");
    }
}
