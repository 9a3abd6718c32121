//! Dry runs, and what is told of them.

use std::path::Path;

use serde_json::json;

use super::*;

fn learned(events: &[DriftEvent]) -> Baseline {
    let mut learner = Learner::new(LearnOptions { accept: true, label: None });
    events.iter().for_each(|event| learner.learn(event));
    learner.finish().0
}

fn exceptions(text: &str) -> Exceptions {
    Exceptions::parse(Path::new("e"), &format!("version: 1\nexceptions:\n{text}")).unwrap()
}

#[test]
fn events_come_to_what_baseline_and_exceptions_say() {
    let taken = "  - {reason: the agent, path: /opt/agent/**}\n";
    let expired = "  - {reason: old, path: /old/**, expires: 1970-01-01T00:00:00Z}\n";
    let list = exceptions(&format!("{taken}{expired}"));
    let judge = Judge::new(Some(learned(&[creates("/srv/a")])), list);
    let mut other = creates("/srv/a");
    other.container = Some(container(2));
    for (event, judged) in [
        (creates("/srv/b"), Judged::Expected),
        (creates("/opt/agent/x"), Judged::Excepted),
        (creates("/old/x"), Judged::Departs),
        (other, Judged::NotCovered),
        (event(Kind::Sensor, Action::Dropped), Judged::NotCovered),
    ] {
        assert_eq!(judge.judge(&event), judged, "{event:?}");
    }
    assert_eq!(
        judge.exceptions().report(),
        json!([
            {"reason": "the agent", "taken": 1, "after_expiry": 0},
            {"reason": "old", "taken": 0, "after_expiry": 1},
        ])
    );
}

#[test]
fn without_a_baseline_what_was_drift_departs() {
    let judge = Judge::default();
    let mut calm = creates("/srv/a");
    calm.drift = false;
    let mut sensor = event(Kind::Sensor, Action::Dropped);
    sensor.drift = true;
    assert_eq!(judge.judge(&creates("/srv/a")), Judged::Departs);
    assert_eq!(judge.judge(&calm), Judged::NotCovered);
    assert_eq!(judge.judge(&sensor), Judged::NotCovered);
    // A baseline that speaks of nobody is one.
    let judge = Judge::new(Some(Baseline::new()), Exceptions::default());
    assert_eq!(judge.judge(&creates("/srv/a")), Judged::NotCovered);
}

#[test]
fn a_baseline_is_told_in_numbers() {
    assert_eq!(Baseline::new().summary(), json!({"version": 1, "workloads": []}));
    let summary = learned(&[creates("/srv/a"), creates("/var/b"), listens("0.0.0.0:80")]).summary();
    let workload = &summary["workloads"][0];
    assert_eq!(workload["selector"], format!("sha256:{}", digest(1)));
    assert_eq!(workload["names"], json!(["registry.example/app:1"]));
    assert_eq!((&workload["directories"], &workload["listen"]), (&json!(2), &json!(1)));
    assert_eq!(workload["first"], "1970-01-01T00:00:01.000000000Z");
}

#[test]
fn suggestions_are_a_document_that_lacks_reasons_alone() {
    let mut suggester = Suggester::new();
    assert!(suggester.suggest().to_string().ends_with("version: 1\nexceptions: []\n"));
    suggester.see(&creates("/srv/d/a"), true);
    suggester.see(&creates("/srv/d/b"), true);
    // What is in a comment cannot end it.
    suggester.see(&creates("/srv/d/x\n- reason: evil\u{2028}\u{202e}/ä"), false);
    let suggestions = suggester.suggest();
    let text = suggestions.to_string();
    assert!(text.contains(r"/srv/d/x\n- reason: evil\u{2028}\u{202e}"), "{text}");
    let refused = Exceptions::parse(Path::new("e"), &text).unwrap_err().to_string();
    assert!(refused.contains("say why"), "{refused}");
    let text = text.replace("reason: \"\"", "reason: it is ours");
    let exceptions = Exceptions::parse(Path::new("e"), &text).unwrap();
    assert!(exceptions.take(&creates("/srv/d/a")).is_some(), "{text}");
    let report = suggestions.report();
    assert_eq!((&report["version"], &report["not_covered"]), (&json!(1), &json!(0)));
    assert_eq!(report["suggestions"][0]["silences"], 2);
}
