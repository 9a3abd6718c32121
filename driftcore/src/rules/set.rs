//! Rules, ready to match.

use super::Asked;
use super::CheckOptions;
use super::CheckedRule;
use super::Definition;
use super::Diagnostic;
use super::Loaded;
use super::Outcome;
use super::Severity;
use super::check_rules;
use super::listing::Listing;
use super::listing::Status;
use crate::fields::EventType;
use crate::fields::Fields;
use crate::matcher::Format;
use crate::matcher::Limits;
use crate::matcher::Policy;
use crate::matcher::Priority;
use crate::matcher::Program;
use crate::matcher::ProgramInfo;
use crate::matcher::Rule;
use crate::matcher::RuleIndex;
use crate::matcher::Scratch;

/// How rules are made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetOptions {
    /// Whether only the first rule that matches an event counts, or all. Default: the first, as
    /// in Falco.
    pub policy: Policy,
    /// Rules that are less severe than this are left out. Default: [`Priority::Debug`], none.
    pub least_priority: Priority,
    /// Appends container, image and pod to each output, as Falco does. Default: yes.
    pub suggested_output: bool,
    /// Bounds of the compiled program.
    pub limits: Limits,
}

impl Default for SetOptions {
    fn default() -> Self {
        Self {
            policy: Policy::First,
            least_priority: Priority::Debug,
            suggested_output: true,
            limits: Limits::default(),
        }
    }
}

/// What a matching rule reports.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActiveRule {
    /// Its name.
    pub name: String,
    /// How bad a match is.
    pub priority: Priority,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Its source, `syscall`.
    pub source: String,
    /// What it prints.
    pub output: Format,
}

/// Rules that are enabled and sound, compiled to one program; and a list of all that were loaded.
#[derive(Debug)]
pub struct RuleSet {
    program: Program,
    policy: Policy,
    rules: Vec<ActiveRule>,
    listings: Vec<Listing>,
    asked: Asked,
}

impl RuleSet {
    /// Checks and compiles what was loaded. All diagnostics, those of the loading too, in order;
    /// no set when there is an error among them.
    pub fn new(loaded: Loaded, options: &SetOptions) -> (Option<Self>, Vec<Diagnostic>) {
        let Loaded { definitions, not_applicable, mut diagnostics } = loaded;
        let mut listings = Vec::with_capacity(definitions.len() + not_applicable.len());
        let mut checked: Vec<(&Definition, CheckedRule)> = Vec::with_capacity(definitions.len());
        let check = CheckOptions {
            suggested_fields: options.suggested_output,
            first_match: options.policy == Policy::First,
        };
        let outcomes = check_rules(&definitions, &check, &mut diagnostics);
        for (definition, outcome) in definitions.iter().zip(outcomes) {
            let (status, rule) = match outcome {
                Outcome::Checked(rule) => (status_of(definition, &rule, options), Some(rule)),
                Outcome::Skipped => (Status::Skipped, None),
                Outcome::NotApplicable => (Status::NotApplicable, None),
                // Its errors are among the diagnostics: there will be no set.
                Outcome::Failed => continue,
            };
            listings.push(Listing::of(definition, status, rule.as_deref()));
            if let Some(rule) = rule
                && matches!(status, Status::Active | Status::Waiting)
            {
                checked.push((definition, *rule));
            }
        }
        listings.extend(not_applicable.iter().map(Listing::not_applicable));

        let program = compile(&checked, options, &mut diagnostics);
        let failed = diagnostics.iter().any(|it| it.severity == Severity::Error);
        let Some(program) = program.filter(|_| !failed) else { return (None, diagnostics) };
        let asked =
            checked.iter().fold(Asked::default(), |asked, (_, rule)| asked.union(rule.asked()));
        let rules = checked
            .into_iter()
            .map(|(definition, rule)| ActiveRule {
                name: definition.name.text.clone(),
                priority: definition.priority,
                tags: definition.tags.clone(),
                source: definition.source.clone(),
                output: rule.output,
            })
            .collect();
        (Some(Self { program, policy: options.policy, rules, listings, asked }), diagnostics)
    }

    /// Calls `on_match` with the rules that match an event, in the order of their definition.
    /// Allocates nothing once the scratch has grown to what events need.
    pub fn matches<F: Fields + ?Sized>(
        &self,
        event: &F,
        scratch: &mut Scratch,
        on_match: impl FnMut(RuleIndex),
    ) {
        self.program.matches(event, scratch, self.policy, on_match);
    }

    /// A rule that matched.
    pub fn rule(&self, index: RuleIndex) -> Option<&ActiveRule> {
        self.rules.get(index.index())
    }

    /// The rules that are matched, in order.
    pub fn rules(&self) -> &[ActiveRule] {
        &self.rules
    }

    /// All rules that were loaded, those that are not matched too.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// Whether an event of this type could match.
    pub fn may_match(&self, event_type: EventType) -> bool {
        self.program.may_match(event_type)
    }

    /// What its rules ask the sensor for.
    pub const fn asked(&self) -> &Asked {
        &self.asked
    }

    /// What the program reads and how large it is.
    pub const fn info(&self) -> &ProgramInfo {
        self.program.info()
    }
}

fn status_of(definition: &Definition, rule: &CheckedRule, options: &SetOptions) -> Status {
    if !definition.enabled {
        Status::Disabled
    } else if definition.priority > options.least_priority {
        Status::BelowPriority
    } else if rule.can_fire() {
        Status::Active
    } else {
        Status::Waiting
    }
}

fn compile(
    checked: &[(&Definition, CheckedRule)],
    options: &SetOptions,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Program> {
    let types: Vec<Vec<EventType>> =
        checked.iter().map(|(_, rule)| rule.event_types.iter().collect()).collect();
    let rules: Vec<Rule<'_>> = checked
        .iter()
        .zip(&types)
        .map(|((_, rule), types)| Rule { condition: &rule.condition, event_types: Some(types) })
        .collect();
    match Program::compile(&rules, &options.limits) {
        Ok(program) => Some(program),
        Err(error) => {
            // It is about the rules as a whole: the first stands for them.
            let span = checked.first().map(|(definition, _)| definition.name.span);
            diagnostics.push(Diagnostic::error(
                "limit",
                error.to_string(),
                span.unwrap_or_default(),
            ));
            None
        }
    }
}
