//! What must not change: the header compiles wherever C does, what is exported, and where every
//! member lies.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;

use crate::Case;
use crate::header::Function;
use crate::stage::Mode;
use crate::stage::Stage;
use crate::stage::capi;
use crate::stage::run;

pub(crate) const CASES: &[Case] = &[
    ("header_compiles_as_every_c_and_cpp", header_compiles),
    ("header_declares_what_is_exported", exports),
    ("static_library_exposes_only_the_header", archive),
    ("programs_link_dynamically_and_statically", links),
    ("symbols_and_layout_are_those_committed", snapshot),
    ("old_program_runs_with_the_new_library", old),
];

const STRICT: [&str; 7] = [
    "-Wall",
    "-Wextra",
    "-pedantic",
    "-Werror",
    "-Wredundant-decls",
    "-Wstrict-prototypes",
    "-fsyntax-only",
];

fn header_compiles(stage: &Stage) -> Result<()> {
    let directory = stage.directory("header")?;
    let sources = [
        ("alone", "#include <driftcore.h>\n"),
        ("twice", "#include <driftcore.h>\n#include <driftcore.h>\n"),
        ("used", "#include <driftcore.h>\nint main(void) { return !driftcore_version(); }\n"),
    ];
    let compilers = [
        ("gcc", "c99", "c"),
        ("gcc", "c11", "c"),
        ("clang", "c99", "c"),
        ("clang", "c11", "c"),
        ("g++", "c++17", "cpp"),
        ("clang++", "c++17", "cpp"),
    ];
    for (name, text) in sources {
        for (compiler, standard, extension) in compilers {
            let source = directory.join(format!("{name}.{extension}"));
            // An empty translation unit is what `-pedantic` refuses, not what is tested.
            fs::write(&source, format!("{text}typedef int {name};\n"))?;
            let flags = STRICT.iter().filter(|it| extension == "c" || !it.ends_with("prototypes"));
            let mut command = stage.command(compiler);
            command.arg(format!("-std={standard}")).args(flags).arg("-I").arg(stage.include());
            run(command.arg(&source)).with_context(|| format!("{compiler} {standard} {name}"))?;
        }
    }
    Ok(())
}

