//! What the files of a container are compared with.

use std::sync::Arc;

use super::BareRoot;
#[cfg(feature = "sensor")]
use super::ImageFile;
#[cfg(feature = "sensor")]
use super::ImageHas;
use super::Layers;

/// What is known of a container's image, so that its files can be compared with it.
#[derive(Clone, Debug)]
pub enum ImageSource {
    /// The layers of the container's overlay.
    Layers(Arc<Layers>),
    /// The files of the image, by path, where the root has no layers.
    Files(Arc<BareRoot>),
}

impl ImageSource {
    /// Tells it from all others that this process has seen.
    pub fn id(&self) -> u64 {
        match self {
            Self::Layers(layers) => layers.id(),
            Self::Files(root) => root.id(),
        }
    }

    /// Whether the image has something at an absolute path of the container. `None` where it cannot be
    /// told.
    #[cfg(feature = "sensor")]
    pub(crate) fn image_has(&self, path: &[u8]) -> Option<ImageHas> {
        match self {
            Self::Layers(layers) => layers.image_has(path),
            Self::Files(root) => Some(match root.files().at(path) {
                ImageFile::File { size, .. } => ImageHas::File { size },
                ImageFile::Other => ImageHas::Other,
                ImageFile::Nothing => ImageHas::Nothing,
            }),
        }
    }

    /// The layers, if that is what it is.
    pub fn layers(&self) -> Option<&Arc<Layers>> {
        match self {
            Self::Layers(layers) => Some(layers),
            Self::Files(_) => None,
        }
    }
}

impl From<Arc<Layers>> for ImageSource {
    fn from(layers: Arc<Layers>) -> Self {
        Self::Layers(layers)
    }
}
