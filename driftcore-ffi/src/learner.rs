//! What containers normally do: a baseline that is learned from events.

use std::ffi::c_char;
use std::path::Path;

use driftcore::baseline::Baseline;
use driftcore::baseline::Learner;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::event::driftcore_event;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::status::driftcore_status;
use crate::text;
use crate::text::driftcore_text;

/// Learns from events what containers normally do. Takes the memory of what is different, which is bounded
/// for each kind of containers. One thread at a time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_learner {
    learner: Learner,
    /// What was learned elsewhere.
    added: Baseline,
    /// What was asked for last.
    yaml: String,
    report: String,
}

/// Makes a learner that has seen nothing. The options `baseline.accept` and `baseline.select` say what it
/// learns; `options` may be NULL: the defaults. `learner` gets it, for `driftcore_learner_free`. NULL anywhere
/// else but in `error`: refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_learner_new(
    options: *const driftcore_options,
    learner: *mut *mut driftcore_learner,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(learner)?;
        let options = handle::lend!(options).map(|it| it.learn.clone()).unwrap_or_default();
        let object = driftcore_learner {
            learner: Learner::new(options),
            added: Baseline::new(),
            yaml: String::new(),
            report: String::new(),
        };
        handle::put!(learner, handle::give(object));
        Ok(())
    })
}

/// Learns from an event: give it all events, not only drift (option `scope.events`). What is drift is refused,
/// and counted, unless `baseline.accept` says otherwise. The event may be that of a callback. NULL anywhere but
/// in `error`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_learner_learn(
    learner: *mut driftcore_learner,
    event: *const driftcore_event,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let learner = handle::borrow_mut!(learner)?;
        learner.learner.learn(handle::borrow!(event)?.get());
        Ok(())
    })
}

/// Adds a baseline that was learned elsewhere, or before: its document. Baselines may be added in any order,
/// with the same result. NULL for `yaml` when its length is not 0, and for `learner`: refused.
/// `DRIFTCORE_STATUS_INVALID_ARGUMENT`: the document is not what it should be, or no UTF-8; the error has line
/// and column, and nothing was added. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_learner_add(
    learner: *mut driftcore_learner,
    yaml: *const c_char,
    length: usize,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let learner = handle::borrow_mut!(learner)?;
        let bytes = text::bytes("yaml", yaml.cast::<u8>(), length)?;
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Failure::argument(format!("`yaml` is not UTF-8: {error}")))?;
        learner.added.merge(Baseline::parse(Path::new("baseline"), text)?);
        Ok(())
    })
}

/// What was learned and added so far, as the document that the option `baseline.file` and driftd take; and what
/// became of the events. More may be learned afterwards.
///
/// `yaml` gets the document, `report` a JSON object in one line, which docs/baselines.md describes. Both are
/// borrowed from the learner until the next call or its end, and may be NULL: not wanted. NULL for `learner`:
/// refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_learner_baseline(
    learner: *mut driftcore_learner,
    yaml: *mut driftcore_text,
    report: *mut driftcore_text,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::offer!(yaml, driftcore_text::ABSENT);
        handle::offer!(report, driftcore_text::ABSENT);
        let object = handle::borrow_mut!(learner)?;
        let (mut baseline, learned) = object.learner.clone().finish();
        baseline.merge(object.added.clone());
        object.yaml = baseline.to_string();
        object.report = learned.report(&baseline).to_string();
        handle::offer!(yaml, object.yaml.as_str().into());
        handle::offer!(report, object.report.as_str().into());
        Ok(())
    })
}

/// How much was learned and added so far, of which containers: as `driftd baseline show --format json` prints it.
///
/// `json` gets an object in one line, which docs/baselines.md describes; borrowed from the learner until the next call or
/// its end. NULL anywhere but in `error`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_learner_show(
    learner: *mut driftcore_learner,
    json: *mut driftcore_text,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(json, driftcore_text::ABSENT)?;
        let object = handle::borrow_mut!(learner)?;
        let (mut baseline, _) = object.learner.clone().finish();
        baseline.merge(object.added.clone());
        object.report = baseline.summary().to_string();
        handle::put!(json, object.report.as_str().into());
        Ok(())
    })
}

/// Frees a learner and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while
/// no other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_learner_free(learner: *mut *mut driftcore_learner) {
    handle::free!(learner);
}

#[cfg(test)]
mod tests {
    use std::ptr::null;
    use std::ptr::null_mut;

    use driftcore::event::Action;
    use driftcore::event::Container;
    use driftcore::event::DriftEvent;
    use driftcore::event::File;
    use driftcore::event::Kind;
    use driftcore::event::Text;
    use driftcore::event::Timestamp;

    use super::*;
    use crate::error::driftcore_error_column;
    use crate::error::driftcore_error_free;
    use crate::error::driftcore_error_line;
    use crate::options::driftcore_options_set;

    const IMAGE: &str = "sha256:abababababababababababababababababababababababababababababababab";

