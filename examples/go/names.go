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

// A Ruling says why an event is drift, or none, other than by its own nature.
type Ruling uint32

// What may be ruled.
const (
	RulingNone      Ruling = C.DRIFTCORE_RULING_NONE      // by its own nature
	RulingOther     Ruling = C.DRIFTCORE_RULING_OTHER     // one that this package does not name
	RulingBaseline  Ruling = C.DRIFTCORE_RULING_BASELINE  // a baseline expects it
	RulingException Ruling = C.DRIFTCORE_RULING_EXCEPTION // an approved exception takes it
	RulingGrace     Ruling = C.DRIFTCORE_RULING_GRACE     // its container has only just started
	RulingDeparts   Ruling = C.DRIFTCORE_RULING_DEPARTS   // the baseline of its container does not expect it
)

// String is the name in events.
func (r Ruling) String() string {
	return name([]string{"none", "other", "baseline", "exception", "grace", "departs"}, r)
}

// A Kind says what an event is about.
type Kind uint32

// What events are about.
const (
	KindOther   Kind = C.DRIFTCORE_KIND_OTHER   // one that this package does not name
	KindBinary  Kind = C.DRIFTCORE_KIND_BINARY  // code that ran
	KindSensor  Kind = C.DRIFTCORE_KIND_SENSOR  // the sensor itself
	KindFile    Kind = C.DRIFTCORE_KIND_FILE    // a container's files
	KindNetwork Kind = C.DRIFTCORE_KIND_NETWORK // its listeners and connections
	KindSyscall Kind = C.DRIFTCORE_KIND_SYSCALL // another system call
	KindPackage Kind = C.DRIFTCORE_KIND_PACKAGE // its packages
	KindConfig  Kind = C.DRIFTCORE_KIND_CONFIG  // how it is set up
	KindDigest  Kind = C.DRIFTCORE_KIND_DIGEST  // the image that it runs
)

// String is the name in events.
func (k Kind) String() string {
	return name([]string{"other", "binary", "sensor", "file", "network", "syscall", "package",
		"config", "digest"}, k)
}

// An Action says what happened.
type Action uint32

// What may happen.
const (
	ActionOther      Action = C.DRIFTCORE_ACTION_OTHER      // one that this package does not name
	ActionExec       Action = C.DRIFTCORE_ACTION_EXEC       // a program was executed
	ActionDropped    Action = C.DRIFTCORE_ACTION_DROPPED    // the sensor lost events
	ActionBlind      Action = C.DRIFTCORE_ACTION_BLIND      // the sensor does not see what it should
	ActionScript     Action = C.DRIFTCORE_ACTION_SCRIPT     // an interpreter runs a script
	ActionLibrary    Action = C.DRIFTCORE_ACTION_LIBRARY    // a file was mapped executable
	ActionCreate     Action = C.DRIFTCORE_ACTION_CREATE     // a file was made
	ActionModify     Action = C.DRIFTCORE_ACTION_MODIFY     // a file was opened for writing, written, cut off
	ActionDelete     Action = C.DRIFTCORE_ACTION_DELETE     // a name was removed
	ActionRename     Action = C.DRIFTCORE_ACTION_RENAME     // a file has another name
	ActionLink       Action = C.DRIFTCORE_ACTION_LINK       // a file has one more name, or a symbolic link was made
	ActionAttributes Action = C.DRIFTCORE_ACTION_ATTRIBUTES // mode, owner or attributes were set
	ActionRead       Action = C.DRIFTCORE_ACTION_READ       // a file was opened for reading
	ActionListen     Action = C.DRIFTCORE_ACTION_LISTEN     // a socket listens
	ActionConnect    Action = C.DRIFTCORE_ACTION_CONNECT    // a connection out
	ActionBind       Action = C.DRIFTCORE_ACTION_BIND       // a local address was taken
	ActionAccept     Action = C.DRIFTCORE_ACTION_ACCEPT     // a connection in
	ActionSend       Action = C.DRIFTCORE_ACTION_SEND       // a message was sent
	ActionCall       Action = C.DRIFTCORE_ACTION_CALL       // a system call that rules ask for
	ActionSuppressed Action = C.DRIFTCORE_ACTION_SUPPRESSED // a container's budget kept events back
	ActionInstall    Action = C.DRIFTCORE_ACTION_INSTALL    // a package was not there
	ActionRemove     Action = C.DRIFTCORE_ACTION_REMOVE     // a package is there no more
	ActionUpgrade    Action = C.DRIFTCORE_ACTION_UPGRADE    // a package has another version

	// Of what a container was declared to be, and is not.
	ActionEnvironment Action = C.DRIFTCORE_ACTION_ENVIRONMENT // a variable
	ActionMount       Action = C.DRIFTCORE_ACTION_MOUNT       // a mount
	ActionCapability  Action = C.DRIFTCORE_ACTION_CAPABILITY  // a set of capabilities
	ActionLimit       Action = C.DRIFTCORE_ACTION_LIMIT       // a limit of the control group or of a process
	ActionIdentity    Action = C.DRIFTCORE_ACTION_IDENTITY    // a user, a group, what confines a process, a namespace
	ActionSysctl      Action = C.DRIFTCORE_ACTION_SYSCTL      // a setting of the kernel, or the host name
	ActionDeclaration Action = C.DRIFTCORE_ACTION_DECLARATION // what the runtime wrote down
	ActionSecret      Action = C.DRIFTCORE_ACTION_SECRET      // a file of a secrets or configuration mount

	// Of the image that a container runs.
	ActionMismatch   Action = C.DRIFTCORE_ACTION_MISMATCH    // other digests, or tags, of the image were approved
	ActionMutableTag Action = C.DRIFTCORE_ACTION_MUTABLE_TAG // the image was approved by a tag alone
	ActionUnapproved Action = C.DRIFTCORE_ACTION_UNAPPROVED  // no image of its repository was approved
)

