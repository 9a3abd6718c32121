//! Many networks as sorted ranges: one binary search, however many there are.

use std::net::IpAddr;

use super::condition::Constant;

/// A set of addresses. IPv4 and IPv6 lie apart.
#[derive(Debug, Default)]
pub(super) struct Networks {
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

impl Networks {
    /// Of the addresses and networks among the constants.
    pub(super) fn new<'a>(constants: impl IntoIterator<Item = &'a Constant>) -> Self {
        let mut set = Self::default();
        for constant in constants {
            let (address, prefix) = match constant {
                Constant::Address(address) => (*address, 128),
                Constant::Network(network) => (network.address(), u32::from(network.prefix())),
                _ => continue,
            };
            let (ranges, bits) = match address {
                IpAddr::V4(_) => (&mut set.v4, 32),
                IpAddr::V6(_) => (&mut set.v6, 128),
            };
            let host = bits - prefix.min(bits);
            let hosts = u128::MAX.checked_shr(128 - host).unwrap_or(0);
            ranges.push((number(address), number(address) | hosts));
        }
        for ranges in [&mut set.v4, &mut set.v6] {
            ranges.sort_unstable();
            let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
            for range in ranges.iter() {
                match merged.last_mut() {
                    Some(last) if range.0 <= last.1 => last.1 = last.1.max(range.1),
                    _ => merged.push(*range),
                }
            }
            *ranges = merged;
        }
        set
    }

    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let ranges = match address {
            IpAddr::V4(_) => &self.v4,
            IpAddr::V6(_) => &self.v6,
        };
        let number = number(address);
        let behind = ranges.partition_point(|range| range.0 <= number);
        behind.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| number <= range.1)
    }

    /// The ranges, for people to read.
    pub(super) fn describe(&self) -> String {
        let v4 = self.v4.iter().map(|(from, to)| format!("v4 {from:08x}-{to:08x}"));
        let v6 = self.v6.iter().map(|(from, to)| format!("v6 {from:032x}-{to:032x}"));
        v4.chain(v6).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition::Network;
    use super::*;

    fn network(address: &str, prefix: u8) -> Constant {
        Constant::Network(Network::new(address.parse().unwrap(), prefix).unwrap())
    }

    #[test]
    fn addresses_are_found_in_nested_and_whole_networks() {
        let set = Networks::new(&[
            network("10.0.0.0", 8),
            network("10.1.0.0", 16),
            network("192.168.1.0", 24),
            Constant::Address("1.2.3.4".parse().unwrap()),
            network("::", 0),
        ]);
        for (address, inside) in [
            ("10.255.0.1", true),
            ("10.1.2.3", true),
            ("11.0.0.0", false),
            ("192.168.1.255", true),
            ("192.168.2.0", false),
            ("1.2.3.4", true),
            ("1.2.3.5", false),
            ("fe80::1", true),
        ] {
            assert_eq!(set.contain(address.parse().unwrap()), inside, "{address}");
        }
        assert!(Networks::new(&[network("0.0.0.0", 0)]).contain("255.1.1.1".parse().unwrap()));
        assert!(!Networks::default().contain("::1".parse().unwrap()));
    }
}
