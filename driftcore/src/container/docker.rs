//! Docker's own state: `<data root>/containers/<id>/config.v2.json` and its image store.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::found::Found;
use super::ports;
use super::roots::StateRoots;
use super::state::StateDir;
use crate::event::ContainerDetails;
use crate::event::MountPoint;
use crate::event::PortRange;
use crate::event::Timestamp;

/// Of `config.v2.json`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Config {
    #[serde(rename = "ID")]
    id: String,
    name: Option<String>,
    driver: Option<String>,
    /// The config digest; with the containerd image store, the manifest's or index's.
    image: Option<String>,
    created: Option<String>,
    state: State,
    config: Settings,
    /// By destination.
    mount_points: Option<BTreeMap<String, Mount>>,
    network_settings: Option<NetworkSettings>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Mount {
    source: Option<String>,
    destination: Option<String>,
    /// The volume's name; its source is then left empty.
    name: Option<String>,
    driver: Option<String>,
    #[serde(rename = "RW")]
    writable: bool,
    /// The mode, under the name that it had at first.
    relabel: Option<String>,
    propagation: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Option<Endpoint>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    #[serde(rename = "IPAddress")]
    address: Option<String>,
}

/// Of `hostconfig.json`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HostConfig {
    privileged: Option<bool>,
    pid_mode: Option<String>,
    ipc_mode: Option<String>,
    network_mode: Option<String>,
    /// By port and protocol.
    port_bindings: Option<BTreeMap<String, IgnoredAny>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct State {
    running: bool,
    started_at: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Settings {
    image: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    /// By port and protocol; those of the image among them.
    exposed_ports: Option<BTreeMap<String, IgnoredAny>>,
}

/// Of `repositories.json`: repository -> reference -> config digest.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Repositories {
    repositories: BTreeMap<String, BTreeMap<String, String>>,
}

/// The ids of all containers in one data root.
///
/// # Errors
///
/// Text that names the directory, when it is there but cannot be opened.
pub(super) fn list(roots: &StateRoots, data_root: &Path) -> Result<Vec<String>, String> {
    let directory = StateDir::open(roots, data_root)?;
    Ok(directory.map(|directory| directory.entries("containers")).unwrap_or_default())
}

/// Looks a container up in one data root. `None` when Docker has none of that id there.
///
/// # Errors
///
/// Text that names the file, when the state is there but cannot be read whole.
pub(super) fn look_up(
    roots: &StateRoots,
    data_root: &Path,
    id: &str,
) -> Result<Option<Found>, String> {
    let Some(dir) = StateDir::open(roots, data_root)? else {
        return Ok(None);
    };
    let file = format!("containers/{id}/config.v2.json");
    let Some(config) = dir.json::<Config>(&file)? else {
        return Ok(None);
    };
    if config.id != id {
        return Err(format!("{}: is about {:?}", dir.name(&file), config.id));
    }
    let mut found = Found::new(id, "docker");
    let name = config.name.as_deref().map(|name| name.trim_start_matches('/').to_owned());
    found.container.name = name.filter(|name| !name.is_empty());
    let settings = config.config;
    found.container.image = settings.image.clone().filter(|image| !image.is_empty());
    found.container.labels = settings.labels.clone().unwrap_or_default();
    found.created_at = config.created.as_deref().and_then(Timestamp::parse);
    let label = |key: &str| found.container.labels.get(key).cloned();
    (found.container.pod, found.container.namespace) =
        (label("io.kubernetes.pod.name"), label("io.kubernetes.pod.namespace"));
    let host_config = dir.json::<HostConfig>(&format!("containers/{id}/hostconfig.json"));
    let host_config = found.try_take(host_config);
    let ports = declared_ports(&settings, host_config.as_ref());
    found.details = details(&config.mount_points, host_config, data_root);
    found.details.ports = ports;
    found.details.ip = config.network_settings.and_then(address);
    // Until the start is written down, the file tells of the run before.
    if config.state.running {
        let time = config.state.started_at.as_deref();
        found.container.started_at = time.and_then(Timestamp::parse);
    } else {
        found.complete = false;
    }
    let driver = config.driver.unwrap_or_default();
    let image_store = format!("image/{driver}");
    if driver.is_empty() || driver.contains(['/', '.']) || !dir.has(&image_store) {
        found.container.image_digest = config.image;
        return Ok(Some(found));
    }
    found.container.image_id = config.image;
    let repositories = dir.json::<Repositories>(&format!("{image_store}/repositories.json"));
    if let Some(repositories) = found.try_take(repositories) {
        found.container.image_digest = digest(
            &repositories,
            found.container.image_id.as_deref(),
            found.container.image.as_deref(),
        );
    }
    let mount_id = dir.read(&format!("{image_store}/layerdb/mounts/{id}/mount-id"), 256);
    if let Some(mount_id) = found.try_take(mount_id)
        && let Ok(mount_id) = String::from_utf8(mount_id)
        && mount_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        found.mount_points.push(data_root.join(&driver).join(mount_id).join("merged"));
    }
    Ok(Some(found))
}