// String is the name in events.
func (a Action) String() string {
	return name([]string{
		"other", "exec", "dropped", "blind", "script", "library", "create", "modify", "delete",
		"rename", "link", "attributes", "read", "listen", "connect", "bind", "accept", "send", "call",
		"suppressed", "install", "remove", "upgrade", "environment", "mount", "capability", "limit",
		"identity", "sysctl", "declaration", "mismatch", "mutable_tag", "unapproved", "secret",
	}, a)
}

// Changed says what was changed in a file: bits.
type Changed uint32

// What may be changed in a file.
const (
	ChangedMode       Changed = C.DRIFTCORE_CHANGED_MODE
	ChangedOwner      Changed = C.DRIFTCORE_CHANGED_OWNER      // owner or group
	ChangedXattr      Changed = C.DRIFTCORE_CHANGED_XATTR      // an extended attribute that is no file capability
	ChangedCapability Changed = C.DRIFTCORE_CHANGED_CAPABILITY // a file capability
	ChangedSize       Changed = C.DRIFTCORE_CHANGED_SIZE
	ChangedExecutable Changed = C.DRIFTCORE_CHANGED_EXECUTABLE // a bit that lets it run was set
	ChangedSetuid     Changed = C.DRIFTCORE_CHANGED_SETUID     // a setuid or setgid bit was set
)

// Written says whether the content of a file was really written.
type Written uint32

// Whether it was.
const (
	WrittenUnknown Written = C.DRIFTCORE_WRITTEN_UNKNOWN // it is not known, or not the question
	WrittenNo      Written = C.DRIFTCORE_WRITTEN_NO      // opened for writing, and nothing written so far
	WrittenYes     Written = C.DRIFTCORE_WRITTEN_YES
)

// String is "unknown", "no" or "yes".
func (w Written) String() string { return name([]string{"unknown", "no", "yes"}, w) }

// An Origin says from where a file was written last.
type Origin uint32

// From where it may be.
const (
	OriginUnknown Origin = C.DRIFTCORE_ORIGIN_UNKNOWN // nobody saw it
	OriginInside  Origin = C.DRIFTCORE_ORIGIN_INSIDE  // by a process of the container
	OriginOutside Origin = C.DRIFTCORE_ORIGIN_OUTSIDE // by a process outside, as docker cp does
)

// String is the name in events.
func (o Origin) String() string { return name([]string{"unknown", "inside", "outside"}, o) }

// A Mark says what makes a difference from what was declared more than that.
type Mark uint32

// What may be more.
const (
	MarkNone          Mark = C.DRIFTCORE_MARK_NONE           // nothing
	MarkOther         Mark = C.DRIFTCORE_MARK_OTHER          // one that this package does not name
	MarkCodeInjection Mark = C.DRIFTCORE_MARK_CODE_INJECTION // the variable makes programs load or run other code
	MarkRuntimeSocket Mark = C.DRIFTCORE_MARK_RUNTIME_SOCKET // who may use the socket rules the host
	MarkHostPath      Mark = C.DRIFTCORE_MARK_HOST_PATH      // a directory or file of the host
	MarkRotation      Mark = C.DRIFTCORE_MARK_ROTATION       // the kubelet's way to bring other content of a secret
)

// String is the name in events; "none" of no mark.
func (m Mark) String() string {
	return name([]string{
		"none", "other", "code_injection", "runtime_socket", "host_path", "rotation",
	}, m)
}

// An Aspect is a part of a container's configuration.
type Aspect uint32

