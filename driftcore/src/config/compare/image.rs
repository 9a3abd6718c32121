//! What the image says, against the bundle. Whoever makes a container may say otherwise, so a difference is one where
//! it is known what was said, and that says nothing: of Docker by its own file, of Kubernetes by the pod.

use crate::config::declared::Bundle;
use crate::config::declared::Declared;
use crate::config::item::Aspect;
use crate::config::item::Item;
use crate::config::secret;
use crate::event::Text;

/// Whether somebody is known to have said nothing of it.
#[derive(Clone, Copy, Default)]
struct Left {
    user: bool,
    working_dir: bool,
    command: bool,
    args: bool,
    env: bool,
}

impl Left {
    fn of(declared: &Declared) -> Self {
        if let Some(pod) = &declared.pod {
            return Self {
                user: pod.user.is_none(),
                working_dir: pod.working_dir.is_none(),
                command: pod.command.is_empty(),
                args: pod.args.is_empty() && pod.command.is_empty(),
                env: !pod.env_from,
            };
        }
        // What Docker was told stands together with what the image says; of arguments and variables its own file
        // is compared with the bundle already.
        let (Some(docker), Some(image)) = (&declared.docker, &declared.image) else {
            return Self::default();
        };
        let (told, image) = (&docker.config.config, &image.config);
        Self {
            user: told.user == image.user,
            working_dir: told.working_dir == image.working_dir,
            ..Self::default()
        }
    }
}

fn push(
    items: &mut Vec<Item>,
    name: &str,
    image: impl Into<Text>,
    is: impl Into<Text>,
    left: bool,
) {
    let (image, is) = (image.into(), is.into());
    let differs = left && image != is;
    let item = Item::new(Aspect::Declaration, format!("image:{name}"));
    items.push(item.declared(Some(image)).live(Some(is)).differs(differs));
}

pub(super) fn compare(declared: &Declared, items: &mut Vec<Item>) {
    let Some(image) = declared.image.as_ref().map(|it| &it.config) else { return };
    let left = Left::of(declared);
    let bundle = &declared.bundle;
    for (name, value) in &image.env {
        let said = declared.pod.as_ref().is_some_and(|pod| pod.env.contains_key(name));
        let is = bundle.process.env.get(name).cloned().unwrap_or_else(|| "absent".into());
        let left = left.env && !said && !is_of_services(&name.to_string());
        push(items, &format!("Env.{name}"), value.clone(), is, left);
    }
    user(&image.user, bundle, left.user, items);
    let directory = |text: &str| if text.is_empty() { "/".to_owned() } else { text.to_owned() };
    let working_dir = directory(&image.working_dir);
    push(items, "WorkingDir", working_dir, directory(&bundle.process.cwd), left.working_dir);
    // Arguments hold passwords now and then.
    let digest = |args: &[String]| secret::digest(args.join("\0").as_bytes());
    let args = &bundle.process.args;
    let entry = image.entrypoint.as_slice();
    if left.args || !left.command {
        let whole = [entry, &image.cmd].concat();
        if !whole.is_empty() {
            push(items, "Args", digest(&whole), digest(args), left.args);
        }
    } else if !entry.is_empty() {
        let head = args.get(..entry.len()).unwrap_or(args);
        push(items, "Entrypoint", digest(entry), digest(head), true);
    }
    for path in &image.volumes {
        let clean = |path: &str| path.trim_end_matches('/').to_owned();
        let there = bundle.mounts.iter().any(|it| clean(&it.destination) == clean(path));
        // Not every runtime makes one of it.
        let is = if there { "mounted" } else { "absent" };
        push(items, &format!("Volumes.{path}"), "mounted", is, false);
    }
    for port in &image.exposed_ports {
        let item = Item::new(Aspect::Declaration, format!("image:ExposedPorts.{port}"));
        items.push(item.declared(Some("exposed")));
    }
}

/// A name is looked up in the image's files; a number is one.
fn user(user: &str, bundle: &Bundle, left: bool, items: &mut Vec<Item>) {
    let mut parts = user.splitn(2, ':');
    let is = &bundle.process.user;
    for (part, name, is) in [(parts.next(), "User", is.uid), (parts.next(), "User.group", is.gid)] {
        let Some(part) = part.filter(|it| !it.is_empty() || name == "User") else { continue };
        let part = if part.is_empty() { "0" } else { part };
        let left = left && part.parse::<u32>().is_ok();
        push(items, name, part, is.to_string(), left);
    }
}

/// Variables by which Kubernetes names services: they stand before the image's.
pub(super) fn is_of_services(name: &str) -> bool {
    name.ends_with("_PORT") || name.contains("_PORT_") || name.contains("_SERVICE_")
}
