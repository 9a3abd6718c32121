//! Filesystems beside the container's root, where they were asked for: what is done there is said as on the
//! root, and what is no file's change stays silent.

use std::fs;

use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::Kind;
use driftcore_e2e::Driftd;
use driftcore_e2e::bind;
use driftcore_e2e::deeds::line;

use crate::Case;
use crate::world::Seen;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("files_in_memory_count_where_asked_for", |world| {
        counted(world, "memory = true", "/memory", "tmpfs")
    }),
    ("files_on_volumes_count_where_asked_for", |world| {
        counted(world, "volumes = true", "/volume", "volume")
    }),
];

/// The same on both mounts and on the root: only `base` and the root count.
fn counted(world: &World, option: &str, base: &str, verdict: &str) -> Result<()> {
    let _turn = world.shared();
    let files = world.directory(&format!("counted{}", base.replace('/', "-")));
    let shared = files.join("shared");
    fs::create_dir_all(&shared)?;
    let config = files.join("driftd.toml");
    fs::write(&config, format!("[files]\n{option}\n"))?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &files.join("watch"))?;
    let container = world.start(&[&bind(&shared, "/volume"), "--tmpfs=/memory"])?;
    for directory in ["/memory", "/volume", "/tmp/deeds"] {
        // Beside files, what is none: a device, a pipe, and what the kernel fills itself. What has a name alone
        // is looked at while it is still there.
        container.sh(&format!(
            "set -e; mkdir -p {directory}; cd {directory}; umask 022; echo one > file; echo two >> file; chmod 700 file; sleep 0.3; \
             mv file other; mkdir sub; sleep 0.3; ln other sub/link; sleep 0.3; rm other; cat sub/link > /dev/null; \
             echo 0 > /proc/self/oom_score_adj; echo x | cat > /dev/null; rm sub/link; sleep 0.3; rmdir sub"
        ))?;
    }
    let mark = world.mark("counted");
    container.sh(&format!("cp /opt/payload /tmp/{mark}; /tmp/{mark} {mark}"))?;
    Seen::by(&watch, &mark)?;

    let events = watch.events()?;
    let below = |directory: &str| -> Vec<String> {
        let at = |event: &&driftcore::event::DriftEvent| {
            let id = event.container.as_ref().map(|it| it.id.as_str());
            let path = event.file.as_ref().map(|file| file.path.to_string()).unwrap_or_default();
            id == Some(container.id.as_str())
                && event.kind == Kind::File
                && event.action != Action::Read
                && path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
        };
        events.iter().filter(at).map(|event| steady(&line(event, directory))).collect()
    };
    let got = below(base);
    ensure!(got == deeds(verdict), "{got:#?}");
    let got = below("/tmp/deeds");
    ensure!(got == deeds("added"), "on the root: {got:#?}");
    for other in ["/memory", "/volume", "/dev", "/proc"] {
        let got = below(other);
        ensure!(other == base || got.is_empty(), "{other}: {got:#?}");
    }
    let other = if base == "/memory" { "/volume" } else { "/memory" };
    let is_there = |event: &driftcore::event::DriftEvent| {
        let path = event.file.as_ref().map(|file| file.path.to_string()).unwrap_or_default();
        let id = event.container.as_ref().map(|it| it.id.as_str());
        id == Some(container.id.as_str())
            && event.kind == Kind::File
            && (path.starts_with(base) || path.starts_with(other))
    };
    let said: Vec<_> = world.watch.events()?.into_iter().filter(is_there).collect();
    ensure!(said.is_empty(), "said without being asked for: {said:#?}");
    Ok(())
}

/// What each directory sees. Of what a call did by name, the files tell later, and no more once the next call
/// has been there: whether it is proved, and what the file was, is left out.
fn deeds(verdict: &str) -> Vec<String> {
    vec![
        format!("create file {verdict}"),
        format!("modify file 4 bytes written {verdict}"),
        format!("modify file 4 bytes unwritten {verdict} harmless"),
        format!("modify file 8 bytes written {verdict}"),
        "attributes file +mode +executable".to_owned(),
        "rename other <- file".to_owned(),
        "create sub".to_owned(),
        "link sub/link <- other".to_owned(),
        "delete other".to_owned(),
        "delete sub/link".to_owned(),
        "delete sub".to_owned(),
    ]
}

/// A line without what may be gone when it is looked for.
fn steady(line: &str) -> String {
    let is_mode = |word: &&str| word.len() == 4 && word.bytes().all(|it| it.is_ascii_digit());
    let is_steady = |word: &&str| !is_mode(word) && !["0:0", "unproved"].contains(word);
    // On the root, the image tells of some names what they stood for.
    let most = if line.starts_with("delete") { 2 } else { usize::MAX };
    line.split(' ').filter(is_steady).take(most).collect::<Vec<_>>().join(" ")
}
