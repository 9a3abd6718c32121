//! Digests as text.

use std::fmt::Write;

/// `sha256:` and 64 hexadecimal digits.
pub(super) fn digest_text(digest: [u8; 32]) -> String {
    let mut text = String::from("sha256:");
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The hexadecimal digits of a SHA-256 digest, which become part of a path. `None` for anything else.
pub(super) fn digits(digest: &str) -> Option<&str> {
    let digits = digest.strip_prefix("sha256:")?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (digits.len() == 64 && digits.bytes().all(is_digit)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_digest_becomes_part_of_a_path() {
        let text = digest_text([0xab; 32]);
        assert_eq!(digits(&text), Some("ab".repeat(32).as_str()));
        let upper = format!("sha256:{}", "AB".repeat(32));
        for text in ["", "sha256:ab", "sha512:ab", &upper, &format!("sha256:{}", "../".repeat(22))]
        {
            assert_eq!(digits(text), None, "{text}");
        }
    }
}
