//! What Docker is told to mount in a container, in its three ways of saying so.

use serde::Deserialize;

use crate::config::declared::bundle::or_default;

/// `SOURCE:DESTINATION[:OPTIONS]`; the source is a path of the host or the name of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(in crate::config) struct Bind {
    pub(in crate::config) source: String,
    pub(in crate::config) destination: String,
    pub(in crate::config) is_read_only: bool,
    /// Where something is said of it.
    pub(in crate::config) propagation: Option<String>,
}

/// How mounts may propagate.
const PROPAGATIONS: [&str; 6] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

impl From<String> for Bind {
    fn from(text: String) -> Self {
        let mut parts = text.split(':');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (source, destination, options) = (next(), next(), next());
        let mut options = options.split(',');
        let is_read_only = options.clone().any(|it| it == "ro");
        let propagation = options.find(|it| PROPAGATIONS.contains(it)).map(str::to_owned);
        Self { source, destination, is_read_only, propagation }
    }
}

/// Of `Mounts` of `hostconfig.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct ApiMount {
    /// `bind`, `volume`, `tmpfs`, and others of later versions.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) r#type: String,
    /// A path of the host or the name of a volume; none for one that has no name.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) source: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) target: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) read_only: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) bind_options: BindOptions,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) volume_options: VolumeOptions,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) tmpfs_options: TmpfsOptions,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct BindOptions {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) propagation: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct VolumeOptions {
    /// A directory of the volume: it is mounted from somewhere else then.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) subpath: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct TmpfsOptions {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) size_bytes: u64,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) mode: u32,
}

/// Of `MountPoints` of `config.v2.json`, which is what a container is started with again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct MountPoint {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) r#type: String,
    /// A path of the host; Docker does not write it down of every volume.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) source: String,
    /// Of a volume.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) name: String,
    /// Of a volume: `local` for one that is a directory of Docker's.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) driver: String,
    #[serde(rename = "RW", deserialize_with = "or_default")]
    pub(in crate::config) is_writable: bool,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) propagation: String,
    /// What was asked for.
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) spec: ApiMount,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_read_with_their_options() {
        let bind = |text: &str| Bind::from(text.to_owned());
        let of = bind("/srv:/data:ro,rshared,z");
        assert_eq!((of.source.as_str(), of.destination.as_str()), ("/srv", "/data"));
        assert!(of.is_read_only && of.propagation.as_deref() == Some("rshared"));
        let of = bind("vol:/v");
        assert!(!of.is_read_only && of.propagation.is_none());
        assert_eq!(bind("").destination, "");
    }

    #[test]
    fn mounts_are_read_in_both_files() {
        let mounts: Vec<ApiMount> = serde_json::from_str(
            r#"[{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":9,"Mode":448}},
                {"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,"BindOptions":{"Propagation":"rslave"}},
                {"Type":"volume","Target":"/v","VolumeOptions":null}]"#,
        )
        .unwrap();
        assert_eq!(mounts[0].tmpfs_options, TmpfsOptions { size_bytes: 9, mode: 0o700 });
        assert!(mounts[1].read_only && mounts[1].bind_options.propagation == "rslave");
        assert_eq!(mounts[2].volume_options, VolumeOptions::default());
        let point: MountPoint = serde_json::from_str(
            r#"{"Type":"volume","Source":"","Name":"x","Driver":"local","RW":true,"Spec":{"Target":"/v"}}"#,
        )
        .unwrap();
        assert!(point.is_writable && point.spec.target == "/v");
    }
}
