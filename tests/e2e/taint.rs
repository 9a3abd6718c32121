//! What drifted code starts, once it has been judged.

use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Evidence;
use driftcore::event::Verdict;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("children_of_a_dropped_program_are_tainted", of_a_program),
    ("children_of_a_dropped_script_are_tainted", of_a_script),
];

/// An image file that the words in `by` run: whether its process is tainted.
fn is_tainted(world: &World, mark: &str) -> Result<bool> {
    Ok(world.exec(mark)?.silent(Verdict::Image, Evidence::Kernel)?.event.tainted)
}

fn of_a_program(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let [child, grandchild, twin] = ["child", "grandchild", "twin"].map(|it| world.mark(it));
    container.sh(&format!(
        "mkdir /tmp/d; cp /bin/busybox /tmp/d/sh
         /tmp/d/sh -c 'sleep 0.3; /opt/p1 {child}; /bin/sh -c \"/opt/p2 {grandchild}; true\"; true'
         /bin/sh -c '/opt/p1 {twin}; true'"
    ))?;
    ensure!(is_tainted(world, &child)?, "the child of a dropped program");
    ensure!(is_tainted(world, &grandchild)?, "its grandchild");
    ensure!(!is_tainted(world, &twin)?, "the child of the image's shell");

    let about = |mark: &str| {
        let mark = mark.to_owned();
        move |alert: &serde_json::Value| alert["drift"]["process"]["cmdline"][1] == mark.as_str()
    };
    let (alert, _) = world.watch.alert(about(&grandchild))?;
    ensure!(alert["rule"] == "Process Started by Drifted Code in Container", "{alert}");
    ensure!(alert["drift"]["tainted"] == true, "{alert}");
    ensure!(!world.watch.alerts().iter().any(|(alert, _)| about(&twin)(alert)), "an alert");
    Ok(())
}

fn of_a_script(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let [child, twin] = ["script-child", "script-twin"].map(|it| world.mark(it));
    container.sh(&format!(
        "echo 'sleep 0.3; /opt/p1 {child}; true' > /tmp/x; sh /tmp/x
         sh -c '/opt/p1 {twin}; true' /tmp/x"
    ))?;
    ensure!(is_tainted(world, &child)?, "the child of a dropped script");
    ensure!(!is_tainted(world, &twin)?, "the child of the image's shell");
    Ok(())
}
