//! The fewest exceptions that would have silenced what departed.

use driftcore::baseline::Judge;
use driftcore::baseline::Judged;
use driftcore::baseline::Suggester;

use crate::error::driftcore_error;
use crate::event::driftcore_event;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// Suggests exceptions for what departs among events. Takes the memory of the different ones, of which 2,000 that depart
/// and 20,000 others are remembered. One thread at a time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_suggester {
    judge: Judge,
    suggester: Suggester,
    /// What was suggested last.
    yaml: String,
    json: String,
}

/// Makes a suggester that has seen nothing. What departs is what `driftcore_judge_new` says, with the same options and
/// the same statuses. `options` may be NULL: the defaults. `suggester` gets it, for `driftcore_suggester_free`; NULL:
/// refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_suggester_new(
    options: *const driftcore_options,
    suggester: *mut *mut driftcore_suggester,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(suggester)?;
        let options = handle::lend!(options).cloned().unwrap_or_default();
        let object = driftcore_suggester {
            judge: options.judge()?,
            suggester: Suggester::new(),
            yaml: String::new(),
            json: String::new(),
        };
        handle::put!(suggester, handle::give(object));
        Ok(())
    })
}

/// Takes an event in: one that departs is to be silenced, of the others it is said how many an exception would silence
/// besides: give it all events, not only drift (option `scope.events`). The event may be that of a callback. NULL
/// anywhere but in `error`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_suggester_see(
    suggester: *mut driftcore_suggester,
    event: *const driftcore_event,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let object = handle::borrow_mut!(suggester)?;
        let event = handle::borrow!(event)?.get();
        object.suggester.see(event, object.judge.judge(event) == Judged::Departs);
        Ok(())
    })
}

/// The exceptions. More may be taken in afterwards.
///
/// `yaml` gets a document of exceptions with empty reasons, as the option `exceptions.file` and driftd take it once each
/// has a reason; comments say what each silences. `json` gets the same as an object in one line: docs/baselines.md says
/// what is in it. Both are borrowed from the suggester until the next call or its end, and may be NULL: not wanted. NULL
/// for `suggester`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_suggester_suggest(
    suggester: *mut driftcore_suggester,
    yaml: *mut driftcore_text,
    json: *mut driftcore_text,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::offer!(yaml, driftcore_text::ABSENT);
        handle::offer!(json, driftcore_text::ABSENT);
        let object = handle::borrow_mut!(suggester)?;
        let suggestions = object.suggester.suggest();
        object.yaml = suggestions.to_string();
        object.json = suggestions.report().to_string();
        handle::offer!(yaml, object.yaml.as_str().into());
        handle::offer!(json, object.json.as_str().into());
        Ok(())
    })
}

/// Frees a suggester and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no other
/// uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_suggester_free(suggester: *mut *mut driftcore_suggester) {
    handle::free!(suggester);
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

    fn written(path: &str, drift: bool) -> driftcore_event {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::File, Action::Create);
        event.drift = drift;
        event.file = Some(File { path: Text::from(path), ..File::default() });
        event.container = Some(Container::default());
        driftcore_event::owned(event)
    }

    #[test]
    fn one_exception_takes_what_is_alike_and_says_what_else_it_would() {
        let mut suggester = null_mut();
        let (mut yaml, mut json) = (driftcore_text::ABSENT, driftcore_text::ABSENT);
        // SAFETY: all of it is there for as long as the calls; the suggester is freed once.
        unsafe {
            driftcore_suggester_new(null(), &raw mut suggester, null_mut());
            driftcore_suggester_suggest(suggester, null_mut(), &raw mut json, null_mut());
            assert!(json.as_str().contains("\"suggestions\":[]"), "{json:?}");
            for (path, drift) in [("/srv/a/x", true), ("/srv/a/y", true), ("/srv/a/z", false)] {
                let event = written(path, drift);
                driftcore_suggester_see(suggester, &raw const event, null_mut());
            }
            driftcore_suggester_suggest(suggester, &raw mut yaml, &raw mut json, null_mut());
            let json: serde_json::Value = serde_json::from_str(json.as_str()).unwrap();
            assert_eq!(json["suggestions"].as_array().unwrap().len(), 1, "{json}");
            let it = &json["suggestions"][0];
            assert_eq!((&it["silences"], &it["others"]), (&2.into(), &1.into()));
            assert!(
                yaml.as_str().contains("# silences 2 event(s); would take 1 other(s)"),
                "{yaml:?}"
            );
            assert!(yaml.as_str().contains("path: [/srv/a/**]"), "{yaml:?}");
            driftcore_suggester_free(&raw mut suggester);
        }
    }
}
