//! Whether the images that run were approved.

use std::cell::Cell;
use std::ffi::c_char;
use std::ffi::c_void;
use std::path::Path;

use driftcore::container::Runtimes;
use driftcore::digest::Approval;
use driftcore::digest::Check;
use driftcore::digest::Digest;
use driftcore::digest::Running;
use driftcore::digest::Verifier;
use driftcore::digest::read_pods;
use driftcore::engine::survey;
use driftcore::image::manifest::LayerChecks;
use driftcore::image::manifest::LayerProof;
use driftcore::image::manifest::LayerReport;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text;
use crate::text::Until;
use crate::text::driftcore_text;

/// Images that were approved, and what tells their digests apart. Any number of threads may verify with it, while none
/// adds to it. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_verifier {
    verifier: Verifier,
}

/// Whether a container runs an image that was approved. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_approval {
    /// One that this header does not name.
    DRIFTCORE_APPROVAL_OTHER = 0,
    /// The digest that runs was approved.
    DRIFTCORE_APPROVAL_APPROVED = 1,
    /// The repository was approved with other digests, or another tag of it was.
    DRIFTCORE_APPROVAL_MISMATCH = 2,
    /// Approved by a tag alone, which may stand for another image tomorrow.
    DRIFTCORE_APPROVAL_MUTABLE_TAG = 3,
    /// No image of this repository was approved.
    DRIFTCORE_APPROVAL_UNAPPROVED = 4,
    /// It is not known which image runs.
    DRIFTCORE_APPROVAL_CANNOT_TELL = 5,
}

impl From<Approval> for driftcore_approval {
    fn from(approval: Approval) -> Self {
        match approval {
            Approval::Approved => Self::DRIFTCORE_APPROVAL_APPROVED,
            Approval::Mismatch => Self::DRIFTCORE_APPROVAL_MISMATCH,
            Approval::MutableTag => Self::DRIFTCORE_APPROVAL_MUTABLE_TAG,
            Approval::Unapproved => Self::DRIFTCORE_APPROVAL_UNAPPROVED,
            Approval::CannotTell => Self::DRIFTCORE_APPROVAL_CANNOT_TELL,
            _ => Self::DRIFTCORE_APPROVAL_OTHER,
        }
    }
}

/// Whether the layers on disk that a container runs on are what its image says. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_layer_proof {
    /// Nobody looked: see the option `digest.deep`.
    DRIFTCORE_LAYER_PROOF_NONE = 0,
    /// One that this header does not name.
    DRIFTCORE_LAYER_PROOF_OTHER = 1,
    /// Each is what its digest says, and the directories show nothing else.
    DRIFTCORE_LAYER_PROOF_PROVED = 2,
    /// Something is not.
    DRIFTCORE_LAYER_PROOF_DIFFERS = 3,
    /// The image or its layers are not at hand, or cannot be read.
    DRIFTCORE_LAYER_PROOF_CANNOT_TELL = 4,
}

impl From<Option<LayerProof>> for driftcore_layer_proof {
    fn from(proof: Option<LayerProof>) -> Self {
        match proof {
            None => Self::DRIFTCORE_LAYER_PROOF_NONE,
            Some(LayerProof::Proved) => Self::DRIFTCORE_LAYER_PROOF_PROVED,
            Some(LayerProof::Differs) => Self::DRIFTCORE_LAYER_PROOF_DIFFERS,
            Some(LayerProof::CannotTell) => Self::DRIFTCORE_LAYER_PROOF_CANNOT_TELL,
            Some(_) => Self::DRIFTCORE_LAYER_PROOF_OTHER,
        }
    }
}