    fn written(path: &str) -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::File, Action::Create);
        event.file = Some(File { path: Text::from(path), ..File::default() });
        event.container = Some(Container {
            image_digest: Some(IMAGE.to_owned()),
            labels: [("app".to_owned(), "web".to_owned())].into(),
            ..Container::default()
        });
        event
    }

    /// The document and the report after these events and documents.
    fn learned(
        options: &[(&std::ffi::CStr, &std::ffi::CStr)],
        events: &[DriftEvent],
        documents: &[&str],
    ) -> (String, serde_json::Value) {
        let mut learner = null_mut();
        let (mut yaml, mut report) = (driftcore_text::ABSENT, driftcore_text::ABSENT);
        let mut set = driftcore_options::default();
        // SAFETY: all of it is there for as long as the calls; the learner is freed once.
        unsafe {
            for (name, value) in options {
                driftcore_options_set(&raw mut set, name.as_ptr(), value.as_ptr(), null_mut());
            }
            driftcore_learner_new(&raw const set, &raw mut learner, null_mut());
            for event in events {
                let event = driftcore_event::owned(event.clone());
                driftcore_learner_learn(learner, &raw const event, null_mut());
                // To ask in between changes nothing.
                driftcore_learner_baseline(learner, null_mut(), null_mut(), null_mut());
            }
            for text in documents {
                driftcore_learner_add(learner, text.as_ptr().cast(), text.len(), null_mut());
            }
            driftcore_learner_baseline(learner, &raw mut yaml, &raw mut report, null_mut());
            let told = (yaml.as_str().to_owned(), serde_json::from_str(report.as_str()).unwrap());
            driftcore_learner_free(&raw mut learner);
            told
        }
    }

    #[test]
    fn what_was_learned_is_a_document_and_documents_add_up() {
        let (one, report) = learned(&[], &[written("/var/cache/a")], &[]);
        assert!(one.contains(&format!("  - image: {IMAGE}\n")), "{one}");
        assert!(one.contains("/var/cache: [write]"), "{one}");
        assert_eq!((&report["events"], &report["learned"]), (&1.into(), &1.into()));
        assert_eq!((&report["workloads"], &report["entries"]), (&1.into(), &1.into()));
        let (two, _) = learned(&[], &[written("/srv/b")], &[]);
        let both = learned(&[], &[], &[&one, &two]).0;
        assert!(both.contains("/var/cache: [write]") && both.contains("/srv: [write]"), "{both}");
        // In any order, and of whatever kind.
        assert_eq!(learned(&[], &[], &[&two, &one]).0, both);
        assert_eq!(learned(&[], &[written("/srv/b")], &[&one]).0, both);
    }

    #[test]
    fn what_was_learned_is_shown_in_numbers() {
        let (mut learner, mut json) = (null_mut(), driftcore_text::ABSENT);
        let event = driftcore_event::owned(written("/var/cache/a"));
        // SAFETY: as above.
        unsafe {
            driftcore_learner_new(null(), &raw mut learner, null_mut());
            driftcore_learner_show(learner, &raw mut json, null_mut());
            assert_eq!(json.as_str(), r#"{"version":1,"workloads":[]}"#);
            driftcore_learner_learn(learner, &raw const event, null_mut());
            driftcore_learner_show(learner, &raw mut json, null_mut());
            let json: serde_json::Value = serde_json::from_str(json.as_str()).unwrap();
            let workload = &json["workloads"][0];
            assert_eq!(
                (&workload["selector"], &workload["directories"]),
                (&IMAGE.into(), &1.into())
            );
            driftcore_learner_free(&raw mut learner);
        }
    }

    #[test]
    fn drift_is_learned_only_where_that_is_accepted_and_labels_select() {
        let mut drift = written("/srv/x");
        drift.tainted = true;
        let (yaml, report) = learned(&[], std::slice::from_ref(&drift), &[]);
        assert!(yaml.ends_with("workloads: []\n"), "{yaml}");
        assert_eq!((&report["refused"], &report["learned"]), (&1.into(), &0.into()));
        assert_eq!(report["refusals"][0]["selector"], IMAGE);
        let accept = [(c"baseline.accept", c"true"), (c"baseline.select", c"app=web")];
        let (yaml, report) = learned(&accept, std::slice::from_ref(&drift), &[]);
        assert!(yaml.contains("label: app=web"), "{yaml}");
        assert_eq!(report["learned"], 1);
        let (_, report) = learned(&[(c"baseline.select", c"app=other")], &[written("/x/y")], &[]);
        assert_eq!(report["other_containers"], 1);
    }

    #[test]
    fn a_document_that_is_wrong_names_its_place_and_adds_nothing() {
        let (mut learner, mut error) = (null_mut(), null_mut());
        let mut yaml = driftcore_text::ABSENT;
        for (text, place) in
            [("version: 1\nworkloads: 7\n", (2, 12)), ("version: \u{e4}\n", (1, 10))]
        {
            // SAFETY: as above; the errors are freed once.
            unsafe {
                driftcore_learner_new(null(), &raw mut learner, null_mut());
                let data = text.as_ptr().cast();
                let status = driftcore_learner_add(learner, data, text.len(), &raw mut error);
                assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT);
                let found = (driftcore_error_line(error), driftcore_error_column(error));
                assert_eq!(found, place, "{text}");
                driftcore_error_free(&raw mut error);
                driftcore_learner_baseline(learner, &raw mut yaml, null_mut(), null_mut());
                assert!(yaml.as_str().ends_with("workloads: []\n"));
                driftcore_learner_free(&raw mut learner);
            }
        }
        let bytes = b"\xff";
        // SAFETY: as above.
        unsafe {
            driftcore_learner_new(null(), &raw mut learner, null_mut());
            let status = driftcore_learner_add(learner, bytes.as_ptr().cast(), 1, null_mut());
            assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_INVALID_ARGUMENT);
            driftcore_learner_free(&raw mut learner);
        }
    }
}
