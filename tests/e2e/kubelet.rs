//! A volume as the kubelet writes it: the order of calls of Kubernetes' `pkg/volume/util/atomic_writer.go`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Result;

/// A volume of a pod.
pub(crate) struct KubeletVolume {
    directory: PathBuf,
    generation: u32,
}

impl KubeletVolume {
    /// Makes one of a kind, `secret` or `configmap`, below a directory that stands for the kubelet's.
    pub(crate) fn new(kubelet: &Path, kind: &str, name: &str) -> Result<Self> {
        let directory = kubelet
            .join("pods/7f0c4d2e-0000-4000-8000-000000000001/volumes")
            .join(format!("kubernetes.io~{kind}"))
            .join(name);
        fs::create_dir_all(&directory)?;
        Ok(Self { directory, generation: 0 })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// How often it was written.
    pub(crate) fn round(&self) -> u32 {
        self.generation
    }

    /// Where the files are now.
    pub(crate) fn files(&self) -> Result<PathBuf> {
        Ok(self.directory.join(fs::read_link(self.directory.join("..data"))?))
    }

    /// Brings this content, all of it at once.
    pub(crate) fn write(&mut self, files: &[(&str, &str)]) -> Result<()> {
        let data = self.directory.join("..data");
        let old = fs::read_link(&data).ok();
        self.generation += 1;
        let name =
            format!("..2026_11_30_17_30_{:02}.{}", self.generation, 1_234_567 + self.generation);
        let next = self.directory.join(&name);
        fs::create_dir(&next)?;
        fs::set_permissions(&next, fs::Permissions::from_mode(0o755))?;
        for (file, content) in files {
            let path = next.join(file);
            fs::write(&path, content)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
        }
        let temporary = self.directory.join("..data_tmp");
        symlink(&name, &temporary)?;
        fs::rename(&temporary, &data)?;
        for (file, _) in files {
            let visible = self.directory.join(file);
            if fs::symlink_metadata(&visible).is_err() {
                symlink(Path::new("..data").join(file), visible)?;
            }
        }
        if let Some(old) = old {
            let old = self.directory.join(old);
            for entry in fs::read_dir(&old)?.flatten() {
                let name = entry.file_name();
                if !files.iter().any(|(file, _)| name == *file) {
                    fs::remove_file(self.directory.join(name))?;
                }
            }
            fs::remove_dir_all(old)?;
        }
        Ok(())
    }
}
