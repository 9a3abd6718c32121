//! CRC-64 of ISO 3309, by which Docker's record knows the content of each file.

const POLYNOMIAL: u64 = 0xd800_0000_0000_0000;

const TABLE: [u64; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut value = at as u64;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ POLYNOMIAL } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
};

/// A sum that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crc64(u64);

impl Crc64 {
    pub(super) const fn new() -> Self {
        Self(!0)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, &byte| {
            // One of 256.
            TABLE[usize::from(sum as u8 ^ byte)] ^ sum >> 8
        });
    }

    /// The sum so far, as it is written.
    pub(super) const fn bytes(self) -> [u8; 8] {
        (!self.0).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standard() {
        let sum = |parts: &[&str]| {
            let mut sum = Crc64::new();
            parts.iter().for_each(|part| sum.update(part.as_bytes()));
            u64::from_be_bytes(sum.bytes())
        };
        assert_eq!(sum(&[]), 0);
        assert_eq!(sum(&["123456789"]), 0xb909_56c7_75a4_1001);
        assert_eq!(sum(&["1234", "56789"]), 0xb909_56c7_75a4_1001);
    }
}
