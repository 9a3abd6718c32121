//! Quantities as Kubernetes writes them: `64Mi`, `1500m`, `1e3`, `0.5`.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Visitor;

/// Suffixes and what they stand for, in thousandths.
const SUFFIXES: [(&str, u128); 14] = [
    ("Ki", 1000 << 10),
    ("Mi", 1000 << 20),
    ("Gi", 1000 << 30),
    ("Ti", 1000 << 40),
    ("Pi", 1000 << 50),
    ("Ei", 1000 << 60),
    ("m", 1),
    ("k", 1000 * 1000),
    ("M", 1000 * 1_000_000),
    ("G", 1000 * 1_000_000_000),
    ("T", 1000 * 1_000_000_000_000),
    ("P", 1000 * 1_000_000_000_000_000),
    ("E", 1000 * 1_000_000_000_000_000_000),
    ("", 1000),
];

/// A quantity in thousandths; `None` where it is none, or too large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quantity(Option<u128>);

impl Quantity {
    /// Whole units, rounded up as Kubernetes does.
    pub(super) fn whole(self) -> Option<u64> {
        u64::try_from(self.0?.div_ceil(1000)).ok()
    }

    pub(super) fn thousandths(self) -> Option<u64> {
        u64::try_from(self.0?).ok()
    }

    fn parse(text: &str) -> Self {
        Self(thousandths(text.trim()))
    }
}

fn thousandths(text: &str) -> Option<u128> {
    let text = text.strip_prefix('+').unwrap_or(text);
    // `1e3` is a number, `1E` a suffix.
    if let Some((number, exponent)) = text.split_once(['e', 'E'])
        && let Ok(exponent) = exponent.parse::<u32>()
    {
        return scaled(number, 1000_u128.checked_mul(10_u128.checked_pow(exponent)?)?);
    }
    let (number, scale) =
        SUFFIXES.iter().find_map(|(suffix, scale)| Some((text.strip_suffix(suffix)?, *scale)))?;
    scaled(number, scale)
}

/// A number that may have a fraction, times `scale`; less than one of that is rounded up.
fn scaled(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u128>().ok() };
    let base = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = number(fraction)?.checked_mul(scale)?.div_ceil(base);
    number(whole)?.checked_mul(scale)?.checked_add(part)
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity")
            }

            fn visit_str<E>(self, text: &str) -> Result<Quantity, E> {
                Ok(Quantity::parse(text))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Quantity, E> {
                Ok(Quantity(u128::from(number).checked_mul(1000)))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Quantity, E> {
                Ok(Quantity(u128::try_from(number).ok().and_then(|it| it.checked_mul(1000))))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Quantity, E> {
                Ok(Quantity::parse(&number.to_string()))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantities_are_what_kubernetes_means() {
        for (text, whole) in [
            ("64Mi", 64 << 20),
            ("128974848", 128_974_848),
            ("129e6", 129_000_000),
            ("129M", 129_000_000),
            ("128974848000m", 128_974_848),
            ("1.5Gi", 3 << 29),
            ("0.5", 1),
            ("1E", 1_000_000_000_000_000_000),
            (".5k", 500),
        ] {
            assert_eq!(Quantity::parse(text).whole(), Some(whole), "{text}");
        }
        assert_eq!(Quantity::parse("1500m").thousandths(), Some(1500));
        assert_eq!(Quantity::parse("0.1").thousandths(), Some(100));
        for none in ["", "Mi", "-1", "1 Mi", "1.2.3", "x", "1Kx", ".", "1e-3"] {
            assert_eq!(Quantity::parse(none), Quantity(None), "{none}");
        }
        let numbers: Vec<Quantity> = serde_json::from_str("[7, 0.25, -1, \"2\"]").unwrap();
        let whole: Vec<_> = numbers.into_iter().map(Quantity::thousandths).collect();
        assert_eq!(whole, [Some(7000), Some(250), None, Some(2000)]);
    }

    proptest! {
        #[test]
        fn any_text_does_not_panic(text: String) {
            let _ = Quantity::parse(&text).whole();
        }

        #[test]
        fn any_number_is_itself(number: u64) {
            prop_assert_eq!(Quantity::parse(&number.to_string()).whole(), Some(number));
        }
    }
}
