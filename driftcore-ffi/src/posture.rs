//! What would have made drift impossible.

use std::cell::Cell;
use std::ffi::CStr;
use std::ffi::c_char;
use std::ffi::c_void;
use std::path::Path;

use driftcore::container::Runtimes;
use driftcore::posture::Level;
use driftcore::posture::Posture;
use driftcore::posture::PostureError;
use driftcore::posture::STANDARD;
use driftcore::posture::of_container;
use driftcore::posture::read_pods;

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

/// A level of the Pod Security Standards: the higher, the less it allows. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_level {
    /// None, or one that this header does not name.
    DRIFTCORE_LEVEL_OTHER = 0,
    /// Nothing is restricted.
    DRIFTCORE_LEVEL_PRIVILEGED = 1,
    /// Known escalations of privileges are prevented.
    DRIFTCORE_LEVEL_BASELINE = 2,
    /// Hardened.
    DRIFTCORE_LEVEL_RESTRICTED = 3,
}

use driftcore_level::DRIFTCORE_LEVEL_BASELINE;
use driftcore_level::DRIFTCORE_LEVEL_PRIVILEGED;
use driftcore_level::DRIFTCORE_LEVEL_RESTRICTED;

/// How far a pod, or a container of this node, is confined by its specification. The library's, for as
/// long as the callback that gets it. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_posture {
    /// Its size as the library has it: what lies beyond is not there.
    pub size: usize,
    /// The pod; absent of a container in none.
    pub pod: driftcore_text,
    /// Its namespace, where it is said.
    pub pod_namespace: driftcore_text,
    /// The node that it runs on, where it says so.
    pub node: driftcore_text,
    /// All of it as JSON, in one line: containers, what each fails by which field, and what confines it.
    /// docs/posture.md says what is in it.
    pub json: driftcore_text,
    /// How many containers.
    pub containers: u64,
    /// How many fields fail a control, in the pod and its containers.
    pub failures: u64,
    /// The highest `driftcore_level` that it meets: that of the container that meets the least.
    pub level: u32,
    /// Zero.
    pub reserved: u32,
}

/// Receives a posture, on the thread that asked for it; it is there until this returns. 0: go on;
/// anything else ends the reading. It must return: no C++ exception and no longjmp may leave it.
/// Since 0.1.0.
pub type driftcore_posture_function =
    Option<unsafe extern "C" fn(context: *mut c_void, posture: *const driftcore_posture) -> u32>;

/// What was read of pods, in numbers. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct driftcore_posture_summary {
    /// `sizeof(driftcore_posture_summary)`, set by the caller.
    pub size: usize,
    /// Pods that were told of.
    pub pods: u64,
    /// Objects that are none. 0 when a callback ended the reading.
    pub others: u64,
    /// 1 when a callback ended the reading.
    pub stopped: u32,
    /// Zero.
    pub reserved: u32,
}

sized!(driftcore_posture_summary {
    pods: u64,
    others: u64,
    stopped: u32,
    reserved: u32,
} first: 32);

impl From<PostureError> for Failure {
    fn from(error: PostureError) -> Self {
        if let PostureError::Scan(error) = error {
            return error.into();
        }
        let status = match &error {
            PostureError::Content { .. } => driftcore_status::DRIFTCORE_STATUS_WRONG_TYPE,
            _ => driftcore_status::DRIFTCORE_STATUS_UNSUPPORTED,
        };
        Self::new(status, error.to_string())
    }
}

const fn number(level: Level) -> u32 {
    match level {
        Level::Privileged => DRIFTCORE_LEVEL_PRIVILEGED as u32,
        Level::Baseline => DRIFTCORE_LEVEL_BASELINE as u32,
        Level::Restricted => DRIFTCORE_LEVEL_RESTRICTED as u32,
    }
}

