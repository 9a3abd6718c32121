//! What confines a container of a pod.

use super::super::Measure;
use super::super::MeasureKind;
use super::super::findings::shortened;
use super::super::standard;
use super::container::profile;
use super::judge::Pod;
use super::path;
use super::path::At;
use super::spec::ContainerContext;

pub(super) fn measures(pod: &Pod<'_>, at: At, context: &ContainerContext) -> Vec<Measure> {
    let is_privileged = context.privileged == Some(true);
    let on_linux = |holds: bool| (!pod.is_windows).then_some(holds);
    let flag = |kind: MeasureKind, holds, value: Option<bool>| Measure {
        kind,
        holds,
        path: at.context(kind.as_str()),
        value: value.map(|it| it.to_string()),
    };
    let may_escalate = context.allow_privilege_escalation != Some(false) || is_privileged;
    vec![
        flag(
            MeasureKind::ReadOnlyRootFilesystem,
            on_linux(context.read_only_root_filesystem == Some(true)),
            context.read_only_root_filesystem,
        ),
        flag(MeasureKind::Privileged, on_linux(!is_privileged), context.privileged),
        flag(
            MeasureKind::AllowPrivilegeEscalation,
            on_linux(!may_escalate),
            context.allow_privilege_escalation,
        ),
        user(pod, at, context),
        capabilities(pod, at, context, is_privileged),
        seccomp(pod, at, context, is_privileged),
    ]
}

/// The user, by number where one is set, else by what the kubelet is to see to.
fn user(pod: &Pod<'_>, at: At, context: &ContainerContext) -> Measure {
    let kind = MeasureKind::RunAsNonRoot;
    let own_or = |own: bool, name: &str| if own { at.context(name) } else { path::context(name) };
    let user =
        context.run_as_user.map(|it| (it, true)).or(pod.context.run_as_user.map(|it| (it, false)));
    if let Some((user, is_own)) = user {
        let path = own_or(is_own, "runAsUser");
        return Measure { kind, holds: Some(user != 0), path, value: Some(user.to_string()) };
    }
    let required = context
        .run_as_non_root
        .map(|it| (it, true))
        .or(pod.context.run_as_non_root.map(|it| (it, false)));
    let path = own_or(required.is_none_or(|(_, is_own)| is_own), "runAsNonRoot");
    let holds = Some(required.is_some_and(|(required, _)| required));
    Measure { kind, holds, path, value: required.map(|(required, _)| required.to_string()) }
}

fn capabilities(pod: &Pod<'_>, at: At, context: &ContainerContext, is_privileged: bool) -> Measure {
    let kind = MeasureKind::Capabilities;
    let Some(set) = &context.capabilities else {
        let holds = (!pod.is_windows).then_some(false);
        return Measure { kind, holds, path: at.context("capabilities"), value: None };
    };
    // Runtimes take these names in any case, unlike the standard.
    let drops_all =
        set.drop.iter().any(|name| name.eq_ignore_ascii_case(standard::CAPABILITIES_ALL));
    let adds = |name: &String| name != standard::CAPABILITY_RESTRICTED;
    let holds = drops_all && !is_privileged && !set.add.iter().any(adds);
    let value = format!("drop [{}], add [{}]", set.drop.join(", "), set.add.join(", "));
    Measure {
        kind,
        holds: (!pod.is_windows).then_some(holds),
        path: at.context("capabilities"),
        value: Some(shortened(&value)),
    }
}

fn seccomp(pod: &Pod<'_>, at: At, context: &ContainerContext, is_privileged: bool) -> Measure {
    const FIELD: &str = "seccompProfile.type";
    let found = profile(context.seccomp_profile.as_ref(), pod.context.seccomp_profile.as_ref());
    let path = match found {
        Some((_, false)) => path::context(FIELD),
        _ => at.context(FIELD),
    };
    // A privileged container runs without one, whatever is asked for.
    let holds = found.is_some_and(|(kind, _)| standard::is_profile(kind)) && !is_privileged;
    Measure {
        kind: MeasureKind::SeccompProfile,
        holds: (!pod.is_windows).then_some(holds),
        path,
        value: found.map(|(kind, _)| shortened(kind)),
    }
}