/// How the container is set up.
fn details(
    mounts: &Option<BTreeMap<String, Mount>>,
    host_config: Option<HostConfig>,
    data_root: &Path,
) -> ContainerDetails {
    let mounts = mounts.iter().flatten().map(|(destination, mount)| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut source = text(&mount.source);
        // As `docker inspect` shows it.
        if let (true, Some(volume), Some("local")) =
            (source.is_empty(), &mount.name, mount.driver.as_deref())
        {
            source = format!("{}/volumes/{volume}/_data", data_root.display());
        }
        let destination = mount.destination.as_ref().unwrap_or(destination).clone();
        MountPoint::new(
            source,
            destination,
            text(&mount.relabel),
            mount.writable,
            text(&mount.propagation),
        )
    });
    let mounts = Some(mounts.collect());
    let Some(host_config) = host_config else {
        return ContainerDetails { mounts, ..ContainerDetails::default() };
    };
    let is_host = |mode: Option<String>| Some(mode.as_deref() == Some("host"));
    ContainerDetails {
        privileged: host_config.privileged,
        host_pid: is_host(host_config.pid_mode),
        host_ipc: is_host(host_config.ipc_mode),
        host_network: is_host(host_config.network_mode),
        mounts,
        ip: None,
        ports: Vec::new(),
    }
}

/// The ports that the image or whoever made the container exposes, that are published, and that
/// Kubernetes names.
fn declared_ports(settings: &Settings, host_config: Option<&HostConfig>) -> Vec<PortRange> {
    let exposed = settings.exposed_ports.iter().flatten();
    let published = host_config.and_then(|it| it.port_bindings.as_ref()).into_iter().flatten();
    let names = exposed.chain(published).map(|(name, _)| name);
    let mut ports: Vec<PortRange> = names.filter_map(|name| PortRange::parse(name)).collect();
    let annotation = format!("annotation.{}", ports::ANNOTATION);
    let labels = settings.labels.as_ref();
    ports
        .extend(labels.and_then(|it| it.get(&annotation)).into_iter().flat_map(|it| ports::of(it)));
    ports
}

/// The address on Docker's own bridge, else the first that there is.
fn address(settings: NetworkSettings) -> Option<String> {
    let mut networks = settings.networks?;
    let mut take = |name: &str| networks.remove(name).flatten().and_then(|it| it.address);
    let bridge = take("bridge").filter(|address| !address.is_empty());
    let mut others = networks.into_values().flatten().filter_map(|endpoint| endpoint.address);
    bridge.or_else(|| others.find(|address| !address.is_empty()))
}

/// The manifest digest by which the image was pulled: that of the reference's own repository,
/// else the only one. `None` where the store leaves it open, and for images built here.
fn digest(
    repositories: &Repositories,
    id: Option<&str>,
    reference: Option<&str>,
) -> Option<String> {
    let reference = familiar(reference?);
    if let Some((_, digest)) = reference.split_once('@') {
        return Some(digest.to_owned());
    }
    let mut own = Vec::new();
    let mut all = Vec::new();
    for (repository, references) in &repositories.repositories {
        for (name, config) in references {
            let Some((_, digest)) = name.split_once('@') else {
                continue;
            };
            if Some(config.as_str()) != id {
                continue;
            }
            let rest = reference.strip_prefix(repository.as_str());
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) {
                own.push(digest);
            }
            all.push(digest);
        }
    }
    let mut digests = if own.is_empty() { all } else { own };
    digests.dedup();
    match digests.as_slice() {
        [digest] => Some((*digest).to_owned()),
        _ => None,
    }
}

