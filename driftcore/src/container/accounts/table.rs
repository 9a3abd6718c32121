//! What `/etc/passwd` and `/etc/group` say, by number.

/// Most entries that are kept of one file.
const ENTRIES: usize = 65_536;
/// Longest text of an entry, in bytes: the longest path.
const TEXT: usize = 4096;

/// One user or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// The name; never empty.
    pub name: &'a [u8],
    /// The home directory; empty for groups.
    pub home: &'a [u8],
    /// The login shell; empty for groups.
    pub shell: &'a [u8],
}

/// The users or groups of one file, by number. Any bytes make one: lines that are no entries
/// are passed over, as the C library does.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    text: Box<[u8]>,
    /// Ordered by number.
    entries: Box<[Entry]>,
}

/// Name, number, home and shell of a line.
type Parts<'f> = (&'f [u8], &'f [u8], &'f [u8], &'f [u8]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    id: u32,
    /// Where the name begins in the text; home and shell follow it.
    start: u32,
    name: u16,
    home: u16,
    shell: u16,
}

impl Accounts {
    /// The users of a passwd file: `name:password:uid:gid:comment:home:shell`.
    pub fn of_passwd(file: &[u8]) -> Self {
        Self::parse(file, |fields| {
            let [name, _, id, _, _, home, shell] = take(fields);
            Some((name?, id?, home.unwrap_or_default(), shell.unwrap_or_default()))
        })
    }

    /// The groups of a group file: `name:password:gid:members`.
    pub fn of_group(file: &[u8]) -> Self {
        Self::parse(file, |fields| {
            let [name, _, id] = take(fields);
            Some((name?, id?, &[], &[]))
        })
    }

    /// The user or group with this number; of several, the first in the file.
    pub fn get(&self, id: u32) -> Option<Account<'_>> {
        let place = self.entries.binary_search_by_key(&id, |entry| entry.id).ok()?;
        let entry = self.entries.get(place)?;
        let text = self.text.get(entry.start as usize..)?;
        let (name, rest) = text.split_at_checked(entry.name.into())?;
        let (home, rest) = rest.split_at_checked(entry.home.into())?;
        Some(Account { name, home, shell: rest.get(..entry.shell.into())? })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory that they take.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(&*self.entries)
    }

    fn parse<'f>(file: &'f [u8], parts: impl Fn(&'f [u8]) -> Option<Parts<'f>>) -> Self {
        let mut text = Vec::new();
        let mut entries = Vec::new();
        for line in file.split(|&byte| byte == b'\n') {
            if entries.len() == ENTRIES {
                break;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.contains(&0) {
                continue;
            }
            let Some((name, id, home, shell)) = parts(line) else { continue };
            let Some(id) = number(id) else { continue };
            // A leading plus or minus asks for a name service.
            if matches!(name.first(), None | Some(b'#' | b'+' | b'-')) {
                continue;
            }
            let length = |text: &[u8]| {
                let length = u16::try_from(text.len()).ok()?;
                (text.len() <= TEXT).then_some(length)
            };
            let (Some(name_length), Some(home_length), Some(shell_length)) =
                (length(name), length(home), length(shell))
            else {
                continue;
            };
            let Ok(start) = u32::try_from(text.len()) else { break };
            text.extend_from_slice(name);
            text.extend_from_slice(home);
            text.extend_from_slice(shell);
            entries.push(Entry {
                id,
                start,
                name: name_length,
                home: home_length,
                shell: shell_length,
            });
        }
        // The sort is stable: of several with one number the first stays.
        entries.sort_by_key(|entry| entry.id);
        entries.dedup_by_key(|entry| entry.id);
        Self { text: text.into(), entries: entries.into() }
    }
}

/// The first fields of a line, as far as it has them.
fn take<const N: usize>(line: &[u8]) -> [Option<&[u8]>; N] {
    let mut fields = line.split(|&byte| byte == b':');
    std::array::from_fn(|_| fields.next())
}

