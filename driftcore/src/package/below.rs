//! All files below a directory, for packages that own whole directories.

use std::ops::ControlFlow;

use super::At;
use super::Fault;
use super::PackageFile;
use super::Sink;
use crate::image::FileType;
use crate::image::Tree;

/// How deep it goes.
const DEPTH: usize = 64;
/// Most names that are handed on of one package.
const NAMES: usize = 1 << 20;

/// Hands on each file below a directory, but for what is in directories of the name `except`.
pub(super) fn files(
    tree: &Tree,
    directory: &[u8],
    except: &[u8],
    sink: &mut dyn Sink,
) -> ControlFlow<()> {
    let mut open = vec![(directory.to_vec(), 0)];
    let mut names = 0;
    while let Some((directory, depth)) = open.pop() {
        if depth > DEPTH {
            sink.fault(Fault::new(&directory, At::File, "is too deep to be looked into"))?;
            continue;
        }
        let mut flow = ControlFlow::Continue(());
        let listed = tree.list(&directory, &mut |name, file_type| {
            let path = [&directory, &b"/"[..], name].concat();
            names += 1;
            if names > NAMES {
                return ControlFlow::Break(());
            }
            if file_type != FileType::Directory {
                flow = sink.file(PackageFile::new(&path));
            } else if name != except {
                open.push((path, depth + 1));
            }
            flow
        });
        flow?;
        if let Err(error) = listed {
            sink.fault(Fault::unread(&directory, &error))?;
        }
        if names > NAMES {
            let reason = format!("has more than {NAMES} files: the rest is left out");
            return sink.fault(Fault::new(&directory, At::File, reason));
        }
    }
    ControlFlow::Continue(())
}
