//! What rules there are.

use driftcore::matcher::Priority;
use driftcore::rules::Listing;
use driftcore::rules::Status;

use super::load::driftcore_rules;
use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::sized;
use crate::sized::sized;
use crate::status::driftcore_status;
use crate::text::driftcore_text;

/// How bad a match is, by Falco's names, the worst first. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_priority {
    /// The system is unusable.
    DRIFTCORE_PRIORITY_EMERGENCY = 0,
    /// Act at once.
    DRIFTCORE_PRIORITY_ALERT = 1,
    /// Act now.
    DRIFTCORE_PRIORITY_CRITICAL = 2,
    /// Something failed.
    DRIFTCORE_PRIORITY_ERROR = 3,
    /// Look at it.
    DRIFTCORE_PRIORITY_WARNING = 4,
    /// Normal, but of note.
    DRIFTCORE_PRIORITY_NOTICE = 5,
    /// For information.
    DRIFTCORE_PRIORITY_INFORMATIONAL = 6,
    /// For those who debug.
    DRIFTCORE_PRIORITY_DEBUG = 7,
    /// The rule was not looked at so far.
    DRIFTCORE_PRIORITY_NONE = 255,
}

impl From<Priority> for driftcore_priority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Emergency => Self::DRIFTCORE_PRIORITY_EMERGENCY,
            Priority::Alert => Self::DRIFTCORE_PRIORITY_ALERT,
            Priority::Critical => Self::DRIFTCORE_PRIORITY_CRITICAL,
            Priority::Error => Self::DRIFTCORE_PRIORITY_ERROR,
            Priority::Warning => Self::DRIFTCORE_PRIORITY_WARNING,
            Priority::Notice => Self::DRIFTCORE_PRIORITY_NOTICE,
            Priority::Informational => Self::DRIFTCORE_PRIORITY_INFORMATIONAL,
            Priority::Debug => Self::DRIFTCORE_PRIORITY_DEBUG,
        }
    }
}

/// What became of a rule. New values may be added. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum driftcore_rule_status {
    /// One that this header does not name.
    DRIFTCORE_RULE_STATUS_OTHER = 0,
    /// It is matched.
    DRIFTCORE_RULE_STATUS_ACTIVE = 1,
    /// It is matched, but the sensor gives none of the events that it is about.
    DRIFTCORE_RULE_STATUS_WAITING = 2,
    /// It is switched off.
    DRIFTCORE_RULE_STATUS_DISABLED = 3,
    /// It is less severe than what was asked for.
    DRIFTCORE_RULE_STATUS_BELOW_PRIORITY = 4,
    /// It uses what is not known, and asked to be left out then.
    DRIFTCORE_RULE_STATUS_SKIPPED = 5,
    /// It is about another source of events.
    DRIFTCORE_RULE_STATUS_NOT_APPLICABLE = 6,
}

impl From<Status> for driftcore_rule_status {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::DRIFTCORE_RULE_STATUS_ACTIVE,
            Status::Waiting => Self::DRIFTCORE_RULE_STATUS_WAITING,
            Status::Disabled => Self::DRIFTCORE_RULE_STATUS_DISABLED,
            Status::BelowPriority => Self::DRIFTCORE_RULE_STATUS_BELOW_PRIORITY,
            Status::Skipped => Self::DRIFTCORE_RULE_STATUS_SKIPPED,
            Status::NotApplicable => Self::DRIFTCORE_RULE_STATUS_NOT_APPLICABLE,
            _ => Self::DRIFTCORE_RULE_STATUS_OTHER,
        }
    }
}

/// A rule. Texts are borrowed from the rules. Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct driftcore_rule {
    /// `sizeof(driftcore_rule)`, set by the caller.
    pub size: usize,
    /// Its name.
    pub name: driftcore_text,
    /// Its source of events, `syscall`.
    pub source: driftcore_text,
    /// Its description.
    pub description: driftcore_text,
    /// How many tags it has.
    pub tag_count: usize,
    /// A `driftcore_rule_status`.
    pub status: u32,
    /// A `driftcore_priority`.
    pub priority: u32,
}

sized!(driftcore_rule {
    name: driftcore_text,
    source: driftcore_text,
    description: driftcore_text,
    tag_count: usize,
    status: u32,
    priority: u32,
} first: 72);

/// How many rules were loaded, those that are not matched too. NULL: 0. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_rules_count(rules: *const driftcore_rules) -> usize {
    quiet(0, || Some(handle::lend!(rules)?.set.listings().len()))
}

fn listing(rules: &driftcore_rules, index: usize) -> Result<&Listing, Failure> {
    let all = rules.set.listings();
    all.get(index)
        .ok_or_else(|| Failure::argument(format!("there is no rule {index} of {}", all.len())))
}

/// Fills a record, whose size is set, with the rule of that index. NULL anywhere but in `error`, or
/// no such index: refused. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_rules_get(
    rules: *const driftcore_rules,
    index: usize,
    rule: *mut driftcore_rule,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let one = listing(handle::borrow!(rules)?, index)?;
        let priority = one.priority.map_or(driftcore_priority::DRIFTCORE_PRIORITY_NONE, Into::into);
        let filled = driftcore_rule {
            size: 0,
            name: (&*one.name).into(),
            source: (&*one.source).into(),
            description: (&*one.description).into(),
            tag_count: one.tags.len(),
            status: driftcore_rule_status::from(one.status) as u32,
            priority: priority as u32,
        };
        sized::write("rule", rule, &filled)
    })
}

/// A tag of a rule, borrowed from the rules. NULL, or no such rule or tag: absent. Any thread. Since
/// 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_rules_tag(
    rules: *const driftcore_rules,
    index: usize,
    tag: usize,
) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || {
        let rule = handle::lend!(rules)?.set.listings().get(index)?;
        Some((&**rule.tags.get(tag)?).into())
    })
}

/// All rules as a JSON array, with the event types that each may match and what the sensor cannot
/// give it; borrowed from the rules. NULL: absent. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_rules_json(rules: *const driftcore_rules) -> driftcore_text {
    quiet(driftcore_text::ABSENT, || Some((&*handle::lend!(rules)?.json).into()))
}