/// A decimal number of 32 bits, digits only.
fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn users_are_found_by_number() {
        let users = Accounts::of_passwd(
            b"root:x:0:0:root:/root:/bin/sh\n# a comment\nweb:x:33:33:Web,,:/var/www:/sbin/nologin\n\
              two:x:33:1::/two:/two\nshort:x:40\n",
        );
        assert_eq!(users.len(), 3);
        let web = users.get(33).unwrap();
        assert_eq!(
            (web.name, web.home, web.shell),
            (&b"web"[..], &b"/var/www"[..], &b"/sbin/nologin"[..])
        );
        assert_eq!(
            users.get(40).unwrap(),
            Account { name: b"short", home: b"", shell: b"" },
            "what a line lacks is empty"
        );
        assert_eq!(users.get(1), None);
    }

    #[test]
    fn groups_are_found_by_number() {
        let groups = Accounts::of_group(b"root:x:0:\r\nwww:x:33:web,two\r\nlast:x:4294967295:");
        assert_eq!(groups.get(33).unwrap().name, b"www");
        assert_eq!(groups.get(u32::MAX).unwrap().name, b"last");
    }

    #[test]
    fn lines_that_are_no_entries_are_passed_over() {
        let bad = [
            "",
            ":::::::",
            ":x:5:5::/:/bin/sh",
            "a:x::5::/:/bin/sh",
            "a:x:-5:5::/:/bin/sh",
            "a:x:+5:5::/:/bin/sh",
            "a:x: 5:5::/:/bin/sh",
            "a:x:0x5:5::/:/bin/sh",
            "a:x:4294967301:5::/:/bin/sh",
            "+a:x:5:5::/:/bin/sh",
            "-a:x:5:5::/:/bin/sh",
            "#a:x:5:5::/:/bin/sh",
            "a\0b:x:5:5::/:/bin/sh",
        ];
        for line in bad {
            assert!(Accounts::of_passwd(line.as_bytes()).is_empty(), "{line:?}");
        }
        let long = format!("{}:x:5:5::/:/bin/sh\nb:x:5:5::/:/bin/sh", "a".repeat(TEXT + 1));
        assert_eq!(Accounts::of_passwd(long.as_bytes()).get(5).unwrap().name, b"b");
    }

    #[test]
    fn names_that_are_no_utf8_stay_as_they_are() {
        let users = Accounts::of_passwd(b"\xff\xfe:x:7:7::/:/bin/sh");
        assert_eq!(users.get(7).unwrap().name, b"\xff\xfe");
    }

    #[test]
    fn entries_are_bounded() {
        let file: String = (0..70_000).map(|id| format!("u:x:{id}:\n")).collect();
        let groups = Accounts::of_group(file.as_bytes());
        assert_eq!(groups.len(), ENTRIES);
        assert!(groups.get(65_535).is_some() && groups.get(65_536).is_none());
        assert!(groups.memory() < 2 << 20);
    }

    proptest! {
        #[test]
        fn any_bytes_make_accounts(bytes: Vec<u8>, id: u32) {
            for accounts in [Accounts::of_passwd(&bytes), Accounts::of_group(&bytes)] {
                prop_assert!(accounts.text.len() <= bytes.len());
                accounts.get(id);
                for entry in &accounts.entries {
                    let account = accounts.get(entry.id).unwrap();
                    prop_assert!(!account.name.is_empty());
                    prop_assert!(!account.name.contains(&0) && !account.name.contains(&b'\n'));
                }
            }
        }

        #[test]
        fn the_first_of_a_number_is_found(
            lines in prop::collection::vec(("[a-z\u{80}-\u{ff}]{1,9}", 0_u32..20, "[a-z/]{0,9}"), 0..40),
        ) {
            let file: String =
                lines.iter().map(|(name, id, home)| format!("{name}:x:{id}:1:c:{home}:/sh\n")).collect();
            let users = Accounts::of_passwd(file.as_bytes());
            for id in 0..20 {
                let first = lines.iter().find(|line| line.1 == id);
                let found = users.get(id);
                prop_assert_eq!(found.map(|it| it.name), first.map(|it| it.0.as_bytes()));
                prop_assert_eq!(found.map(|it| it.home), first.map(|it| it.2.as_bytes()));
            }
        }
    }
}
