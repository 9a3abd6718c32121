//! What the header declares, read as plainly as cbindgen writes it.

use std::collections::BTreeMap;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

/// A header, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) functions: Vec<Function>,
    /// Members of each record: type and name.
    pub(crate) records: BTreeMap<String, Vec<Variable>>,
    /// Enumerators of each enumeration.
    pub(crate) enums: BTreeMap<String, Vec<String>>,
    /// Types of functions, as they are declared.
    pub(crate) callbacks: BTreeMap<String, String>,
    pub(crate) constants: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) returns: String,
    pub(crate) parameters: Vec<Variable>,
}

/// A parameter or a member.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl Variable {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let at = text
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .with_context(|| format!("no type and name: {text:?}"))?;
        let (kind, name) = text.split_at(at + 1);
        Ok(Self { kind: kind.trim().to_owned(), name: name.to_owned() })
    }

    /// Whether NULL may be given for it: pointers, and functions to call back.
    pub(crate) fn is_pointer(&self) -> bool {
        self.kind.ends_with('*') || self.kind.ends_with("_function")
    }
}

impl Function {
    /// On one line.
    pub(crate) fn prototype(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|it| {
                let space = if it.kind.ends_with('*') { "" } else { " " };
                format!("{}{space}{}", it.kind, it.name)
            })
            .collect();
        let space = if self.returns.ends_with('*') { "" } else { " " };
        format!("{}{space}{}({})", self.returns, self.name, parameters.join(", "))
    }
}

impl Header {
    /// Reads a header.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut header = Self::default();
        for declaration in declarations(&without_comments(text, &mut header.constants)) {
            header.declaration(&declaration).with_context(|| format!("in {declaration:?}"))?;
        }
        ensure!(!header.functions.is_empty(), "the header declares nothing");
        Ok(header)
    }

    fn declaration(&mut self, text: &str) -> Result<()> {
        if let Some(rest) = text.strip_prefix("typedef ") {
            if let Some((head, body)) = rest.split_once('{') {
                let name = head.split(' ').nth(1).context("no name")?.to_owned();
                let body = body.split_once('}').context("no end")?.0;
                if head.starts_with("enum ") {
                    let values = body.split(',').map(str::trim).filter(|it| !it.is_empty());
                    let names = values.map(|it| it.split(' ').next().unwrap_or(it).to_owned());
                    self.enums.insert(name, names.collect());
                } else {
                    let members = body.split(';').filter(|it| !it.trim().is_empty());
                    self.records.insert(name, members.map(Variable::parse).collect::<Result<_>>()?);
                }
            } else if let Some((_, name)) = rest.split_once("(*") {
                let name = name.split(')').next().unwrap_or(name).to_owned();
                self.callbacks.insert(name, rest.to_owned());
            }
            return Ok(());
        }
        let (head, parameters) = text.split_once('(').context("no function")?;
        let Variable { kind: returns, name } = Variable::parse(head)?;
        let parameters = parameters.trim_end_matches(')').split(',');
        let parameters = parameters.filter(|it| !matches!(it.trim(), "" | "void"));
        let parameters = parameters.map(Variable::parse).collect::<Result<_>>()?;
        self.functions.push(Function { name, returns, parameters });
        Ok(())
    }
}

/// The text without comments and directives; constants are noted.
fn without_comments(text: &str, constants: &mut Vec<String>) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        left.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    left.push_str(rest);
    let mut code = String::new();
    for line in left.lines() {
        if let Some(constant) = line.strip_prefix("#define ") {
            if let Some((name, _)) = constant.trim().split_once(' ') {
                constants.push(name.to_owned());
            }
        } else if !line.starts_with('#') && !line.contains("extern \"C\"") {
            code.push_str(line);
            code.push(' ');
        }
    }
    code
}

/// What ends with a semicolon outside of braces, with single spaces.
fn declarations(code: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let parts = code.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ';' && depth == 0
    });
    let words = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    parts.map(words).filter(|part| !part.is_empty()).collect()
}