/// Calls back with a posture. True: go on.
///
/// # Safety
///
/// The function may be called with the context.
unsafe fn tell(
    function: unsafe extern "C" fn(*mut c_void, *const driftcore_posture) -> u32,
    context: *mut c_void,
    posture: &Posture,
) -> Result<bool, Failure> {
    let json = serde_json::to_string(posture)
        .map_err(|error| Failure::new(driftcore_status::DRIFTCORE_STATUS_IO, error.to_string()))?;
    let containers = &posture.containers;
    let of_containers: u64 =
        containers.iter().map(|it| it.failures.len() as u64 + it.more_failures).sum();
    let record = driftcore_posture {
        size: size_of::<driftcore_posture>(),
        pod: posture.pod.as_deref().into(),
        pod_namespace: posture.namespace.as_deref().into(),
        node: posture.node.as_deref().into(),
        json: json.as_str().into(),
        containers: containers.len() as u64,
        failures: posture.failures.len() as u64 + posture.more_failures + of_containers,
        level: number(posture.level),
        reserved: 0,
    };
    // SAFETY: the caller's function, called as its type says; what the texts point to is there until it
    // returns.
    Ok(unsafe { function(context, &raw const record) } == 0)
}

/// Reads pods, as `kubectl get pods -o json` prints them: a pod, a list of pods, or several of such one
/// after another. Calls back for each pod, when it is read: what comes before an error was told. Objects
/// that are no pods are counted. `summary`, whose size is set, is filled, also when a callback ends the
/// reading, which is no failure.
///
/// NULL for `json` when its length is not 0, and for `callback`: refused; for `summary`: it is not wanted.
/// `DRIFTCORE_STATUS_WRONG_TYPE`: the text is not what it should be; the message has line and column. Any
/// thread, callbacks too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_posture_pods(
    json: *const c_char,
    length: usize,
    callback: driftcore_posture_function,
    context: *mut c_void,
    summary: *mut driftcore_posture_summary,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let bytes = text::bytes("json", json.cast::<u8>(), length)?;
        let function = callback.ok_or_else(|| Failure::argument("`callback` is NULL"))?;
        let mut found = driftcore_posture_summary::default();
        if !summary.is_null() {
            // A size that cannot be is said before the work.
            sized::write("summary", summary, &found)?;
        }
        let stopped = Cell::new(false);
        let mut failed = None;
        let read = read_pods(Path::new("pods"), Until { bytes, stopped: &stopped }, |posture| {
            if stopped.get() {
                return;
            }
            found.pods += 1;
            // SAFETY: the header asks for it.
            match unsafe { tell(function, context, &posture) } {
                Ok(goes_on) => stopped.set(!goes_on),
                Err(failure) => {
                    failed = Some(failure);
                    stopped.set(true);
                }
            }
        });
        if let Some(failure) = failed {
            return Err(failure);
        }
        if stopped.get() {
            found.stopped = 1;
        } else {
            found.others = read?.others;
        }
        if summary.is_null() {
            return Ok(());
        }
        sized::write("summary", summary, &found)
    })
}

/// Calls back once, with the posture of a container of this node, running or stopped, by its id, its name
/// or a prefix of its id: by what its runtime was told, which the options `runtimes.*` say where to find.
///
/// `options` may be NULL: the defaults. NULL for `container` or `callback`: refused.
/// `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container; `_INVALID_ARGUMENT`: it means several;
/// `_UNSUPPORTED`: what its runtime was told is not known. Any thread, the callback too. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_posture_container(
    container: *const c_char,
    options: *const driftcore_options,
    callback: driftcore_posture_function,
    context: *mut c_void,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let name = text::name("container", container)?;
        let function = callback.ok_or_else(|| Failure::argument("`callback` is NULL"))?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let runtimes = Runtimes::new(options.roots.clone());
        let posture = of_container(&runtimes, &runtimes.find(name)?)?;
        // SAFETY: the header asks for it.
        unsafe { tell(function, context, &posture) }.map(|_| ())
    })
}

