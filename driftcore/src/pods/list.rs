//! Lists whose length somebody else chose.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::SeqAccess;
use serde::de::Visitor;

/// The most elements that a list in a pod may have. An element of three bytes may take hundreds in memory.
const ELEMENTS_MAX: usize = 4096;

/// A list of at most 4,096 elements; `null` is an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Elements(PhantomData))
    }
}

struct Elements<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<List<T>, E> {
        Ok(List::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            if elements.len() == ELEMENTS_MAX {
                return Err(A::Error::custom(format_args!(
                    "a list of more than {ELEMENTS_MAX} elements"
                )));
            }
            elements.push(element);
        }
        Ok(List(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_is_refused_at_its_place() {
        let of = |count: usize| {
            let text = format!("[{}]", vec!["1"; count].join(","));
            serde_json::from_str::<List<u8>>(&text).map(|list| list.len())
        };
        assert_eq!(of(ELEMENTS_MAX).unwrap(), ELEMENTS_MAX);
        let error = of(ELEMENTS_MAX + 1).unwrap_err();
        assert!(error.to_string().starts_with("a list of more than 4096 elements at line 1"));
        assert_eq!(serde_json::from_str::<List<u8>>("null").unwrap().len(), 0);
        assert!(serde_json::from_str::<List<u8>>("5").unwrap_err().to_string().contains("a list"));
    }
}
