//! Calls with NULL for every pointer of every function, made of the header: none is forgotten.

use std::fmt::Write as _;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::header::Function;
use crate::header::Header;
use crate::header::Variable;

/// The pointers that may be NULL, beside every `error`, as the header says.
const MAY_BE_NULL: &[(&str, &str)] = &[
    ("driftcore_rules_load", "options"),
    ("driftcore_rules_load", "diagnostics"),
    ("driftcore_engine_new", "options"),
    ("driftcore_engine_new", "rules"),
    ("driftcore_inspector_new", "options"),
    ("driftcore_classify", "layers"),
    ("driftcore_classify", "options"),
    ("driftcore_scan_container", "options"),
    ("driftcore_scan_directories", "options"),
    ("driftcore_scan_run", "summary"),
    ("driftcore_posture_pods", "context"),
    ("driftcore_posture_pods", "summary"),
    ("driftcore_posture_container", "context"),
    ("driftcore_posture_container", "options"),
    ("driftcore_behaviour_new", "container"),
    ("driftcore_behaviour_new", "options"),
    ("driftcore_behaviour_suggest", "yaml"),
    ("driftcore_behaviour_suggest", "json"),
    ("driftcore_learner_new", "options"),
    ("driftcore_learner_baseline", "yaml"),
    ("driftcore_learner_baseline", "report"),
    ("driftcore_configuration_new", "options"),
    ("driftcore_verifier_new", "options"),
    ("driftcore_verifier_pods", "context"),
    ("driftcore_verifier_pods", "summary"),
    ("driftcore_verifier_containers", "context"),
    ("driftcore_verifier_containers", "summary"),
    ("driftcore_verifier_containers", "options"),
    ("driftcore_judge_new", "options"),
    ("driftcore_judge_event", "what"),
    ("driftcore_judge_exceptions", "context"),
    ("driftcore_engine_exceptions", "context"),
    ("driftcore_suggester_new", "options"),
    ("driftcore_suggester_suggest", "yaml"),
    ("driftcore_suggester_suggest", "json"),
    ("driftcore_flat_event_reset", "event_type"),
    ("driftcore_event_label", "key"),
    ("driftcore_event_lost", "reason"),
    ("driftcore_matcher_alerts", "context"),
    ("driftcore_matcher_event_alerts", "context"),
    ("driftcore_log_set", "function"),
    ("driftcore_log_set", "context"),
];

/// Values of scalars and strings: function or `*`, parameter, value.
const VALUES: &[(&str, &str, &str)] = &[
    ("driftcore_options_set", "name", "\"rules.matching\""),
    ("driftcore_options_set", "value", "\"all\""),
    ("driftcore_field_find", "name", "\"proc.name\""),
    ("driftcore_sources_add_text", "name", "\"t\""),
    ("driftcore_sources_add_path", "path", "__FILE__"),
    ("driftcore_event_parse", "json", "DRIFT_EVENT"),
    ("driftcore_event_parse", "length", "strlen(DRIFT_EVENT)"),
    ("driftcore_posture_pods", "json", "PODS"),
    ("driftcore_posture_pods", "length", "strlen(PODS)"),
    ("driftcore_posture_pods", "callback", "on_posture"),
    ("driftcore_posture_container", "callback", "on_posture"),
    ("driftcore_learner_add", "yaml", "BASELINE"),
    ("driftcore_learner_add", "length", "strlen(BASELINE)"),
    ("driftcore_verifier_add", "name", "\"list\""),
    ("driftcore_verifier_add", "text", "APPROVED"),
    ("driftcore_verifier_add", "length", "strlen(APPROVED)"),
    ("driftcore_verifier_pods", "json", "PODS"),
    ("driftcore_verifier_pods", "length", "strlen(PODS)"),
    ("driftcore_verifier_pods", "callback", "on_verified"),
    ("driftcore_verifier_containers", "callback", "on_verified"),
    ("driftcore_judge_exceptions", "callback", "on_exception"),
    ("driftcore_engine_exceptions", "callback", "on_exception"),
    ("driftcore_flat_event_parse", "json", "EVENT"),
    ("driftcore_flat_event_parse", "length", "strlen(EVENT)"),
    ("*", "event_type", "\"execve\""),
    ("*", "text", "\"x\""),
    ("*", "path", "\"/x\""),
    ("*", "upper", "\"/u\""),
    ("*", "address", "f.address"),
    ("driftcore_flat_event_set_address", "length", "4"),
    ("driftcore_flat_event_add_address", "length", "4"),
    ("driftcore_classify", "length", "2"),
    ("*", "length", "1"),
    ("*", "count", "1"),
    ("*", "capacity", "1"),
    ("*", "index", "0"),
    ("*", "kind", "1"),
    ("*", "tag", "0"),
    ("*", "ancestor", "0"),
    ("*", "value", "1"),
    ("*", "verdict", "1"),
    ("*", "level", "1"),
    ("*", "started_at_ns", "1"),
    ("*", "pid", "1"),
    ("*", "container", "\"no-such-container\""),
    ("*", "side", "1"),
    ("*", "descriptor", "f.descriptor"),
    ("*", "timeout_ms", "0"),
    ("*", "callback", "on_alert"),
    ("driftcore_log_set", "function", "on_log"),
    ("driftcore_log_set", "level", "1"),
    ("*", "context", "&f"),
];