/// What was found of a container. The library's, for as long as the callback that gets it. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_verified {
    /// Its size as the library has it: what lies beyond is not there.
    pub size: usize,
    /// The container's name, or its id where it has none.
    pub container: driftcore_text,
    /// What it is to its pod: `main`, `init`, `sidecar`, `ephemeral`.
    pub role: driftcore_text,
    /// Its pod; absent of a container in none.
    pub pod: driftcore_text,
    /// The pod's namespace, where it is said.
    pub pod_namespace: driftcore_text,
    /// The node that it runs on, where the pod says so.
    pub node: driftcore_text,
    /// The image as it was asked for, or as the runtime names it.
    pub image: driftcore_text,
    /// The digest that runs; absent where none is known.
    pub running: driftcore_text,
    /// Why, for people.
    pub reason: driftcore_text,
    /// All of it as JSON, in one line, the approved digests and what was found of the layers among it. docs/verify.md
    /// says what is in it.
    pub json: driftcore_text,
    /// A `driftcore_approval`.
    pub approval: u32,
    /// A `driftcore_layer_proof`.
    pub layers: u32,
}

/// Receives what was found of a container, on the thread that asked for it; it is there until this returns. 0: go on;
/// anything else ends the verification. It must return: no C++ exception and no longjmp may leave it. Since 0.1.0.
pub type driftcore_verified_function =
    Option<unsafe extern "C" fn(context: *mut c_void, verified: *const driftcore_verified) -> u32>;

/// What was verified, in numbers: of the containers that were told of. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct driftcore_verify_summary {
    /// `sizeof(driftcore_verify_summary)`, set by the caller.
    pub size: usize,
    /// Containers that were told of.
    pub containers: u64,
    /// Of these, approved ones.
    pub approved: u64,
    /// Of a repository of which others were approved.
    pub mismatch: u64,
    /// Approved by a tag alone.
    pub mutable_tag: u64,
    /// Not approved.
    pub unapproved: u64,
    /// Of which it cannot be told.
    pub cannot_tell: u64,
    /// Containers whose layers are proved.
    pub layers_proved: u64,
    /// Whose layers differ.
    pub layers_differ: u64,
    /// Of whose layers it cannot be told.
    pub layers_cannot_tell: u64,
    /// Pods that were read. 0 when a callback ended the reading.
    pub pods: u64,
    /// Objects that are none. 0 when a callback ended the reading.
    pub others: u64,
    /// 1 when a callback ended it.
    pub stopped: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_verify_summary {
    containers: u64,
    approved: u64,
    mismatch: u64,
    mutable_tag: u64,
    unapproved: u64,
    cannot_tell: u64,
    layers_proved: u64,
    layers_differ: u64,
    layers_cannot_tell: u64,
    pods: u64,
    others: u64,
    stopped: u32,
    reserved: u32,
} first: 104);

impl driftcore_verify_summary {
    fn count(&mut self, approval: Approval, layers: Option<LayerProof>) {
        self.containers += 1;
        let count = match approval {
            Approval::Approved => Some(&mut self.approved),
            Approval::Mismatch => Some(&mut self.mismatch),
            Approval::MutableTag => Some(&mut self.mutable_tag),
            Approval::Unapproved => Some(&mut self.unapproved),
            Approval::CannotTell => Some(&mut self.cannot_tell),
            _ => None,
        };
        let of_layers = match layers {
            Some(LayerProof::Proved) => Some(&mut self.layers_proved),
            Some(LayerProof::Differs) => Some(&mut self.layers_differ),
            Some(LayerProof::CannotTell) => Some(&mut self.layers_cannot_tell),
            _ => None,
        };
        for count in [count, of_layers].into_iter().flatten() {
            *count += 1;
        }
    }
}

/// Who is told of containers, and what was told so far.
struct Teller {
    function: unsafe extern "C" fn(*mut c_void, *const driftcore_verified) -> u32,
    context: *mut c_void,
    found: driftcore_verify_summary,
}

