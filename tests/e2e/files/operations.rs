//! Each operation by each call that does it.

use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::deeds::DEEDS;
use driftcore_e2e::deeds::UNDONE;

use super::stage::Stage;
use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[("each_operation_on_files_has_its_exact_event", each)];

/// The directories of the image in which deeds are done, each named for its first deed.
pub(crate) fn directories() -> Vec<&'static str> {
    DEEDS.iter().map(|(deed, _)| *deed).collect()
}

fn each(world: &World) -> Result<()> {
    let _turn = world.shared();
    let stage = Stage::new(world, &[])?;
    let mut wrong = Vec::new();
    let mut check = |deeds: &[(&str, String)],
                     expected: &dyn Fn(&str) -> &'static [&'static str]| {
        let done = stage.perform("in", deeds)?;
        let seen = stage.seen()?;
        for (deed, directory) in &done {
            if let Err(error) = stage.compare(&seen, (deed, directory), expected(deed)) {
                wrong.push(format!("{error:#}"));
            }
        }
        Ok::<_, anyhow::Error>(())
    };
    let deeds: Vec<_> = DEEDS.iter().map(|(deed, _)| (*deed, format!("/deeds/{deed}"))).collect();
    let lines = |wanted: &str| {
        DEEDS.iter().find(|(deed, _)| *deed == wanted).map_or(&[][..], |(_, lines)| lines)
    };
    check(&deeds, &lines)?;
    let undone: Vec<_> =
        UNDONE.iter().map(|(deed, at, _)| (*deed, format!("/deeds/{at}"))).collect();
    let lines = |wanted: &str| {
        UNDONE.iter().find(|(deed, ..)| *deed == wanted).map_or(&[][..], |(.., lines)| lines)
    };
    check(&undone, &lines)?;
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
