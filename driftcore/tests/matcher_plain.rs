//! The compiled program agrees with the plain walk over the tree, on random rules and events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod plain;

use std::cell::Cell;

use plain::agree::agree;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::Config;
use proptest::test_runner::TestError;
use proptest::test_runner::TestRunner;

/// `PROPTEST_CASES` says how many sets of rules; each is some 600 pairs.
#[test]
fn compiled_and_plain_agree() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = u64::from(config.cases);
    let pairs = Cell::new((0, 0));
    let bytes = (vec(any::<u8>(), 1..5000), vec(any::<u8>(), 1500));
    let result = TestRunner::new(config).run(&bytes, |(rules, events)| {
        let (more, matched) = agree(&rules, &events);
        pairs.set((pairs.get().0 + more, pairs.get().1 + matched));
        Ok(())
    });
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
    let (pairs, matched) = pairs.get();
    println!("{pairs} pairs, {matched} matched");
    assert!(pairs >= cases * 400, "{pairs} pairs only");
    assert!((pairs / 10..pairs * 9 / 10).contains(&matched), "{matched} of {pairs} matched");
}