// The parts.
const (
	AspectOther       Aspect = C.DRIFTCORE_ASPECT_OTHER       // one that this package does not name
	AspectEnvironment Aspect = C.DRIFTCORE_ASPECT_ENVIRONMENT // a variable
	AspectMount       Aspect = C.DRIFTCORE_ASPECT_MOUNT       // a mount, the root filesystem among them
	AspectSecret      Aspect = C.DRIFTCORE_ASPECT_SECRET      // a file of a secrets or configuration mount
	AspectCapability  Aspect = C.DRIFTCORE_ASPECT_CAPABILITY  // a set of capabilities
	AspectIdentity    Aspect = C.DRIFTCORE_ASPECT_IDENTITY    // user, groups, what confines the process, its namespaces
	AspectLimit       Aspect = C.DRIFTCORE_ASPECT_LIMIT       // what the control group or the process may use at most
	AspectSysctl      Aspect = C.DRIFTCORE_ASPECT_SYSCTL      // a setting of the kernel; the host name
	AspectDeclaration Aspect = C.DRIFTCORE_ASPECT_DECLARATION // what the runtime wrote down, and the pod says
)

// String is the name in reports.
func (a Aspect) String() string {
	return name([]string{
		"other", "environment", "mount", "secret", "capability", "identity", "limit", "sysctl",
		"declaration",
	}, a)
}

// An Approval says whether a container runs an image that was approved.
type Approval uint32

// The answers.
const (
	ApprovalOther      Approval = C.DRIFTCORE_APPROVAL_OTHER       // one that this package does not name
	ApprovalApproved   Approval = C.DRIFTCORE_APPROVAL_APPROVED    // the digest that runs was approved
	ApprovalMismatch   Approval = C.DRIFTCORE_APPROVAL_MISMATCH    // other digests, or tags, of the repository were
	ApprovalMutableTag Approval = C.DRIFTCORE_APPROVAL_MUTABLE_TAG // approved by a tag alone
	ApprovalUnapproved Approval = C.DRIFTCORE_APPROVAL_UNAPPROVED  // no image of its repository was approved
	ApprovalCannotTell Approval = C.DRIFTCORE_APPROVAL_CANNOT_TELL // it is not known which image runs
)

// String is the name in reports.
func (a Approval) String() string {
	return name([]string{
		"other", "approved", "mismatch", "mutable_tag", "unapproved", "cannot_tell",
	}, a)
}

// A LayerProof says whether the layers on disk that a container runs on are what its image says.
type LayerProof uint32

// The answers.
const (
	LayersNotRead    LayerProof = C.DRIFTCORE_LAYER_PROOF_NONE        // nobody looked: see [Deep]
	LayersOther      LayerProof = C.DRIFTCORE_LAYER_PROOF_OTHER       // one that this package does not name
	LayersProved     LayerProof = C.DRIFTCORE_LAYER_PROOF_PROVED      // each is what its digest says
	LayersDiffer     LayerProof = C.DRIFTCORE_LAYER_PROOF_DIFFERS     // something is not
	LayersCannotTell LayerProof = C.DRIFTCORE_LAYER_PROOF_CANNOT_TELL // they are not at hand, or cannot be read
)

// String is the name in reports; "none" where nobody looked.
func (p LayerProof) String() string {
	return name([]string{"none", "other", "proved", "differs", "cannot_tell"}, p)
}

// A Judged says what an event comes to with baselines and exceptions.
type Judged uint32

// What it may come to.
const (
	NotCovered Judged = C.DRIFTCORE_JUDGED_NOT_COVERED // they do not speak of its container, or of such events
	Expected   Judged = C.DRIFTCORE_JUDGED_EXPECTED    // it is normal
	Excepted   Judged = C.DRIFTCORE_JUDGED_EXCEPTED    // it departs, and an exception takes it
	Departs    Judged = C.DRIFTCORE_JUDGED_DEPARTS     // it departs
)

// String is the name in reports.
func (j Judged) String() string {
	return name([]string{"not_covered", "expected", "excepted", "departs"}, j)
}

// A Family says of which family a socket's addresses are.
type Family uint32

// Families of addresses.
const (
	FamilyOther Family = C.DRIFTCORE_FAMILY_OTHER // one that this package does not name
	FamilyIPv4  Family = C.DRIFTCORE_FAMILY_IPV4
	FamilyIPv6  Family = C.DRIFTCORE_FAMILY_IPV6
	FamilyUnix  Family = C.DRIFTCORE_FAMILY_UNIX
)

// String is "ipv4", "ipv6", "unix" or "other".
func (f Family) String() string { return name([]string{"other", "ipv4", "ipv6", "unix"}, f) }

// A Protocol is what a socket speaks.
type Protocol uint32

// What sockets speak.
const (
	ProtocolOther Protocol = C.DRIFTCORE_PROTOCOL_OTHER // one that this package does not name
	ProtocolTCP   Protocol = C.DRIFTCORE_PROTOCOL_TCP
	ProtocolUDP   Protocol = C.DRIFTCORE_PROTOCOL_UDP
	ProtocolUnix  Protocol = C.DRIFTCORE_PROTOCOL_UNIX
)

// String is the name in events.
func (p Protocol) String() string { return name([]string{"other", "tcp", "udp", "unix"}, p) }

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
