//! What is said of an event by all that is normal together.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::baseline::subject::Subject;
use crate::event::Ruling;

fn normality() -> Normality {
    let exceptions = "version: 1\nexceptions: [{reason: because, path: /opt/agent/**}]\n";
    Normality {
        exceptions: Exceptions::parse(Path::new("e.yaml"), exceptions).unwrap(),
        graces: vec![Grace { image: None, label: None, time: Duration::from_secs(1) }],
        ..Normality::default()
    }
}

/// The ruling half a second after the start of the container.
fn ruling(event: &DriftEvent, tainted: bool, is_of_first: bool) -> Option<Ruling> {
    let mut event = event.clone();
    let start = Timestamp::from_nanos(event.time.as_nanos() - 500_000_000);
    event.container.as_mut().unwrap().started_at = Some(start);
    let subject = Subject::of(&event).unwrap();
    normality().ruling(&subject, event.drift, tainted, || is_of_first)
}

#[test]
fn what_is_excepted_is_so_whoever_does_it() {
    let excepted = runs("/opt/agent/x", Verdict::Added, Some(digest(7)));
    for (tainted, is_of_first) in [(false, false), (true, false), (false, true)] {
        assert_eq!(ruling(&excepted, tainted, is_of_first), Some(Ruling::Exception));
    }
}

#[test]
fn grace_is_for_the_first_program_and_for_no_drifted_code() {
    let new = runs("/app/x", Verdict::Added, Some(digest(7)));
    let written = creates("/app/x");
    for event in [&new, &written] {
        assert_eq!(ruling(event, false, true), Some(Ruling::Grace));
        assert_eq!(ruling(event, false, false), None);
        assert_eq!(ruling(event, true, true), None);
    }
    let mut late = new.clone();
    late.container.as_mut().unwrap().started_at = None;
    let subject = Subject::of(&late).unwrap();
    assert_eq!(normality().ruling(&subject, true, false, || true), None);
}

#[test]
fn grace_is_not_for_what_prepares_nothing() {
    let setuid = changes(Action::Attributes, b"/app/x", None, &[Changed::Setuid]);
    let capable = changes(Action::Attributes, b"/app/x", None, &[Changed::Capability]);
    let memory = runs("/memfd:x", Verdict::Memfd, None);
    let unknown = runs("/app/x", Verdict::Unknown, None);
    let mut reached = reaches("203.0.113.7:443");
    reached.drift = true;
    for event in [setuid, capable, memory, unknown, reached] {
        assert_eq!(ruling(&event, false, true), None, "{event:?}");
    }
}
