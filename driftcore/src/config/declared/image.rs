//! What an image says of the containers that are made of it, as far as nobody says otherwise.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;

use super::Environment;
use super::bundle::or_default;
use super::environment;
use crate::container::Document;
use crate::container::StateRoots;

/// An image's configuration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::config) struct ImageConfig {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) config: Settings,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::config) struct Settings {
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) user: String,
    #[serde(deserialize_with = "environment::deserialize")]
    pub(in crate::config) env: Environment,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) working_dir: String,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) entrypoint: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(in crate::config) cmd: Vec<String>,
    #[serde(deserialize_with = "names")]
    pub(in crate::config) exposed_ports: Vec<String>,
    #[serde(deserialize_with = "names")]
    pub(in crate::config) volumes: Vec<String>,
}

/// Of an object whose members say nothing more.
pub(super) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let members: Option<BTreeMap<String, IgnoredAny>> = Option::deserialize(deserializer)?;
    Ok(members.unwrap_or_default().into_keys().collect())
}

/// The configuration of an image that is on this node.
///
/// # Errors
///
/// What could not be read, or is not what it should be.
pub(super) fn read(roots: &StateRoots, id: Option<&str>) -> Result<Option<ImageConfig>, String> {
    let Some(id) = id else { return Ok(None) };
    Document::of_image(roots, id)?.map(|found| found.json()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_images_configuration_is_read_without_values() {
        let text = r#"{"architecture":"amd64","config":{"Env":["TOKEN=hunter2"],"User":"7:8","Cmd":["sh"],"Entrypoint":null,
            "ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}},"WorkingDir":"/srv"},"rootfs":{}}"#;
        let image: ImageConfig = serde_json::from_str(text).unwrap();
        assert!(!format!("{image:?}").contains("hunter2"));
        let Settings { user, working_dir, cmd, exposed_ports, volumes, .. } = image.config;
        assert_eq!((&*user, &*working_dir), ("7:8", "/srv"));
        assert_eq!(
            (cmd, exposed_ports, volumes),
            (vec!["sh".into()], vec!["80/tcp".into()], vec!["/data".into()])
        );
        let empty: ImageConfig = serde_json::from_str(r#"{"config":null}"#).unwrap();
        assert_eq!(empty, ImageConfig::default());
    }
}
