//! Layers of an overlay mount, from its options in mountinfo.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

use super::roots::StateRoots;
use super::state::FILE_LIMIT;
use super::state::StateDir;

/// The directories that an overlay mount is made of, as we see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The upper directory, where the container writes.
    pub upper: PathBuf,
    /// The lower directories, topmost first; data-only layers are left out, they have no paths.
    pub lowers: Vec<PathBuf>,
    /// Whether the overlay keeps its marks in `user.overlay.*` (mount option `userxattr`, as
    /// rootless runtimes use it) and not in `trusted.overlay.*`.
    pub user_xattrs: bool,
}

/// Reads the layers from super options as mountinfo has them. `None` when there is no upper
/// layer, or a relative path has no base.
///
/// Runtimes with many layers mount from within a directory so that the options stay short: it
/// is two above Docker's and Podman's `merged`, two above containerd's (absolute) upper one.
pub(super) fn layers(options: &[u8], mount_point: &Path, roots: &StateRoots) -> Option<Layers> {
    let mut upper = None;
    let mut lowers = Vec::new();
    // With one option a layer (6.8) nothing but mountinfo's own escapes is used.
    let single = options.split(|&byte| byte == b',').any(|o| o.starts_with(b"lowerdir+="));
    for option in options.split(|&byte| byte == b',') {
        let Some(equals) = option.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let (key, value) = option.split_at(equals);
        let value = unescape_octal(value.get(1..).unwrap_or_default());
        match key {
            b"lowerdir" => lowers.extend(split_lowers(&value)),
            b"lowerdir+" => lowers.push(path(value)),
            b"upperdir" if single => upper = Some(path(value)),
            b"upperdir" => upper = Some(unescape_backslash(&value)),
            _ => {}
        }
    }
    let upper = upper?;
    let base = if upper.is_absolute() {
        upper.parent()?.parent()?.to_owned()
    } else if mount_point.ends_with("merged") {
        roots.unseen(mount_point.parent()?.parent()?)
    } else {
        return None;
    };
    let absolute = |path: &PathBuf| roots.seen(&base.join(path));
    Some(Layers {
        upper: absolute(&upper),
        lowers: lowers.iter().map(absolute).collect(),
        user_xattrs: options.split(|&byte| byte == b',').any(|option| option == b"userxattr"),
    })
}

/// The layers of a container of Docker's or containers/storage's that is not mounted, by the file
/// `lower` that their overlay drivers keep beside the mount point, named as the host names it. `None`
/// where there is none.
///
/// # Errors
///
/// Text that names the file, when it cannot be read.
pub(super) fn stored(roots: &StateRoots, mount_point: &Path) -> Result<Option<Layers>, String> {
    let parts = mount_point.parent().and_then(|own| Some((own, own.parent()?)));
    let Some((own, all)) = parts.filter(|_| mount_point.ends_with("merged")) else {
        return Ok(None);
    };
    let Some(directory) = StateDir::open(roots, own)? else {
        return Ok(None);
    };
    let Some(lowers) = directory.read("lower", FILE_LIMIT)? else {
        return Ok(None);
    };
    let absolute = |path: PathBuf| roots.seen(&all.join(path));
    Ok(Some(Layers {
        upper: roots.seen(&own.join("diff")),
        lowers: split_lowers(lowers.trim_ascii_end()).into_iter().map(absolute).collect(),
        user_xattrs: false,
    }))
}

/// `a:b::data` with `\:` for a colon in a name.
fn split_lowers(value: &[u8]) -> Vec<PathBuf> {
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, parts.last_mut()) {
            (b':', Some(last)) if last.is_empty() => break, // what follows `::` is data only
            (b':', _) => parts.push(Vec::new()),
            (b'\\', Some(last)) => last.extend(bytes.next()),
            (_, Some(last)) => last.push(byte),
            (_, None) => {}
        }
    }
    parts.into_iter().filter(|part| !part.is_empty()).map(path).collect()
}

fn unescape_backslash(value: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => out.extend(bytes.next()),
            _ => out.push(byte),
        }
    }
    path(out)
}

fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

/// Undoes the kernel's `\ooo` (`seq_escape`); anything else stays.
pub(super) fn unescape_octal(value: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| (b'0'..=b'7').contains(&byte).then(|| u16::from(byte - b'0'));
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if let (b'\\', [a, b, c, after @ ..]) = (first, tail)
            && let (Some(a), Some(b), Some(c)) = (digit(*a), digit(*b), digit(*c))
            && let Ok(byte) = u8::try_from(a << 6 | b << 3 | c)
        {
            out.push(byte);
            rest = after;
        } else {
            out.push(first);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(options: &str, mount_point: &str) -> Option<(String, Vec<String>)> {
        let layers = layers(options.as_bytes(), Path::new(mount_point), &StateRoots::default())?;
        let text = |path: &PathBuf| path.display().to_string();
        Some((text(&layers.upper), layers.lowers.iter().map(text).collect()))
    }

    #[test]
    fn relative_layers_of_docker_and_containerd_get_their_base() {
        let (upper, lowers) =
            read("rw,lowerdir=l/A:l/B,upperdir=x/diff,workdir=x/work", "/d/overlay2/x/merged")
                .unwrap();
        assert_eq!(upper, "/d/overlay2/x/diff");
        assert_eq!(lowers, ["/d/overlay2/l/A", "/d/overlay2/l/B"]);
        let (upper, lowers) =
            read("rw,lowerdir=91/fs:90/fs,upperdir=/c/snapshots/92/fs", "/run/b/rootfs").unwrap();
        assert_eq!(upper, "/c/snapshots/92/fs");
        assert_eq!(lowers, ["/c/snapshots/91/fs", "/c/snapshots/90/fs"]);
        assert_eq!(read("lowerdir=a,upperdir=b", "/run/rootfs"), None);
    }

    // The option strings of these two are as 6.18 printed them.
    #[test]
    fn escapes_of_the_old_mount_call_are_undone() {
        let options = r"rw,lowerdir=/o/a\134\054b:/o/c\134:d:/o/e\040f:/o/g\134\134h,upperdir=/o/u\134\054x\040y,workdir=/o/w,uuid=on";
        let (upper, lowers) = read(options, "/o/m").unwrap();
        assert_eq!(upper, "/o/u,x y");
        assert_eq!(lowers, ["/o/a,b", "/o/c:d", "/o/e f", r"/o/g\h"]);
    }

    #[test]
    fn one_option_a_layer_is_taken_as_it_stands_without_data_layers() {
        let options = r"rw,lowerdir+=/o/a\054b,lowerdir+=/o/c:d,lowerdir+=/o/g\134h,datadir+=/o/e\040f,upperdir=/o/u\054x\040y,workdir=/o/w";
        let (upper, lowers) = read(options, "/o/m").unwrap();
        assert_eq!(upper, "/o/u,x y");
        assert_eq!(lowers, ["/o/a,b", "/o/c:d", r"/o/g\h"]);
        let (_, lowers) = read("lowerdir=/a:/b::/data::/more,upperdir=/u/fs", "/m").unwrap();
        assert_eq!(lowers, ["/a", "/b"]);
    }

    proptest! {
        #[test]
        fn any_options_do_not_panic(options: Vec<u8>) {
            layers(&options, Path::new("/x/merged"), &StateRoots::default());
            layers(&[b"upperdir=/a/b,lowerdir=", options.as_slice()].concat(),
                Path::new("/"), &StateRoots::default());
        }
    }
}