/// Members of the fixture: type without `struct`, value.
const MEMBERS: &[(&str, &str)] = &[
    ("const driftcore_flat_event *const *", "f.events"),
    ("const char *const *", "f.lowers"),
    ("const driftcore_evidence *", "&f.evidence"),
    ("const driftcore_scan_callbacks *", "&f.scan_callbacks"),
    ("driftcore_match *", "f.matches"),
    ("driftcore_text *", "&f.text"),
    ("size_t *", "f.indexes"),
    ("uint32_t *", "f.number"),
];

/// A whole C file: a function `null_everywhere` for objects that need no privileges.
pub(crate) fn objects(header: &Header) -> Result<String> {
    let mut code = String::new();
    let mut calls = String::new();
    for function in &header.functions {
        let engine = function.name.starts_with("driftcore_engine_");
        writeln!(code, "static void null_{}(void)\n{{", function.name)?;
        code += "\tstruct fixture f;\n\n";
        if engine {
            // Without an engine there is only the call without anything.
            code += "\tfixture_make(&f);\n";
            code += &check(header, function, Some("engine"), &arguments(function, all_null))?;
            code += "\tfixture_free(&f);\n";
        } else {
            each(header, function, &mut code)?;
        }
        code += "}\n\n";
        writeln!(calls, "\tTEST(null_{}),", function.name)?;
    }
    Ok(format!("{code}static const struct test tests[] = {{\n{calls}}};\n"))
}

/// A C function `null_engine` that calls those of an engine.
pub(crate) fn engine(header: &Header) -> Result<String> {
    let mut code = String::from(
        "static void null_engine(driftcore_engine *engine, driftcore_rules *rules)\n{\n\
         \tdriftcore_counters counters = { .size = sizeof(counters) };\n\
         \tdriftcore_callbacks callbacks = { .size = sizeof(callbacks) };\n\
         \tdriftcore_engine *made = NULL;\n\
         \tdriftcore_error *error = NULL;\n\n",
    );
    for function in header.functions.iter().filter(|it| it.name.starts_with("driftcore_engine_")) {
        for null in refused(function) {
            let value = |it: &Variable| -> Result<String> {
                Ok(match (it.kind.as_str(), it.name.as_str()) {
                    _ if it.name == null.name => "NULL".into(),
                    ("struct driftcore_error **", _) => "&error".into(),
                    ("struct driftcore_engine **", _) => "&made".into(),
                    ("const struct driftcore_options *", _) => "NULL".into(),
                    ("void *", "context") => "NULL".into(),
                    (_, "callback") => "on_exception".into(),
                    ("int", _) => "0".into(),
                    (_, "engine" | "rules") => it.name.clone(),
                    (_, "counters" | "callbacks") => format!("&{}", it.name),
                    _ => anyhow::bail!("{}: no value for {}", function.name, it.name),
                })
            };
            let values = function.parameters.iter().map(value).collect::<Result<Vec<_>>>()?;
            code += &check(header, function, Some(&null.name), &Ok(values.join(", ")))?
                .replace("f.failure", "error");
        }
    }
    // Whatever is made here would be a mistake.
    code += "\tCHECK(!made && rules && counters.size && callbacks.size);\n}\n";
    Ok(code)
}

/// Whether a function is called with an entry of a scan that ran.
pub(crate) fn takes_an_entry(function: &Function) -> bool {
    function.parameters.iter().any(|it| it.kind == "const struct driftcore_entry *")
}

/// Whether a function that is no engine's loads the sensor's probes.
pub(crate) fn loads_probes(function: &Function) -> bool {
    function.name == "driftcore_verifier_containers"
}

/// The calls of one function: none NULL, each pointer NULL, all NULL.
fn each(header: &Header, function: &Function, code: &mut String) -> Result<()> {
    let mut with_fixture = |calls: &str| {
        *code += "\tfixture_make(&f);\n";
        *code += calls;
        *code += "\tfixture_free(&f);\n";
    };
    with_fixture(&check(header, function, None, &arguments(function, |_| false))?);
    let mut refused = String::new();
    for parameter in function.parameters.iter().filter(|it| it.is_pointer()) {
        let is_it = |it: &Variable| it.name == parameter.name;
        // The same where nobody wants the error.
        let quiet = |it: &Variable| is_it(it) || it.name == "error";
        if may_be_null(function, parameter) {
            with_fixture(&check(header, function, None, &arguments(function, is_it))?);
            with_fixture(&check(header, function, None, &arguments(function, quiet))?);
        } else {
            // What is refused leaves everything as it was.
            let name = Some(parameter.name.as_str());
            refused += &check(header, function, name, &arguments(function, is_it))?;
            refused += &check(header, function, Some(""), &arguments(function, quiet))?;
        }
    }
    if !refused.is_empty() {
        refused += &check(header, function, Some(""), &arguments(function, all_null))?;
        with_fixture(&refused);
    }
    Ok(())
}