/// The references of an image store and the ids that they stand for.
///
/// # Errors
///
/// Text that names the file, when it cannot be read.
#[cfg(feature = "manifest")]
pub(super) fn repositories(
    directory: &StateDir,
    store: &str,
) -> Result<BTreeMap<String, String>, String> {
    let repositories = directory.json::<Repositories>(&format!("{store}/repositories.json"))?;
    let repositories = repositories.unwrap_or_default().repositories;
    Ok(repositories.into_values().flatten().collect())
}

/// The short form that Docker keeps references in.
pub(super) fn familiar(reference: &str) -> &str {
    let short = reference.strip_prefix("docker.io/").unwrap_or(reference);
    short.strip_prefix("library/").unwrap_or(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "65882441c3b0dd0173b650365611c07a84e60f10c2098739b43842e35c869745";
    const IMAGE: &str = "sha256:77ebe7ddce78c063bb724032c20cd9b02884ee6b74d5b4e7336dd3ff131ea5d2";
    const DIGEST: &str = "sha256:cc15dad27e871e33383615c832950daf86635bca71497cd7ea44ffe058143f07";

    /// A data root as Docker 20.10 left it, with what is not read cut out.
    fn data_root(config: &str) -> (tempfile::TempDir, StateRoots) {
        let host = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = host.path().join("docker").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(&format!("containers/{ID}/config.v2.json"), config);
        write(&format!("image/overlay2/layerdb/mounts/{ID}/mount-id"), "ab12");
        write(
            "image/overlay2/repositories.json",
            &format!(
                r#"{{"Repositories":{{"localhost:15321/tiny":{{"localhost:15321/tiny:2":"{IMAGE}",
                "localhost:15321/tiny@{DIGEST}":"{IMAGE}"}},"tiny":{{"tiny:1":"sha256:2f"}}}}}}"#
            ),
        );
        let roots = StateRoots { host: host.path().to_owned(), ..StateRoots::default() };
        (host, roots)
    }

    fn config() -> String {
        format!(
            r#"{{"State":{{"Running":true,"Pid":12750,"StartedAt":"2026-11-24T00:46:31.226022037Z"}},
            "ID":"{ID}","Created":"2026-11-24T00:46:30.5Z","Config":{{"Image":"localhost:15321/tiny:2","Volumes":null,
            "Labels":{{"from":"image","io.kubernetes.pod.name":"web-0"}}}},"Image":"{IMAGE}",
            "Name":"/pulled","Driver":"overlay2"}}"#
        )
    }

    #[test]
    fn a_running_container_is_known_whole() {
        let (_host, roots) = data_root(&config());
        let found = look_up(&roots, Path::new("/docker"), ID).unwrap().unwrap();
        assert!(found.complete);
        assert_eq!(found.mount_points, [Path::new("/docker/overlay2/ab12/merged")]);
        assert_eq!(found.created_at, Timestamp::parse("2026-11-24T00:46:30.5Z"));
        let container = found.container;
        assert_eq!(container.name.as_deref(), Some("pulled"));
        assert_eq!(container.image.as_deref(), Some("localhost:15321/tiny:2"));
        assert_eq!(container.image_id.as_deref(), Some(IMAGE));
        assert_eq!(container.image_digest.as_deref(), Some(DIGEST));
        assert_eq!(container.pod.as_deref(), Some("web-0"));
        assert_eq!(container.started_at.unwrap().to_string(), "2026-11-24T00:46:31.226022037Z");
    }

    #[test]
    fn settings_and_mounts_are_those_that_inspect_shows() {
        let mounts = r#""MountPoints":{"/v":{"Source":"","Destination":"/v","RW":true,"Name":"vol",
            "Driver":"local","Type":"volume","Relabel":"z","Spec":{"Type":"volume"}},"/b":{"Source":
            "/srv/b","Destination":"/b","RW":false,"Name":"","Driver":"","Type":"bind",
            "Propagation":"rprivate","Relabel":""}},"NetworkSettings":{"Networks":{"a":null,
            "b":{"IPAddress":"10.1.0.2"},"bridge":{"IPAddress":"172.17.0.2"}}},"ID""#;
        let text = config().replacen(r#""ID""#, mounts, 1);
        let (host, roots) = data_root(&text);
        let look_up = || look_up(&roots, Path::new("/docker"), ID).unwrap().unwrap();
        let found = look_up();
        assert!(found.complete);
        assert_eq!(found.details.privileged, None, "nothing is guessed");
        let lines: Vec<_> =
            found.details.mounts.as_deref().unwrap().iter().map(MountPoint::as_str).collect();
        assert_eq!(
            lines,
            ["/srv/b:/b::false:rprivate", "/docker/volumes/vol/_data:/v:z:true:"],
            "by destination"
        );
        assert_eq!(found.details.ip.as_deref(), Some("172.17.0.2"));

        let file = host.path().join(format!("docker/containers/{ID}/hostconfig.json"));
        std::fs::write(
            &file,
            r#"{"Privileged":true,"PidMode":"host","IpcMode":"private","NetworkMode":"container:x"}"#,
        )
        .unwrap();
        let details = look_up().details;
        assert_eq!(
            (details.privileged, details.host_pid, details.host_ipc, details.host_network),
            (Some(true), Some(true), Some(false), Some(false))
        );
        std::fs::write(file, "{\"Priv").unwrap();
        assert!(!look_up().complete);
    }

    #[test]
    fn ports_are_those_exposed_published_and_named_by_kubernetes() {
        let text = config()
            .replacen(r#""Volumes""#, r#""ExposedPorts":{"80/tcp":{},"x":{}},"Volumes""#, 1)
            .replacen(
                r#""from":"image""#,
                r#""annotation.io.kubernetes.container.ports":"[{\"containerPort\":90}]""#,
                1,
            );
        let (host, roots) = data_root(&text);
        std::fs::write(
            host.path().join(format!("docker/containers/{ID}/hostconfig.json")),
            r#"{"PortBindings":{"53/udp":[{"HostIp":"","HostPort":"5353"}]}}"#,
        )
        .unwrap();
        let found = look_up(&roots, Path::new("/docker"), ID).unwrap().unwrap();
        let expected = ["80/tcp", "53/udp", "90/tcp"].map(|it| PortRange::parse(it).unwrap());
        assert_eq!(found.details.ports, expected);
    }

    #[test]
    fn the_start_of_an_earlier_run_is_not_told() {
        let (_host, roots) = data_root(&config().replace("true", "false"));
        let found = look_up(&roots, Path::new("/docker"), ID).unwrap().unwrap();
        assert!(!found.complete);
        assert_eq!(found.container.started_at, None);
    }

    #[test]
    fn half_written_wrong_and_foreign_state_is_an_error() {
        let whole = config();
        let bad_type = whole.replace("\"/pulled\"", "7");
        let foreign = whole.replace(&format!("\"ID\":\"{ID}\""), "\"ID\":\"x\"");
        for text in [&whole[..100], "", "\u{0}", "[]", &bad_type, &foreign] {
            let (_host, roots) = data_root(text);
            assert!(look_up(&roots, Path::new("/docker"), ID).is_err(), "{text}");
        }
    }

    #[test]
    fn a_digest_that_is_open_is_not_guessed() {
        let two: Repositories = serde_json::from_str(
            r#"{"Repositories":{"a":{"a@sha256:1":"i","a@sha256:2":"i"},"b":{"b@sha256:3":"i"}}}"#,
        )
        .unwrap();
        assert_eq!(digest(&two, Some("i"), Some("a:1")), None);
        assert_eq!(digest(&two, Some("i"), Some("docker.io/library/b:1")).unwrap(), "sha256:3");
        assert_eq!(digest(&two, Some("i"), Some("a@sha256:9")).unwrap(), "sha256:9");
        assert_eq!(digest(&two, Some("j"), Some("a:1")), None);
    }
}
