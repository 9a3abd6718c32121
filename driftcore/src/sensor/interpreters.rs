//! Which programs run scripts, and how scripts are named.

use libbpf_rs::MapCore;
use libbpf_rs::MapFlags;
use libbpf_rs::MapHandle;

use super::SensorError;
use super::error::Tried;

/// `DC_INTERPRETER_SIZE`, `DC_ENDING_SIZE`
const NAME_SIZE: usize = 16;
const ENDING_SIZE: usize = 8;

/// Programs that run scripts, unless others are given. A version at the end of a program's name counts
/// for nothing: `python` is `python3.11` too.
pub const INTERPRETERS: &[&str] = &[
    "sh", "ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "tcsh", "yash", "zsh",
    "python", "pypy", "perl", "ruby", "node", "nodejs", "bun", "deno", "php", "php-cgi", "php-fpm",
    "java", "lua", "luajit", "awk", "gawk", "mawk", "tclsh", "wish", "expect", "guile", "groovy",
    "Rscript", "R", "julia", "pwsh",
];

/// Endings of the names of scripts and modules.
pub(crate) const ENDINGS: &[&str] = &[
    "sh", "bash", "zsh", "ksh", "csh", "fish", "py", "pyc", "pyo", "pyw", "pyz", "pth", "pl", "pm",
    "ph", "al", "rb", "js", "mjs", "cjs", "ts", "mts", "php", "phtml", "inc", "phar", "jar", "war",
    "class", "jmod", "lua", "luac", "awk", "tcl", "exp", "scm", "groovy", "jl", "r", "R", "ps1",
    "psm1",
];

/// The name without a version at its end, as the probes compare it; `None` where it is no name that
/// they could.
fn without_version(name: &str) -> Option<&str> {
    let name = name.strip_suffix('*').unwrap_or(name);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    (!name.is_empty() && name.len() < NAME_SIZE).then_some(name)
}

/// Tells the probes the names of interpreters, instead of those before.
pub(super) fn tell<'a>(
    map: &MapHandle,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), SensorError> {
    for key in map.keys().collect::<Vec<_>>() {
        let _ = map.delete(&key);
    }
    names.filter_map(without_version).try_for_each(|name| put::<NAME_SIZE>(map, name))
}

/// Tells the probes the endings of scripts.
pub(super) fn tell_endings(map: &MapHandle) -> Result<(), SensorError> {
    ENDINGS.iter().try_for_each(|ending| put::<ENDING_SIZE>(map, ending))
}

fn put<const SIZE: usize>(map: &MapHandle, name: &str) -> Result<(), SensorError> {
    let mut key = [0; SIZE];
    if let Some(place) = key.get_mut(..name.len()) {
        place.copy_from_slice(name.as_bytes());
    }
    map.update(&key, &[1], MapFlags::ANY).tried("tell the probes what interpreters are")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_at_the_end_is_left_out() {
        let of = without_version;
        assert_eq!(of("python3.11"), Some("python"));
        assert_eq!(of("python*"), Some("python"));
        assert_eq!(of("luajit-2.1.0"), Some("luajit"));
        assert_eq!(of("php-fpm8.2"), Some("php-fpm"));
        assert_eq!(of("7"), None);
        assert_eq!(of("a-name-that-is-too-long"), None);
    }

    #[test]
    fn the_names_that_are_known_fit() {
        assert!(INTERPRETERS.iter().all(|name| without_version(name) == Some(name)));
        assert!(ENDINGS.iter().all(|ending| ending.len() < ENDING_SIZE));
    }
}
