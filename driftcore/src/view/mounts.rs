//! The container's mounts, by number or by path.

use super::View;
use super::observation::Text;
use crate::event::MountPoint;
use crate::fields::Argument;
use crate::fields::Value;

/// Which path of a mount the argument names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Source,
    Destination,
}

/// A text of the mount that the argument names by number, or of the first whose path it matches.
pub(super) fn of_mount<'v>(
    view: &'v View<'_>,
    argument: Option<&Argument>,
    by: By,
    value: impl FnOnce(&'v MountPoint) -> &'v str,
) -> Value<'v> {
    let mounts = view.facts.details.and_then(|details| details.mounts.as_deref());
    let mounts = mounts.unwrap_or_default();
    let found = match argument {
        Some(Argument::Index(index)) => mounts.get(*index as usize),
        Some(Argument::Key(pattern)) => mounts.iter().find(|mount| {
            let path = if by == By::Source { &mount.source } else { &mount.destination };
            matches(pattern.as_bytes(), path.as_bytes())
        }),
        None => None,
    };
    found.map_or(Value::Missing, |mount| Value::Text(value(mount).as_bytes()))
}

/// All of them, joined by commas.
pub(super) fn all<'v>(view: &'v View<'_>) -> Value<'v> {
    let Some(mounts) = view.facts.details.and_then(|details| details.mounts.as_deref()) else {
        return Value::Missing;
    };
    view.text(Text::Mounts, || mounts.iter().map(MountPoint::as_str).collect::<Vec<_>>().join(","))
}

/// Whether a pattern with `*` and `?`, which cross `/`, matches a whole path. A star never goes
/// back behind the star before it, so the time is at worst the product of both lengths.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (mut at, mut here) = (0, 0);
    // The last star, and where in the path its turn was.
    let mut star = None;
    loop {
        match (pattern.get(at), path.get(here)) {
            (Some(b'*'), _) => {
                star = Some((at, here));
                at += 1;
            }
            (Some(&wanted), Some(&byte)) if wanted == byte || wanted == b'?' => {
                at += 1;
                here += 1;
            }
            (None, None) => return true,
            _ => match star {
                Some((place, turn)) if turn < path.len() => {
                    star = Some((place, turn + 1));
                    at = place + 1;
                    here = turn + 1;
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("/proc*", "/proc", true),
            ("/proc*", "/proc/sys", true),
            ("/proc*", "/var/proc", false),
            ("/", "/", true),
            ("/etc", "/etc/x", false),
            ("*", "", true),
            ("?", "", false),
            ("/*/*k", "/var/run/docker.sock", true),
            ("/?ar/*", "/var/lib", true),
            ("**a", "ba", true),
            ("*a*b", "xaab", true),
            ("*a*b", "xaac", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), expected, "{pattern} {path}");
        }
    }
}
