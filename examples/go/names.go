package driftcore

// #include "bridge.h"
import "C"

// A Verdict says where a file came from.
type Verdict uint32

// The verdicts, as README.md of the repository explains them.
const (
	VerdictNone     Verdict = C.DRIFTCORE_VERDICT_NONE      // no file was judged
	VerdictOther    Verdict = C.DRIFTCORE_VERDICT_OTHER     // one that this package does not name
	VerdictHost     Verdict = C.DRIFTCORE_VERDICT_HOST      // the host's filesystem
	VerdictMemfd    Verdict = C.DRIFTCORE_VERDICT_MEMFD     // an anonymous memory file
	VerdictDeleted  Verdict = C.DRIFTCORE_VERDICT_DELETED   // a file with no name left
	VerdictTmpfs    Verdict = C.DRIFTCORE_VERDICT_TMPFS     // on a tmpfs of the container
	VerdictVolume   Verdict = C.DRIFTCORE_VERDICT_VOLUME    // on another mount than the root
	VerdictImage    Verdict = C.DRIFTCORE_VERDICT_IMAGE     // served by an image layer
	VerdictCopiedUp Verdict = C.DRIFTCORE_VERDICT_COPIED_UP // proved equal to the image's file
	VerdictModified Verdict = C.DRIFTCORE_VERDICT_MODIFIED  // an image file whose content differs
	VerdictReplaced Verdict = C.DRIFTCORE_VERDICT_REPLACED  // another file in an image file's place
	VerdictAdded    Verdict = C.DRIFTCORE_VERDICT_ADDED     // the image has no such path
	VerdictUnknown  Verdict = C.DRIFTCORE_VERDICT_UNKNOWN   // it could not be proved
)

// The library's own names: they cannot differ.
var verdictNames = func() (names [VerdictUnknown + 1]string) {
	for verdict := range names {
		names[verdict] = C.GoString(C.driftcore_verdict_name(C.uint32_t(verdict)))
	}
	return names
}()

// String is the name in events and rules, such as "copied_up".
func (v Verdict) String() string { return name(verdictNames[:], v) }

// An EvidenceKind says what a verdict rests on.
type EvidenceKind uint32

// What a verdict may rest on.
const (
	EvidenceNone     EvidenceKind = C.DRIFTCORE_EVIDENCE_NONE     // nothing was proved
	EvidenceOther    EvidenceKind = C.DRIFTCORE_EVIDENCE_OTHER    // one that this package does not name
	EvidenceKernel   EvidenceKind = C.DRIFTCORE_EVIDENCE_KERNEL   // kernel objects alone
	EvidenceContent  EvidenceKind = C.DRIFTCORE_EVIDENCE_CONTENT  // content, compared with the image's
	EvidenceManifest EvidenceKind = C.DRIFTCORE_EVIDENCE_MANIFEST // an image manifest
	EvidenceTime     EvidenceKind = C.DRIFTCORE_EVIDENCE_TIME     // times against the container's start
)

// String is the name in events.
func (e EvidenceKind) String() string {
	return name([]string{"none", "other", "kernel", "content", "manifest", "time"}, e)
}

// A Kind says what an event is about.
type Kind uint32

// What events are about.
const (
	KindOther  Kind = C.DRIFTCORE_KIND_OTHER  // one that this package does not name
	KindBinary Kind = C.DRIFTCORE_KIND_BINARY // code that ran
	KindSensor Kind = C.DRIFTCORE_KIND_SENSOR // the sensor itself
)

// String is the name in events.
func (k Kind) String() string { return name([]string{"other", "binary", "sensor"}, k) }

// An Action says what happened.
type Action uint32

// What may happen.
const (
	ActionOther   Action = C.DRIFTCORE_ACTION_OTHER   // one that this package does not name
	ActionExec    Action = C.DRIFTCORE_ACTION_EXEC    // a program was executed
	ActionDropped Action = C.DRIFTCORE_ACTION_DROPPED // the sensor lost events
	ActionBlind   Action = C.DRIFTCORE_ACTION_BLIND   // the sensor does not see what it should
)

// String is the name in events.
func (a Action) String() string { return name([]string{"other", "exec", "dropped", "blind"}, a) }

// A Priority says how bad a match is: the smaller, the worse.
type Priority uint32

// Falco's priorities.
const (
	PriorityEmergency     Priority = C.DRIFTCORE_PRIORITY_EMERGENCY
	PriorityAlert         Priority = C.DRIFTCORE_PRIORITY_ALERT
	PriorityCritical      Priority = C.DRIFTCORE_PRIORITY_CRITICAL
	PriorityError         Priority = C.DRIFTCORE_PRIORITY_ERROR
	PriorityWarning       Priority = C.DRIFTCORE_PRIORITY_WARNING
	PriorityNotice        Priority = C.DRIFTCORE_PRIORITY_NOTICE
	PriorityInformational Priority = C.DRIFTCORE_PRIORITY_INFORMATIONAL
	PriorityDebug         Priority = C.DRIFTCORE_PRIORITY_DEBUG
	PriorityNone          Priority = C.DRIFTCORE_PRIORITY_NONE // the rule was not looked at so far
)

// String is the name in alerts, such as "Critical".
func (p Priority) String() string {
	if p == PriorityNone {
		return "None"
	}
	return name([]string{
		"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug",
	}, p)
}

// A Severity says how bad a diagnostic is.
type Severity uint32

// How bad a diagnostic may be.
const (
	SeverityWarning Severity = C.DRIFTCORE_SEVERITY_WARNING // the rules load
	SeverityError   Severity = C.DRIFTCORE_SEVERITY_ERROR   // they do not
)

// String is "warning" or "error".
func (s Severity) String() string { return name([]string{"warning", "error"}, s) }

// A RuleStatus says what became of a rule.
type RuleStatus uint32

// What may become of a rule.
const (
	RuleOther         RuleStatus = C.DRIFTCORE_RULE_STATUS_OTHER          // one that this package does not name
	RuleActive        RuleStatus = C.DRIFTCORE_RULE_STATUS_ACTIVE         // it is matched
	RuleWaiting       RuleStatus = C.DRIFTCORE_RULE_STATUS_WAITING        // the sensor gives none of its events
	RuleDisabled      RuleStatus = C.DRIFTCORE_RULE_STATUS_DISABLED       // it is switched off
	RuleBelowPriority RuleStatus = C.DRIFTCORE_RULE_STATUS_BELOW_PRIORITY // less severe than what was asked for
	RuleSkipped       RuleStatus = C.DRIFTCORE_RULE_STATUS_SKIPPED        // it uses what is not known
	RuleNotApplicable RuleStatus = C.DRIFTCORE_RULE_STATUS_NOT_APPLICABLE // it is about another source of events
)

// String is the status in a word or two.
func (s RuleStatus) String() string {
	return name([]string{
		"other", "active", "waiting", "disabled", "below priority", "skipped", "not applicable",
	}, s)
}

// name is the name of a value, "other" for those that a newer library has.
func name[T ~uint32](names []string, value T) string {
	if int(value) < len(names) {
		return names[value]
	}
	return "other"
}