/// The names of the global symbols that `nm` finds, with versions.
fn symbols(arguments: &[&str], file: &Path) -> Result<Vec<String>> {
    let said = run(std::process::Command::new("nm").args(arguments).arg(file))?;
    let mut names: Vec<String> = said
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        // The version itself is a symbol too.
        .filter(|(rest, _)| !rest.ends_with(" A"))
        .map(|(_, name)| name.to_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn declared(stage: &Stage) -> Result<Vec<String>> {
    let mut names: Vec<String> =
        stage.header()?.functions.into_iter().map(|function| function.name).collect();
    names.sort();
    let before = names.len();
    names.dedup();
    ensure!(names.len() == before, "the header declares a function twice");
    Ok(names)
}

fn exports(stage: &Stage) -> Result<()> {
    let exported = symbols(&["-D", "--defined-only"], &stage.shared())?;
    let expected: Vec<String> =
        declared(stage)?.into_iter().map(|name| format!("{name}@@DRIFTCORE_0.1")).collect();
    ensure!(exported == expected, "exported: {exported:#?}\nexpected: {expected:#?}");
    let dynamic = run(std::process::Command::new("readelf").arg("-dW").arg(stage.shared()))?;
    let soname = "Library soname: [libdriftcore.so.0.1]";
    ensure!(dynamic.contains(soname), "no {soname} in {dynamic}");
    ensure!(!dynamic.contains("TEXTREL"), "the library has text relocations: {dynamic}");
    Ok(())
}

fn archive(stage: &Stage) -> Result<()> {
    let exposed = symbols(&["-g", "--defined-only"], &stage.lib().join("libdriftcore.a"))?;
    let expected = declared(stage)?;
    ensure!(exposed == expected, "exposed: {exposed:#?}\nexpected: {expected:#?}");
    Ok(())
}

fn links(stage: &Stage) -> Result<()> {
    let directory = stage.directory("links")?;
    let source = directory.join("links.c");
    fs::write(
        &source,
        "#include <driftcore.h>\n#include <stdio.h>\nint main(void)\n{\n\
         \tdriftcore_options *options = driftcore_options_new();\n\
         \tdriftcore_options_free(&options);\n\
         \treturn puts(driftcore_version()) < 0;\n}\n",
    )?;
    let dynamic = stage.pkg_config(&["--cflags", "--libs"])?;
    // Of two libraries of a name the linker takes the shared one.
    let fixed: Vec<String> = stage
        .pkg_config(&["--static", "--cflags", "--libs"])?
        .into_iter()
        .map(|word| if word == "-ldriftcore" { "-l:libdriftcore.a".to_owned() } else { word })
        .collect();
    for (how, words) in [("dynamic", &dynamic), ("static", &fixed)] {
        let program = directory.join(how);
        run(stage.command("gcc").arg(&source).arg("-o").arg(&program).args(words))?;
        let needed = run(std::process::Command::new("readelf").arg("-dW").arg(&program))?;
        let needs = needed.contains("[libdriftcore.so.0.1]");
        ensure!(needs == (how == "dynamic"), "{how}: {needed}");
        let said = run(&mut stage.command(&program))?;
        ensure!(said == "0.1.0\n", "{how}: version {said:?}");
    }
    Ok(())
}

/// A C program that prints the size and place of everything in the header.
fn layout_program(stage: &Stage) -> Result<String> {
    let header = stage.header()?;
    let mut code = String::from(
        "#include <driftcore.h>\n#include <stdio.h>\n#include <stddef.h>\n\nint main(void)\n{\n",
    );
    for name in header.constants.iter().filter(|name| !name.contains("_VERSION_")) {
        writeln!(code, "\tprintf(\"constant {name} = %lld\\n\", (long long){name});")?;
    }
    for (name, values) in &header.enums {
        writeln!(code, "\tprintf(\"enum {name}: size %zu\\n\", sizeof(enum {name}));")?;
        for value in values {
            writeln!(code, "\tprintf(\"  {value} = %lld\\n\", (long long){value});")?;
        }
    }
    for (name, members) in &header.records {
        writeln!(code, "\tprintf(\"struct {name}: size %zu\\n\", sizeof(struct {name}));")?;
        for member in members {
            let (kind, member) = (&member.kind, &member.name);
            writeln!(
                code,
                "\tprintf(\"  {member}: {kind}, offset %zu, size %zu\\n\", \
                 offsetof(struct {name}, {member}), sizeof(((struct {name} *)0)->{member}));"
            )?;
        }
    }
    for declaration in header.callbacks.values() {
        writeln!(code, "\tputs(\"typedef {declaration}\");")?;
    }
    let mut prototypes: Vec<String> = header.functions.iter().map(Function::prototype).collect();
    prototypes.sort();
    for prototype in prototypes {
        writeln!(code, "\tputs(\"{prototype}\");")?;
    }
    code += "\treturn 0;\n}\n";
    Ok(code)
}

fn snapshot(stage: &Stage) -> Result<()> {
    let directory = stage.directory("layout")?;
    let source = directory.join("layout.c");
    fs::write(&source, layout_program(stage)?)?;
    let program = directory.join("layout");
    run(stage.command("gcc").arg("-I").arg(stage.include()).arg(source).arg("-o").arg(&program))?;
    let layout = run(&mut stage.command(&program))?;
    let exported = symbols(&["-D", "--defined-only"], &stage.shared())?.join("\n") + "\n";
    let golden = capi().join("abi");
    let update = std::env::var_os("DRIFTCORE_UPDATE_GOLDEN").is_some();
    for (name, now) in [("layout.txt", layout), ("symbols.txt", exported)] {
        let path = golden.join(name);
        if update {
            fs::write(&path, now)?;
            continue;
        }
        let committed = fs::read_to_string(&path)?;
        if committed != now {
            bail!(
                "the ABI is not that of {}; CONTRIBUTING.md says how a change is judged\n{}",
                path.display(),
                difference(&committed, &now)
            );
        }
    }
    Ok(())
}

/// The lines that only one side has.
fn difference(committed: &str, now: &str) -> String {
    let only = |sign: char, these: &str, those: &str| -> String {
        let others: Vec<&str> = those.lines().collect();
        let lines = these.lines().filter(|line| !others.contains(line));
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    let text = only('-', committed, now) + &only('+', now, committed);
    if text.is_empty() { "the same lines in another order".to_owned() } else { text }
}

/// Programs that were compiled with the headers of earlier releases, and ask for their symbols.
fn old(stage: &Stage) -> Result<()> {
    let mut ran = 0;
    for entry in fs::read_dir(capi().join("old"))? {
        let release = entry?.path();
        let program = stage.fresh("old");
        let mut gcc = stage.command("gcc");
        gcc.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-I"]).arg(&release);
        gcc.arg("-o").arg(&program).arg(release.join("old.c"));
        run(gcc.args(stage.pkg_config(&["--libs"])?))?;
        let said = stage.run(&program, Mode::Plain, &[])?;
        ensure!(said.ends_with("as it was\n"), "{}: {said}", release.display());
        ran += 1;
    }
    ensure!(ran > 0, "there is no old program");
    Ok(())
}
