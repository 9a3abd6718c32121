//! A path put together from what the kernel side saw.

use crate::event::NamedPath;

/// The caller's own root, by way of proc.
const OWN_ROOT: [&[u8]; 2] = [b"/proc/self/root", b"/proc/thread-self/root"];

/// Writes the path into `out`, which is cleared first: the base, and behind it the name as it was
/// given, dots and all. An absolute name is relative to its base too, which is then the caller's
/// root; so is one that goes through proc to that root.
pub(super) fn write(path: &NamedPath<'_>, out: &mut Vec<u8>) {
    path.base.write_to(out);
    if path.name.is_empty() {
        return;
    }
    if !out.ends_with(b"/") {
        out.push(b'/');
    }
    let mut given = path.name;
    while let Some(rest) = OWN_ROOT.iter().find_map(|root| given.strip_prefix(*root))
        && (rest.is_empty() || rest.starts_with(b"/"))
    {
        given = rest;
    }
    let name = given.iter().position(|&byte| byte != b'/').unwrap_or(given.len());
    out.extend_from_slice(given.get(name..).unwrap_or_default());
}

/// Takes `.`, `..` and empty components out of an absolute path, as the kernel would if no component
/// were a link. `..` never leads above the root; of a path whose beginning is cut, never above what
/// is known of it. Allocates nothing.
pub(super) fn normalize(path: &mut Vec<u8>) {
    let floor = path.iter().position(|&byte| byte == b'/').unwrap_or(path.len());
    let mut written = floor;
    let mut at = floor;
    while at < path.len() {
        let end = path.iter().skip(at + 1).position(|&byte| byte == b'/');
        let end = end.map_or(path.len(), |length| at + 1 + length);
        match path.get(at + 1..end).unwrap_or_default() {
            b"" | b"." => {}
            b".." => {
                let known = path.get(floor..written).unwrap_or_default();
                written = floor + known.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
            }
            _ => {
                path.copy_within(at..end, written);
                written += end - at;
            }
        }
        at = end;
    }
    path.truncate(written);
    if path.is_empty() {
        path.push(b'/');
    }
}

/// Takes out what leads nowhere, so that a path is no longer than it need be: `.` and empty components
/// that others follow. What is last stays: behind a link it decides what is meant.
pub(super) fn squeeze(path: &mut Vec<u8>) {
    let mut written = 0;
    let mut at = 0;
    while at < path.len() {
        let end = path.iter().skip(at + 1).position(|&byte| byte == b'/');
        let end = end.map_or(path.len(), |length| at + 1 + length);
        let is_last = end == path.len();
        if is_last || !matches!(path.get(at..end), Some(b"/" | b"/.")) {
            path.copy_within(at..end, written);
            written += end - at;
        }
        at = end;
    }
    path.truncate(written);
}