/// The version of the Pod Security Standards that is held: `v1.37`. A C string that is always there. Any
/// thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_posture_standard() -> *const c_char {
    const NAME: &CStr = c"v1.37";
    const _: () = assert!(NAME.to_bytes().len() == STANDARD.len());
    NAME.as_ptr()
}

/// The name of a level: `privileged`, `baseline` or `restricted`; `other` of any other number. A C string
/// that is always there. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_level_name(level: u32) -> *const c_char {
    let name: &'static CStr = match level {
        1 => c"privileged",
        2 => c"baseline",
        3 => c"restricted",
        _ => c"other",
    };
    name.as_ptr()
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;

    use super::*;
    use crate::error::driftcore_error_free;
    use crate::error::driftcore_error_message;

    const PODS: &str = r#"{"items": [{"metadata": {"name": "p", "namespace": "n"},
        "spec": {"nodeName": "one", "hostPID": true, "containers": [{"name": "a"}]}},
        {"kind": "Service", "spec": {}}, {"metadata": {"name": "q"}, "spec": {"containers": []}}]}"#;

    struct Seen {
        told: Vec<String>,
        answer: u32,
    }

    unsafe extern "C" fn on_posture(
        context: *mut c_void,
        posture: *const driftcore_posture,
    ) -> u32 {
        // SAFETY: the context of `pods`, and the library's record.
        let (seen, it) = unsafe { (&mut *context.cast::<Seen>(), &*posture) };
        let json: serde_json::Value = serde_json::from_str(it.json.as_str()).unwrap();
        assert_eq!(json["pod"], it.pod.as_str());
        seen.told.push(format!(
            "{}/{} {} {} {} {}",
            it.pod_namespace.as_str(),
            it.pod.as_str(),
            it.node.as_str(),
            it.level,
            it.containers,
            it.failures
        ));
        seen.answer
    }

    fn pods(text: &str, answer: u32) -> (Vec<String>, driftcore_posture_summary, String) {
        let mut seen = Seen { told: Vec::new(), answer };
        let mut summary = driftcore_posture_summary {
            size: size_of::<driftcore_posture_summary>(),
            ..driftcore_posture_summary::default()
        };
        let mut error = null_mut();
        let context = (&raw mut seen).cast();
        // SAFETY: all of it is there for as long as the call.
        let message = unsafe {
            let data = text.as_ptr().cast();
            driftcore_posture_pods(
                data,
                text.len(),
                Some(on_posture),
                context,
                &raw mut summary,
                &raw mut error,
            );
            let message = driftcore_error_message(error).as_str().to_owned();
            driftcore_error_free(&raw mut error);
            message
        };
        (seen.told, summary, message)
    }

    #[test]
    fn pods_are_told_one_by_one() {
        let (told, summary, message) = pods(PODS, 0);
        assert_eq!(told, ["n/p one 1 1 5", "/q  3 0 0"]);
        assert_eq!((summary.pods, summary.others, summary.stopped), (2, 1, 0));
        assert_eq!(message, "");
        let (told, summary, message) = pods(PODS, 1);
        assert_eq!((told.len(), summary.pods, summary.stopped), (1, 1, 1));
        assert_eq!(message, "");
        let (told, _, message) = pods(&PODS[..PODS.len() - 2], 0);
        assert_eq!(told.len(), 2);
        assert!(message.starts_with("pods:3:"), "{message}");
    }

    #[test]
    fn levels_and_the_standard_have_names() {
        // SAFETY: C strings that are always there.
        let text = |name: *const c_char| unsafe { CStr::from_ptr(name) }.to_str().unwrap();
        for level in [Level::Privileged, Level::Baseline, Level::Restricted] {
            assert_eq!(text(driftcore_level_name(number(level))), level.as_str());
        }
        assert_eq!(text(driftcore_level_name(0)), "other");
        assert_eq!(text(driftcore_posture_standard()), STANDARD);
    }
}
