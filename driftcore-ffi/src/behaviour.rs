//! What a container did, and a security context that would have allowed just that.

use std::ffi::c_char;

use driftcore::container::Runtimes;
use driftcore::container::Stored;
use driftcore::posture::Behaviour;
use driftcore::posture::Posture;
use driftcore::posture::of_container;

use crate::error::driftcore_error;
use crate::event::driftcore_event;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::status::driftcore_status;
use crate::text;
use crate::text::driftcore_text;

/// What a container did, as far as it bears on how it could be confined. Takes the memory of the
/// directories that were written to, of which 65,536 are remembered. One thread at a time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_behaviour {
    behaviour: Behaviour,
    /// The container of this node that it is of.
    container: Option<Box<(Stored, Posture)>>,
    /// What was suggested last.
    yaml: String,
    json: String,
}

/// Makes a behaviour, of a container of this node, running or stopped, by its id, its name or a prefix of
/// its id; the options `runtimes.*` say where to find it.
///
/// NULL for `container`: of whatever container events are given of, and known by these alone. `options` may
/// be NULL: the defaults. `behaviour` gets it, for `driftcore_behaviour_free`.
/// `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container; `_INVALID_ARGUMENT`: it means several;
/// `_UNSUPPORTED`: what its runtime was told is not known. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_behaviour_new(
    container: *const c_char,
    options: *const driftcore_options,
    behaviour: *mut *mut driftcore_behaviour,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::prepare!(behaviour)?;
        let of = if container.is_null() {
            None
        } else {
            let name = text::name("container", container)?;
            let options = handle::lend!(options).cloned().unwrap_or_default();
            let runtimes = Runtimes::new(options.roots);
            let stored = runtimes.find(name)?;
            let posture = of_container(&runtimes, &stored)?;
            Some(Box::new((stored, posture)))
        };
        let object = driftcore_behaviour {
            behaviour: Behaviour::new(),
            container: of,
            yaml: String::new(),
            json: String::new(),
        };
        handle::put!(behaviour, handle::give(object));
        Ok(())
    })
}

/// Takes an event in: operations on files, programs, listening sockets, system calls. An event of another
/// container than the behaviour is of is passed over. The event may be that of a callback. NULL anywhere
/// but in `error`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_behaviour_add(
    behaviour: *mut driftcore_behaviour,
    event: *const driftcore_event,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let behaviour = handle::borrow_mut!(behaviour)?;
        let event = handle::borrow!(event)?.get();
        let is_of_it = behaviour.container.as_deref().is_none_or(|(stored, _)| {
            event.container.as_ref().is_some_and(|it| it.id == stored.container.id)
        });
        if is_of_it {
            behaviour.behaviour.event(event);
        }
        Ok(())
    })
}

/// A security context, with the mounts that it takes, that would have allowed what was taken in, and, of a
/// container of this node, what is in its upper layer by now: that is read, all of it, at each call.
///
/// `yaml` gets it for a container of a pod, with a comment why at each line; `json` the same as an object
/// in one line, as docs/posture.md says. Both are borrowed from the behaviour until the next call or its
/// end, and may be NULL: not wanted. `DRIFTCORE_STATUS_IO`, `_NOT_FOUND` and `_PERMISSION`: the layers cannot be
/// read. NULL for `behaviour`: refused. One thread at a time. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_behaviour_suggest(
    behaviour: *mut driftcore_behaviour,
    yaml: *mut driftcore_text,
    json: *mut driftcore_text,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        handle::offer!(yaml, driftcore_text::ABSENT);
        handle::offer!(json, driftcore_text::ABSENT);
        let object = handle::borrow_mut!(behaviour)?;
        let suggestion = match object.container.as_deref() {
            None => object.behaviour.suggest(None),
            Some((stored, posture)) => object.behaviour.suggest_for(stored, posture)?,
        };
        object.yaml = suggestion.to_string();
        object.json = suggestion.to_json().to_string();
        handle::offer!(yaml, object.yaml.as_str().into());
        handle::offer!(json, object.json.as_str().into());
        Ok(())
    })
}

/// Frees a behaviour and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread,
/// while no other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_behaviour_free(behaviour: *mut *mut driftcore_behaviour) {
    handle::free!(behaviour);
}

#[cfg(test)]
mod tests {
    use std::ptr::null;
    use std::ptr::null_mut;

    use driftcore::event::Action;
    use driftcore::event::DriftEvent;
    use driftcore::event::File;
    use driftcore::event::Kind;
    use driftcore::event::Text;
    use driftcore::event::Timestamp;

    use super::*;
    use crate::error::driftcore_error_free;
    use crate::error::driftcore_error_status;

    fn written(path: &str) -> driftcore_event {
        let mut event = DriftEvent::new(Timestamp::from_nanos(1), Kind::File, Action::Create);
        event.file = Some(File { path: Text::from(path), ..File::default() });
        driftcore_event::owned(event)
    }

    /// What is suggested after these events, as YAML and as JSON.
    fn suggested(paths: &[&str]) -> (String, serde_json::Value) {
        let mut behaviour = null_mut();
        let (mut yaml, mut json) = (driftcore_text::ABSENT, driftcore_text::ABSENT);
        // SAFETY: all of it is there for as long as the calls; the behaviour is freed once.
        unsafe {
            driftcore_behaviour_new(null(), null(), &raw mut behaviour, null_mut());
            for path in paths {
                let event = written(path);
                driftcore_behaviour_add(behaviour, &raw const event, null_mut());
            }
            // To ask once more changes nothing.
            driftcore_behaviour_suggest(behaviour, null_mut(), null_mut(), null_mut());
            driftcore_behaviour_suggest(behaviour, &raw mut yaml, &raw mut json, null_mut());
            let told = (yaml.as_str().to_owned(), serde_json::from_str(json.as_str()).unwrap());
            driftcore_behaviour_free(&raw mut behaviour);
            told
        }
    }

    #[test]
    fn what_was_done_is_allowed_and_no_more() {
        let (yaml, json) = suggested(&["/srv/a", "/srv/b"]);
        assert!(yaml.starts_with("securityContext:\n  readOnlyRootFilesystem: true #"), "{yaml}");
        assert!(yaml.contains("    mountPath: /srv # 2 time(s), e.g. /srv/a\n"), "{yaml}");
        assert_eq!(json["yaml"], yaml);
        assert_eq!(json["directories"][0]["path"], "/srv");
        assert_eq!((&json["by_events"], &json["problems"]), (&true.into(), &serde_json::json!([])));
        let (yaml, json) = suggested(&[]);
        assert!(!yaml.contains("mountPath"), "{yaml}");
        assert_eq!(json["by_events"], false);
    }

    #[test]
    fn a_container_that_is_not_there_has_no_behaviour() {
        let (mut behaviour, mut error) = (std::ptr::dangling_mut(), null_mut());
        // SAFETY: a C string, places for the results; the error is freed once.
        unsafe {
            let name = c"no-such-container".as_ptr();
            driftcore_behaviour_new(name, null(), &raw mut behaviour, &raw mut error);
            assert!(behaviour.is_null());
            let status = driftcore_error_status(error);
            assert_eq!(status, driftcore_status::DRIFTCORE_STATUS_NOT_FOUND);
            driftcore_error_free(&raw mut error);
        }
    }
}
