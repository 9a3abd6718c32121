//! The built-in rule: code that the image did not bring.

use serde_json::Value;
use uuid::Uuid;

use super::Alert;
use super::Priority;
use crate::event::Action;
use crate::event::Container;
use crate::event::DriftEvent;
use crate::event::Kind;
use crate::event::Process;
use crate::event::Text;
use crate::event::Verdict;

/// Name of the built-in rule.
pub const BINARY_DRIFT: &str = "Binary Drift Detected";

const TAGS: &[&str] = &["container", "drift", "mitre_execution", "process"];

/// The alert for an event, when it is binary drift.
pub fn binary_drift<'a>(event: &'a DriftEvent, hostname: &'a str) -> Option<Alert<'a>> {
    if !event.drift || event.kind != Kind::Binary || event.action != Action::Exec {
        return None;
    }
    let provenance = event.provenance.as_ref()?;
    let process = event.process.as_ref()?;
    let container = event.container.as_ref();
    let priority = match provenance.verdict {
        Verdict::Unknown => Priority::Warning,
        _ => Priority::Critical,
    };
    Some(Alert {
        rule: BINARY_DRIFT,
        priority,
        tags: TAGS,
        message: message(event, process, container),
        fields: fields(event, process, container),
        uuid: Uuid::new_v4(),
        hostname,
        event,
    })
}

fn message(event: &DriftEvent, process: &Process, container: Option<&Container>) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(256);
    let (verdict, reason) = event
        .provenance
        .as_ref()
        .map_or(("", ""), |provenance| (provenance.verdict.as_str(), &*provenance.reason));
    text.push_str("Code that the image did not bring ");
    text.push_str(if event.before_start {
        "was already running"
    } else if event.recovered {
        "is running (its exec event was lost)"
    } else {
        "was executed"
    });
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        " (verdict={verdict} reason=\"{reason}\" file={} cmdline={} pid={} parent={} uid={}",
        event.file.as_ref().map_or_else(|| process.exe.to_string(), |file| file.path.to_string()),
        joined(&process.cmdline),
        process.pid,
        process
            .ancestors
            .first()
            .map_or_else(|| "<NA>".to_owned(), |parent| parent.name.to_string()),
        process.uid,
    );
    if let Some(container) = container {
        let _ = write!(
            text,
            " container={} id={} image={}",
            container.name.as_deref().unwrap_or("<NA>"),
            short_id(&container.id),
            container.image.as_deref().unwrap_or("<NA>"),
        );
        if let (Some(pod), Some(namespace)) = (&container.pod, &container.namespace) {
            let _ = write!(text, " pod={namespace}/{pod}");
        }
    }
    text.push(')');
    text
}

fn fields(
    event: &DriftEvent,
    process: &Process,
    container: Option<&Container>,
) -> Vec<(&'static str, Value)> {
    let text = |text: &Text| Value::from(text.to_json_str());
    let optional = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let (repository, tag) = container
        .and_then(|container| container.image.as_deref())
        .map_or((None, None), split_reference);
    let provenance = event.provenance.as_ref();
    vec![
        ("container.id", optional(container.map(|container| short_id(&container.id)))),
        ("container.image.repository", optional(repository)),
        ("container.image.tag", optional(tag)),
        ("container.name", optional(container.and_then(|container| container.name.as_deref()))),
        ("drift.evidence", optional(provenance.map(|p| p.evidence.as_str()))),
        ("drift.reason", optional(provenance.map(|p| &*p.reason))),
        ("drift.verdict", optional(provenance.map(|p| p.verdict.as_str()))),
        ("evt.time", Value::from(event.time.as_nanos())),
        ("k8s.ns.name", optional(container.and_then(|container| container.namespace.as_deref()))),
        ("k8s.pod.name", optional(container.and_then(|container| container.pod.as_deref()))),
        ("proc.cmdline", Value::from(joined(&process.cmdline))),
        ("proc.exepath", text(&process.exe)),
        ("proc.name", text(&process.name)),
        ("proc.pid", Value::from(process.pid)),
        ("proc.pname", process.ancestors.first().map_or(Value::Null, |parent| text(&parent.name))),
        ("user.uid", Value::from(process.uid)),
    ]
}

fn joined(arguments: &[Text]) -> String {
    let mut line = String::new();
    for argument in arguments {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&argument.to_json_str());
    }
    line
}

/// Falco's `container.id`: the first 12 characters.
fn short_id(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// An image reference as (repository, tag), without a digest. A colon before the last slash is a
/// registry's port.
fn split_reference(reference: &str) -> (Option<&str>, Option<&str>) {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (Some(repository), Some(tag)),
        _ => (Some(name), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Evidence;
    use crate::event::Provenance;
    use crate::event::Timestamp;

    fn event(verdict: Verdict) -> DriftEvent {
        let mut event = DriftEvent::new(Timestamp::from_nanos(5), Kind::Binary, Action::Exec);
        event.drift = verdict.is_drift_for_code();
        event.provenance = Some(Provenance::new(verdict, Evidence::Kernel, "why"));
        event.process = Some(Process {
            pid: 7,
            name: Text::from("x"),
            exe: Text::from("/tmp/x"),
            cmdline: vec![Text::from("./x"), Text::from("-a")],
            ..Process::default()
        });
        event.container = Some(Container {
            id: "0123456789abcdef".to_owned(),
            name: Some("web".to_owned()),
            image: Some("registry:5000/nginx:1.27".to_owned()),
            ..Container::default()
        });
        event
    }

    #[test]
    fn drift_alerts_and_image_code_does_not() {
        assert!(binary_drift(&event(Verdict::CopiedUp), "node").is_none());
        assert!(binary_drift(&event(Verdict::Image), "node").is_none());
        let event = event(Verdict::Added);
        let alert = binary_drift(&event, "node").unwrap();
        assert_eq!(alert.priority, Priority::Critical);
        assert_eq!(
            alert.message,
            "Code that the image did not bring was executed (verdict=added reason=\"why\" \
             file=/tmp/x cmdline=./x -a pid=7 parent=<NA> uid=0 container=web id=0123456789ab \
             image=registry:5000/nginx:1.27)"
        );
    }

    #[test]
    fn what_could_not_be_proved_is_a_warning() {
        let event = event(Verdict::Unknown);
        assert_eq!(binary_drift(&event, "node").unwrap().priority, Priority::Warning);
    }

    #[test]
    fn references_are_split_at_the_tag() {
        assert_eq!(split_reference("nginx"), (Some("nginx"), None));
        assert_eq!(split_reference("r:5000/a/b"), (Some("r:5000/a/b"), None));
        assert_eq!(split_reference("r:5000/a:1@sha256:ab"), (Some("r:5000/a"), Some("1")));
    }
}