/// The directory of a path and the last name in it, slashes behind that left out. `None` where the
/// last component is no name: the root, `.` or `..`.
pub(super) fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = path.iter().rposition(|&byte| byte != b'/')? + 1;
    let path = path.get(..end)?;
    let slash = path.iter().rposition(|&byte| byte == b'/')?;
    let name = path.get(slash + 1..)?;
    let directory = path.get(..slash.max(1))?;
    (!matches!(name, b"." | b"..")).then_some((directory, name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::KernelPath;

    fn joined(components: &[u8], truncated: bool, name: &[u8]) -> Vec<u8> {
        let base = KernelPath { components, truncated };
        let mut out = b"left over".to_vec();
        write(&NamedPath { base, name, name_truncated: false }, &mut out);
        out
    }

    fn normal(path: &[u8]) -> String {
        let mut path = path.to_vec();
        normalize(&mut path);
        String::from_utf8(path).unwrap()
    }

    #[test]
    fn a_name_stands_behind_its_base() {
        assert_eq!(joined(b"tmp\0", false, b"x"), b"/tmp/x");
        assert_eq!(joined(b"", false, b"x/y"), b"/x/y");
        assert_eq!(joined(b"", false, b"/etc/passwd"), b"/etc/passwd");
        assert_eq!(joined(b"jail\0", false, b"//etc/passwd"), b"/jail/etc/passwd");
        assert_eq!(joined(b"x\0tmp\0", false, b""), b"/tmp/x");
        let twice = b"/proc/self/root/proc/thread-self/root/etc/x";
        assert_eq!(joined(b"jail\0", false, twice), b"/jail/etc/x");
        assert_eq!(joined(b"", false, b"/proc/self/rooted"), b"/proc/self/rooted");
        assert_eq!(joined(b"x\0", true, b"../y"), b".../x/../y");
    }

    #[test]
    fn dots_are_taken_out_and_never_lead_above_the_root() {
        assert_eq!(normal(b"/a/./b//c/../d/"), "/a/b/d");
        assert_eq!(normal(b"/../../x"), "/x");
        assert_eq!(normal(b"/.."), "/");
        assert_eq!(normal(b"/a/.../..b"), "/a/.../..b");
        assert_eq!(normal(b".../x/../../../y"), ".../y");
    }

    #[test]
    fn what_leads_nowhere_is_squeezed_out() {
        let squeezed = |path: &[u8]| {
            let mut path = path.to_vec();
            squeeze(&mut path);
            String::from_utf8(path).unwrap()
        };
        assert_eq!(squeezed(b"/a/././/b/.c/../d"), "/a/b/.c/../d");
        assert_eq!(squeezed(b"//./a//"), "/a/");
        assert_eq!(squeezed(b"/a/./."), "/a/.");
        assert_eq!(squeezed(b".../a//./b"), ".../a/b");
        assert_eq!(squeezed(b"/"), "/");
        assert_eq!(squeezed(b""), "");
        assert_eq!(squeezed(&[b"/a", &b"/.".repeat(3000)[..], b"/b"].concat()), "/a/b");
    }

    #[test]
    fn the_last_name_is_split_off() {
        assert_eq!(split(b"/a/b//"), Some((&b"/a"[..], &b"b"[..])));
        assert_eq!(split(b"/b"), Some((&b"/"[..], &b"b"[..])));
        assert_eq!(split(b"/a/.."), None);
        assert_eq!(split(b"//"), None);
        assert_eq!(split(b""), None);
    }

    /// The same by a stack of components.
    fn plainly(path: &[u8]) -> Vec<u8> {
        let mut stack: Vec<&[u8]> = Vec::new();
        for component in path.split(|&byte| byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => drop(stack.pop()),
                name => stack.push(name),
            }
        }
        let mut out = Vec::new();
        for name in stack {
            out.push(b'/');
            out.extend_from_slice(name);
        }
        if out.is_empty() { b"/".to_vec() } else { out }
    }

    proptest! {
        #[test]
        fn any_path_is_what_a_stack_of_its_components_is(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(b"..".to_vec()), Just(b".".to_vec()), Just(Vec::new()),
                    prop::collection::vec(any::<u8>().prop_filter("no slash", |it| *it != b'/'), 1..4),
                ],
                0..12,
            )
        ) {
            let mut path = Vec::new();
            for part in &parts {
                path.push(b'/');
                path.extend_from_slice(part);
            }
            let expected = plainly(&path);
            let mut squeezed = path.clone();
            squeeze(&mut squeezed);
            prop_assert!(squeezed.len() <= path.len());
            for mut path in [path, squeezed] {
                normalize(&mut path);
                prop_assert_eq!(&path, &expected);
            }
        }

        #[test]
        fn no_bytes_make_it_fail(
            components: Vec<u8>, truncated: bool, name: Vec<u8>,
        ) {
            let mut path = joined(&components, truncated, &name);
            let _ = split(&path);
            normalize(&mut path);
            let _ = split(&path);
            prop_assert!(path.starts_with(b"/") || path.starts_with(b"..."));
            let last = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            prop_assert!(truncated || !matches!(last, b"." | b".."));
        }
    }
}
