//! The variables of an environment, with values that may be shown.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer;
use serde::de::SeqAccess;
use serde::de::Visitor;

use crate::config::secret;
use crate::event::Text;

/// Names and values as they may be shown. Where a name stands several times, the last one counts, as it
/// does for the runtimes.
pub(in crate::config) type Environment = BTreeMap<Text, Text>;

/// Takes in `NAME=VALUE`; false where it is none.
fn insert(environment: &mut Environment, variable: &[u8]) -> bool {
    let mut parts = variable.splitn(2, |&byte| byte == b'=');
    let (Some(name), Some(value)) = (parts.next(), parts.next()) else { return false };
    if name.is_empty() {
        return false;
    }
    environment.insert(Text::from(name), secret::shown(name, value));
    true
}

/// Reads the block that an exec leaves: variables, each ended by NUL. The flag says whether it is whole:
/// a process may write over it.
pub(in crate::config) fn parse(block: &[u8]) -> (Environment, bool) {
    parse_some(block, |_| true)
}

/// The same, of the variables whose names are wanted.
pub(in crate::config) fn parse_some(
    block: &[u8],
    mut is_wanted: impl FnMut(&[u8]) -> bool,
) -> (Environment, bool) {
    let mut environment = Environment::new();
    let mut whole = true;
    let block = block.strip_suffix(b"\0").unwrap_or(block);
    if !block.is_empty() {
        for variable in block.split(|&byte| byte == 0) {
            match variable.iter().position(|&byte| byte == b'=') {
                Some(end) if !is_wanted(&variable[..end]) => whole &= end > 0,
                _ => whole &= insert(&mut environment, variable),
            }
        }
    }
    (environment, whole)
}

/// Of JSON: a list of `NAME=VALUE`. The values end here.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Environment, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Environment;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of variables")
        }

        fn visit_unit<E>(self) -> Result<Environment, E> {
            Ok(Environment::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Environment, A::Error> {
            let mut environment = Environment::new();
            while let Some(variable) = list.next_element::<String>()? {
                insert(&mut environment, variable.as_bytes());
            }
            Ok(environment)
        }
    }

    deserializer.deserialize_any(List)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_block_is_read_and_one_that_was_written_over_is_known() {
        let (environment, whole) = parse(b"PATH=/bin\0A=b=c\0A=2\0E=\0");
        assert!(whole);
        let names: Vec<_> = environment.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["A", "E", "PATH"]);
        assert_eq!(environment[&Text::from("A")], secret::digest(b"2"));
        assert_eq!(environment[&Text::from("E")], secret::digest(b""));
        assert_eq!(parse(b""), (Environment::new(), true));
        for torn in [&b"nginx: master process\0\0\0A=1\0"[..], b"\0\0", b"=x\0"] {
            assert!(!parse(torn).1, "{torn:?}");
        }
    }

    #[test]
    fn only_what_is_wanted_is_taken_in() {
        let wanted = |block| parse_some(block, |name| name == b"A");
        let (environment, whole) = wanted(b"B=1\0A=2\0".as_slice());
        assert_eq!(environment.keys().collect::<Vec<_>>(), [&Text::from("A")]);
        assert!(whole && !wanted(b"title\0A=1\0").1 && !wanted(b"=x\0").1);
    }

    proptest! {
        #[test]
        fn any_block_is_read_and_keeps_no_value(block: Vec<u8>) {
            let (environment, _) = parse(&block);
            for (name, value) in environment {
                let digest = value.as_bytes().starts_with(b"sha256:");
                prop_assert!(digest || secret::shown(name.as_bytes(), value.as_bytes()) == value);
            }
        }
    }
}
