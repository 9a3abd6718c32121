//! Layers and manifests.

use driftcore::image::manifest::Limits;
use driftcore::image::manifest::check;
use driftcore::image::manifest::read_layer;

/// Takes bytes as the archive of a layer: what comes of it lies in the root and is in order.
pub fn layer(bytes: &[u8]) {
    let mut limits = Limits::default();
    limits.entries = 4096;
    limits.layer = 4 << 20;
    limits.free = 1 << 20;
    limits.held = 1 << 20;
    let mut before: Option<Vec<u8>> = None;
    let read = read_layer("layer", bytes, &limits, |node| {
        let mut names = node.path.split(|&byte| byte == b'/');
        let is_sound = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
        assert!(node.path.is_empty() || names.all(is_sound), "{}", node.path.escape_ascii());
        let rank = |path: &[u8]| -> Vec<u16> {
            path.iter().map(|&byte| if byte == b'/' { 0 } else { u16::from(byte) + 1 }).collect()
        };
        let in_order = before.as_ref().is_none_or(|before| rank(before) < rank(&node.path));
        assert!(in_order, "{} is out of order", node.path.escape_ascii());
        before = Some(node.path.clone());
    });
    if let Err(error) = read {
        assert!(!error.to_string().is_empty());
    }
}

/// Takes bytes as a manifest.
pub fn manifest(bytes: &[u8]) {
    if let Err(error) = check(bytes) {
        assert!(!error.to_string().is_empty());
    }
}