impl Teller {
    /// Checks what the caller gave: before the work.
    ///
    /// # Safety
    ///
    /// The function may be called with the context for as long as this is there.
    unsafe fn new(
        callback: driftcore_verified_function,
        context: *mut c_void,
        summary: *mut driftcore_verify_summary,
    ) -> Result<Self, Failure> {
        let function = callback.ok_or_else(|| Failure::argument("`callback` is NULL"))?;
        let found = driftcore_verify_summary::default();
        if !summary.is_null() {
            sized::write("summary", summary, &found)?;
        }
        Ok(Self { function, context, found })
    }

    /// Calls back with a container. True: go on.
    fn tell(&mut self, running: &Running, check: &Check, layers: Option<&LayerReport>) -> bool {
        let mut json = check.report(running);
        if let Some(layers) = layers {
            json["deep"] = serde_json::json!(layers);
        }
        let json = json.to_string();
        let proof = layers.map(|it| it.layers);
        let record = driftcore_verified {
            size: size_of::<driftcore_verified>(),
            container: running.name.as_str().into(),
            role: running.role.as_str().into(),
            pod: running.pod.as_deref().into(),
            pod_namespace: running.namespace.as_deref().into(),
            node: running.node.as_deref().into(),
            image: running.image.as_str().into(),
            running: check.running.as_ref().map(Digest::as_str).into(),
            reason: check.reason.as_str().into(),
            json: json.as_str().into(),
            approval: driftcore_approval::from(check.approval) as u32,
            layers: driftcore_layer_proof::from(proof) as u32,
        };
        self.found.count(check.approval, proof);
        // SAFETY: `new` asks for it; what the texts point to is there until it returns.
        unsafe { (self.function)(self.context, &raw const record) == 0 }
    }

    fn end(self, summary: *mut driftcore_verify_summary) -> Result<(), Failure> {
        if summary.is_null() {
            return Ok(());
        }
        sized::write("summary", summary, &self.found)
    }
}

/// Makes a verifier of what the files of `digest.approved` of the options approve; `digest.layout` and
/// `runtimes.containerd` say where the content of images is. Without a file, nothing is approved so far.
///
/// `options` may be NULL: the defaults. `verifier` gets it, for `driftcore_verifier_free`; NULL: refused.
/// `DRIFTCORE_STATUS_WRONG_TYPE`: a file is not what it should be; the message has its place; `_IO`, `_NOT_FOUND` and
/// `_PERMISSION`: it cannot be read. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_verifier_new(
    options: *const driftcore_options,
    verifier: *mut *mut driftcore_verifier,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(verifier)?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let object = driftcore_verifier { verifier: options.new_verifier()? };
        handle::put!(verifier, handle::give(object));
        Ok(())
    })
}

/// Approves, besides, what a text approves: Kubernetes manifests in YAML or JSON, or a list of image references, a line
/// each. `name` is for messages and reasons. NULL for `text` when its length is not 0, and anywhere else but in
/// `error`: refused. `DRIFTCORE_STATUS_WRONG_TYPE`: the text is not what it should be; the message has name, line and
/// column, and nothing was added; `_INVALID_ARGUMENT`: it is no UTF-8. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_verifier_add(
    verifier: *mut driftcore_verifier,
    name: *const c_char,
    text: *const c_char,
    length: usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let verifier = handle::borrow_mut!(verifier)?;
        let name = text::path("name", name)?;
        let bytes = text::bytes("text", text.cast::<u8>(), length)?;
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Failure::argument(format!("`text` is not UTF-8: {error}")))?;
        verifier.verifier.approve(name, text)?;
        Ok(())
    })
}

