//! Fields that follow from others.

use crate::fields::CATALOGUE;
use crate::fields::FieldId;

pub(super) const EVENT_TYPE: FieldId = FieldId::known("evt.type");
pub(super) const TIME: FieldId = FieldId::known("evt.time");
pub(super) const RAW_TIME: FieldId = FieldId::known("evt.rawtime");

/// A field of all ancestors, that of the process itself, and that of the parent.
const ANCESTRY: [(&str, &str, &str); 5] = [
    ("proc.acmdline", "proc.cmdline", "proc.pcmdline"),
    ("proc.aexe", "proc.exe", "proc.pexe"),
    ("proc.aexepath", "proc.exepath", "proc.pexepath"),
    ("proc.aname", "proc.name", "proc.pname"),
    ("proc.apid", "proc.pid", "proc.ppid"),
];

/// A network is tested against the address of its end.
const NETWORKS: [(&str, &str); 4] =
    [("fd.cnet", "fd.cip"), ("fd.lnet", "fd.lip"), ("fd.rnet", "fd.rip"), ("fd.snet", "fd.sip")];

/// The ends of a connection: client and server, or else local and remote.
const ADDRESSES: [[&str; 2]; 2] = [["fd.cip", "fd.sip"], ["fd.lip", "fd.rip"]];
const PORTS: [[&str; 2]; 2] = [["fd.cport", "fd.sport"], ["fd.lport", "fd.rport"]];

/// The same, by id.
pub(super) static ADDRESS_IDS: [[FieldId; 2]; 2] = ids(ADDRESSES);
pub(super) static PORT_IDS: [[FieldId; 2]; 2] = ids(PORTS);

/// What a field is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing.
    Plain,
    /// `evt.type`
    EventType,
    /// `evt.type.is`
    IsEventType,
    /// `evt.time`
    Time,
    /// `evt.rawtime`
    RawTime,
    /// The address of one end.
    Address,
    /// The port of one end.
    Port,
    /// The address of one end under another name: this one.
    Network(FieldId),
    /// The addresses of both ends.
    Addresses,
    /// The ports of both ends.
    Ports,
    /// All ancestors.
    Ancestors { own: FieldId, parent: FieldId },
    /// The first of these ancestors.
    Parent { all: FieldId },
}

static ROLES: [Role; CATALOGUE.len()] = {
    let mut roles = [Role::Plain; CATALOGUE.len()];
    roles[EVENT_TYPE.index()] = Role::EventType;
    roles[FieldId::known("evt.type.is").index()] = Role::IsEventType;
    roles[TIME.index()] = Role::Time;
    roles[RAW_TIME.index()] = Role::RawTime;
    let mut row = 0;
    while row < ANCESTRY.len() {
        let (all, own, parent) = ANCESTRY[row];
        let (all, own, parent) = (FieldId::known(all), FieldId::known(own), FieldId::known(parent));
        roles[all.index()] = Role::Ancestors { own, parent };
        roles[parent.index()] = Role::Parent { all };
        row += 1;
    }
    row = 0;
    while row < NETWORKS.len() {
        let (network, end) = NETWORKS[row];
        roles[FieldId::known(network).index()] = Role::Network(FieldId::known(end));
        row += 1;
    }
    row = 0;
    while row < 4 {
        roles[ids(ADDRESSES)[row / 2][row % 2].index()] = Role::Address;
        roles[ids(PORTS)[row / 2][row % 2].index()] = Role::Port;
        row += 1;
    }
    roles[FieldId::known("fd.ip").index()] = Role::Addresses;
    roles[FieldId::known("fd.net").index()] = Role::Addresses;
    roles[FieldId::known("fd.port").index()] = Role::Ports;
    roles[FieldId::known("fd.proto").index()] = Role::Ports;
    roles
};

const fn ids(ends: [[&str; 2]; 2]) -> [[FieldId; 2]; 2] {
    let [[client, server], [local, remote]] = ends;
    [
        [FieldId::known(client), FieldId::known(server)],
        [FieldId::known(local), FieldId::known(remote)],
    ]
}

impl Role {
    pub(super) fn of(id: FieldId) -> Self {
        ROLES.get(id.index()).copied().unwrap_or(Self::Plain)
    }

    /// The fields to give instead, of a field that cannot be given itself.
    pub(super) fn given_by(self) -> Option<String> {
        let [[client, server], [local, remote]] = match self {
            Self::Network(end) => return Some(format!("`{}`", end.field().name)),
            Self::Addresses => ADDRESSES,
            Self::Ports => PORTS,
            _ => return None,
        };
        Some(format!("`{client}` and `{server}`, or `{local}` and `{remote}`"))
    }
}

/// The time of day, as `evt.time` has it.
pub(super) type Clock = [u8; 18];

/// The time of day of a time since the epoch. What is beyond the year 2262 is as the last moment
/// before, as in [`Timestamp`](crate::event::Timestamp).
pub(super) fn clock(nanos: u64) -> Clock {
    const SECOND: u64 = 1_000_000_000;
    let nanos = nanos.min(i64::MAX.unsigned_abs());
    let (seconds, nanos) = (nanos / SECOND % 86_400, nanos % SECOND);
    let mut clock = *b"00:00:00.000000000";
    for (place, number) in
        [(0..2, seconds / 3600), (3..5, seconds / 60 % 60), (6..8, seconds % 60), (9..18, nanos)]
    {
        let mut rest = number;
        for digit in clock.iter_mut().take(place.end).skip(place.start).rev() {
            *digit = b"0123456789"[(rest % 10) as usize];
            rest /= 10;
        }
    }
    clock
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Timestamp;

    #[test]
    fn roles_are_those_of_the_tables() {
        let role = |name| Role::of(FieldId::of(name).unwrap());
        assert_eq!(role("evt.type"), Role::EventType);
        assert_eq!(role("proc.cwd"), Role::Plain);
        assert_eq!(role("fd.snet"), Role::Network(FieldId::known("fd.sip")));
        assert_eq!(role("proc.ppid"), Role::Parent { all: FieldId::known("proc.apid") });
        for name in ADDRESSES.as_flattened() {
            assert_eq!(role(name), Role::Address);
        }
        for name in PORTS.as_flattened() {
            assert_eq!(role(name), Role::Port);
        }
    }

    proptest! {
        #[test]
        fn the_clock_is_that_of_the_timestamp(nanos in any::<u64>()) {
            let time = Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)).to_string();
            let (_, expected) = time.trim_end_matches('Z').split_once('T').unwrap();
            let clock = clock(nanos);
            prop_assert_eq!(std::str::from_utf8(&clock).unwrap(), expected);
        }
    }
}
