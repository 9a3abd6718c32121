//! Where a walk is, in the container and in the image.

use std::rc::Rc;

/// The path of a walk, which grows and shrinks with it.
#[derive(Debug, Default)]
pub(super) struct Route(Vec<u8>);

impl Route {
    /// Goes down by a name; [`Route::back_to`] the returned length leads back.
    pub(super) fn down(&mut self, name: &[u8]) -> usize {
        let length = self.0.len();
        self.0.push(b'/');
        self.0.extend_from_slice(name);
        length
    }

    pub(super) fn back_to(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The path, absolute; that of the root is `/`.
    pub(super) fn path(&self) -> &[u8] {
        if self.0.is_empty() { b"/" } else { &self.0 }
    }

    /// Its first so many bytes.
    pub(super) fn up_to(&self, length: usize) -> Self {
        Self(self.0.get(..length).unwrap_or_default().to_vec())
    }

    /// A route that starts at an absolute path.
    pub(super) fn at(path: &[u8]) -> Self {
        Self(if path == b"/" { Vec::new() } else { path.to_vec() })
    }
}

/// How paths of the image below a renamed directory are found: up to a length the route is that in
/// the container, and the image has another path for it.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    length: usize,
    image: Rc<[u8]>,
}

impl Moved {
    /// What is at the route now is at `image` in the image.
    pub(super) fn new(route: &Route, image: &[u8]) -> Self {
        Self { length: route.len(), image: image.into() }
    }
}

/// The path in the image of what is at the route.
pub(super) fn image_path(route: &Route, moved: Option<&Moved>) -> Vec<u8> {
    match moved {
        None => route.path().to_vec(),
        Some(moved) => {
            let rest = route.0.get(moved.length..).unwrap_or_default();
            [&moved.image, rest].concat()
        }
    }
}

/// Where a redirect that is found at the route leads in the image.
pub(super) fn redirected(route: &Route, parent: Option<&Moved>, redirect: &[u8]) -> Vec<u8> {
    if redirect.starts_with(b"/") {
        return redirect.to_vec();
    }
    let mut path = image_path(route, parent);
    let parent = memchr::memrchr(b'/', &path).unwrap_or(0);
    path.truncate(parent);
    path.push(b'/');
    path.extend_from_slice(redirect);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_renamed_directory_the_image_has_other_paths() {
        let mut route = Route::default();
        assert_eq!(route.path(), b"/");
        let top = route.down(b"a");
        assert_eq!(redirected(&route, None, b"b"), b"/b");
        assert_eq!(redirected(&route, None, b"/x/y"), b"/x/y");
        let moved = Moved::new(&route, b"/x/y");
        assert_eq!(image_path(&route, Some(&moved)), b"/x/y");
        route.down(b"c");
        assert_eq!(image_path(&route, Some(&moved)), b"/x/y/c");
        assert_eq!(redirected(&route, Some(&moved), b"d"), b"/x/y/d");
        assert_eq!(image_path(&route, None), b"/a/c");
        route.back_to(top);
        assert_eq!((route.path(), route.len()), (&b"/"[..], 0));
    }
}
