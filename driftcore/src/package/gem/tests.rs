use std::fs;

use proptest::prelude::*;

use super::*;
use crate::package::testing::Collected;

const REAL: &str =
    include_str!("../../../testdata/packages/languages/gem/drift-rb-1.2.0.rc1.gemspec");

fn collect(tree: &Tree, place: &str) -> Collected {
    let mut to = Collected::with_files();
    assert!(read(tree, place.as_bytes(), &mut to).is_continue());
    to
}

#[test]
fn what_rubygems_installed_is_found_with_its_files() {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("var/lib/gems/3.1.0");
    for directory in ["specifications/default", "gems/drift-rb-1.2.0.rc1/exe"] {
        fs::create_dir_all(home.join(directory)).unwrap();
    }
    fs::write(home.join("specifications/drift-rb-1.2.0.rc1.gemspec"), REAL).unwrap();
    let own = "# stub: json 2.6.1 x86_64-linux lib\n";
    fs::write(home.join("specifications/default/json-2.6.1.gemspec"), own).unwrap();
    fs::write(home.join("specifications/bad-1.gemspec"), "puts 1").unwrap();
    fs::write(home.join("specifications/readme"), "").unwrap();
    fs::write(home.join("gems/drift-rb-1.2.0.rc1/exe/drift-rb"), "").unwrap();
    let tree = Tree::root(root.path()).unwrap();
    let found = collect(&tree, "/var/lib/gems/3.1.0");
    assert_eq!(found.names(), ["drift-rb 1.2.0.rc1", "json 2.6.1 x86_64-linux"]);
    let home = "/var/lib/gems/3.1.0";
    assert_eq!(
        found.of("drift-rb")[1..],
        [
            format!("  {home}/specifications/drift-rb-1.2.0.rc1.gemspec"),
            format!("  {home}/bin/drift-rb"),
            "  /usr/local/bin/drift-rb".to_owned(),
            format!("  {home}/cache/drift-rb-1.2.0.rc1.gem"),
            format!("  {home}/gems/drift-rb-1.2.0.rc1/exe/drift-rb"),
        ]
    );
    let reason = "names no gem with a version as RubyGems writes it";
    assert_eq!(found.faults, [format!("{home}/specifications/bad-1.gemspec: {reason}")]);
}

#[test]
fn old_specifications_have_no_stub_and_no_name_leads_elsewhere() {
    let parse = |text: &'static str| Specification::parse(text.as_bytes());
    let old = "Gem::Specification.new do |s|\n  s.name = %q{x}\n  s.name = 'rake'\n  s.version = \"0.9\"\n  \
               s.platform = \"java\"\n  s.executables = [\"rake\", '../sh', \"a/b\"]\nend";
    let gem = parse(old).unwrap();
    assert_eq!((gem.name, gem.version), (&b"rake"[..], &b"0.9"[..]));
    assert_eq!(gem.full_name(), b"rake-0.9-java");
    assert_eq!(gem.executables, [b"rake"]);
    assert_eq!(parse("# stub: ../../etc 1 ruby lib"), None);
    assert_eq!(parse("# stub: a 1 ../x lib"), None);
    assert_eq!(parse("# stub: a"), None);
    assert_eq!(parse("s.name = \"a\""), None);
    assert_eq!(parse(""), None);
}

#[test]
fn a_gem_is_told_by_the_path_of_its_specification() {
    let place = |path: &'static str| {
        place_of(path.as_bytes(), None).map(|place| std::str::from_utf8(place).unwrap())
    };
    assert_eq!(place("/v/specifications/a-1.gemspec"), Some("/v"));
    assert_eq!(place("/v/specifications/default/a-1.gemspec"), Some("/v"));
    assert_eq!(place("/specifications/a-1.gemspec"), Some("/"));
    for other in [
        "/v/specifications/.gemspec",
        "/v/specifications/x/a-1.gemspec",
        "/v/a.gemspec",
        "/v/specifications/a-1.gemspec/x",
        "/v/specifications/a",
    ] {
        assert_eq!(place(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn any_specification_gets_an_answer(
        content in "((s\\.(name|version|executables|platform) = |# stub: )[\"'a/. ]{0,12}\n){0,6}",
        bytes: Vec<u8>,
    ) {
        let _ = Specification::parse(&bytes);
        if let Some(gem) = Specification::parse(content.as_bytes()) {
            prop_assert!(!gem.full_name().contains(&b'/'));
        }
    }

    #[test]
    fn a_real_specification_that_is_cut_off_gets_an_answer(end in 0..REAL.len()) {
        let _ = Specification::parse(&REAL.as_bytes()[..end]);
    }
}
