//! Holds JSON against the part of JSON Schema that `docs/*.schema.json` use.

use std::fs;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;
use anyhow::ensure;
use driftcore_e2e::workspace_root;
use serde_json::Value;

/// Fails at the first thing that the schema of reports does not allow.
pub(crate) fn check_scan(report: &Value) -> Result<()> {
    by("scan", report)
}

/// The same of the schema of postures.
pub(crate) fn check_posture(report: &Value) -> Result<()> {
    by("posture", report)
}

fn by(name: &str, report: &Value) -> Result<()> {
    let path = workspace_root().join(format!("docs/{name}.schema.json"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    check(&schema, &schema, report, "")
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<()> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let target = root.pointer(pointer).with_context(|| format!("no {reference}"))?;
        return check(root, target, value, path);
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => bail!("no type in the schema of {path}"),
    };
    ensure!(types.contains(&type_of(value)), "{path} is {value}, not of {types:?}");
    if let Some(allowed) = schema["enum"].as_array() {
        ensure!(allowed.contains(value), "{path} is {value}, none of {allowed:?}");
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            ensure!(object.contains_key(name), "{path} has no {name}");
        }
        for (name, value) in object {
            let path = format!("{path}/{name}");
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (Some(property), _) => check(root, property, value, &path)?,
                (None, Value::Bool(false)) => bail!("{path} is not in the schema"),
                (None, Value::Null) => {}
                (None, other) => check(root, other, value, &path)?,
            }
        }
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        for (index, item) in list.iter().enumerate() {
            check(root, items, item, &format!("{path}/{index}"))?;
        }
    }
    Ok(())
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
