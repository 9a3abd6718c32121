//! What fanotify says in a group that reports names: see `fanotify(7)`.

/// Where the parts of an event lie, in bytes: its own length, the length of what is always there, what
/// happened, and who did it.
const LENGTH: usize = 0;
const FIXED_LENGTH: usize = 6;
const MASK: usize = 8;
const PID: usize = 20;
/// The same of a record about an object: its kind, its length, the filesystem, the handle's length and bytes.
const KIND: usize = 0;
const RECORD_LENGTH: usize = 2;
const FILESYSTEM: usize = 4;
const HANDLE_LENGTH: usize = 12;
const HANDLE: usize = 20;
/// Kinds of records: the object itself, and the directory with a name in it.
const OBJECT: u8 = 1;
const DIRECTORY_AND_NAME: u8 = 2;

/// A file or directory, by its filesystem and the handle that this gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Object(Vec<u8>);

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) mask: u64,
    /// The process in our pid namespace; 0 when it is in none of ours.
    pub(super) pid: u32,
    pub(super) directory: Option<Object>,
    /// In that directory; `.` for itself.
    pub(super) name: Vec<u8>,
    /// The file, where the event is about one.
    pub(super) object: Option<Object>,
}

/// The events that a read returned. What does not fit is left out.
pub(super) fn parse(mut bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some(length) = number_32(bytes, LENGTH) {
        let Some((event, rest)) = bytes.split_at_checked(length as usize) else { break };
        let Some(record) = event_of(event) else { break };
        records.push(record);
        bytes = rest;
    }
    records
}

fn event_of(event: &[u8]) -> Option<Record> {
    let mask = event.get(MASK..MASK + 8)?.try_into().ok()?;
    let mut record =
        Record { mask: u64::from_ne_bytes(mask), pid: number_32(event, PID)?, ..Record::default() };
    let mut rest = event.get(usize::from(number_16(event, FIXED_LENGTH)?)..)?;
    while let Some(length) = number_16(rest, RECORD_LENGTH).filter(|&length| length > 0) {
        let Some((info, more)) = rest.split_at_checked(usize::from(length)) else { break };
        rest = more;
        let Some(end) = number_32(info, HANDLE_LENGTH).map(|length| HANDLE + length as usize)
        else {
            continue;
        };
        let (Some(object), Some(name)) = (info.get(FILESYSTEM..end), info.get(end..)) else {
            continue;
        };
        match info.get(KIND) {
            Some(&OBJECT) => record.object = Some(Object(object.to_vec())),
            Some(&DIRECTORY_AND_NAME) => {
                record.directory = Some(Object(object.to_vec()));
                let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
                record.name = name.to_vec();
            }
            _ => {}
        }
    }
    // An event without an object, such as an overflow, is one, too.
    (!event.is_empty()).then_some(record)
}

fn number_16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn number_32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn info(kind: u8, handle: &[u8], name: &[u8]) -> Vec<u8> {
        let mut info = vec![kind, 0, 0, 0];
        info.extend_from_slice(&[7; 8]);
        info.extend_from_slice(&u32::try_from(handle.len()).unwrap().to_ne_bytes());
        info.extend_from_slice(&1_i32.to_ne_bytes());
        info.extend_from_slice(handle);
        info.extend_from_slice(name);
        info.resize(info.len().next_multiple_of(4), 0);
        let length = u16::try_from(info.len()).unwrap();
        info[RECORD_LENGTH..RECORD_LENGTH + 2].copy_from_slice(&length.to_ne_bytes());
        info
    }

    fn event(mask: u64, pid: u32, infos: &[Vec<u8>]) -> Vec<u8> {
        let infos = infos.concat();
        let mut event = Vec::new();
        event.extend_from_slice(&u32::try_from(24 + infos.len()).unwrap().to_ne_bytes());
        event.extend_from_slice(&[3, 0]);
        event.extend_from_slice(&24_u16.to_ne_bytes());
        event.extend_from_slice(&mask.to_ne_bytes());
        event.extend_from_slice(&(-1_i32).to_ne_bytes());
        event.extend_from_slice(&pid.to_ne_bytes());
        event.extend_from_slice(&infos);
        event
    }

    #[test]
    fn a_name_in_a_directory_and_the_file_itself_are_told() {
        let infos = [info(2, b"directory", b"password\0"), info(1, b"file", b"")];
        let bytes = [event(2, 77, &infos), event(0x4000, 0, &[])].concat();
        let records = parse(&bytes);
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].mask, records[0].pid), (2, 77));
        assert_eq!(records[0].name, b"password");
        assert_ne!(records[0].directory, records[0].object);
        assert_eq!(records[1], Record { mask: 0x4000, ..Record::default() });
        let same = parse(&event(0x20, 1, &[info(2, b"directory", b".\0")]));
        assert_eq!(same[0].directory, records[0].directory);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            parse(&bytes);
        }

        #[test]
        fn what_is_cut_off_is_left_out(keep in 0_usize..200) {
            let bytes = event(2, 77, &[info(2, b"directory", b"password\0"), info(1, b"file", b"")]);
            let found = parse(&bytes[..keep.min(bytes.len())]);
            prop_assert_eq!(found.len(), usize::from(keep >= bytes.len()));
        }
    }
}
