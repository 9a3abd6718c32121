//! Numbers as rules write them: decimal, within the range of the field.

use crate::matcher::Constant;

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberError {
    /// It is none.
    NotNumber,
    /// A form that Falco's grammar has but no field takes.
    NotDecimal(&'static str),
    /// It is negative, and the field never is.
    Negative,
    /// It is too large or too small.
    Range,
}

/// A constant for a signed field of so many bits.
pub(super) fn signed(text: &str, bits: u8) -> Result<Constant, NumberError> {
    let value = parse(text)?;
    let largest = i128::from(i64::MAX) >> (64 - bits.clamp(1, 64));
    if value > largest || value < -largest - 1 {
        return Err(NumberError::Range);
    }
    i64::try_from(value).map(Constant::Signed).map_err(|_| NumberError::Range)
}

/// A constant for an unsigned field of so many bits. -1 is all ones, as Falco wraps it: the value
/// of an unset user id.
pub(super) fn unsigned(text: &str, bits: u8) -> Result<Constant, NumberError> {
    let value = parse(text)?;
    let largest = u64::MAX >> (64 - bits.clamp(1, 64));
    if value == -1 {
        return Ok(Constant::Unsigned(largest));
    }
    if value < 0 {
        return Err(NumberError::Negative);
    }
    match u64::try_from(value) {
        Ok(value) if value <= largest => Ok(Constant::Unsigned(value)),
        _ => Err(NumberError::Range),
    }
}

fn parse(text: &str) -> Result<i128, NumberError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
        if hex.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(NumberError::NotDecimal("hexadecimal"));
        }
        if digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok() {
            let form =
                if digits.contains(['e', 'E']) { "with an exponent" } else { "with a fraction" };
            return Err(NumberError::NotDecimal(form));
        }
        return Err(NumberError::NotNumber);
    }
    // Digits that i128 cannot hold are out of every range.
    text.parse().map_err(|_| NumberError::Range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        assert_eq!(signed("-5", 64), Ok(Constant::Signed(-5)));
        assert_eq!(signed("+007", 64), Ok(Constant::Signed(7)));
        assert_eq!(signed("0x1f", 64), Err(NumberError::NotDecimal("hexadecimal")));
        assert_eq!(signed("1.5", 64), Err(NumberError::NotDecimal("with a fraction")));
        assert_eq!(signed("1e+3", 64), Err(NumberError::NotDecimal("with an exponent")));
        for text in ["", "-", "abc", "1a", "--1", "0x", "inf", " 1", "1 ", "1_000"] {
            assert_eq!(signed(text, 64), Err(NumberError::NotNumber), "{text}");
        }
    }

    #[test]
    fn numbers_are_in_range() {
        assert_eq!(signed("32767", 16), Ok(Constant::Signed(32767)));
        assert_eq!(signed("32768", 16), Err(NumberError::Range));
        assert_eq!(signed("-32768", 16), Ok(Constant::Signed(-32768)));
        assert_eq!(signed("-9223372036854775808", 64), Ok(Constant::Signed(i64::MIN)));
        assert_eq!(signed("9223372036854775808", 64), Err(NumberError::Range));
        assert_eq!(unsigned("18446744073709551615", 64), Ok(Constant::Unsigned(u64::MAX)));
        assert_eq!(unsigned(&"9".repeat(100), 64), Err(NumberError::Range));
        assert_eq!(unsigned("65536", 16), Err(NumberError::Range));
    }

    #[test]
    fn minus_one_is_all_ones() {
        assert_eq!(unsigned("-1", 32), Ok(Constant::Unsigned(4_294_967_295)));
        assert_eq!(unsigned("-1", 64), Ok(Constant::Unsigned(u64::MAX)));
        assert_eq!(unsigned("-2", 32), Err(NumberError::Negative));
    }
}
