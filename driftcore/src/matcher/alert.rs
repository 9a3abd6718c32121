//! An alert, as Falco writes it: any consumer of Falco's JSON reads it unchanged.

use std::fmt;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Value;
use uuid::Uuid;

use crate::event::DriftEvent;

/// How bad it is: Falco's words, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Priority {
    /// The system is unusable.
    Emergency,
    /// Act at once.
    Alert,
    /// Act now.
    Critical,
    /// Something failed.
    Error,
    /// Look at it.
    Warning,
    /// Normal, but of note.
    Notice,
    /// For information.
    Informational,
    /// For those who debug.
    Debug,
}

impl Priority {
    /// All of them, the worst first.
    pub const ALL: [Self; 8] = [
        Self::Emergency,
        Self::Alert,
        Self::Critical,
        Self::Error,
        Self::Warning,
        Self::Notice,
        Self::Informational,
        Self::Debug,
    ];

    /// Falco's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "Emergency",
            Self::Alert => "Alert",
            Self::Critical => "Critical",
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Notice => "Notice",
            Self::Informational => "Informational",
            Self::Debug => "Debug",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rule's match about an event.
///
/// Displayed as Falco's text line (`HH:MM:SS.nnnnnnnnn: Priority message`, UTC), serialised as
/// Falco's JSON object with `uuid` and `drift` (the event) added.
#[derive(Clone, Debug)]
pub struct Alert<'a> {
    /// The rule's name.
    pub rule: &'a str,
    /// The rule's priority.
    pub priority: Priority,
    /// The rule's tags, sorted.
    pub tags: &'a [&'a str],
    /// The message, without time and priority.
    pub message: String,
    /// The fields that the message is made of, by Falco's names.
    pub fields: Vec<(&'static str, Value)>,
    /// Identifies this alert.
    pub uuid: Uuid,
    /// The node's name.
    pub hostname: &'a str,
    /// What happened.
    pub event: &'a DriftEvent,
}

impl fmt::Display for Alert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.event.time.to_string();
        let clock = time.split_once('T').map_or(time.as_str(), |(_, clock)| clock);
        let clock = clock.trim_end_matches('Z');
        write!(f, "{clock}: {} {}", self.priority, OneLine(&self.message))
    }
}

/// Text on one line: control characters as JSON escapes them, so that no container can forge a
/// line or move a terminal's cursor.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        for character in self.0.chars() {
            match character {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                // Also what could reverse or hide text: bidirectional and zero-width marks.
                c if c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
                {
                    write!(f, "\\u{:04x}", u32::from(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

impl Serialize for Alert<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Fields<'a>(&'a [(&'static str, Value)]);

        impl Serialize for Fields<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
            }
        }

        // Falco's keys come in alphabetical order.
        let mut alert = serializer.serialize_map(Some(10))?;
        alert.serialize_entry("drift", self.event)?;
        alert.serialize_entry("hostname", self.hostname)?;
        alert.serialize_entry("output", &self.to_string())?;
        alert.serialize_entry("output_fields", &Fields(&self.fields))?;
        alert.serialize_entry("priority", &self.priority)?;
        alert.serialize_entry("rule", self.rule)?;
        alert.serialize_entry("source", "syscall")?;
        alert.serialize_entry("tags", self.tags)?;
        alert.serialize_entry("time", &self.event.time)?;
        alert.serialize_entry("uuid", &self.uuid)?;
        alert.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Action;
    use crate::event::Kind;
    use crate::event::Timestamp;

    fn alert<'a>(event: &'a DriftEvent, message: &str) -> Alert<'a> {
        Alert {
            rule: "a rule",
            priority: Priority::Critical,
            tags: &["drift"],
            message: message.to_owned(),
            fields: vec![("evt.time", Value::from(1)), ("proc.name", Value::Null)],
            uuid: Uuid::nil(),
            hostname: "node",
            event,
        }
    }

    #[test]
    fn the_text_line_is_falcos_and_stays_one_line() {
        let time = Timestamp::from_nanos(1_700_000_000_000_000_001);
        let event = DriftEvent::new(time, Kind::Binary, Action::Exec);
        let line = alert(&event, "a\nb\u{1b}[2J\u{202e}c").to_string();
        assert_eq!(line, "22:13:20.000000001: Critical a\\nb\\u001b[2J\\u202ec");
    }

    #[test]
    fn the_json_object_is_falcos() {
        let event = DriftEvent::new(Timestamp::from_nanos(0), Kind::Binary, Action::Exec);
        let json = serde_json::to_string(&alert(&event, "m")).unwrap();
        let keys = ["drift", "hostname", "output", "output_fields", "priority", "rule"];
        let keys = keys.iter().chain(&["source", "tags", "time", "uuid"]);
        let places: Vec<_> =
            keys.map(|key| json.rfind(&format!("\"{key}\":")).expect(key)).collect();
        assert!(places.is_sorted(), "{json}");
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["priority"], "Critical");
        assert_eq!(value["time"], "1970-01-01T00:00:00.000000000Z");
        assert_eq!(value["output_fields"]["proc.name"], Value::Null);
        assert_eq!(value["drift"]["kind"], "binary");
    }
}
