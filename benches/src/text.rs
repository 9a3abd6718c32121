//! The synthetic rules as a rules file.

use std::fmt::Write as _;

use driftcore::matcher::Comparison;
use driftcore::matcher::Condition;
use driftcore::matcher::Constant;
use driftcore::matcher::Operand;
use driftcore::matcher::TextTest;

use crate::synthetic;

/// This many rules as users write them, the same ones in every run.
pub fn synthetic_text(count: usize) -> String {
    let mut text = String::new();
    for (number, condition) in synthetic(count).iter().enumerate() {
        let condition = written(condition, false);
        writeln!(
            text,
            "- rule: Synthetic rule {number}\n  desc: Number {number} of the benchmark's rules\n  \
             condition: >\n    {condition}\n  output: >\n    Found by number {number} \
             (file=%fd.name cmdline=%proc.cmdline parent=%proc.pname user=%user.name \
             image=%container.image.repository)\n  priority: WARNING\n  \
             tags: [container, synthetic]\n"
        )
        .unwrap();
    }
    text
}

fn written(condition: &Condition, inner: bool) -> String {
    match condition {
        Condition::All(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| written(part, true)).collect();
            let all = parts.join(" and ");
            if inner { format!("({all})") } else { all }
        }
        Condition::Not(part) => format!("not {}", written(part, true)),
        Condition::Test(test) => {
            let Operand::Field(field) = &test.left else { unreachable!("a field is tested") };
            let name = field.id.field().name;
            match &test.comparison {
                Comparison::In(values) => {
                    let values: Vec<String> = values.iter().map(constant).collect();
                    format!("{name} in ({})", values.join(", "))
                }
                Comparison::Equal(value) => format!("{name} = {}", constant(value)),
                Comparison::Text(TextTest::StartsWith, value) => {
                    format!("{name} startswith {}", String::from_utf8_lossy(value))
                }
                Comparison::Text(TextTest::Glob, value) => {
                    format!("{name} glob {}", String::from_utf8_lossy(value))
                }
                other => unreachable!("no synthetic rule has {other:?}"),
            }
        }
        other => unreachable!("no synthetic rule has {other:?}"),
    }
}

fn constant(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Constant::Bool(value) => value.to_string(),
        other => unreachable!("no synthetic rule has {other:?}"),
    }
}
