//! What events would come to with baselines and exceptions.

use std::ffi::c_void;

use driftcore::baseline::Exceptions;
use driftcore::baseline::Judge;
use driftcore::baseline::Judged;
use driftcore::baseline::describe;
use driftcore::event::Timestamp;
use serde_json::json;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::event::driftcore_event;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// Says of events what they would come to with baselines and exceptions, without an engine: a dry run on what was
/// recorded. One thread at a time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_judge {
    judge: Judge,
    counts: Counts,
    /// What was said last.
    what: String,
    json: String,
}

#[derive(Debug, Default)]
struct Counts {
    expected: u64,
    excepted: u64,
    departures: u64,
    not_covered: u64,
}

/// What an event comes to. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_judged {
    /// The baselines do not speak of its container, or of events like this.
    DRIFTCORE_JUDGED_NOT_COVERED = 0,
    /// It is normal.
    DRIFTCORE_JUDGED_EXPECTED = 1,
    /// It departs, and an exception takes it.
    DRIFTCORE_JUDGED_EXCEPTED = 2,
    /// It departs.
    DRIFTCORE_JUDGED_DEPARTS = 3,
}

/// An approved exception, and how often it was used. The library's, for as long as the callback that gets it. Since
/// 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_exception {
    /// Its size as the library has it: what lies beyond is not there.
    pub size: usize,
    /// Why it was approved.
    pub reason: driftcore_text,
    /// Who approved it; absent where that is not said.
    pub author: driftcore_text,
    /// As it stands in a document of exceptions: YAML, indented.
    pub yaml: driftcore_text,
    /// When it expires, in nanoseconds since the epoch; 0: it does not.
    pub expires_ns: i64,
    /// How many events it took.
    pub taken: u64,
    /// How many it would have taken, had it not expired.
    pub after_expiry: u64,
}

/// Receives an exception, on the thread that asked; it is there until this returns. It must return: no C++ exception
/// and no longjmp may leave it. Since 0.1.0.
pub type driftcore_exception_function =
    Option<unsafe extern "C" fn(context: *mut c_void, exception: *const driftcore_exception)>;

/// Calls back with each exception.
///
/// # Safety
///
/// The function may be called with the context.
pub(crate) unsafe fn tell(
    exceptions: &Exceptions,
    function: unsafe extern "C" fn(*mut c_void, *const driftcore_exception),
    context: *mut c_void,
) {
    for (exception, taken, after_expiry) in exceptions.uses() {
        let yaml = exception.to_string();
        let record = driftcore_exception {
            size: size_of::<driftcore_exception>(),
            reason: exception.reason().into(),
            author: exception.author().into(),
            yaml: yaml.as_str().into(),
            expires_ns: exception.expires().map_or(0, Timestamp::as_nanos),
            taken,
            after_expiry,
        };
        // SAFETY: the caller's function, called as its type says; what the texts point to is there until it returns.
        unsafe { function(context, &raw const record) };
    }
}

/// Makes a judge of what the options `baseline.file` and `exceptions.file` name. Without a baseline, what departs is
/// what is drift by the event itself. Time of grace is not asked for: events do not say enough.
///
/// `options` may be NULL: the defaults. `judge` gets it, for `driftcore_judge_free`; NULL: refused.
/// `DRIFTCORE_STATUS_INVALID_ARGUMENT`: a file is not what it should be: the error has file, line and column; `_IO`,
/// `_NOT_FOUND` and `_PERMISSION`: it cannot be read. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_judge_new(
    options: *const driftcore_options,
    judge: *mut *mut driftcore_judge,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(judge)?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let object = driftcore_judge {
            judge: options.judge()?,
            counts: Counts::default(),
            what: String::new(),
            json: String::new(),
        };
        handle::put!(judge, handle::give(object));
        Ok(())
    })
}

/// What an event comes to: `answer` gets a `driftcore_judged`, `what` in words for people what the event says that its
/// container did, as baselines see it; absent where they say nothing of such events. That is borrowed from the judge
/// until the next call or its end, and may be NULL: not wanted. The event may be that of a callback. NULL for `judge`,
/// `event` or `answer`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_judge_event(
    judge: *mut driftcore_judge,
    event: *const driftcore_event,
    answer: *mut u32,
    what: *mut driftcore_text,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(answer, 0)?;
        if !what.is_null() {
            handle::put!(what, driftcore_text::ABSENT);
        }
        let object = handle::borrow_mut!(judge)?;
        let event = handle::borrow!(event)?.get();
        let (count, judged) = match object.judge.judge(event) {
            Judged::Expected => {
                (&mut object.counts.expected, driftcore_judged::DRIFTCORE_JUDGED_EXPECTED)
            }
            Judged::Excepted => {
                (&mut object.counts.excepted, driftcore_judged::DRIFTCORE_JUDGED_EXCEPTED)
            }
            Judged::Departs => {
                (&mut object.counts.departures, driftcore_judged::DRIFTCORE_JUDGED_DEPARTS)
            }
            Judged::NotCovered => {
                (&mut object.counts.not_covered, driftcore_judged::DRIFTCORE_JUDGED_NOT_COVERED)
            }
        };
        *count += 1;
        handle::put!(answer, judged as u32);
        if what.is_null() {
            return Ok(());
        }
        if let Some(told) = describe(event) {
            object.what = told;
            handle::put!(what, object.what.as_str().into());
        }
        Ok(())
    })
}

