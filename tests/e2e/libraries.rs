//! Files that are mapped executable, and that the image did not bring.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::Case;
use crate::unnamed;
use crate::unnamed::Deed;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("dropped_libraries_are_seen_however_they_are_loaded", dropped),
    ("libraries_of_the_image_are_silent", of_the_image),
];

fn dropped(world: &World) -> Result<()> {
    let _turn = world.shared();
    let (_, languages) = unnamed::image(world)?;
    let loader = languages.loader.to_str().context("no text")?;
    let name = loader.rsplit('/').next().unwrap_or_default();
    let program = format!("library x added kernel by {name}");
    unnamed::perform(
        world,
        &[
            Deed::new(
                "dlopen",
                "cp /opt/library.so DIR/x; /opt/loader DIR/x",
                &["library x added kernel by loader"],
            ),
            Deed::new(
                "preload",
                "cp /opt/library.so DIR/x; LD_PRELOAD=DIR/x /opt/loader DIR/x",
                &["library x added kernel by loader"],
            ),
            Deed::new("loader", format!("cp /opt/loader DIR/x; {loader} DIR/x"), &[&program]),
            Deed::new(
                "changed",
                "printf x >> /opt/changed.so; cd DIR; /opt/loader /opt/changed.so DIR/../../opt/library.so",
                &["library opt/changed.so modified kernel by loader"],
            ),
            // What is read is not run.
            Deed::new("read", "cp /opt/library.so DIR/x; cat DIR/x", &[]),
        ],
    )?;
    let path = "/tmp/dlopen/x";
    let (alert, _) = world.watch.alert(|alert| alert["output_fields"]["file.path"] == path)?;
    ensure!(alert["rule"] == "New Library Loaded in Container", "{alert}");
    let output = alert["output"].as_str().context("no output")?;
    ensure!(output.contains("process=loader") && output.contains("writer=cp "), "{output}");
    Ok(())
}

fn of_the_image(world: &World) -> Result<()> {
    let _turn = world.shared();
    let own = "/opt/loader /opt/library.so; LD_PRELOAD=/opt/library.so /opt/loader";
    unnamed::perform(
        world,
        &[
            Deed::new("image", own, &[]),
            Deed::new(
                "touched",
                "touch /opt/touched.so; /opt/loader /opt/touched.so DIR/../../opt/library.so",
                &["library opt/touched.so copied_up content by loader harmless"],
            ),
        ],
    )
}
