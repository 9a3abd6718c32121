//! What confines a container, by its runtime's specification.

use super::super::Measure;
use super::super::MeasureKind;
use super::super::findings::shortened;
use super::super::standard;
use crate::config::Security;

pub(super) fn measures(security: &Security, is_privileged: bool) -> Vec<Measure> {
    let measure = |kind, holds, path: &str, value: Option<String>| Measure {
        kind,
        holds: Some(holds),
        path: path.to_owned(),
        value,
    };
    let names = security.capabilities.iter();
    let names: Vec<&str> = names.map(|name| name.strip_prefix("CAP_").unwrap_or(name)).collect();
    let has_none = names.iter().all(|&name| name == standard::CAPABILITY_RESTRICTED);
    vec![
        measure(
            MeasureKind::ReadOnlyRootFilesystem,
            security.is_root_read_only,
            "root.readonly",
            Some(security.is_root_read_only.to_string()),
        ),
        measure(MeasureKind::Privileged, !is_privileged, "linux", None),
        measure(
            MeasureKind::AllowPrivilegeEscalation,
            security.no_new_privileges,
            "process.noNewPrivileges",
            Some(security.no_new_privileges.to_string()),
        ),
        measure(
            MeasureKind::RunAsNonRoot,
            security.uid != 0,
            "process.user.uid",
            Some(security.uid.to_string()),
        ),
        measure(
            MeasureKind::Capabilities,
            has_none,
            "process.capabilities.bounding",
            Some(shortened(&names.join(", "))),
        ),
        measure(
            MeasureKind::SeccompProfile,
            security.has_seccomp,
            "linux.seccomp",
            security.has_seccomp.then(|| "a profile".to_owned()),
        ),
    ]
}
