//! What `driftd scan` says of packages, against what RPM, pip and npm did to an overlay.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use serde_json::Value;

use crate::Case;
use crate::own_overlay::Overlay;
use crate::packages::packages;
use crate::scan::entry;
use crate::scan::scan;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("scan_says_what_rpm_installed_removed_and_upgraded", rpm),
    ("scan_says_what_pip_installed_removed_and_upgraded", pip),
    ("scan_says_what_npm_installed_removed_and_upgraded", npm),
];

/// Whether this machine has a program. Says that the case is left out where not.
fn has(program: &str) -> bool {
    let has = Command::new(program).arg("--version").output().is_ok();
    if !has {
        println!("skipped: this machine has no {program}");
    }
    has
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{command:?}: {} {said}", output.status);
    Ok(())
}

/// An overlay that is mounted while it is changed.
struct Mounted {
    overlay: Overlay,
    merged: PathBuf,
}

impl Mounted {
    fn new(overlay: Overlay) -> Result<Self> {
        let merged = overlay.merged();
        run(Command::new("mount")
            .args(["-t", "overlay", "overlay", "-o", &overlay.options("")])
            .arg(&merged))?;
        Ok(Self { overlay, merged })
    }

    /// What the scan says of it, without differences that make no drift of packages.
    fn scan(&self, world: &World) -> Result<Value> {
        let lower = self.overlay.lower();
        let upper = lower.with_file_name("snapshot").join("upper");
        let [lower, upper] = [lower, upper].map(|path| path.to_string_lossy().into_owned());
        scan(world, 1, &["--upper", &upper, "--lower", &lower])
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = run(Command::new("umount").arg(&self.merged));
    }
}

/// Makes an RPM of one program and one file of its configuration.
fn build_rpm(directory: &Path, name: &str, version: &str) -> Result<PathBuf> {
    let spec = directory.join(format!("{name}-{version}.spec"));
    let text = format!(
        "Name: {name}\nVersion: {version}\nRelease: 1\nSummary: of the lab\nLicense: MIT\n\
         BuildArch: noarch\n%description\nlab\n%install\nmkdir -p %{{buildroot}}/opt/{name}\n\
         printf '#!/bin/sh\\necho {version}\\n' > %{{buildroot}}/opt/{name}/run\n\
         echo {version} > %{{buildroot}}/opt/{name}/conf\n%files\n\
         %attr(755,root,root) /opt/{name}/run\n%config /opt/{name}/conf\n"
    );
    fs::write(&spec, text)?;
    let top = format!("_topdir {}", directory.join("top").display());
    run(Command::new("rpmbuild").args(["--quiet", "--define", &top, "-bb"]).arg(&spec))?;
    Ok(directory.join(format!("top/RPMS/noarch/{name}-{version}-1.noarch.rpm")))
}

fn rpm(world: &World) -> Result<()> {
    if !has("rpmbuild") || !has("rpm") {
        return Ok(());
    }
    let directory = world.directory("installers-rpm");
    let overlay = Overlay::new(&directory)?;
    let build = |name: &str, version: &str| build_rpm(&directory, name, version);
    let (old, tool) = (build("old", "1.0")?, build("tool", "1.0~rc1")?);
    let (newer, fresh) = (build("tool", "1.0")?, build("fresh", "3")?);
    let rpm = |root: &Path, arguments: &[&str], files: &[&Path]| -> Result<()> {
        run(Command::new("rpm")
            .arg("--root")
            .arg(root)
            .args(["--dbpath", "/var/lib/rpm", "--nodeps", "--nosignature"])
            .args(arguments)
            .args(files))
    };
    rpm(&overlay.lower(), &["-i"], &[&old, &tool])?;
    let mounted = Mounted::new(overlay)?;
    rpm(&mounted.merged, &["-U"], &[&newer, &fresh])?;
    rpm(&mounted.merged, &["-e", "old"], &[])?;
    fs::write(mounted.merged.join("opt/fresh/run"), "#!/bin/sh\nevil\n")?;
    let report = mounted.scan(world)?;
    let expected = [
        "install rpm fresh - 3-1 2 1 1",
        "remove rpm old 1.0-1 - 2 0 0",
        "upgrade rpm tool 1.0~rc1-1 1.0-1 2 1 0",
    ];
    ensure!(packages(&report)? == expected, "{:#?}", packages(&report)?);
    ensure!(entry(&report, "/opt/tool/run")?["package"]["as_packaged"] == true);
    ensure!(entry(&report, "/opt/fresh/run")?["package"]["as_packaged"] == false);
    ensure!(entry(&report, "/opt/old/run")?["package"]["name"] == "old");
    ensure!(report["errors"] == serde_json::json!([]), "{}", report["errors"]);
    Ok(())
}

