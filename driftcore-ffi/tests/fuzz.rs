//! Replays the committed inputs of the fuzz target of the C ABI: the seeds, and all that a fuzzer
//! ever found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../fuzz/src/c_abi/mod.rs"]
mod c_abi;

use std::panic;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

#[test]
fn calls_of_the_c_abi() {
    // Where a function has no status, a panic that was caught is seen here alone.
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        hook(info);
    }));
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let (mut done, mut callbacks, mut nested) = (0, 0, 0);
    for directory in ["corpus/c_abi", "regressions/c_abi"] {
        for entry in std::fs::read_dir(fuzz.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            let reached = c_abi::run(&std::fs::read(path).unwrap());
            assert_eq!(PANICS.load(Ordering::Relaxed), 0);
            done += reached.done;
            callbacks += reached.callbacks;
            nested += reached.nested;
        }
    }
    println!("{done} calls, {callbacks} callbacks, {nested} nested");
    // The seeds still mean what they were made for.
    assert!(done > 100 && callbacks > 4 && nested > 0, "{done}, {callbacks}, {nested}");
}
