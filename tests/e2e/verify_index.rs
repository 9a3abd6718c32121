//! `driftd verify` of an image for several platforms, as registries keep it: an index, a manifest for each, and the
//! configuration of each.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Output;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::DriftEvent;
use driftcore::event::Kind;
use driftcore_e2e::Driftd;
use driftcore_e2e::Image;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::Case;
use crate::verify::answer;
use crate::verify::own_image;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("verify_tells_index_manifest_and_configuration_of_containerd_apart", answers),
    ("run_reports_an_index_whose_manifest_for_this_machine_was_not_approved", live),
];

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// No machine that this runs on.
const FOREIGN: &str = "s390x";

fn digest(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An image for this machine and another one, in containerd.
struct Platforms {
    /// Without the registry, and without a tag.
    repository: String,
    image: Image,
    index: String,
    /// For this machine, and for the other one.
    manifests: [String; 2],
    configs: [String; 2],
}

impl Platforms {
    /// Makes it of one of Docker's.
    fn import(world: &World, tag: &str) -> Result<Self> {
        let reference = own_image(world, tag)?;
        let saved = world.directory(&format!("{tag}.tar"));
        let save = ["save", "--output", &saved.to_string_lossy(), &reference];
        ensure!(world.lab.docker().command().args(save).status()?.success(), "docker save failed");
        world.lab.docker().remove_image(&reference);
        let files = unpacked(&saved)?;
        let file = |name: &str| files.get(name).with_context(|| name.to_owned());
        let list: Value = serde_json::from_slice(file("manifest.json")?)?;
        let own = file(list[0]["Config"].as_str().context("no configuration")?)?.clone();
        let mut foreign: Value = serde_json::from_slice(&own)?;
        let architecture = foreign["architecture"].clone();
        foreign["architecture"] = FOREIGN.into();

        let mut blobs: Vec<Vec<u8>> = Vec::new();
        let mut blob = |kind: &str, bytes: Vec<u8>| {
            let descriptor =
                json!({"mediaType": kind, "digest": digest(&bytes), "size": bytes.len()});
            blobs.push(bytes);
            descriptor
        };
        let layers = list[0]["Layers"].as_array().context("no layers")?;
        let layers: Result<Vec<Value>> = layers
            .iter()
            .map(|name| Ok(blob(LAYER, file(name.as_str().context("no name")?)?.clone())))
            .collect();
        let layers = layers?;
        let configs = [own, serde_json::to_vec(&foreign)?].map(|bytes| blob(CONFIG, bytes));
        let platforms = [architecture, FOREIGN.into()];
        let mut manifests = Vec::new();
        for (config, architecture) in configs.iter().zip(platforms) {
            let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
            let mut descriptor = blob(MANIFEST, serde_json::to_vec(&manifest)?);
            descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
            manifests.push(descriptor);
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let mut index = blob(INDEX, serde_json::to_vec(&index)?);
        let name = format!("docker.io/{reference}");
        index["annotations"] = json!({"io.containerd.image.name": name});
        let layout = json!({"schemaVersion": 2, "manifests": [index]});

        let archive = saved.with_extension("oci.tar");
        let mut tar = tar::Builder::new(File::create(&archive)?);
        append(&mut tar, "oci-layout", br#"{"imageLayoutVersion": "1.0.0"}"#)?;
        append(&mut tar, "index.json", &serde_json::to_vec(&layout)?)?;
        for bytes in &blobs {
            append(&mut tar, &format!("blobs/{}", digest(bytes).replace(':', "/")), bytes)?;
        }
        tar.into_inner()?;
        let mut import = world.lab.containerd().command();
        import.args(["images", "import", "--snapshotter=overlayfs"]).arg(&archive);
        ensure!(import.status()?.success(), "the import failed");
        let text = |value: &Value| value["digest"].as_str().unwrap_or_default().to_owned();
        let (repository, _) = reference.rsplit_once(':').context("no tag")?;
        Ok(Self {
            repository: repository.to_owned(),
            image: Image::named(name),
            index: text(&index),
            manifests: [text(&manifests[0]), text(&manifests[1])],
            configs: configs.each_ref().map(text),
        })
    }
}

fn unpacked(archive: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(File::open(archive)?).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.insert(name, bytes);
    }
    Ok(files)
}

fn append(tar: &mut tar::Builder<File>, name: &str, bytes: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    Ok(tar.append_data(&mut header, name, bytes)?)
}

/// With containerd's content store at hand.
fn verify(world: &World, approved: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = world.options.command("verify");
    command.arg("--approved").arg(approved).args(arguments);
    Ok(command.output()?)
}

fn answers(world: &World) -> Result<()> {
    let _turn = world.shared();
    let platforms = Platforms::import(world, "index")?;
    let Platforms { repository, image, index, manifests, configs } = &platforms;
    let containerd = world.lab.containerd();
    let id = format!("index-{}", world.mark("ctr"));
    containerd.start(image, &id, "true")?;
    let result = (|| {
        let directory = world.directory("verify-index");
        fs::create_dir(&directory)?;
        let (list, pods) = (directory.join("approved"), directory.join("pods.json"));
        // It has no name, and goes by the beginning of its id.
        for (approved, approval) in [
            (index, "approved"),
            (&manifests[0], "approved"),
            (&configs[0], "approved"),
            (&manifests[1], "mismatch"),
            (&configs[1], "mismatch"),
        ] {
            fs::write(&list, format!("{repository}@{approved}\n"))?;
            let (of, _) = answer(&verify(world, &list, &["--format", "json"])?, &id[..12])?;
            ensure!(of["approval"] == approval, "{approved}: {of}");
            // Of the index, what runs is the manifest for this machine.
            ensure!(of["running_digest"] == manifests[0].as_str(), "{of}");
        }
        // What pods say that they run: any of them, of the roles that containers have.
        fs::write(&list, format!("{repository}@{index}\n"))?;
        let status = |name: &str, digest: &str| json!({"name": name, "imageID": format!("docker.io/{repository}@{digest}")});
        let of_config = json!({"name": "config", "imageID": configs[0]});
        let container = |name: &str| json!({"name": name, "image": image.reference});
        let mut sidecar = container("sidecar");
        sidecar["restartPolicy"] = "Always".into();
        let other = format!("sha256:{}", "ab".repeat(32));
        let pod = json!({"kind": "Pod", "metadata": {"name": "p"}, "spec": {
            "containers": [container("index"), container("config")],
            "initContainers": [container("init"), sidecar],
            "ephemeralContainers": [container("debug")]},
            "status": {"containerStatuses": [status("index", index), of_config],
                "initContainerStatuses": [status("init", &manifests[0]), status("sidecar", &manifests[1])],
                "ephemeralContainerStatuses": [status("debug", &other)]}});
        fs::write(&pods, pod.to_string())?;
        let pods = pods.to_str().context("no text")?;
        let output = verify(world, &list, &["--pods", pods, "--format", "json"])?;
        for (name, role, approval) in [
            ("index", "main", "approved"),
            ("config", "main", "approved"),
            ("init", "init", "approved"),
            ("sidecar", "sidecar", "approved"),
            ("debug", "ephemeral", "mismatch"),
        ] {
            let (of, status) = answer(&output, name)?;
            ensure!(of["approval"] == approval && of["role"] == role, "{name}: {of}");
            ensure!(status == Some(1), "{status:?}");
        }
        Ok(())
    })();
    containerd.remove(&id);
    result
}

fn live(world: &World) -> Result<()> {
    let _turn = world.shared();
    world.import_into_containerd()?;
    let platforms = Platforms::import(world, "index-live")?;
    let directory = world.directory("verify-index-live");
    fs::create_dir(&directory)?;
    let list = directory.join("approved");
    let approve = |digest: &str| -> Result<()> {
        let next = directory.join("next");
        fs::write(&next, format!("{}@{digest}\n", platforms.repository))?;
        Ok(fs::rename(&next, &list)?)
    };
    approve(&platforms.manifests[0])?;
    let config = directory.join("driftd.toml");
    fs::write(&config, format!("[digest]\napproved = [{list:?}]\n"))?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &directory.join("watch"))?;
    let containerd = world.lab.containerd();
    let id = format!("index-{}", world.mark("ctr"));
    let twin = format!("other-{}", world.mark("ctr"));
    containerd.start(&platforms.image, &id, "true")?;
    let result = (|| {
        let of = |id: &str, action: Action| {
            let id = id.to_owned();
            move |event: &DriftEvent| {
                let own = event.container.as_ref().is_some_and(|it| it.id == id);
                own && (event.kind, event.action) == (Kind::Digest, action)
            }
        };
        // Nothing is said of the one whose manifest was approved; of another one after it there is.
        containerd.start(&world.image, &twin, "true")?;
        watch.event(of(&twin, Action::Mismatch)).context("another image")?;
        let said = watch.events()?.into_iter().filter(|event| {
            event.kind == Kind::Digest && event.container.as_ref().is_some_and(|it| it.id == id)
        });
        ensure!(said.count() == 0, "an approved image is drift");
        approve(&platforms.manifests[1])?;
        let event =
            watch.event(of(&id, Action::Mismatch)).context("the manifest of another machine")?;
        let digests = event.digest.context("no digests")?;
        ensure!(digests.running.as_deref() == Some(platforms.manifests[0].as_str()), "{digests:?}");
        Ok(())
    })();
    containerd.remove(&id);
    containerd.remove(&twin);
    result
}
