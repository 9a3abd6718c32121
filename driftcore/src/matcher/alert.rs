//! An alert, as Falco writes it: any consumer of Falco's JSON reads it unchanged.

use std::fmt;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Value;
use uuid::Uuid;

use crate::event::DriftEvent;
use crate::event::Timestamp;

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

    /// The priority of this name, as rules write it: in any case, `info` for short.
    pub fn of(name: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(name));
        known.or(name.eq_ignore_ascii_case("info").then_some(Self::Informational))
    }

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
    pub tags: &'a [String],
    /// The rule's source of events.
    pub source: &'a str,
    /// The message, without time and priority.
    pub message: &'a str,
    /// The fields that the message is made of, by the text that the rule has for them, sorted.
    pub fields: &'a [(Box<str>, Value)],
    /// When the event happened.
    pub time: Timestamp,
    /// Identifies this alert.
    pub uuid: Uuid,
    /// The node's name.
    pub hostname: &'a str,
    /// What happened, where it is known in that form.
    pub event: Option<&'a DriftEvent>,
}

impl fmt::Display for Alert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_line(&OneLine(self.message), f)
    }
}

impl Alert<'_> {
    fn write_line(&self, message: &dyn fmt::Display, out: &mut impl fmt::Write) -> fmt::Result {
        let time = self.time.to_string();
        let clock = time.split_once('T').map_or(time.as_str(), |(_, clock)| clock);
        let clock = clock.trim_end_matches('Z');
        write!(out, "{clock}: {} {message}", self.priority)
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
                // An escape must not be mistaken for the text that it stands for.
                '\\' => f.write_str("\\\\")?,
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
        /// The fields, and among them the time of the event.
        struct Fields<'a>(&'a [(Box<str>, Value)], Timestamp);

        impl Serialize for Fields<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                const TIME: &str = "evt.time";
                let mut map = serializer.serialize_map(None)?;
                let mut time = Some(self.1.as_nanos());
                for (name, value) in self.0.iter().filter(|(name, _)| &**name != TIME) {
                    if &**name > TIME
                        && let Some(time) = time.take()
                    {
                        map.serialize_entry(TIME, &time)?;
                    }
                    map.serialize_entry(name, value)?;
                }
                if let Some(time) = time {
                    map.serialize_entry(TIME, &time)?;
                }
                map.end()
            }
        }

        // JSON does its own escaping.
        let mut output = String::new();
        self.write_line(&self.message, &mut output).map_err(serde::ser::Error::custom)?;
        // Falco's keys come in alphabetical order.
        let mut alert = serializer.serialize_map(Some(10))?;
        if let Some(event) = self.event {
            alert.serialize_entry("drift", event)?;
        }
        alert.serialize_entry("hostname", self.hostname)?;
        alert.serialize_entry("output", &output)?;
        alert.serialize_entry("output_fields", &Fields(self.fields, self.time))?;
        alert.serialize_entry("priority", &self.priority)?;
        alert.serialize_entry("rule", self.rule)?;
        alert.serialize_entry("source", self.source)?;
        alert.serialize_entry("tags", self.tags)?;
        alert.serialize_entry("time", &self.time)?;
        alert.serialize_entry("uuid", &self.uuid)?;
        alert.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Action;
    use crate::event::Kind;

    fn with_alert<T>(nanos: i64, message: &str, look: impl FnOnce(&Alert<'_>) -> T) -> T {
        let time = Timestamp::from_nanos(nanos);
        let event = DriftEvent::new(time, Kind::Binary, Action::Exec);
        look(&Alert {
            rule: "a rule",
            priority: Priority::Critical,
            tags: &["drift".to_owned()],
            source: "syscall",
            message,
            fields: &[
                ("container.id".into(), Value::from("host")),
                ("evt.time".into(), Value::from("00:00")),
                ("proc.name".into(), Value::Null),
            ],
            time,
            uuid: Uuid::nil(),
            hostname: "node",
            event: Some(&event),
        })
    }

    #[test]
    fn priorities_are_read_as_rules_write_them() {
        assert_eq!(Priority::of("WARNING"), Some(Priority::Warning));
        assert_eq!(Priority::of("info"), Some(Priority::Informational));
        assert_eq!(Priority::of("3"), None);
    }

    #[test]
    fn the_text_line_is_falcos_and_stays_one_line() {
        let message = "a\nb\u{1b}[2J\u{202e}c \"\\n\"";
        let line = with_alert(1_700_000_000_000_000_001, message, |alert| alert.to_string());
        assert_eq!(line, "22:13:20.000000001: Critical a\\nb\\u001b[2J\\u202ec \"\\\\n\"");
    }

    #[test]
    fn the_json_object_is_falcos() {
        let json = with_alert(7, "m\n\\", |alert| serde_json::to_string(alert).unwrap());
        let keys = ["drift", "hostname", "output", "output_fields", "priority", "rule"];
        let keys = keys.iter().chain(&["source", "tags", "time", "uuid"]);
        let places: Vec<_> =
            keys.map(|key| json.rfind(&format!("\"{key}\":")).expect(key)).collect();
        assert!(places.is_sorted(), "{json}");
        let fields = r#""output_fields":{"container.id":"host","evt.time":7,"proc.name":null}"#;
        assert!(json.contains(fields), "{json}");
        let value: Value = serde_json::from_str(&json).unwrap();
        // Escaped once, as JSON: who reads it gets what the event held.
        assert_eq!(value["output"], "00:00:00.000000007: Critical m\n\\");
        assert_eq!(value["priority"], "Critical");
        assert_eq!(value["time"], "1970-01-01T00:00:00.000000007Z");
        assert_eq!(value["drift"]["kind"], "binary");
    }
}
