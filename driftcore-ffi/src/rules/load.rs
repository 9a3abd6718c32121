//! From sources to rules.

use std::sync::Arc;

use driftcore::rules::Limits;
use driftcore::rules::RuleSet;
use driftcore::rules::Severity;
use driftcore::rules::Status;
use driftcore::rules::load;

use super::diagnostics::Record;
use super::diagnostics::driftcore_diagnostics;
use super::sources::driftcore_sources;
use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::handle;
use crate::options::driftcore_options;
use crate::status::driftcore_status;

/// Rules, ready to match. Never changes; any number of threads, engines and matchers may use it at
/// the same time. Since 0.1.0.
#[derive(Debug)]
pub struct driftcore_rules {
    pub(crate) set: Arc<RuleSet>,
    /// Of each rule that is matched, its number in the list of all.
    pub(crate) numbers: Arc<[u32]>,
    pub(super) json: String,
}

impl driftcore_rules {
    fn new(set: RuleSet) -> Result<Self, Failure> {
        let matched = |status| matches!(status, Status::Active | Status::Waiting);
        let all = (0_u32..).zip(set.listings());
        let numbers = all.filter(|(_, rule)| matched(rule.status)).map(|(number, _)| number);
        let numbers = numbers.collect();
        let json = serde_json::to_string(set.listings());
        let json = json.map_err(|error| {
            Failure::new(driftcore_status::DRIFTCORE_STATUS_IO, error.to_string())
        })?;
        Ok(Self { set: Arc::new(set), numbers, json })
    }
}

/// Loads and compiles rules. `options` may be NULL: the defaults.
///
/// `rules` gets the rules, for `driftcore_rules_free`, or NULL when there are errors among the
/// diagnostics; then the status is `DRIFTCORE_STATUS_RULES`, and the error is about the first of
/// them. `diagnostics` (NULL: not wanted) gets everything that is to be said, warnings too, for
/// `driftcore_diagnostics_free`; warnings about the shipped rules are left out. Other arguments must
/// not be NULL. `sources` may be used again. Any thread, while no other changes `sources` or
/// `options`. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_rules_load(
    sources: *const driftcore_sources,
    options: *const driftcore_options,
    rules: *mut *mut driftcore_rules,
    diagnostics: *mut *mut driftcore_diagnostics,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        if !diagnostics.is_null() {
            handle::prepare!(diagnostics)?;
        }
        handle::prepare!(rules)?;
        let sources = &handle::borrow!(sources)?.sources;
        let options = handle::lend!(options).map(|it| it.rules.clone()).unwrap_or_default();
        let (set, said) = RuleSet::new(load(sources, &Limits::default()), &options);

        let said: Vec<Record> = said
            .iter()
            .filter(|it| it.concerns_users(sources))
            .map(|it| Record::new(sources, it))
            .collect();
        let outcome = match (set, said.iter().find(|it| it.severity == Severity::Error)) {
            (Some(set), _) => driftcore_rules::new(set),
            (None, Some(first)) => Err(first.failure()),
            (None, None) => Err(Failure::new(
                driftcore_status::DRIFTCORE_STATUS_RULES,
                "the rules do not load, and no diagnostic says why",
            )),
        };
        if !diagnostics.is_null() {
            handle::put!(diagnostics, handle::give(driftcore_diagnostics::new(said)));
        }
        handle::put!(rules, handle::give(outcome?));
        Ok(())
    })
}

/// Frees rules and sets the pointer to them to NULL. Engines and matchers that use them go on to.
/// NULL, or a pointer to NULL: nothing. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_rules_free(rules: *mut *mut driftcore_rules) {
    handle::free!(rules);
}