/// Makes a wheel of one module.
fn build_wheel(directory: &Path, name: &str, version: &str) -> Result<PathBuf> {
    let path = directory.join(format!("{name}-{version}-py3-none-any.whl"));
    let script = "import base64, hashlib, sys, zipfile\npath, name, version = sys.argv[1:]\n\
        info = f'{name}-{version}.dist-info'\nwheel = zipfile.ZipFile(path, 'w')\n\
        files = {f'{name}.py': f'version = {version!r}\\n',\n\
        f'{info}/METADATA': f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n',\n\
        f'{info}/WHEEL': 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}\n\
        digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())\n\
        rows = [(file, digest(text).decode().rstrip('=')) for file, text in files.items()]\n\
        record = ''.join(f'{file},sha256={digest},\\n' for file, digest in rows)\n\
        files[f'{info}/RECORD'] = record + f'{info}/RECORD,,\\n'\n\
        [wheel.writestr(file, content) for file, content in files.items()]\nwheel.close()\n";
    run(Command::new("python3").args(["-c", script]).arg(&path).args([name, version]))?;
    Ok(path)
}

fn pip(world: &World) -> Result<()> {
    if !has("python3") {
        return Ok(());
    }
    let directory = world.directory("installers-pip");
    let overlay = Overlay::new(&directory)?;
    let venv = overlay.lower().join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let wheel = |name: &str, version: &str| build_wheel(&directory, name, version);
    let (old, tool) = (wheel("old", "1.0")?, wheel("tool", "1.0rc1")?);
    let (newer, fresh) = (wheel("tool", "1.0")?, wheel("fresh", "3")?);
    let pip = |root: &Path, arguments: &[&str], files: &[&Path]| -> Result<()> {
        run(Command::new(root.join("venv/bin/python"))
            .args(["-B", "-m", "pip", "--quiet", "--disable-pip-version-check"])
            .args(arguments)
            .args(files))
    };
    let install = ["install", "--no-index", "--no-deps", "--no-compile"];
    pip(&overlay.lower(), &install, &[&old, &tool])?;
    let mounted = Mounted::new(overlay)?;
    pip(&mounted.merged, &[&install[..], &["--upgrade"]].concat(), &[&newer, &fresh])?;
    pip(&mounted.merged, &["uninstall", "--yes", "old"], &[])?;
    let report = mounted.scan(world)?;
    let changes: Vec<String> = packages(&report)?
        .iter()
        .map(|line| line.split(' ').take(5).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = ["install pip fresh - 3", "remove pip old 1.0 -", "upgrade pip tool 1.0rc1 1.0"];
    ensure!(changes == expected, "{changes:#?}");
    let places = report["databases"].as_array().context("no databases")?;
    ensure!(places.len() == 1, "{places:?}");
    let place = places[0]["place"].as_str().context("no place")?;
    ensure!(place.starts_with("/venv/lib/") && place.ends_with("/site-packages"), "{place}");
    let dropped = entry(&report, &format!("{place}/fresh.py"))?;
    ensure!(dropped["package"]["as_packaged"] == true, "{dropped}");
    fs::write(mounted.merged.join(format!("{}/fresh.py", &place[1..])), "evil")?;
    let report = mounted.scan(world)?;
    ensure!(entry(&report, &format!("{place}/fresh.py"))?["package"]["as_packaged"] == false);
    Ok(())
}

fn npm(world: &World) -> Result<()> {
    if !has("npm") {
        return Ok(());
    }
    let directory = world.directory("installers-npm");
    let overlay = Overlay::new(&directory)?;
    let package = |name: &str, version: &str| -> Result<PathBuf> {
        let base = name.rsplit('/').next().unwrap_or(name);
        let source = directory.join(format!("{base}-{version}"));
        fs::create_dir_all(&source)?;
        let about = serde_json::json!({ "name": name, "version": version });
        fs::write(source.join("package.json"), about.to_string())?;
        fs::write(source.join("index.js"), format!("exports.version = '{version}'\n"))?;
        run(Command::new("npm").args(["pack", "--silent"]).current_dir(&source))?;
        let packed = format!("{}-{version}.tgz", name.replace(['@'], "").replace('/', "-"));
        Ok(source.join(packed))
    };
    let (old, tool) = (package("old", "1.0.0")?, package("@lab/tool", "1.0.0-rc.1")?);
    let (newer, fresh) = (package("@lab/tool", "1.0.0")?, package("fresh", "3.0.0")?);
    let npm = |root: &Path, command: &str, files: &[&Path]| -> Result<()> {
        run(Command::new("npm")
            .args([command, "--silent", "--no-audit", "--no-fund", "--offline", "--prefix"])
            .arg(root.join("app"))
            .args(files)
            .current_dir(root))
    };
    fs::create_dir_all(overlay.lower().join("app"))?;
    npm(&overlay.lower(), "install", &[&old, &tool])?;
    let mounted = Mounted::new(overlay)?;
    npm(&mounted.merged, "install", &[&newer, &fresh])?;
    npm(&mounted.merged, "uninstall", &[Path::new("old")])?;
    let report = mounted.scan(world)?;
    let expected = [
        "upgrade npm @lab/tool 1.0.0-rc.1 1.0.0 2 0 0",
        "install npm fresh - 3.0.0 2 0 0",
        "remove npm old 1.0.0 - 2 0 0",
    ];
    ensure!(packages(&report)? == expected, "{:#?}", packages(&report)?);
    Ok(())
}