fn all_null(parameter: &Variable) -> bool {
    parameter.is_pointer()
}

fn refused(function: &Function) -> impl Iterator<Item = &Variable> {
    function.parameters.iter().filter(|it| it.is_pointer() && !may_be_null(function, it))
}

fn may_be_null(function: &Function, parameter: &Variable) -> bool {
    parameter.name == "error" && function.name != "driftcore_error_free" && is_out(parameter)
        || MAY_BE_NULL.contains(&(&function.name, &parameter.name))
}

fn is_out(parameter: &Variable) -> bool {
    parameter.kind.ends_with("**")
}

fn arguments(function: &Function, is_null: impl Fn(&Variable) -> bool) -> Result<String> {
    let value = |it| if is_null(it) { Ok("NULL".to_owned()) } else { value(function, it) };
    Ok(function.parameters.iter().map(value).collect::<Result<Vec<_>>>()?.join(", "))
}

/// A value that the function takes.
fn value(function: &Function, parameter: &Variable) -> Result<String> {
    let kind = parameter.kind.replace("struct ", "");
    let object = kind.trim_start_matches("const ").trim_end_matches([' ', '*']);
    let short = object.strip_prefix("driftcore_").unwrap_or(object);
    let frees = function.name.ends_with("_free") || function.name.ends_with("_destroy");
    if kind == "driftcore_error **" && !frees {
        return Ok("&f.failure".into());
    }
    if kind.ends_with("**") {
        return Ok(if frees { format!("&f.{short}") } else { format!("&f.out_{short}") });
    }
    let of =
        |it: &&(&str, &str, &str)| (it.0 == function.name || it.0 == "*") && it.1 == parameter.name;
    if let Some((_, value)) = MEMBERS.iter().find(|it| it.0 == kind) {
        return Ok((*value).into());
    }
    if !kind.starts_with("driftcore_") && !kind.starts_with("const driftcore_")
        || kind.ends_with("_function")
    {
        let found = VALUES.iter().find(of);
        return Ok(found
            .with_context(|| {
                let Function { name, .. } = function;
                format!("{name}: a value for {:?} of type {kind} is to be named", parameter.name)
            })?
            .2
            .into());
    }
    Ok(format!("f.{short}"))
}

/// The call with these arguments, and what it must return when `null` names what is NULL and must
/// not be (empty: something).
fn check(
    header: &Header,
    function: &Function,
    null: Option<&str>,
    arguments: &Result<String>,
) -> Result<String> {
    let arguments = arguments.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let call = format!("{}({arguments})", function.name);
    let fallible = function.parameters.last().is_some_and(|it| {
        it.kind == "struct driftcore_error **" && function.returns == "enum driftcore_status"
    });
    Ok(match (function.returns.as_str(), null) {
        ("void", _) => format!("\t{call};\n"),
        (_, None) if fallible => {
            let invalid = "DRIFTCORE_STATUS_INVALID_ARGUMENT";
            format!("\tCHECK({call} != {invalid});\n")
        }
        (_, Some(name)) if fallible => {
            let mut code = format!("\tCHECK_INVALID({call});\n");
            let wants_error = arguments.ends_with("&f.failure") || arguments.ends_with("&error");
            if wants_error && !name.is_empty() {
                code += &format!(
                    "\tCHECK(text_has(driftcore_error_message(f.failure), \"`{name}`\"));\n\
                     \tdriftcore_error_free(&f.failure);\n"
                );
            }
            code
        }
        ("struct driftcore_text", Some(_)) => {
            format!("\tCHECK(!{call}.data);\n")
        }
        ("int", Some(_)) => format!("\tCHECK_IS(-1, {call});\n"),
        (kind, Some(_)) if kind.ends_with('*') => format!("\tCHECK(!{call});\n"),
        (kind, Some(_)) => {
            let known = header.enums.keys().any(|it| kind == format!("enum {it}"))
                || ["uint32_t", "uint64_t", "size_t"].contains(&kind);
            ensure!(known, "{}: what stands for nothing in {kind}?", function.name);
            format!("\tCHECK_IS(0, {call});\n")
        }
        (kind, None) if kind.ends_with('*') && function.name.ends_with("_new") => {
            let object = kind.trim_start_matches("struct driftcore_").trim_end_matches(" *");
            format!("\tf.out_{object} = {call};\n\tCHECK(f.out_{object});\n")
        }
        (kind, None) if kind.ends_with('*') && function.name.ends_with("_copy") => {
            let object = kind.trim_start_matches("struct driftcore_").trim_end_matches(" *");
            format!("\tf.out_{object} = {call};\n\tCHECK(f.out_{object});\n")
        }
        (_, None) => format!("\t(void){call};\n"),
    })
}
