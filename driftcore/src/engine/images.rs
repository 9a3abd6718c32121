//! What is known of images, while an engine runs.

use std::sync::Arc;

use crate::matcher::Loaded;
use crate::matcher::Shared;
use crate::provenance::KnownImages;

/// The images of which a running engine knows all files: replaced from any thread, without a lost
/// event. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ImagesHandle(Arc<Shared<KnownImages>>);

impl ImagesHandle {
    pub(super) fn new(images: KnownImages) -> Self {
        Self(Arc::new(Shared::new(images)))
    }

    /// From now on these are known. A container that runs already keeps what was known of its image
    /// when it was first seen, if something was.
    pub fn replace(&self, images: KnownImages) {
        self.0.replace(images);
    }

    /// What is known now.
    pub(super) fn load(&self) -> Loaded<KnownImages> {
        self.0.load()
    }
}
