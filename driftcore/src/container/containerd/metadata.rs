//! containerd's metadata database, as `metadata/buckets.go` of its sources lays it out.

use std::collections::BTreeMap;

use super::super::bolt::Bucket;
use super::super::bolt::Database;
use super::super::bolt::Error;
use super::super::state::StateDir;
use crate::event::Timestamp;

/// The database, below containerd's root directory.
pub(super) const FILE: &str = "io.containerd.metadata.v1.bolt/meta.db";
/// Seconds from Go's epoch, the first of January of the year 1, to 1970.
const GO_EPOCH: i64 = 62_135_596_800;

/// What the database says of a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The name of its image; none for a container on a directory.
    pub(super) image: Option<String>,
    /// Its labels, those of the image among them.
    pub(super) labels: BTreeMap<String, String>,
    /// When the record was made, before the first start.
    pub(super) created_at: Option<Timestamp>,
    /// What the image's name stands for now; it may have been pulled anew since.
    pub(super) target: Option<Target>,
    /// The snapshot that its own one is based on: the chain id of the image's layers.
    pub(super) chain: Option<String>,
}

/// What an image's name stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Target {
    /// Digest of the manifest or index.
    pub(super) digest: String,
    /// Media type, which tells the two apart.
    pub(super) media_type: String,
}

/// Looks a container up in the database below a root directory. `None` where there is no
/// database, `Some(None)` where it has no such container.
///
/// # Errors
///
/// Text that names the file, when it cannot be read or a writer does not let us.
pub(super) fn look_up(
    root: &StateDir,
    namespace: &str,
    id: &str,
) -> Result<Option<Option<Record>>, String> {
    let Some(file) = root.file(FILE)? else {
        return Ok(None);
    };
    let record = Database::new(file).view(|database| read(database, namespace, id));
    record.map(Some).map_err(|error| format!("{}: {error}", root.name(FILE)))
}

/// All containers of the database, as namespace and id; none where there is no database.
///
/// # Errors
///
/// Those of [`look_up`].
pub(super) fn list(root: &StateDir) -> Result<Vec<(String, String)>, String> {
    let Some(file) = root.file(FILE)? else {
        return Ok(Vec::new());
    };
    let all = Database::new(file).view(|database| {
        let mut all = Vec::new();
        let Some(version) = database.bucket(&["v1"])? else {
            return Ok(all);
        };
        for namespace in version.buckets()?.into_iter().map(lossy) {
            let Some(containers) = version.bucket(&[&namespace, "containers"])? else { continue };
            let ids = containers.buckets()?.into_iter().map(lossy);
            all.extend(ids.map(|id| (namespace.clone(), id)));
        }
        Ok(all)
    });
    all.map_err(|error| format!("{}: {error}", root.name(FILE)))
}

/// All images of the database, as name and digest, of all namespaces; none where there is no database.
///
/// # Errors
///
/// Those of [`look_up`].
#[cfg(feature = "manifest")]
pub(in crate::container) fn images(root: &StateDir) -> Result<Vec<(String, String)>, String> {
    let Some(file) = root.file(FILE)? else {
        return Ok(Vec::new());
    };
    let all = Database::new(file).view(|database| {
        let mut all = Vec::new();
        let Some(version) = database.bucket(&["v1"])? else {
            return Ok(all);
        };
        for namespace in version.buckets()?.into_iter().map(lossy) {
            let Some(images) = version.bucket(&[&namespace, "images"])? else { continue };
            for name in images.buckets()?.into_iter().map(lossy) {
                let Some(target) = images.bucket(&[&name, "target"])? else { continue };
                all.extend(text(&target, "digest")?.map(|digest| (name, digest)));
            }
        }
        Ok(all)
    });
    all.map_err(|error| format!("{}: {error}", root.name(FILE)))
}

/// The snapshot of a container: the snapshotter and the snapshot's name in it.
///
/// # Errors
///
/// Those of [`look_up`].
pub(super) fn snapshot(
    root: &StateDir,
    namespace: &str,
    id: &str,
) -> Result<Option<(String, String)>, String> {
    let Some(file) = root.file(FILE)? else {
        return Ok(None);
    };
    let found = Database::new(file).view(|database| {
        let Some(container) = database.bucket(&["v1", namespace, "containers", id])? else {
            return Ok(None);
        };
        let (snapshotter, key) =
            (text(&container, "snapshotter")?, text(&container, "snapshotKey")?);
        let (Some(snapshotter), Some(key)) = (snapshotter, key) else {
            return Ok(None);
        };
        let path = ["v1", namespace, "snapshots", &snapshotter, &key];
        let name = match database.bucket(&path)? {
            Some(snapshot) => text(&snapshot, "name")?,
            None => None,
        };
        Ok(name.map(|name| (snapshotter, name)))
    });
    found.map_err(|error| format!("{}: {error}", root.name(FILE)))
}

fn read(database: &Bucket<'_>, namespace: &str, id: &str) -> Result<Option<Record>, Error> {
    let Some(container) = database.bucket(&["v1", namespace, "containers", id])? else {
        return Ok(None);
    };
    let mut record = Record {
        image: text(&container, "image")?,
        created_at: container.value("createdat")?.and_then(|time| go_time(&time)),
        ..Record::default()
    };
    if let Some(labels) = container.bucket(&["labels"])? {
        let pairs = labels.values()?.into_iter();
        record.labels = pairs.map(|(key, value)| (lossy(key), lossy(value))).collect();
    }
    if let Some(name) = &record.image
        && let Some(target) = database.bucket(&["v1", namespace, "images", name, "target"])?
        && let Some(digest) = text(&target, "digest")?
    {
        let media_type = text(&target, "mediatype")?.unwrap_or_default();
        record.target = Some(Target { digest, media_type });
    }
    let (snapshotter, key) = (text(&container, "snapshotter")?, text(&container, "snapshotKey")?);
    if let (Some(snapshotter), Some(key)) = (snapshotter, key)
        && let Some(own) = database.bucket(&["v1", namespace, "snapshots", &snapshotter, &key])?
    {
        record.chain = text(&own, "parent")?;
    }
    Ok(Some(record))
}

/// A value that is not empty.
fn text(bucket: &Bucket<'_>, key: &str) -> Result<Option<String>, Error> {
    Ok(bucket.value(key)?.filter(|value| !value.is_empty()).map(lossy))
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A time as Go's `time.Time.MarshalBinary` writes it: version, seconds, nanoseconds, zone.
fn go_time(bytes: &[u8]) -> Option<Timestamp> {
    let (version, rest) = bytes.split_first()?;
    let (seconds, rest) = rest.split_first_chunk()?;
    let (nanos, zone) = rest.split_first_chunk()?;
    // The zone changes how the time is shown, not which one it is.
    if !matches!((version, zone.len()), (1, 2) | (2, 3)) {
        return None;
    }
    let nanos = u32::from_be_bytes(*nanos);
    if nanos >= 1_000_000_000 {
        return None;
    }
    let seconds = i64::from_be_bytes(*seconds).checked_sub(GO_EPOCH)?;
    let nanos = seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(nanos))?;
    Some(Timestamp::from_nanos(nanos))
}

#[cfg(test)]
pub(super) mod tests;