/// Verifies the containers of pods, as `kubectl get pods -o json` prints them: a pod, a list of pods, or several of such
/// one after another. Calls back for each container, when its pod is read: what comes before an error was told.
/// `summary`, whose size is set, is filled, also when a callback ends the reading, which is no failure.
///
/// NULL for `json` when its length is not 0, for `verifier` and for `callback`: refused; for `summary`: it is not
/// wanted. `DRIFTCORE_STATUS_WRONG_TYPE`: the text is not what it should be; the message has line and column. Any
/// thread, callbacks too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_verifier_pods(
    verifier: *const driftcore_verifier,
    json: *const c_char,
    length: usize,
    callback: driftcore_verified_function,
    context: *mut c_void,
    summary: *mut driftcore_verify_summary,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let verifier = &handle::borrow!(verifier)?.verifier;
        let bytes = text::bytes("json", json.cast::<u8>(), length)?;
        // SAFETY: the header asks for it.
        let mut teller = unsafe { Teller::new(callback, context, summary) }?;
        let stopped = Cell::new(false);
        let read = read_pods(Path::new("pods"), Until { bytes, stopped: &stopped }, |running| {
            if !stopped.get() {
                stopped.set(!teller.tell(&running, &verifier.check(&running), None));
            }
        });
        if stopped.get() {
            teller.found.stopped = 1;
        } else {
            let count = read?;
            teller.found.pods = count.pods;
            teller.found.others = count.others;
        }
        teller.end(summary)
    })
}

/// Verifies the containers that run on this node, in the order of their names: each that has a process, by what its
/// runtime's files say which image it is. The options `runtimes.*` say where these are. With `digest.deep`, the layers on
/// disk are held against the image, too: all of them are read, which takes the disk's time. The sensor's probes are
/// loaded for as long as the list is made, so that the rights of an engine are needed.
///
/// `options` may be NULL: the defaults. `summary`, whose size is set, is filled, also when a callback ends it, which is
/// no failure. NULL for `verifier` and for `callback`: refused; for `summary`: it is not wanted. Statuses as of
/// `driftcore_engine_new`. Any thread, callbacks too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_verifier_containers(
    verifier: *const driftcore_verifier,
    options: *const driftcore_options,
    callback: driftcore_verified_function,
    context: *mut c_void,
    summary: *mut driftcore_verify_summary,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let verifier = &handle::borrow!(verifier)?.verifier;
        // SAFETY: the header asks for it.
        let mut teller = unsafe { Teller::new(callback, context, summary) }?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let containers = survey(&options.roots)?;
        let mut layers = options.deep.then(|| LayerChecks::new(Runtimes::new(options.roots)));
        for one in &containers {
            let report = layers.as_mut().map(|layers| layers.check(&one.container));
            let running = Running::from(&one.container);
            if !teller.tell(&running, &verifier.check(&running), report.as_ref()) {
                teller.found.stopped = 1;
                break;
            }
        }
        teller.end(summary)
    })
}

/// Frees a verifier and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no other
/// uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_verifier_free(verifier: *mut *mut driftcore_verifier) {
    handle::free!(verifier);
}

#[cfg(test)]
mod tests {
    use std::ptr::null;
    use std::ptr::null_mut;

    use super::*;
    use crate::error::driftcore_error_free;
    use crate::error::driftcore_error_message;