/// What all events came to so far, as a JSON object in one line: the summary of `driftd baseline check`, which
/// docs/baselines.md describes. `json` gets it, borrowed from the judge until the next call or its end. NULL anywhere
/// but in `error`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_judge_summary(
    judge: *mut driftcore_judge,
    json: *mut driftcore_text,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(json, driftcore_text::ABSENT)?;
        let object = handle::borrow_mut!(judge)?;
        let Counts { expected, excepted, departures, not_covered } = object.counts;
        let summary = json!({
            "departures": departures,
            "expected": expected,
            "excepted": excepted,
            "not_covered": not_covered,
            "exceptions": object.judge.exceptions().report(),
        });
        object.json = summary.to_string();
        handle::put!(json, object.json.as_str().into());
        Ok(())
    })
}

/// Calls back with each exception, in the order of the documents. NULL anywhere but in `context` and `error`: refused.
/// One thread at a time; the callback must not use the judge. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_judge_exceptions(
    judge: *const driftcore_judge,
    callback: driftcore_exception_function,
    context: *mut c_void,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let judge = handle::borrow!(judge)?;
        let function = callback.ok_or_else(|| Failure::argument("`callback` is NULL"))?;
        // SAFETY: the header asks for it.
        unsafe { tell(judge.judge.exceptions(), function, context) };
        Ok(())
    })
}

/// Frees a judge and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no other
/// uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_judge_free(judge: *mut *mut driftcore_judge) {
    handle::free!(judge);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::ptr::null;
    use std::ptr::null_mut;

    use driftcore::event::Action;
    use driftcore::event::Container;
    use driftcore::event::DriftEvent;
    use driftcore::event::File;
    use driftcore::event::Kind;
    use driftcore::event::Text;

    use super::*;

    const IMAGE: &str = "sha256:abababababababababababababababababababababababababababababababab";

    fn written(path: &str, image: Option<&str>) -> driftcore_event {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::File, Action::Create);
        event.drift = true;
        event.file = Some(File { path: Text::from(path), ..File::default() });
        event.container =
            Some(Container { image_digest: image.map(str::to_owned), ..Container::default() });
        driftcore_event::owned(event)
    }

    unsafe extern "C" fn on_exception(context: *mut c_void, exception: *const driftcore_exception) {
        // SAFETY: the context of the test, and the library's record.
        let (told, it) = unsafe { (&mut *context.cast::<Vec<String>>(), &*exception) };
        assert!(it.yaml.as_str().contains("reason: "), "{:?}", it.yaml);
        told.push(format!(
            "{} by {:?} until {}: {} {}",
            it.reason.as_str(),
            it.author,
            it.expires_ns,
            it.taken,
            it.after_expiry
        ));
    }

    #[test]
    fn events_are_held_against_baselines_and_exceptions() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let document = format!(
            "version: 1\nworkloads:\n  - image: {IMAGE}\n    directories:\n      /srv: [write]\n"
        );
        fs::write(path("b"), document).unwrap();
        let document = "version: 1\nexceptions:\n  - reason: the agent\n    author: me\n    path: /opt/**\n  \
            - reason: old\n    expires: 1969-01-01\n    path: /old/**\n";
        fs::write(path("e"), document).unwrap();
        let mut options = driftcore_options::default();
        options.set_for_test("baseline.file", &path("b"));
        options.set_for_test("exceptions.file", &path("e"));
        let mut judge = null_mut();
        let mut told: Vec<String> = Vec::new();
        // SAFETY: all of it is there for as long as the calls; the judge is freed once.
        unsafe {
            let status = driftcore_judge_new(&raw const options, &raw mut judge, null_mut());
            assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_OK);
            for (event, expected, words) in [
                (written("/srv/a", Some(IMAGE)), 1, "changed files in /srv (write)"),
                (written("/opt/x", Some(IMAGE)), 2, "changed files in /opt (write)"),
                (written("/old/x", Some(IMAGE)), 3, "changed files in /old (write)"),
                (written("/srv/a", None), 0, "changed files in /srv (write)"),
            ] {
                let (mut answer, mut what) = (9, driftcore_text::ABSENT);
                let event = &raw const event;
                driftcore_judge_event(judge, event, &raw mut answer, &raw mut what, null_mut());
                assert_eq!((answer, what.as_str()), (expected, words));
            }
            let mut json = driftcore_text::ABSENT;
            driftcore_judge_summary(judge, &raw mut json, null_mut());
            let json: serde_json::Value = serde_json::from_str(json.as_str()).unwrap();
            let counts = ["expected", "excepted", "departures", "not_covered"];
            assert_eq!(counts.map(|name| json[name].as_u64().unwrap()), [1; 4]);
            assert_eq!(json["exceptions"][0]["taken"], 1);
            let context = (&raw mut told).cast();
            driftcore_judge_exceptions(judge, Some(on_exception), context, null_mut());
            driftcore_judge_free(&raw mut judge);
        }
        assert_eq!(told[0], "the agent by \"me\" until 0: 1 0");
        assert!(
            told[1].starts_with("old by \"\" until -") && told[1].ends_with(": 0 1"),
            "{told:?}"
        );
    }

    #[test]
    fn without_a_baseline_drift_departs() {
        let (mut judge, mut answer) = (null_mut(), 9);
        let event = written("/x/y", None);
        // SAFETY: as above.
        unsafe {
            driftcore_judge_new(null(), &raw mut judge, null_mut());
            driftcore_judge_event(judge, &raw const event, &raw mut answer, null_mut(), null_mut());
            driftcore_judge_free(&raw mut judge);
        }
        assert_eq!(answer, driftcore_judged::DRIFTCORE_JUDGED_DEPARTS as u32);
    }
}
