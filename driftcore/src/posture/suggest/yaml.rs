//! A suggestion as YAML, ready to be pasted into a container of a pod.

use std::fmt;

use super::suggestion::Suggestion;
use crate::event::Text;

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.by_events {
            writeln!(
                f,
                "# By what is in the upper layer alone: what was removed again, and what was used, is not known."
            )?;
        }
        writeln!(f, "securityContext:")?;
        root(self, f)?;
        match &self.set_user_id {
            None => writeln!(
                f,
                "  allowPrivilegeEscalation: false # {}",
                if self.by_events {
                    "no set-user-ID program was run"
                } else {
                    "set-user-ID programs give nothing"
                }
            )?,
            Some(path) => writeln!(
                f,
                "  # allowPrivilegeEscalation: false would take its rights from {}, which it ran",
                comment(path)
            )?,
        }
        user(self, f)?;
        writeln!(f, "  capabilities:")?;
        writeln!(f, "    drop: [\"ALL\"] # which it used is not known, but for those below")?;
        if !self.capabilities.is_empty() {
            writeln!(f, "    add:")?;
            for needed in &self.capabilities {
                writeln!(f, "      - {} # {}", needed.name, comment(&Text::from(&*needed.why)))?;
            }
        }
        writeln!(f, "  seccompProfile:")?;
        writeln!(f, "    type: RuntimeDefault # refuses what no ordinary program calls")?;
        mounts(self, f)?;
        let options: Vec<String> = self.docker_options().iter().map(|it| shell(it)).collect();
        writeln!(f, "# The same with Docker: docker run {} IMAGE", options.join(" "))
    }
}

fn root(suggestion: &Suggestion, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(path) = &suggestion.root_file {
        let path = comment(path);
        return writeln!(
            f,
            "  # readOnlyRootFilesystem: true is not possible: it wrote {path} into / itself"
        );
    }
    if suggestion.left_out > 0 {
        return writeln!(
            f,
            "  # readOnlyRootFilesystem: true is not possible: it wrote to too many directories"
        );
    }
    let why = match suggestion.directories.len() {
        0 => "it wrote nothing",
        _ => "what it wrote is in the mounts below",
    };
    writeln!(f, "  readOnlyRootFilesystem: true # {why}")
}

fn user(suggestion: &Suggestion, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(uid) = suggestion.user() {
        writeln!(f, "  runAsNonRoot: true # it ran as user {uid} alone")?;
        return writeln!(f, "  runAsUser: {uid}");
    }
    match suggestion.users.as_slice() {
        [] => writeln!(f, "  # runAsNonRoot: true where it can: as which user it ran is not known"),
        users if users.contains(&0) => {
            writeln!(f, "  # runAsNonRoot: true once it does without root: it ran as user 0")
        }
        users => {
            let list: Vec<String> = users.iter().take(8).map(ToString::to_string).collect();
            let list = list.join(", ");
            writeln!(
                f,
                "  runAsNonRoot: true # it ran as users {list}; say runAsUser where the image does not"
            )
        }
    }
}

fn mounts(suggestion: &Suggestion, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if suggestion.directories.is_empty() {
        return Ok(());
    }
    writeln!(f, "volumeMounts:")?;
    for (index, directory) in suggestion.directories.iter().enumerate() {
        let number = index + 1;
        match directory.hides {
            Some(0) => {}
            None => writeln!(
                f,
                "  # What the image has there is not known, and an emptyDir would hide it."
            )?,
            Some(_) => writeln!(
                f,
                "  # The image has files there, which an emptyDir hides: an init container has to copy them."
            )?,
        }
        let Some(path) = directory.path.as_str() else {
            writeln!(f, "  # {} is no text: it has no form here", comment(&directory.path))?;
            continue;
        };
        writeln!(f, "  - name: written-{number}")?;
        let count = directory.operations;
        let example = comment(&directory.example);
        let example = if example.is_empty() { String::new() } else { format!(", e.g. {example}") };
        writeln!(f, "    mountPath: {} # {count} time(s){example}", quoted(path))?;
    }
    writeln!(f, "# And beside the pod's containers:")?;
    writeln!(f, "volumes:")?;
    for (index, directory) in suggestion.directories.iter().enumerate() {
        if directory.path.as_str().is_some() {
            writeln!(f, "  - name: written-{}\n    emptyDir: {{}}", index + 1)?;
        }
    }
    Ok(())
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '/' | '.' | '_' | '-')
}

/// A string of YAML: as it is where nothing in it means anything, else in quotes with escapes.
fn quoted(text: &str) -> String {
    if text.starts_with('/') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            other => quoted.push_str(&format!("\\U{:08x}", u32::from(other))),
        }
    }
    quoted.push('"');
    quoted
}

/// Text in a comment: it ends with its line, whatever YAML takes for the end of one.
fn comment(text: &Text) -> String {
    text.to_json_str()
        .chars()
        .flat_map(|character| match character {
            ' '..='~' => character.to_string().chars().collect::<Vec<_>>(),
            other => other.escape_default().collect(),
        })
        .collect()
}

/// A word for a shell, in a comment.
fn shell(word: &str) -> String {
    let word = comment(&Text::from(word));
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
