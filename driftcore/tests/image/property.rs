//! Random trees and random operations on real overlay mounts: a scan says what a full comparison
//! of both merged trees says.

use proptest::prelude::*;

use crate::operation::Operation;
use crate::operation::operations;
use crate::oracle;
use crate::report::Report;
use crate::tree;
use crate::world::World;

/// What runtimes and distributions mount with.
const OPTIONS: [&str; 5] = [
    ",redirect_dir=off,metacopy=off",
    ",redirect_dir=on,metacopy=off",
    ",redirect_dir=on,metacopy=on",
    ",redirect_dir=on,index=on",
    ",userxattr",
];

fn run(options: &'static str, layers: &[Vec<Operation>], changes: &[Operation]) {
    let mut world = World::new(options);
    world.layer(|_| {});
    if !world.is_allowed() {
        return;
    }
    for layer in layers {
        world.layer(|root| layer.iter().for_each(|operation| operation.apply(root)));
    }
    let container = world.container().unwrap();
    changes.iter().for_each(|operation| operation.apply(container.root()));
    let after = tree::read(container.root());
    let before = tree::read(world.image().root());
    oracle::check(&Report::of(&world.layers()), &before, &after, &world.path("upper"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_scan_says_what_a_full_comparison_says(
        options in proptest::sample::select(&OPTIONS[..]),
        layers in proptest::collection::vec(operations(25), 1..4),
        changes in operations(25),
    ) {
        run(options, &layers, &changes);
    }
}
