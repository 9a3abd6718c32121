//! How this kernel shows what is done through `io_uring`.

use libbpf_rs::btf::Btf;
use libbpf_rs::btf::BtfType;
use libbpf_rs::btf::ReferencesType;
use libbpf_rs::btf::types::Func;
use libbpf_rs::btf::types::FuncProto;
use libbpf_rs::btf::types::Ptr;
use libbpf_rs::btf::types::Struct;
use libbpf_rs::btf::types::Typedef;

const SUBMIT: &str = "uring__submit";
/// The same at the tracepoint's older name.
const SUBMIT_SQE: &str = "uring__submit_sqe";
const COMPLETE: &str = "uring__complete";
const CREATE: &str = "uring__create";

/// All probes of it. Which of them are loaded is for the kernel to say.
pub(super) const PROBES: [&str; 4] = [SUBMIT, SUBMIT_SQE, COMPLETE, CREATE];

/// What is seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uring {
    /// What requests do to files: each is shown by the probe of this name when it is submitted.
    Requests(&'static str),
    /// Only that a ring was made.
    Rings,
    /// The kernel has none of it.
    Nothing,
}

impl Uring {
    /// Asks the kernel's own types. Before 6.1 the tracepoints did not show the request (5.18 and 5.19
    /// showed it in part).
    pub(super) fn detect() -> Self {
        let Ok(btf) = Btf::from_vmlinux() else { return Self::Nothing };
        let second_is_request = |tracepoint| {
            parameter(&btf, tracepoint, 1).is_some_and(|it| points_to_struct(it, "io_kiocb"))
        };
        let completion_has_request = parameter(&btf, "io_uring_complete", 2)
            .is_some_and(|it| Ptr::try_from(it.skip_mods_and_typedefs()).is_ok());
        let submit = [("io_uring_submit_req", SUBMIT), ("io_uring_submit_sqe", SUBMIT_SQE)];
        let submit = submit.into_iter().find(|(tracepoint, _)| second_is_request(tracepoint));
        match submit {
            Some((_, probe)) if completion_has_request => Self::Requests(probe),
            _ if parameter(&btf, "io_uring_create", 1).is_some() => Self::Rings,
            _ => Self::Nothing,
        }
    }

    /// For a hook set that sees what the kernel does for a request: nothing is left to the tracepoints, but
    /// before 5.12 it is done by threads that do not tell for whom.
    pub(super) fn beside_hooks() -> Self {
        match Self::detect() {
            Self::Requests(_) | Self::Rings if !has_threads() => Self::Rings,
            _ => Self::Nothing,
        }
    }

    /// The probes to attach where events about files are asked for.
    pub(super) fn probes(self) -> &'static [&'static str] {
        match self {
            Self::Requests(SUBMIT) => &[SUBMIT, COMPLETE],
            Self::Requests(_) => &[SUBMIT_SQE, COMPLETE],
            Self::Rings => &[CREATE],
            Self::Nothing => &[],
        }
    }
}

/// Whether what is done later is done by threads of the process that asked for it: from 5.12 on.
pub(super) fn has_threads() -> bool {
    Btf::from_vmlinux().is_ok_and(|btf| btf.type_by_name::<Func<'_>>("create_io_thread").is_some())
}

/// The type of a tracepoint's parameter; number 0 is the probe's own.
fn parameter<'b>(btf: &'b Btf<'b>, tracepoint: &str, index: usize) -> Option<BtfType<'b>> {
    let typedef: Typedef<'_> = btf.type_by_name(&format!("btf_trace_{tracepoint}"))?;
    let pointer = Ptr::try_from(typedef.referenced_type()).ok()?;
    let function = FuncProto::try_from(pointer.referenced_type()).ok()?;
    btf.type_by_id(function.get(index)?.ty)
}

fn points_to_struct(found: BtfType<'_>, name: &str) -> bool {
    let Ok(pointer) = Ptr::try_from(found.skip_mods_and_typedefs()) else { return false };
    let target = pointer.referenced_type().skip_mods_and_typedefs();
    target.name().is_some_and(|it| it == name) && Struct::try_from(target).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_attached_is_a_probe() {
        for seen in
            [Uring::Requests(SUBMIT), Uring::Requests(SUBMIT_SQE), Uring::Rings, Uring::Nothing]
        {
            assert!(seen.probes().iter().all(|name| PROBES.contains(name)), "{seen:?}");
        }
        assert!(Uring::Requests(SUBMIT_SQE).probes().contains(&SUBMIT_SQE));
    }

    #[test]
    fn the_running_kernel_is_asked() {
        let Ok(btf) = Btf::from_vmlinux() else { return };
        if let Some(request) = parameter(&btf, "io_uring_submit_req", 1) {
            assert!(points_to_struct(request, "io_kiocb"));
            assert_eq!(Uring::detect(), Uring::Requests(SUBMIT));
        }
        assert!(parameter(&btf, "no_such_tracepoint", 1).is_none());
    }
}
