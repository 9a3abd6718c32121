//! What a baseline holds, in numbers.

use serde_json::Value;
use serde_json::json;

use super::document::Baseline;
use super::selector::Selector;
use super::workload::Workload;

impl Baseline {
    /// How much it holds of which containers, as a JSON object: docs/baselines.md says what is in it.
    pub fn summary(&self) -> Value {
        let workloads: Vec<Value> = self.workloads().map(line).collect();
        json!({"version": 1, "workloads": workloads})
    }
}

fn line((selector, workload): (Selector, &Workload)) -> Value {
    let mut line = json!({
        "selector": selector.to_string(),
        "names": workload.names().collect::<Vec<_>>(),
        "first": workload.seen().map(|(first, _)| first),
        "last": workload.seen().map(|(_, last)| last),
    });
    for (key, count) in workload.counts() {
        line[key] = count.into();
    }
    line
}