    const APPROVED: &str = "nginx@sha256:abababababababababababababababababababababababababababababababab\n\
        busybox:1.36\n";
    const PODS: &str = r#"{"items": [{"metadata": {"name": "p", "namespace": "n"},
        "spec": {"nodeName": "one", "initContainers": [{"name": "i", "image": "alpine:3"}],
                 "containers": [{"name": "a", "image": "nginx:1"}, {"name": "b", "image": "busybox:1.36"}]},
        "status": {"containerStatuses": [{"name": "a", "image": "nginx:1",
            "imageID": "docker.io/library/nginx@sha256:abababababababababababababababababababababababababababababababab"}]}},
        {"kind": "Service", "spec": {}}]}"#;

    struct Seen {
        told: Vec<String>,
        answer: u32,
    }

    unsafe extern "C" fn on_verified(
        context: *mut c_void,
        verified: *const driftcore_verified,
    ) -> u32 {
        // SAFETY: the context of `pods`, and the library's record.
        let (seen, it) = unsafe { (&mut *context.cast::<Seen>(), &*verified) };
        let json: serde_json::Value = serde_json::from_str(it.json.as_str()).unwrap();
        assert_eq!(json["container"], it.container.as_str());
        assert_eq!(json["reason"], it.reason.as_str());
        seen.told.push(format!(
            "{}/{} on {} {} {}: {} {} {}",
            it.pod_namespace.as_str(),
            it.pod.as_str(),
            it.node.as_str(),
            it.role.as_str(),
            it.container.as_str(),
            it.approval,
            it.layers,
            it.running.length
        ));
        seen.answer
    }

    fn pods(
        approved: &str,
        text: &str,
        answer: u32,
    ) -> (Vec<String>, driftcore_verify_summary, String) {
        let mut seen = Seen { told: Vec::new(), answer };
        let mut summary = driftcore_verify_summary {
            size: size_of::<driftcore_verify_summary>(),
            ..driftcore_verify_summary::default()
        };
        let (mut verifier, mut error) = (null_mut(), null_mut());
        let context = (&raw mut seen).cast();
        // SAFETY: all of it is there for as long as the calls; what is made is freed once.
        let message = unsafe {
            driftcore_verifier_new(null(), &raw mut verifier, null_mut());
            let (name, data) = (c"list".as_ptr(), approved.as_ptr().cast());
            driftcore_verifier_add(verifier, name, data, approved.len(), &raw mut error);
            if error.is_null() {
                driftcore_verifier_pods(
                    verifier,
                    text.as_ptr().cast(),
                    text.len(),
                    Some(on_verified),
                    context,
                    &raw mut summary,
                    &raw mut error,
                );
            }
            let message = driftcore_error_message(error).as_str().to_owned();
            driftcore_error_free(&raw mut error);
            driftcore_verifier_free(&raw mut verifier);
            message
        };
        (seen.told, summary, message)
    }

    #[test]
    fn containers_of_pods_are_told_one_by_one() {
        let (told, summary, message) = pods(APPROVED, PODS, 0);
        assert_eq!(message, "");
        assert_eq!(
            told,
            ["n/p on one init i: 4 0 0", "n/p on one main a: 1 0 71", "n/p on one main b: 3 0 0"]
        );
        let counts = (summary.containers, summary.approved, summary.mutable_tag);
        assert_eq!((counts, summary.unapproved), ((3, 1, 1), 1));
        assert_eq!((summary.pods, summary.others, summary.stopped), (1, 1, 0));
        assert_eq!((summary.mismatch, summary.cannot_tell, summary.layers_proved), (0, 0, 0));
    }

    #[test]
    fn a_callback_ends_it_without_a_failure() {
        let (told, summary, message) = pods(APPROVED, PODS, 1);
        assert_eq!((told.len(), summary.containers, summary.stopped), (1, 1, 1));
        assert_eq!((message.as_str(), summary.pods), ("", 0));
    }

    #[test]
    fn what_is_bad_names_its_place() {
        let (told, _, message) = pods(APPROVED, &PODS[..PODS.len() - 2], 0);
        assert_eq!(told.len(), 3);
        assert!(message.starts_with("pods:6:"), "{message}");
        let (told, _, message) = pods("nginx\n@sha256:1\n", PODS, 0);
        assert!(told.is_empty() && message.starts_with("list:2: "), "{message}");
    }

    #[test]
    fn each_answer_is_counted() {
        let mut summary = driftcore_verify_summary::default();
        for approval in [Approval::Mismatch, Approval::CannotTell, Approval::CannotTell] {
            summary.count(approval, Some(LayerProof::Differs));
        }
        summary.count(Approval::Approved, Some(LayerProof::Proved));
        summary.count(Approval::Unapproved, Some(LayerProof::CannotTell));
        assert_eq!((summary.mismatch, summary.cannot_tell, summary.approved), (1, 2, 1));
        let layers = (summary.layers_proved, summary.layers_differ, summary.layers_cannot_tell);
        assert_eq!((layers, summary.containers), ((1, 3, 1), 5));
    }
}
