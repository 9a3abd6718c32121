/*
 * Driftcore: container drift detection.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * docs/embedding.md tells how it is used. What holds for every function:
 *
 * - Ownership. Who gets an object from a function that ends in _new, _load, _find, _parse or
 *   _copy, or through an out-parameter, owns it and frees it with the function of its type, which
 *   takes the address of the pointer and sets it to NULL: to free twice through the same pointer is
 *   harmless, through a copy of it is not. Text and records are borrowed from the object they came
 *   from, for as long as that is there.
 * - Threads. Each function says from where it may be called. No error and no object belongs to a thread.
 * - Errors. A function that can fail returns a driftcore_status and takes driftcore_error ** last.
 *   That may be NULL; otherwise it is set to NULL, or to an error which is then the caller's.
 *   Out-parameters that are pointers, counts or texts are set to nothing first, and hold nothing to
 *   free after a failure, but for the diagnostics of driftcore_rules_load, which say why. Records
 *   are filled when the call succeeds.
 * - NULL. Where a pointer may be NULL, the function says what that does. Elsewhere it is refused
 *   with DRIFTCORE_STATUS_INVALID_ARGUMENT; functions without a status return what stands for
 *   nothing.
 * - Records that begin with `size` grow at their end in later versions. Set `size` to sizeof the
 *   record before a call; what the library does not know of it stays zero.
 * - No panic and no exception of the library crosses into the caller: a bug that is caught is
 *   DRIFTCORE_STATUS_PANIC, and an engine or matcher that it happened in does nothing more.
 *
 * For 64-bit Linux.
 */

#ifndef DRIFTCORE_H
#define DRIFTCORE_H

/* Made by `cargo xtask header` from driftcore-ffi/src: change that. */

#include <stddef.h>
#include <stdint.h>

/**
 * The major version of the header.
 */
#define DRIFTCORE_VERSION_MAJOR 0

/**
 * The minor version of the header. While the major version is 0, a library of another minor
 * version has another SONAME.
 */
#define DRIFTCORE_VERSION_MINOR 1

/**
 * The patch version of the header.
 */
#define DRIFTCORE_VERSION_PATCH 0

/**
 * What was changed in a file, bits of `driftcore_file.changed`. New bits may be added. Since 0.1.0.
 */
#define DRIFTCORE_CHANGED_MODE (1 << 0)

/**
 * Owner or group.
 */
#define DRIFTCORE_CHANGED_OWNER (1 << 1)

/**
 * An extended attribute that is no file capability.
 */
#define DRIFTCORE_CHANGED_XATTR (1 << 2)

/**
 * A file capability.
 */
#define DRIFTCORE_CHANGED_CAPABILITY (1 << 3)

/**
 * The size.
 */
#define DRIFTCORE_CHANGED_SIZE (1 << 4)

/**
 * A bit that lets it run was set; beside `DRIFTCORE_CHANGED_MODE`.
 */
#define DRIFTCORE_CHANGED_EXECUTABLE (1 << 5)

/**
 * A setuid or setgid bit was set; beside `DRIFTCORE_CHANGED_MODE`.
 */
#define DRIFTCORE_CHANGED_SETUID (1 << 6)

/**
 * An IPv6 socket that takes IPv4 too, a bit of `driftcore_network.flags`. New bits may be added.
 * Since 0.1.0.
 */
#define DRIFTCORE_NETWORK_DUAL (1 << 0)

/**
 * The kernel chose the port of its own end: the process had asked for none.
 */
#define DRIFTCORE_NETWORK_AUTO_PORT (1 << 1)

/**
 * The file is on the superblock of the container's root filesystem.
 */
#define DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_SUPERBLOCK 1

/**
 * The file was reached through the container's root mount.
 */
#define DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_MOUNT 2

/**
 * The filesystem is OverlayFS.
 */
#define DRIFTCORE_EVIDENCE_FLAG_OVERLAY 4

/**
 * Overlay: the data are in the upper layer, not only the attributes.
 */
#define DRIFTCORE_EVIDENCE_FLAG_UPPER_DATA 8

/**
 * Overlay: the layers of the inode are known; `upper` and `lower` say which it has.
 */
#define DRIFTCORE_EVIDENCE_FLAG_LAYERS_KNOWN 16

/**
 * An anonymous memory file.
 */
#define DRIFTCORE_EVIDENCE_FLAG_ANONYMOUS 32

/**
 * The name by which the file was reached is gone.
 */
#define DRIFTCORE_EVIDENCE_FLAG_UNHASHED 64

/**
 * Somebody may write the upper file.
 */
#define DRIFTCORE_EVIDENCE_FLAG_WRITERS 128

/**
 * The process is in no container.
 */
#define DRIFTCORE_EVIDENCE_FLAG_HOST 256

/**
 * The filesystem is mounted read-only as a whole.
 */
#define DRIFTCORE_EVIDENCE_FLAG_READ_ONLY 512

/**
 * The file has the attribute `immutable`.
 */
#define DRIFTCORE_EVIDENCE_FLAG_IMMUTABLE 1024

/**
 * The content of a regular file; of `driftcore_entry_info.changed`, beside the bits of
 * `driftcore_file.changed`. Since 0.1.0.
 */
#define DRIFTCORE_CHANGED_CONTENT (1 << 7)

/**
 * The target of a symbolic link.
 */
#define DRIFTCORE_CHANGED_TARGET (1 << 8)

/**
 * The numbers of a device.
 */
#define DRIFTCORE_CHANGED_DEVICE (1 << 9)

/**
 * The time of the last modification.
 */
#define DRIFTCORE_CHANGED_TIMES (1 << 10)

/**
 * What became of a call. New values may be added: treat those that you do not know as an error.
 * Since 0.1.0.
 */
typedef enum driftcore_status {
    /**
     * It is done.
     */
    DRIFTCORE_STATUS_OK = 0,
    /**
     * An argument cannot be what it is: NULL where it must not be, a size that no version of the
     * record had, text that is not UTF-8, a number out of range.
     */
    DRIFTCORE_STATUS_INVALID_ARGUMENT = 1,
    /**
     * There is no option, field or event type of that name.
     */
    DRIFTCORE_STATUS_UNKNOWN_NAME = 2,
    /**
     * The value is not of the type that the field or option has.
     */
    DRIFTCORE_STATUS_WRONG_TYPE = 3,
    /**
     * The rules have errors: the diagnostics say which.
     */
    DRIFTCORE_STATUS_RULES = 4,
    /**
     * The operating system refused something.
     */
    DRIFTCORE_STATUS_IO = 5,
    /**
     * There is no such process or file.
     */
    DRIFTCORE_STATUS_NOT_FOUND = 6,
    /**
     * A capability is missing.
     */
    DRIFTCORE_STATUS_PERMISSION = 7,
    /**
     * This kernel, or this place in it, does not give what is needed.
     */
    DRIFTCORE_STATUS_UNSUPPORTED = 8,
    /**
     * The sensor loads, but does not see what it must see.
     */
    DRIFTCORE_STATUS_BLIND = 9,
    /**
     * Somebody else is using the object: another thread, or the caller of this callback.
     */
    DRIFTCORE_STATUS_BUSY = 10,
    /**
     * The object failed earlier and does nothing more. Free it.
     */
    DRIFTCORE_STATUS_FAILED = 11,
    /**
     * A bug in the library was caught. The engine or matcher that was used has failed.
     */
    DRIFTCORE_STATUS_PANIC = 12,
    /**
     * What was looked at changed meanwhile. Try again.
     */
    DRIFTCORE_STATUS_CHANGED = 13,
} driftcore_status;

/**
 * What happened. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_action {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_ACTION_OTHER = 0,
    /**
     * Binary: a program was executed.
     */
    DRIFTCORE_ACTION_EXEC = 1,
    /**
     * Sensor: events were lost.
     */
    DRIFTCORE_ACTION_DROPPED = 2,
    /**
     * Sensor: it does not see what it should.
     */
    DRIFTCORE_ACTION_BLIND = 3,
    /**
     * Binary: an interpreter runs a script.
     */
    DRIFTCORE_ACTION_SCRIPT = 4,
    /**
     * Binary: a file was mapped executable.
     */
    DRIFTCORE_ACTION_LIBRARY = 5,
    /**
     * File: it was made.
     */
    DRIFTCORE_ACTION_CREATE = 6,
    /**
     * File: opened for writing, written, cut off.
     */
    DRIFTCORE_ACTION_MODIFY = 7,
    /**
     * File: a name was removed.
     */
    DRIFTCORE_ACTION_DELETE = 8,
    /**
     * File: it has another name.
     */
    DRIFTCORE_ACTION_RENAME = 9,
    /**
     * File: it has one more name, or a symbolic link was made.
     */
    DRIFTCORE_ACTION_LINK = 10,
    /**
     * File: mode, owner or attributes were set.
     */
    DRIFTCORE_ACTION_ATTRIBUTES = 11,
    /**
     * File: opened for reading.
     */
    DRIFTCORE_ACTION_READ = 12,
    /**
     * Network: a socket listens.
     */
    DRIFTCORE_ACTION_LISTEN = 13,
    /**
     * Network: a connection out.
     */
    DRIFTCORE_ACTION_CONNECT = 14,
    /**
     * Network: a local address was taken.
     */
    DRIFTCORE_ACTION_BIND = 15,
    /**
     * Network: a connection in.
     */
    DRIFTCORE_ACTION_ACCEPT = 16,
    /**
     * Network: a message was sent.
     */
    DRIFTCORE_ACTION_SEND = 17,
    /**
     * Syscall: a system call that rules ask for.
     */
    DRIFTCORE_ACTION_CALL = 18,
    /**
     * Sensor: a container's budget kept events back.
     */
    DRIFTCORE_ACTION_SUPPRESSED = 19,
    /**
     * Package: it was not there.
     */
    DRIFTCORE_ACTION_INSTALL = 20,
    /**
     * Package: it is there no more.
     */
    DRIFTCORE_ACTION_REMOVE = 21,
    /**
     * Package: it has another version, a later or an earlier one, or is in another state.
     */
    DRIFTCORE_ACTION_UPGRADE = 22,
    /**
     * Config: a variable of the environment.
     */
    DRIFTCORE_ACTION_ENVIRONMENT = 23,
    /**
     * Config: a mount.
     */
    DRIFTCORE_ACTION_MOUNT = 24,
    /**
     * Config: a set of capabilities.
     */
    DRIFTCORE_ACTION_CAPABILITY = 25,
    /**
     * Config: a limit of the control group or of a process.
     */
    DRIFTCORE_ACTION_LIMIT = 26,
    /**
     * Config: a user, a group, what confines a process, a namespace.
     */
    DRIFTCORE_ACTION_IDENTITY = 27,
    /**
     * Config: a setting of the kernel for the container's namespaces, or its host name.
     */
    DRIFTCORE_ACTION_SYSCTL = 28,
    /**
     * Config: what the runtime wrote down.
     */
    DRIFTCORE_ACTION_DECLARATION = 29,
    /**
     * Digest: other digests of the image's repository were approved, or other tags.
     */
    DRIFTCORE_ACTION_MISMATCH = 30,
    /**
     * Digest: approved by a tag alone.
     */
    DRIFTCORE_ACTION_MUTABLE_TAG = 31,
    /**
     * Digest: no image of the repository was approved.
     */
    DRIFTCORE_ACTION_UNAPPROVED = 32,
    /**
     * Config: a file of a secrets or configuration mount.
     */
    DRIFTCORE_ACTION_SECRET = 33,
} driftcore_action;

/**
 * The answer to a question. Since 0.1.0.
 */
typedef enum driftcore_answer {
    /**
     * It cannot be told.
     */
    DRIFTCORE_ANSWER_UNKNOWN = 0,
    /**
     * No.
     */
    DRIFTCORE_ANSWER_NO = 1,
    /**
     * Yes.
     */
    DRIFTCORE_ANSWER_YES = 2,
} driftcore_answer;

/**
 * Whether a container runs an image that was approved. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_approval {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_APPROVAL_OTHER = 0,
    /**
     * The digest that runs was approved.
     */
    DRIFTCORE_APPROVAL_APPROVED = 1,
    /**
     * The repository was approved with other digests, or another tag of it was.
     */
    DRIFTCORE_APPROVAL_MISMATCH = 2,
    /**
     * Approved by a tag alone, which may stand for another image tomorrow.
     */
    DRIFTCORE_APPROVAL_MUTABLE_TAG = 3,
    /**
     * No image of this repository was approved.
     */
    DRIFTCORE_APPROVAL_UNAPPROVED = 4,
    /**
     * It is not known which image runs.
     */
    DRIFTCORE_APPROVAL_CANNOT_TELL = 5,
} driftcore_approval;

/**
 * A part of a container's configuration. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_aspect {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_ASPECT_OTHER = 0,
    /**
     * A variable of the environment.
     */
    DRIFTCORE_ASPECT_ENVIRONMENT = 1,
    /**
     * A mount, the root filesystem among them.
     */
    DRIFTCORE_ASPECT_MOUNT = 2,
    /**
     * A file of a secrets or configuration mount.
     */
    DRIFTCORE_ASPECT_SECRET = 3,
    /**
     * A set of capabilities.
     */
    DRIFTCORE_ASPECT_CAPABILITY = 4,
    /**
     * User, groups, what confines the process, and its namespaces.
     */
    DRIFTCORE_ASPECT_IDENTITY = 5,
    /**
     * What the control group or the process may use at most.
     */
    DRIFTCORE_ASPECT_LIMIT = 6,
    /**
     * A setting of the kernel for the container's namespaces; its host name.
     */
    DRIFTCORE_ASPECT_SYSCTL = 7,
    /**
     * What the runtime wrote down, against what it started the container with; what its pod says.
     */
    DRIFTCORE_ASPECT_DECLARATION = 8,
} driftcore_aspect;

/**
 * What kind of code a file is by its content. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_code {
    /**
     * None, or it was not looked at.
     */
    DRIFTCORE_CODE_NONE = 0,
    /**
     * An ELF program.
     */
    DRIFTCORE_CODE_EXECUTABLE = 1,
    /**
     * An ELF shared library.
     */
    DRIFTCORE_CODE_LIBRARY = 2,
    /**
     * Any other ELF file.
     */
    DRIFTCORE_CODE_OBJECT = 3,
    /**
     * A file that begins with `#!`.
     */
    DRIFTCORE_CODE_SCRIPT = 4,
} driftcore_code;

/**
 * How a path differs from the image. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_entry_kind {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_ENTRY_OTHER = 0,
    /**
     * The image has nothing there.
     */
    DRIFTCORE_ENTRY_ADDED = 1,
    /**
     * The image's file, with other content.
     */
    DRIFTCORE_ENTRY_MODIFIED = 2,
    /**
     * A new file in the place of the image's, and different.
     */
    DRIFTCORE_ENTRY_REPLACED = 3,
    /**
     * A file of another type than the image's.
     */
    DRIFTCORE_ENTRY_TYPE = 4,
    /**
     * The image's directory or file under another name.
     */
    DRIFTCORE_ENTRY_RENAMED = 5,
    /**
     * The image's file or an equal one, with other attributes.
     */
    DRIFTCORE_ENTRY_ATTRIBUTES = 6,
    /**
     * The image has it and the container has not.
     */
    DRIFTCORE_ENTRY_DELETED = 7,
    /**
     * In the upper layer, and proved to be as in the image: no drift.
     */
    DRIFTCORE_ENTRY_COPIED_UP = 8,
} driftcore_entry_kind;

/**
 * What a verdict rests on. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_evidence_kind {
    /**
     * Nothing was proved.
     */
    DRIFTCORE_EVIDENCE_NONE = 0,
    /**
     * One that this header does not name.
     */
    DRIFTCORE_EVIDENCE_OTHER = 1,
    /**
     * Kernel objects alone.
     */
    DRIFTCORE_EVIDENCE_KERNEL = 2,
    /**
     * The file's content, compared with the image's.
     */
    DRIFTCORE_EVIDENCE_CONTENT = 3,
    /**
     * An image manifest.
     */
    DRIFTCORE_EVIDENCE_MANIFEST = 4,
    /**
     * The file's times against the container's start.
     */
    DRIFTCORE_EVIDENCE_TIME = 5,
} driftcore_evidence_kind;

/**
 * Of which family the addresses of a socket are. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_family {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_FAMILY_OTHER = 0,
    /**
     * IPv4; addresses in the form of IPv6 that stand for one of IPv4 too.
     */
    DRIFTCORE_FAMILY_IPV4 = 1,
    /**
     * IPv6.
     */
    DRIFTCORE_FAMILY_IPV6 = 2,
    /**
     * Paths.
     */
    DRIFTCORE_FAMILY_UNIX = 3,
} driftcore_family;

/**
 * The type of a file. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_file_type {
    /**
     * It is not known.
     */
    DRIFTCORE_FILE_TYPE_UNKNOWN = 0,
    /**
     * A regular file.
     */
    DRIFTCORE_FILE_TYPE_FILE = 1,
    /**
     * A directory.
     */
    DRIFTCORE_FILE_TYPE_DIRECTORY = 2,
    /**
     * A symbolic link.
     */
    DRIFTCORE_FILE_TYPE_SYMLINK = 3,
    /**
     * A character device.
     */
    DRIFTCORE_FILE_TYPE_CHAR_DEVICE = 4,
    /**
     * A block device.
     */
    DRIFTCORE_FILE_TYPE_BLOCK_DEVICE = 5,
    /**
     * A named pipe.
     */
    DRIFTCORE_FILE_TYPE_FIFO = 6,
    /**
     * A socket.
     */
    DRIFTCORE_FILE_TYPE_SOCKET = 7,
} driftcore_file_type;

/**
 * What an event comes to. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_judged {
    /**
     * The baselines do not speak of its container, or of events like this.
     */
    DRIFTCORE_JUDGED_NOT_COVERED = 0,
    /**
     * It is normal.
     */
    DRIFTCORE_JUDGED_EXPECTED = 1,
    /**
     * It departs, and an exception takes it.
     */
    DRIFTCORE_JUDGED_EXCEPTED = 2,
    /**
     * It departs.
     */
    DRIFTCORE_JUDGED_DEPARTS = 3,
} driftcore_judged;

/**
 * What an event is about. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_kind {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_KIND_OTHER = 0,
    /**
     * Code that ran.
     */
    DRIFTCORE_KIND_BINARY = 1,
    /**
     * The sensor itself.
     */
    DRIFTCORE_KIND_SENSOR = 2,
    /**
     * A container's files.
     */
    DRIFTCORE_KIND_FILE = 3,
    /**
     * Its listeners and connections.
     */
    DRIFTCORE_KIND_NETWORK = 4,
    /**
     * Another system call.
     */
    DRIFTCORE_KIND_SYSCALL = 5,
    /**
     * Its packages.
     */
    DRIFTCORE_KIND_PACKAGE = 6,
    /**
     * How it is set up.
     */
    DRIFTCORE_KIND_CONFIG = 7,
    /**
     * The image that it runs.
     */
    DRIFTCORE_KIND_DIGEST = 8,
} driftcore_kind;

/**
 * Whether the layers on disk that a container runs on are what its image says. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_layer_proof {
    /**
     * Nobody looked: see the option `digest.deep`.
     */
    DRIFTCORE_LAYER_PROOF_NONE = 0,
    /**
     * One that this header does not name.
     */
    DRIFTCORE_LAYER_PROOF_OTHER = 1,
    /**
     * Each is what its digest says, and the directories show nothing else.
     */
    DRIFTCORE_LAYER_PROOF_PROVED = 2,
    /**
     * Something is not.
     */
    DRIFTCORE_LAYER_PROOF_DIFFERS = 3,
    /**
     * The image or its layers are not at hand, or cannot be read.
     */
    DRIFTCORE_LAYER_PROOF_CANNOT_TELL = 4,
} driftcore_layer_proof;

/**
 * A level of the Pod Security Standards: the higher, the less it allows. Since 0.1.0.
 */
typedef enum driftcore_level {
    /**
     * None, or one that this header does not name.
     */
    DRIFTCORE_LEVEL_OTHER = 0,
    /**
     * Nothing is restricted.
     */
    DRIFTCORE_LEVEL_PRIVILEGED = 1,
    /**
     * Known escalations of privileges are prevented.
     */
    DRIFTCORE_LEVEL_BASELINE = 2,
    /**
     * Hardened.
     */
    DRIFTCORE_LEVEL_RESTRICTED = 3,
} driftcore_level;

/**
 * How much a message matters. Since 0.1.0.
 */
typedef enum driftcore_log_level {
    /**
     * Nothing.
     */
    DRIFTCORE_LOG_OFF = 0,
    /**
     * Something does not work.
     */
    DRIFTCORE_LOG_ERROR = 1,
    /**
     * Something is not as it should be.
     */
    DRIFTCORE_LOG_WARN = 2,
    /**
     * Something happened.
     */
    DRIFTCORE_LOG_INFO = 3,
    /**
     * For those who debug.
     */
    DRIFTCORE_LOG_DEBUG = 4,
} driftcore_log_level;

/**
 * What makes a difference from what was declared more than that. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_mark {
    /**
     * Nothing.
     */
    DRIFTCORE_MARK_NONE = 0,
    /**
     * One that this header does not name.
     */
    DRIFTCORE_MARK_OTHER = 1,
    /**
     * The variable makes programs load or run other code.
     */
    DRIFTCORE_MARK_CODE_INJECTION = 2,
    /**
     * The socket of a container runtime: who may use it rules the host.
     */
    DRIFTCORE_MARK_RUNTIME_SOCKET = 3,
    /**
     * A directory or file of the host.
     */
    DRIFTCORE_MARK_HOST_PATH = 4,
    /**
     * The kubelet's way to bring other content of a secret or a config map, all of it at once.
     */
    DRIFTCORE_MARK_ROTATION = 5,
} driftcore_mark;

/**
 * From where a file was written last. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_origin {
    /**
     * Nobody saw it.
     */
    DRIFTCORE_ORIGIN_UNKNOWN = 0,
    /**
     * By a process of the container.
     */
    DRIFTCORE_ORIGIN_INSIDE = 1,
    /**
     * By a process outside, as `docker cp` does.
     */
    DRIFTCORE_ORIGIN_OUTSIDE = 2,
} driftcore_origin;

/**
 * What became of a package since the image. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_package_change {
    /**
     * What this header does not name.
     */
    DRIFTCORE_PACKAGE_OTHER = 0,
    /**
     * It was not there.
     */
    DRIFTCORE_PACKAGE_INSTALL = 1,
    /**
     * It is there no more.
     */
    DRIFTCORE_PACKAGE_REMOVE = 2,
    /**
     * It has a later version.
     */
    DRIFTCORE_PACKAGE_UPGRADE = 3,
    /**
     * It has an earlier version.
     */
    DRIFTCORE_PACKAGE_DOWNGRADE = 4,
    /**
     * The same version, of which the database says other things: another build, another state, or an edited
     * record.
     */
    DRIFTCORE_PACKAGE_CHANGE = 5,
} driftcore_package_change;

/**
 * How bad a match is, by Falco's names, the worst first. Since 0.1.0.
 */
typedef enum driftcore_priority {
    /**
     * The system is unusable.
     */
    DRIFTCORE_PRIORITY_EMERGENCY = 0,
    /**
     * Act at once.
     */
    DRIFTCORE_PRIORITY_ALERT = 1,
    /**
     * Act now.
     */
    DRIFTCORE_PRIORITY_CRITICAL = 2,
    /**
     * Something failed.
     */
    DRIFTCORE_PRIORITY_ERROR = 3,
    /**
     * Look at it.
     */
    DRIFTCORE_PRIORITY_WARNING = 4,
    /**
     * Normal, but of note.
     */
    DRIFTCORE_PRIORITY_NOTICE = 5,
    /**
     * For information.
     */
    DRIFTCORE_PRIORITY_INFORMATIONAL = 6,
    /**
     * For those who debug.
     */
    DRIFTCORE_PRIORITY_DEBUG = 7,
    /**
     * The rule was not looked at so far.
     */
    DRIFTCORE_PRIORITY_NONE = 255,
} driftcore_priority;

/**
 * What a socket speaks. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_protocol {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_PROTOCOL_OTHER = 0,
    /**
     * TCP.
     */
    DRIFTCORE_PROTOCOL_TCP = 1,
    /**
     * UDP.
     */
    DRIFTCORE_PROTOCOL_UDP = 2,
    /**
     * A Unix socket.
     */
    DRIFTCORE_PROTOCOL_UNIX = 3,
} driftcore_protocol;

/**
 * What became of a rule. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_rule_status {
    /**
     * One that this header does not name.
     */
    DRIFTCORE_RULE_STATUS_OTHER = 0,
    /**
     * It is matched.
     */
    DRIFTCORE_RULE_STATUS_ACTIVE = 1,
    /**
     * It is matched, but the sensor gives none of the events that it is about.
     */
    DRIFTCORE_RULE_STATUS_WAITING = 2,
    /**
     * It is switched off.
     */
    DRIFTCORE_RULE_STATUS_DISABLED = 3,
    /**
     * It is less severe than what was asked for.
     */
    DRIFTCORE_RULE_STATUS_BELOW_PRIORITY = 4,
    /**
     * It uses what is not known, and asked to be left out then.
     */
    DRIFTCORE_RULE_STATUS_SKIPPED = 5,
    /**
     * It is about another source of events.
     */
    DRIFTCORE_RULE_STATUS_NOT_APPLICABLE = 6,
} driftcore_rule_status;

/**
 * Why an event is drift, or none, other than by its own nature. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_ruling {
    /**
     * By its own nature.
     */
    DRIFTCORE_RULING_NONE = 0,
    /**
     * One that this header does not name.
     */
    DRIFTCORE_RULING_OTHER = 1,
    /**
     * It would be drift, and a baseline expects it.
     */
    DRIFTCORE_RULING_BASELINE = 2,
    /**
     * It would be drift, and an approved exception takes it.
     */
    DRIFTCORE_RULING_EXCEPTION = 3,
    /**
     * It would be drift, and its container has only just started.
     */
    DRIFTCORE_RULING_GRACE = 4,
    /**
     * It is drift because the baseline of its container does not expect it.
     */
    DRIFTCORE_RULING_DEPARTS = 5,
} driftcore_ruling;

/**
 * How bad a diagnostic is. Since 0.1.0.
 */
typedef enum driftcore_severity {
    /**
     * The rules load.
     */
    DRIFTCORE_SEVERITY_WARNING = 0,
    /**
     * They do not.
     */
    DRIFTCORE_SEVERITY_ERROR = 1,
} driftcore_severity;

/**
 * The sides of a comparison. Since 0.1.0.
 */
typedef enum driftcore_side {
    /**
     * The image.
     */
    DRIFTCORE_SIDE_BEFORE = 0,
    /**
     * The container.
     */
    DRIFTCORE_SIDE_AFTER = 1,
} driftcore_side;

/**
 * In what way a process uses a file. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_use {
    /**
     * In one that this header does not name.
     */
    DRIFTCORE_USE_OTHER = 0,
    /**
     * It runs it.
     */
    DRIFTCORE_USE_RUNS = 1,
    /**
     * It has mapped it into its memory.
     */
    DRIFTCORE_USE_MAPS = 2,
    /**
     * It has it open.
     */
    DRIFTCORE_USE_OPENS = 3,
} driftcore_use;

/**
 * Where a file came from. New values may be added. Since 0.1.0.
 */
typedef enum driftcore_verdict {
    /**
     * No file was judged.
     */
    DRIFTCORE_VERDICT_NONE = 0,
    /**
     * One that this header does not name.
     */
    DRIFTCORE_VERDICT_OTHER = 1,
    /**
     * The host's filesystem; no container.
     */
    DRIFTCORE_VERDICT_HOST = 2,
    /**
     * An anonymous memory file.
     */
    DRIFTCORE_VERDICT_MEMFD = 3,
    /**
     * A file with no name left.
     */
    DRIFTCORE_VERDICT_DELETED = 4,
    /**
     * On a tmpfs of the container.
     */
    DRIFTCORE_VERDICT_TMPFS = 5,
    /**
     * On any other mount than the container's root.
     */
    DRIFTCORE_VERDICT_VOLUME = 6,
    /**
     * Served by an image layer.
     */
    DRIFTCORE_VERDICT_IMAGE = 7,
    /**
     * In the upper layer, content proved equal to the image file's.
     */
    DRIFTCORE_VERDICT_COPIED_UP = 8,
    /**
     * An image file whose content differs.
     */
    DRIFTCORE_VERDICT_MODIFIED = 9,
    /**
     * Another file in the place of an image file.
     */
    DRIFTCORE_VERDICT_REPLACED = 10,
    /**
     * The image has no such path.
     */
    DRIFTCORE_VERDICT_ADDED = 11,
    /**
     * It could not be proved; the reason says why.
     */
    DRIFTCORE_VERDICT_UNKNOWN = 12,
} driftcore_verdict;

/**
 * Whether the content of a file was really written. Since 0.1.0.
 */
typedef enum driftcore_written {
    /**
     * It is not known, or not the question.
     */
    DRIFTCORE_WRITTEN_UNKNOWN = 0,
    /**
     * It was opened for writing, and nothing was written so far.
     */
    DRIFTCORE_WRITTEN_NO = 1,
    /**
     * It was.
     */
    DRIFTCORE_WRITTEN_YES = 2,
} driftcore_written;

/**
 * A rule that matched an event. A callback gets it for as long as it runs; `driftcore_alert_copy`
 * makes one that stays. Never changes; any number of threads may read it. Since 0.1.0.
 */
typedef struct driftcore_alert driftcore_alert;

/**
 * What a container did, as far as it bears on how it could be confined. Takes the memory of the
 * directories that were written to, of which 65,536 are remembered. One thread at a time. Since 0.1.0.
 */
typedef struct driftcore_behaviour driftcore_behaviour;

/**
 * A file's verdict. Never changes; any number of threads may read it. Since 0.1.0.
 */
typedef struct driftcore_classified driftcore_classified;

/**
 * What was declared of a container and what it is, item by item, as it was when it was looked at. Never changes;
 * any number of threads may read it. Since 0.1.0.
 */
typedef struct driftcore_configuration driftcore_configuration;

/**
 * What was said about rules when they were loaded. Never changes. Since 0.1.0.
 */
typedef struct driftcore_diagnostics driftcore_diagnostics;

/**
 * A running drift detector. One thread at a time polls or runs it; `driftcore_engine_stop`,
 * `_counters`, `_set_rules`, `_set_approved`, `_set_normality`, `_exceptions` and `_fd` may be called from any other meanwhile. Since 0.1.0.
 */
typedef struct driftcore_engine driftcore_engine;

/**
 * A path at which a container differs from its image, or that its upper layer holds though nothing
 * differs. The library's, for as long as the callback that gets it, unless it is a copy; one thread
 * at a time. Since 0.1.0.
 */
typedef struct driftcore_entry driftcore_entry;

/**
 * What went wrong. Whoever gets one owns it, and frees it with `driftcore_error_free`. It belongs
 * to no object and no thread. Since 0.1.0.
 */
typedef struct driftcore_error driftcore_error;

/**
 * Something that happened. A callback gets it for as long as it runs; `driftcore_event_copy` makes
 * one that stays. Never changes; any number of threads may read it. Since 0.1.0.
 */
typedef struct driftcore_event driftcore_event;

/**
 * A field of Falco's rule language, found once by its name. Never changes; any thread. Since 0.1.0.
 */
typedef struct driftcore_field driftcore_field;

/**
 * An event that the caller makes of fields, for those with a sensor of their own. Made once, and
 * reset for each event: it keeps its memory. One thread at a time. Since 0.1.0.
 */
typedef struct driftcore_flat_event driftcore_flat_event;

/**
 * Judges files of running containers, from user space. Any number of threads may use it at the
 * same time. Since 0.1.0.
 */
typedef struct driftcore_inspector driftcore_inspector;

/**
 * Says of events what they would come to with baselines and exceptions, without an engine: a dry run on what was
 * recorded. One thread at a time. Since 0.1.0.
 */
typedef struct driftcore_judge driftcore_judge;

/**
 * The layer directories of a container. Never changes; any thread. Since 0.1.0.
 */
typedef struct driftcore_layers driftcore_layers;

/**
 * Learns from events what containers normally do. Takes the memory of what is different, which is bounded
 * for each kind of containers. One thread at a time. Since 0.1.0.
 */
typedef struct driftcore_learner driftcore_learner;

/**
 * Rules, and the memory to match them: one for each thread that matches. A second call while one
 * goes on is refused with `DRIFTCORE_STATUS_BUSY`. Since 0.1.0.
 */
typedef struct driftcore_matcher driftcore_matcher;

/**
 * Options of engines, rules, classifiers, scans and learners. One thread at a time. Since 0.1.0.
 */
typedef struct driftcore_options driftcore_options;

/**
 * Rules, ready to match. Never changes; any number of threads, engines and matchers may use it at
 * the same time. Since 0.1.0.
 */
typedef struct driftcore_rules driftcore_rules;

/**
 * A comparison of a container with its image, that can be run, again and again. Never changes; any
 * thread, several at the same time. Since 0.1.0.
 */
typedef struct driftcore_scan driftcore_scan;

/**
 * Texts of rules, in the order in which they are loaded: later ones override and append to earlier
 * ones, as in Falco. One thread at a time. Since 0.1.0.
 */
typedef struct driftcore_sources driftcore_sources;

/**
 * Suggests exceptions for what departs among events. Takes the memory of the different ones, of which 2,000 that depart
 * and 20,000 others are remembered. One thread at a time. Since 0.1.0.
 */
typedef struct driftcore_suggester driftcore_suggester;

/**
 * Images that were approved, and what tells their digests apart. Any number of threads may verify with it, while none
 * adds to it. Since 0.1.0.
 */
typedef struct driftcore_verifier driftcore_verifier;

/**
 * Text that is borrowed from an object, for as long as that object is there and unchanged: no NUL
 * at its end. Usually UTF-8; names and paths that come from a container may be any bytes. Absent
 * text has no data; empty text has data and the length 0. This record never grows. Since 0.1.0.
 */
typedef struct driftcore_text {
    /**
     * The first byte, or NULL.
     */
    const char *data;
    /**
     * How many bytes there are.
     */
    size_t length;
} driftcore_text;

/**
 * One diagnostic. Lines and columns count from 1, columns in characters; the ends are behind the
 * last character. Texts are borrowed from the list. Since 0.1.0.
 */
typedef struct driftcore_diagnostic {
    /**
     * `sizeof(driftcore_diagnostic)`, set by the caller.
     */
    size_t size;
    /**
     * Stable name of the kind of problem, such as `unknown-field`.
     */
    struct driftcore_text code;
    /**
     * What is wrong.
     */
    struct driftcore_text message;
    /**
     * The file.
     */
    struct driftcore_text file;
    /**
     * What is to be said at the place; may be empty.
     */
    struct driftcore_text label;
    /**
     * What to do; may be absent.
     */
    struct driftcore_text help;
    /**
     * All of it with the lines of the file, as compilers print it.
     */
    struct driftcore_text rendered;
    /**
     * A `driftcore_severity`.
     */
    uint32_t severity;
    /**
     * Where it begins: the line.
     */
    uint32_t line;
    /**
     * Where it begins: the column.
     */
    uint32_t column;
    /**
     * Where it ends: the line.
     */
    uint32_t end_line;
    /**
     * Where it ends: the column.
     */
    uint32_t end_column;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_diagnostic;

/**
 * A rule. Texts are borrowed from the rules. Since 0.1.0.
 */
typedef struct driftcore_rule {
    /**
     * `sizeof(driftcore_rule)`, set by the caller.
     */
    size_t size;
    /**
     * Its name.
     */
    struct driftcore_text name;
    /**
     * Its source of events, `syscall`.
     */
    struct driftcore_text source;
    /**
     * Its description.
     */
    struct driftcore_text description;
    /**
     * How many tags it has.
     */
    size_t tag_count;
    /**
     * A `driftcore_rule_status`.
     */
    uint32_t status;
    /**
     * A `driftcore_priority`.
     */
    uint32_t priority;
} driftcore_rule;

/**
 * An item of a container's configuration; the event's action says of which part. Texts are borrowed from the event
 * and may be any bytes. Of what may be a secret there is only `sha256:` and the digest. Since 0.1.0.
 */
typedef struct driftcore_config {
    /**
     * `sizeof(driftcore_config)`, set by the caller.
     */
    size_t size;
    /**
     * Which: a variable, a mount point, a file, a set of capabilities, a limit.
     */
    struct driftcore_text item;
    /**
     * What was declared; absent where nothing was.
     */
    struct driftcore_text declared;
    /**
     * What is; absent where it is not there.
     */
    struct driftcore_text live;
    /**
     * A `driftcore_mark`.
     */
    uint32_t mark;
    /**
     * A `driftcore_origin`: where it was changed from, as far as that was seen.
     */
    uint32_t origin;
    /**
     * 1 when the difference, which was reported before, is no more.
     */
    uint32_t ended;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_config;

/**
 * A container. Texts are borrowed from where it came from; those that are not known are absent.
 * Since 0.1.0.
 */
typedef struct driftcore_container {
    /**
     * `sizeof(driftcore_container)`, set by the caller.
     */
    size_t size;
    /**
     * The runtime's id, as long as it has it.
     */
    struct driftcore_text id;
    /**
     * The name.
     */
    struct driftcore_text name;
    /**
     * The runtime.
     */
    struct driftcore_text runtime;
    /**
     * The image's reference.
     */
    struct driftcore_text image;
    /**
     * The image's manifest digest.
     */
    struct driftcore_text image_digest;
    /**
     * The image's config digest.
     */
    struct driftcore_text image_id;
    /**
     * The pod's name.
     */
    struct driftcore_text pod;
    /**
     * The pod's namespace.
     */
    struct driftcore_text pod_namespace;
    /**
     * When it started: nanoseconds since the epoch; 0 when that is not known.
     */
    int64_t started_at_ns;
    /**
     * How many labels it has (`driftcore_event_label`).
     */
    size_t label_count;
} driftcore_container;

/**
 * Which image runs, and which were approved. Texts are borrowed from the event. Since 0.1.0.
 */
typedef struct driftcore_digests {
    /**
     * `sizeof(driftcore_digests)`, set by the caller.
     */
    size_t size;
    /**
     * The digest that runs: of an index, a manifest or a configuration. Absent where none is known.
     */
    struct driftcore_text running;
    /**
     * What was found, for people.
     */
    struct driftcore_text reason;
    /**
     * How many digests were approved in its place, for `driftcore_event_approved`.
     */
    size_t approved_count;
} driftcore_digests;

/**
 * A file. Texts are borrowed from the event. Since 0.1.0.
 */
typedef struct driftcore_file {
    /**
     * `sizeof(driftcore_file)`, set by the caller.
     */
    size_t size;
    /**
     * Its path as the container sees it: any bytes.
     */
    struct driftcore_text path;
    /**
     * Its device, as `8:1`.
     */
    struct driftcore_text device;
    /**
     * Its permission bits, in octal.
     */
    struct driftcore_text mode;
    /**
     * SHA-256 of its content in hexadecimal; absent where it was not computed.
     */
    struct driftcore_text sha256;
    /**
     * Its inode number.
     */
    uint64_t inode;
    /**
     * Its size in bytes.
     */
    uint64_t byte_count;
    /**
     * Its owner.
     */
    uint32_t uid;
    /**
     * Its group.
     */
    uint32_t gid;
    /**
     * Of a rename its former path, of a link its target; absent of everything else.
     */
    struct driftcore_text old_path;
    /**
     * What was changed: `DRIFTCORE_CHANGED_` bits.
     */
    uint32_t changed;
    /**
     * A `driftcore_written`.
     */
    uint32_t written;
} driftcore_file;

/**
 * Who created, wrote or renamed a file last. Texts are borrowed from the event and may be any bytes;
 * they are absent, and the ids 0, where nobody saw it. Since 0.1.0.
 */
typedef struct driftcore_writer {
    /**
     * `sizeof(driftcore_writer)`, set by the caller.
     */
    size_t size;
    /**
     * `comm`.
     */
    struct driftcore_text name;
    /**
     * Its executable as the container sees it.
     */
    struct driftcore_text exe;
    /**
     * When, in nanoseconds since the epoch; 0 where it is not known.
     */
    int64_t time_ns;
    /**
     * Process id on the host.
     */
    uint32_t pid;
    /**
     * Real user id on the host.
     */
    uint32_t uid;
    /**
     * A `driftcore_origin`.
     */
    uint32_t origin;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_writer;

/**
 * What every event has. Texts are borrowed from the event. Since 0.1.0.
 */
typedef struct driftcore_event_info {
    /**
     * `sizeof(driftcore_event_info)`, set by the caller.
     */
    size_t size;
    /**
     * When it happened: nanoseconds since the epoch.
     */
    int64_t time_ns;
    /**
     * Why the file has its verdict; absent when none was judged.
     */
    struct driftcore_text reason;
    /**
     * How many reasons of losses it has (`driftcore_event_lost`).
     */
    size_t lost_count;
    /**
     * A `driftcore_kind`.
     */
    uint32_t kind;
    /**
     * A `driftcore_action`.
     */
    uint32_t action;
    /**
     * A `driftcore_verdict`.
     */
    uint32_t verdict;
    /**
     * A `driftcore_evidence_kind`: what the verdict rests on.
     */
    uint32_t evidence;
    /**
     * 1 when it is drift.
     */
    uint32_t drift;
    /**
     * 1 when it is about a process that ran, or a socket that waited for others, before the engine started.
     */
    uint32_t before_start;
    /**
     * 1 when the event itself was lost and its effect was found.
     */
    uint32_t recovered;
    /**
     * 1 when something in it was cut.
     */
    uint32_t truncated;
    /**
     * 1 when names were read from the caller's memory and nothing confirms them.
     */
    uint32_t unproved;
    /**
     * 1 when the process runs drifted code, or was started by what did.
     */
    uint32_t tainted;
    /**
     * A `driftcore_ruling`: why it is drift, or none, other than by its own nature.
     */
    uint32_t ruling;
    /**
     * 1 when what was executed is a script, and the verdict is about its interpreter.
     */
    uint32_t unresolved;
} driftcore_event_info;

/**
 * A socket. Texts are borrowed from the event. Since 0.1.0.
 */
typedef struct driftcore_network {
    /**
     * `sizeof(driftcore_network)`, set by the caller.
     */
    size_t size;
    /**
     * Its own end: `ip:port`, `[v6]:port`, or the path of a Unix socket.
     */
    struct driftcore_text local;
    /**
     * The other end, in the same form; absent of one that waits for others.
     */
    struct driftcore_text remote;
    /**
     * The address of its own end without port and brackets; of a Unix socket its path.
     */
    struct driftcore_text local_address;
    /**
     * That of the other end; absent of one that waits for others.
     */
    struct driftcore_text remote_address;
    /**
     * `ok`, or the name of the error, as `ECONNREFUSED`.
     */
    struct driftcore_text result;
    /**
     * The port of its own end; 0 where it has none, or where none is known.
     */
    uint32_t local_port;
    /**
     * That of the other end.
     */
    uint32_t remote_port;
    /**
     * A `driftcore_family`.
     */
    uint32_t family;
    /**
     * A `driftcore_protocol`.
     */
    uint32_t protocol;
    /**
     * What is so of it: `DRIFTCORE_NETWORK_` bits.
     */
    uint32_t flags;
    /**
     * 1 when nothing that is declared says otherwise; 0 when it departs from that, and so is drift.
     */
    uint32_t expected;
} driftcore_network;

/**
 * A package that was installed, removed, or given another version. Texts are borrowed from the event.
 * Since 0.1.0.
 */
typedef struct driftcore_package {
    /**
     * `sizeof(driftcore_package)`, set by the caller.
     */
    size_t size;
    /**
     * In whose database it is: `dpkg`, `apk`, `rpm`, ...
     */
    struct driftcore_text manager;
    /**
     * Its name: any bytes.
     */
    struct driftcore_text name;
    /**
     * Its version; of a removed package, the one that it had.
     */
    struct driftcore_text version;
    /**
     * The version that it had before; absent when it was not there.
     */
    struct driftcore_text old_version;
} driftcore_package;

/**
 * A process. Texts are borrowed from the event and may be any bytes. Since 0.1.0.
 */
typedef struct driftcore_process {
    /**
     * `sizeof(driftcore_process)`, set by the caller.
     */
    size_t size;
    /**
     * `comm`.
     */
    struct driftcore_text name;
    /**
     * Its executable as the container sees it.
     */
    struct driftcore_text exe;
    /**
     * Its working directory as the container sees it.
     */
    struct driftcore_text cwd;
    /**
     * Its cgroup.
     */
    struct driftcore_text cgroup;
    /**
     * How many arguments it has (`driftcore_event_argument`).
     */
    size_t argument_count;
    /**
     * How many ancestors are known (`driftcore_event_ancestor`).
     */
    size_t ancestor_count;
    /**
     * Process id on the host.
     */
    uint32_t pid;
    /**
     * Thread id on the host.
     */
    uint32_t tid;
    /**
     * Its parent's process id on the host.
     */
    uint32_t ppid;
    /**
     * Process id in the container.
     */
    uint32_t container_pid;
    /**
     * Real user id on the host.
     */
    uint32_t uid;
    /**
     * Real group id on the host.
     */
    uint32_t gid;
    /**
     * Audit login uid; UINT32_MAX when unset.
     */
    uint32_t loginuid;
    /**
     * Controlling terminal as the kernel encodes a device; 0 without one.
     */
    uint32_t tty;
} driftcore_process;

/**
 * An ancestor of the process. Texts are borrowed from the event. Since 0.1.0.
 */
typedef struct driftcore_ancestor {
    /**
     * `sizeof(driftcore_ancestor)`, set by the caller.
     */
    size_t size;
    /**
     * `comm`.
     */
    struct driftcore_text name;
    /**
     * Its executable.
     */
    struct driftcore_text exe;
    /**
     * How many arguments it has (`driftcore_event_ancestor_argument`).
     */
    size_t argument_count;
    /**
     * Process id on the host.
     */
    uint32_t pid;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_ancestor;

/**
 * What an alert says. Texts are borrowed from the alert. Since 0.1.0.
 */
typedef struct driftcore_alert_info {
    /**
     * `sizeof(driftcore_alert_info)`, set by the caller.
     */
    size_t size;
    /**
     * The rule's name.
     */
    struct driftcore_text rule;
    /**
     * The rule's source of events.
     */
    struct driftcore_text source;
    /**
     * The rule's output, without time and priority.
     */
    struct driftcore_text message;
    /**
     * This alert's identity, a UUID.
     */
    struct driftcore_text uuid;
    /**
     * The node's name.
     */
    struct driftcore_text hostname;
    /**
     * When the event happened: nanoseconds since the epoch.
     */
    int64_t time_ns;
    /**
     * How many tags the rule has (`driftcore_alert_tag`).
     */
    size_t tag_count;
    /**
     * A `driftcore_priority`.
     */
    uint32_t priority;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_alert_info;

/**
 * Receives an event, on the thread that polls or runs the engine. The event is there until this
 * returns. While it works, nothing else is read: hand over and return. It must return: no C++
 * exception and no longjmp may leave it. It may call the functions of the engine: stop, counters
 * and set_rules work, destroy takes effect when it returns, poll, run and finish are refused with
 * `DRIFTCORE_STATUS_BUSY`. Since 0.1.0.
 */
typedef void (*driftcore_event_function)(void *context, const struct driftcore_event *event);

/**
 * Receives an alert; the rest is as for events. Where the alert's event is drift, or all events
 * were asked for, it came just before. Since 0.1.0.
 */
typedef void (*driftcore_alert_function)(void *context, const struct driftcore_alert *alert);

/**
 * Where an engine reports to. Since 0.1.0.
 */
typedef struct driftcore_callbacks {
    /**
     * `sizeof(driftcore_callbacks)`, set by the caller.
     */
    size_t size;
    /**
     * Handed to each callback; never looked at.
     */
    void *context;
    /**
     * Receives drift, or all events (option `scope.events`). NULL: not wanted.
     */
    driftcore_event_function event;
    /**
     * Receives alerts. NULL: not wanted.
     */
    driftcore_alert_function alert;
} driftcore_callbacks;

/**
 * An approved exception, and how often it was used. The library's, for as long as the callback that gets it. Since
 * 0.1.0.
 */
typedef struct driftcore_exception {
    /**
     * Its size as the library has it: what lies beyond is not there.
     */
    size_t size;
    /**
     * Why it was approved.
     */
    struct driftcore_text reason;
    /**
     * Who approved it; absent where that is not said.
     */
    struct driftcore_text author;
    /**
     * As it stands in a document of exceptions: YAML, indented.
     */
    struct driftcore_text yaml;
    /**
     * When it expires, in nanoseconds since the epoch; 0: it does not.
     */
    int64_t expires_ns;
    /**
     * How many events it took.
     */
    uint64_t taken;
    /**
     * How many it would have taken, had it not expired.
     */
    uint64_t after_expiry;
} driftcore_exception;

/**
 * Receives an exception, on the thread that asked; it is there until this returns. It must return: no C++ exception
 * and no longjmp may leave it. Since 0.1.0.
 */
typedef void (*driftcore_exception_function)(void *context,
                                             const struct driftcore_exception *exception);

/**
 * Counts since the engine was made. Since 0.1.0.
 */
typedef struct driftcore_counters {
    /**
     * `sizeof(driftcore_counters)`, set by the caller.
     */
    size_t size;
    /**
     * Execs in containers that were seen live.
     */
    uint64_t execs;
    /**
     * Running processes of containers that were found.
     */
    uint64_t found_running;
    /**
     * Events of containers that were drift. (What the sensor reports of itself is not counted.)
     */
    uint64_t drift;
    /**
     * Alerts, whether or not a callback wants them.
     */
    uint64_t alerts;
    /**
     * Content proofs that were begun.
     */
    uint64_t proofs;
    /**
     * Verdicts that came from the cache of proofs.
     */
    uint64_t proofs_cached;
    /**
     * Content proofs that were not begun because too many were waiting; their verdict is unknown.
     */
    uint64_t proofs_refused;
    /**
     * Everything that was lost, whatever the reason.
     */
    uint64_t lost;
    /**
     * Lost: the exec ring was full. What still runs is found and reported as `recovered`.
     */
    uint64_t lost_exec_ring;
    /**
     * Lost: forks and exits that made room for execs; ancestors may be incomplete.
     */
    uint64_t lost_life_ring;
    /**
     * Lost: the kernel's table of container processes was full.
     */
    uint64_t lost_task_table;
    /**
     * Lost: the kernel's table of containers was full.
     */
    uint64_t lost_container_table;
    /**
     * Lost: the kernel did not run a probe that was already running on that processor.
     */
    uint64_t lost_recursion;
    /**
     * Lost: bytes that are no record.
     */
    uint64_t lost_malformed;
    /**
     * Operations on files that were seen.
     */
    uint64_t files;
    /**
     * Operations on sockets that were seen.
     */
    uint64_t sockets;
    /**
     * Other system calls that were seen.
     */
    uint64_t calls;
    /**
     * What the budgets of containers kept back; among what was lost.
     */
    uint64_t suppressed;
    /**
     * Lost: the ring of files, sockets and other calls was full.
     */
    uint64_t lost_bulk_ring;
    /**
     * Lost: a probe found another one at work on its memory.
     */
    uint64_t lost_scratch;
    /**
     * Times that a package database was not compared, or not in full: too many were waiting, it could
     * not be read, or more packages changed at once than are told.
     */
    uint64_t packages_refused;
    /**
     * Times that a container's configuration was not compared: too many messages were waiting, or what it
     * was declared to be was not found.
     */
    uint64_t configurations_refused;
} driftcore_counters;

/**
 * A rule that matched an event of a batch. This record never grows. Since 0.1.0.
 */
typedef struct driftcore_match {
    /**
     * The index of the event in the batch.
     */
    size_t event;
    /**
     * The index of the rule (`driftcore_rules_get`).
     */
    size_t rule;
} driftcore_match;

/**
 * An inode's identity and the attributes that change with its content. All zero: there is none.
 * This record never grows. Since 0.1.0.
 */
typedef struct driftcore_inode {
    /**
     * Inode number; 0: there is none.
     */
    uint64_t number;
    /**
     * Size in bytes.
     */
    uint64_t byte_count;
    /**
     * Modification time, nanoseconds since the epoch.
     */
    int64_t mtime_ns;
    /**
     * Status change time, nanoseconds since the epoch.
     */
    int64_t ctime_ns;
    /**
     * Device as the kernel encodes it: major << 20 | minor.
     */
    uint32_t device;
    /**
     * Generation.
     */
    uint32_t generation;
} driftcore_inode;

/**
 * What is known of a file. Since 0.1.0.
 */
typedef struct driftcore_evidence {
    /**
     * `sizeof(driftcore_evidence)`, set by the caller.
     */
    size_t size;
    /**
     * The file itself (on overlay: the overlay inode).
     */
    struct driftcore_inode inode;
    /**
     * On overlay: the inode in the upper layer.
     */
    struct driftcore_inode upper;
    /**
     * On overlay: the topmost inode in the image's layers.
     */
    struct driftcore_inode lower;
    /**
     * Magic number of the filesystem, as statfs(2) has it.
     */
    uint64_t fs_magic;
    /**
     * `DRIFTCORE_EVIDENCE_FLAG_` flags.
     */
    uint32_t flags;
    /**
     * File type and permission bits.
     */
    uint32_t mode;
    /**
     * Owner.
     */
    uint32_t uid;
    /**
     * Group.
     */
    uint32_t gid;
    /**
     * Number of names.
     */
    uint32_t nlink;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_evidence;

/**
 * What a verdict says. Texts are borrowed from it. Since 0.1.0.
 */
typedef struct driftcore_classified_info {
    /**
     * `sizeof(driftcore_classified_info)`, set by the caller.
     */
    size_t size;
    /**
     * The file's path as the container sees it: any bytes.
     */
    struct driftcore_text path;
    /**
     * Why it has its verdict.
     */
    struct driftcore_text reason;
    /**
     * SHA-256 of its content in hexadecimal; absent where it was not computed.
     */
    struct driftcore_text sha256;
    /**
     * A `driftcore_verdict`.
     */
    uint32_t verdict;
    /**
     * A `driftcore_evidence_kind`: what the verdict rests on.
     */
    uint32_t evidence;
    /**
     * 1 when code from this file is drift, unless a policy says otherwise.
     */
    uint32_t drift;
    /**
     * 1 when the file's present state will always have this verdict.
     */
    uint32_t cacheable;
} driftcore_classified_info;

/**
 * What an entry is. Texts are borrowed from it. Since 0.1.0.
 */
typedef struct driftcore_entry_info {
    /**
     * `sizeof(driftcore_entry_info)`, set by the caller.
     */
    size_t size;
    /**
     * The path from the container's root on: any bytes. Of a deleted file, that in the image.
     */
    struct driftcore_text path;
    /**
     * The path in the image where that is another one; absent otherwise.
     */
    struct driftcore_text old_path;
    /**
     * How many processes use the file, for `driftcore_entry_user`; the first sixteen are known.
     */
    size_t user_count;
    /**
     * A `driftcore_entry_kind`.
     */
    uint32_t kind;
    /**
     * What differs: `DRIFTCORE_CHANGED_` bits.
     */
    uint32_t changed;
    /**
     * 1 for drift: neither copied up nor noise.
     */
    uint32_t is_drift;
    /**
     * 1 for what runtimes make themselves.
     */
    uint32_t is_noise;
} driftcore_entry_info;

/**
 * A file as it is in the image or in the container. Texts are borrowed from the entry. Since 0.1.0.
 */
typedef struct driftcore_file_state {
    /**
     * `sizeof(driftcore_file_state)`, set by the caller.
     */
    size_t size;
    /**
     * The target of a symbolic link: any bytes. Absent of everything else.
     */
    struct driftcore_text target;
    /**
     * SHA-256 of the content in hexadecimal; absent where it does not differ or was not read.
     */
    struct driftcore_text sha256;
    /**
     * Its size in bytes.
     */
    uint64_t byte_count;
    /**
     * When its content was modified last, in nanoseconds since the epoch.
     */
    int64_t modified_ns;
    /**
     * When its inode was changed last.
     */
    int64_t changed_ns;
    /**
     * How many names it has in its layer.
     */
    uint64_t links;
    /**
     * A `driftcore_file_type`.
     */
    uint32_t file_type;
    /**
     * Permission bits with setuid, setgid and sticky.
     */
    uint32_t mode;
    /**
     * Its owner, as the layer's filesystem has it.
     */
    uint32_t uid;
    /**
     * Its group.
     */
    uint32_t gid;
    /**
     * Major number of a device; 0 of everything else.
     */
    uint32_t device_major;
    /**
     * Minor number of a device; 0 of everything else.
     */
    uint32_t device_minor;
    /**
     * A `driftcore_code`; not told of deleted files.
     */
    uint32_t code;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_file_state;

/**
 * A process that uses a file. The name is borrowed from the entry. Since 0.1.0.
 */
typedef struct driftcore_file_user {
    /**
     * `sizeof(driftcore_file_user)`, set by the caller.
     */
    size_t size;
    /**
     * `comm`: any bytes.
     */
    struct driftcore_text name;
    /**
     * Process id on the host.
     */
    uint32_t pid;
    /**
     * A `driftcore_use`.
     */
    uint32_t how;
} driftcore_file_user;

/**
 * Receives an entry, on the thread that runs the scan; it is there until this returns. 0: go on;
 * anything else ends the scan. It must return: no C++ exception and no longjmp may leave it.
 * Since 0.1.0.
 */
typedef uint32_t (*driftcore_entry_function)(void *context, const struct driftcore_entry *entry);

/**
 * Something that a scan could not read or compare. The library's, for as long as the callback that
 * gets it. Since 0.1.0.
 */
typedef struct driftcore_problem {
    /**
     * Its size as the library has it: what lies beyond is not there.
     */
    size_t size;
    /**
     * The path from the container's root on: any bytes.
     */
    struct driftcore_text path;
    /**
     * What happened, for people.
     */
    struct driftcore_text reason;
    /**
     * 1: the file went meanwhile, there was nothing to miss. 0: something is there that was not
     * seen or not compared.
     */
    uint32_t vanished;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_problem;

/**
 * Receives a problem; the rest is as for entries. Since 0.1.0.
 */
typedef uint32_t (*driftcore_problem_function)(void *context,
                                               const struct driftcore_problem *problem);

/**
 * Is told now and then how many names were looked at and how many bytes were read; the rest is as
 * for entries. Since 0.1.0.
 */
typedef uint32_t (*driftcore_progress_function)(void *context, uint64_t names, uint64_t bytes);

/**
 * A package that is not as in the image. The library's, for as long as the callback that gets it.
 * Since 0.1.0.
 */
typedef struct driftcore_changed_package {
    /**
     * Its size as the library has it: what lies beyond is not there.
     */
    size_t size;
    /**
     * In whose database it is: `dpkg`, `apk`, `rpm`, `pip`, `npm`, `gem`, `cargo`, `go`.
     */
    struct driftcore_text manager;
    /**
     * Its name: any bytes.
     */
    struct driftcore_text name;
    /**
     * Its version, as the manager writes it; absent when it was removed.
     */
    struct driftcore_text version;
    /**
     * The version in the image; absent when it was not there.
     */
    struct driftcore_text old_version;
    /**
     * The machine that it is for; absent where the database does not say.
     */
    struct driftcore_text architecture;
    /**
     * The path of the database.
     */
    struct driftcore_text place;
    /**
     * How many entries of the scan are its files.
     */
    uint64_t files;
    /**
     * Of them programs, libraries and scripts.
     */
    uint64_t code;
    /**
     * Of them those whose content is not what the database says.
     */
    uint64_t altered;
    /**
     * A `driftcore_package_change`.
     */
    uint32_t change;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_changed_package;

/**
 * Receives a package that is not as in the image, after the last entry; the rest is as for entries.
 * Since 0.1.0.
 */
typedef uint32_t (*driftcore_changed_package_function)(void *context,
                                                       const struct driftcore_changed_package *package);

/**
 * A package database that was written to, or whose manager ran. The library's, for as long as the callback
 * that gets it. Since 0.1.0.
 */
typedef struct driftcore_package_database {
    /**
     * Its size as the library has it: what lies beyond is not there.
     */
    size_t size;
    /**
     * Whose it is, as of a package.
     */
    struct driftcore_text manager;
    /**
     * Its path.
     */
    struct driftcore_text place;
    /**
     * How many packages are not as in the image.
     */
    uint64_t changes;
    /**
     * A `driftcore_answer`: whether the manager left what each of its runs leaves (a lock, a log).
     */
    uint32_t run;
    /**
     * 1 when the upper layer has something of it.
     */
    uint32_t is_written;
    /**
     * 1 when packages changed and the manager left no trace: something else wrote to it.
     */
    uint32_t is_forged;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_package_database;

/**
 * Receives a package database, after the last package; the rest is as for entries. Since 0.1.0.
 */
typedef uint32_t (*driftcore_package_database_function)(void *context,
                                                        const struct driftcore_package_database *database);

/**
 * Where a scan reports to. Since 0.1.0.
 */
typedef struct driftcore_scan_callbacks {
    /**
     * `sizeof(driftcore_scan_callbacks)`, set by the caller.
     */
    size_t size;
    /**
     * Handed to each callback; never looked at.
     */
    void *context;
    /**
     * Receives entries. NULL: they are counted.
     */
    driftcore_entry_function entry;
    /**
     * Receives problems. NULL: they are counted.
     */
    driftcore_problem_function problem;
    /**
     * Is told of the progress. NULL: not wanted.
     */
    driftcore_progress_function progress;
    /**
     * Receives packages that are not as in the image. NULL: they are counted.
     */
    driftcore_changed_package_function package;
    /**
     * Receives package databases that were written to, or whose managers ran. NULL: not wanted.
     */
    driftcore_package_database_function database;
} driftcore_scan_callbacks;

/**
 * What a scan found, in numbers. Since 0.1.0.
 */
typedef struct driftcore_scan_summary {
    /**
     * `sizeof(driftcore_scan_summary)`, set by the caller.
     */
    size_t size;
    /**
     * All entries.
     */
    uint64_t entries;
    /**
     * Those that are drift.
     */
    uint64_t drift;
    /**
     * Those that the runtime made.
     */
    uint64_t noise;
    /**
     * Those that are as in the image.
     */
    uint64_t copied_up;
    /**
     * What could not be read or compared.
     */
    uint64_t problems;
    /**
     * What went while the scan ran.
     */
    uint64_t vanished;
    /**
     * Names that were looked at.
     */
    uint64_t names;
    /**
     * Bytes of files that were read.
     */
    uint64_t bytes;
    /**
     * 1 when a callback ended the scan: the numbers are those up to there.
     */
    uint32_t stopped;
    /**
     * Zero.
     */
    uint32_t reserved;
    /**
     * Packages that are not as in the image.
     */
    uint64_t packages;
    /**
     * Parts of package databases that could not be read: told as problems, and not among their number.
     */
    uint64_t faults;
} driftcore_scan_summary;

/**
 * The package that claims the file of an entry. Texts are borrowed from the entry. Since 0.1.0.
 */
typedef struct driftcore_owner {
    /**
     * `sizeof(driftcore_owner)`, set by the caller.
     */
    size_t size;
    /**
     * In whose database it is, as of a package.
     */
    struct driftcore_text manager;
    /**
     * Its name: any bytes.
     */
    struct driftcore_text name;
    /**
     * Its version, as the manager writes it.
     */
    struct driftcore_text version;
    /**
     * The machine that it is for; absent where the database does not say.
     */
    struct driftcore_text architecture;
    /**
     * The path of the database.
     */
    struct driftcore_text place;
    /**
     * A `driftcore_answer`: whether the file's content is what the database says.
     */
    uint32_t as_packaged;
    /**
     * 1 for a configuration file, which is made to be changed.
     */
    uint32_t is_config;
    /**
     * 1 when the package itself changed at run time: the file came, or went, with it.
     */
    uint32_t came_with_package;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_owner;

/**
 * How far a pod, or a container of this node, is confined by its specification. The library's, for as
 * long as the callback that gets it. Since 0.1.0.
 */
typedef struct driftcore_posture {
    /**
     * Its size as the library has it: what lies beyond is not there.
     */
    size_t size;
    /**
     * The pod; absent of a container in none.
     */
    struct driftcore_text pod;
    /**
     * Its namespace, where it is said.
     */
    struct driftcore_text pod_namespace;
    /**
     * The node that it runs on, where it says so.
     */
    struct driftcore_text node;
    /**
     * All of it as JSON, in one line: containers, what each fails by which field, and what confines it.
     * docs/posture.md says what is in it.
     */
    struct driftcore_text json;
    /**
     * How many containers.
     */
    uint64_t containers;
    /**
     * How many fields fail a control, in the pod and its containers.
     */
    uint64_t failures;
    /**
     * The highest `driftcore_level` that it meets: that of the container that meets the least.
     */
    uint32_t level;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_posture;

/**
 * Receives a posture, on the thread that asked for it; it is there until this returns. 0: go on;
 * anything else ends the reading. It must return: no C++ exception and no longjmp may leave it.
 * Since 0.1.0.
 */
typedef uint32_t (*driftcore_posture_function)(void *context,
                                               const struct driftcore_posture *posture);

/**
 * What was read of pods, in numbers. Since 0.1.0.
 */
typedef struct driftcore_posture_summary {
    /**
     * `sizeof(driftcore_posture_summary)`, set by the caller.
     */
    size_t size;
    /**
     * Pods that were told of.
     */
    uint64_t pods;
    /**
     * Objects that are none. 0 when a callback ended the reading.
     */
    uint64_t others;
    /**
     * 1 when a callback ended the reading.
     */
    uint32_t stopped;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_posture_summary;

/**
 * One thing that was declared of a container, or that is. Texts are borrowed from the configuration and may be any
 * bytes. Of what may be a secret there is only `sha256:` and the digest. Since 0.1.0.
 */
typedef struct driftcore_config_item {
    /**
     * `sizeof(driftcore_config_item)`, set by the caller.
     */
    size_t size;
    /**
     * Which: a variable, a mount point, a file, a set of capabilities, a limit.
     */
    struct driftcore_text name;
    /**
     * What was declared; absent where nothing was.
     */
    struct driftcore_text declared;
    /**
     * What is; absent where it is not there.
     */
    struct driftcore_text live;
    /**
     * The name (comm) of the process that it was seen of; absent of the container's first one, and of what is the
     * whole container's.
     */
    struct driftcore_text process_name;
    /**
     * How many more processes are so.
     */
    uint64_t more;
    /**
     * The process that it was seen of, by its id on the host; 0 where there is no name.
     */
    uint32_t pid;
    /**
     * A `driftcore_aspect`.
     */
    uint32_t aspect;
    /**
     * A `driftcore_mark`.
     */
    uint32_t mark;
    /**
     * 1 when it departs from what was declared.
     */
    uint32_t differs;
} driftcore_config_item;

/**
 * What was found of a container. The library's, for as long as the callback that gets it. Since 0.1.0.
 */
typedef struct driftcore_verified {
    /**
     * Its size as the library has it: what lies beyond is not there.
     */
    size_t size;
    /**
     * The container's name, or its id where it has none.
     */
    struct driftcore_text container;
    /**
     * What it is to its pod: `main`, `init`, `sidecar`, `ephemeral`.
     */
    struct driftcore_text role;
    /**
     * Its pod; absent of a container in none.
     */
    struct driftcore_text pod;
    /**
     * The pod's namespace, where it is said.
     */
    struct driftcore_text pod_namespace;
    /**
     * The node that it runs on, where the pod says so.
     */
    struct driftcore_text node;
    /**
     * The image as it was asked for, or as the runtime names it.
     */
    struct driftcore_text image;
    /**
     * The digest that runs; absent where none is known.
     */
    struct driftcore_text running;
    /**
     * Why, for people.
     */
    struct driftcore_text reason;
    /**
     * All of it as JSON, in one line, the approved digests and what was found of the layers among it. docs/verify.md
     * says what is in it.
     */
    struct driftcore_text json;
    /**
     * A `driftcore_approval`.
     */
    uint32_t approval;
    /**
     * A `driftcore_layer_proof`.
     */
    uint32_t layers;
} driftcore_verified;

/**
 * Receives what was found of a container, on the thread that asked for it; it is there until this returns. 0: go on;
 * anything else ends the verification. It must return: no C++ exception and no longjmp may leave it. Since 0.1.0.
 */
typedef uint32_t (*driftcore_verified_function)(void *context,
                                                const struct driftcore_verified *verified);

/**
 * What was verified, in numbers: of the containers that were told of. Since 0.1.0.
 */
typedef struct driftcore_verify_summary {
    /**
     * `sizeof(driftcore_verify_summary)`, set by the caller.
     */
    size_t size;
    /**
     * Containers that were told of.
     */
    uint64_t containers;
    /**
     * Of these, approved ones.
     */
    uint64_t approved;
    /**
     * Of a repository of which others were approved.
     */
    uint64_t mismatch;
    /**
     * Approved by a tag alone.
     */
    uint64_t mutable_tag;
    /**
     * Not approved.
     */
    uint64_t unapproved;
    /**
     * Of which it cannot be told.
     */
    uint64_t cannot_tell;
    /**
     * Containers whose layers are proved.
     */
    uint64_t layers_proved;
    /**
     * Whose layers differ.
     */
    uint64_t layers_differ;
    /**
     * Of whose layers it cannot be told.
     */
    uint64_t layers_cannot_tell;
    /**
     * Pods that were read. 0 when a callback ended the reading.
     */
    uint64_t pods;
    /**
     * Objects that are none. 0 when a callback ended the reading.
     */
    uint64_t others;
    /**
     * 1 when a callback ended it.
     */
    uint32_t stopped;
    /**
     * Zero.
     */
    uint32_t reserved;
} driftcore_verify_summary;

/**
 * Receives a message: its `driftcore_log_level`, what it comes from (`libbpf`, or a module of
 * driftcore) and its text, both there until this returns. Comes on whichever thread the library
 * works, and on several at a time; must call no function of the library. Since 0.1.0.
 */
typedef void (*driftcore_log_function)(void *context,
                                       uint32_t level,
                                       struct driftcore_text target,
                                       struct driftcore_text message);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that runs, as `MAJOR.MINOR.PATCH`: a C string that is always there.
 * Any thread, signal handlers too. Since 0.1.0.
 */
const char *driftcore_version(void);

/**
 * The status that the call returned. NULL: `DRIFTCORE_STATUS_OK`. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_error_status(const struct driftcore_error *error);

/**
 * What went wrong, in one line of UTF-8. Borrowed from the error. NULL: absent. Any thread.
 * Since 0.1.0.
 */
struct driftcore_text driftcore_error_message(const struct driftcore_error *error);

/**
 * The file that it is about; absent when it is about none. Borrowed from the error. NULL: absent.
 * Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_error_file(const struct driftcore_error *error);

/**
 * The line in that file, from 1; 0 when it is about no line. NULL: 0. Any thread. Since 0.1.0.
 */
uint32_t driftcore_error_line(const struct driftcore_error *error);

/**
 * The column in that line, in characters from 1; 0 when it is about no line. NULL: 0. Any thread.
 * Since 0.1.0.
 */
uint32_t driftcore_error_column(const struct driftcore_error *error);

/**
 * Frees an error and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any
 * thread. Since 0.1.0.
 */
void driftcore_error_free(struct driftcore_error **error);

/**
 * Options with their defaults, for `driftcore_options_free`. Any thread. Since 0.1.0.
 */
struct driftcore_options *driftcore_options_new(void);

/**
 * Sets an option. Both strings are copied. NULL anywhere but in `error`: refused. One thread at a
 * time. Since 0.1.0.
 *
 * | name | value | default |
 * | --- | --- | --- |
 * | sensor.exec_ring_bytes | a power of two | 8388608 |
 * | sensor.life_ring_bytes | a power of two | 2097152 |
 * | sensor.bulk_ring_bytes | a power of two | 8388608 |
 * | sensor.events_per_second | beside execs, of one container; 0: any number | 2000 |
 * | sensor.events_at_once | before that rate counts | 8000 |
 * | sensor.follow_io_uring | false: report each ring that a container makes, and not what is done through it | true |
 * | sensor.hooks | from where operations on files are seen: lsm, fentry, tracepoint, or auto: the first of these that proves itself | auto |
 * | sensor.unix_sockets | true: connections to Unix sockets outside of the container are seen | false |
 * | sensor.allow_degraded | true: go on when the self-test fails, and report it | false |
 * | proof.max_bytes | the most bytes of a file that are compared | 268435456 |
 * | proof.max_milliseconds | the longest time that it may take | 2000 |
 * | proof.digests | true: all drifted code is read for its SHA-256, not only what is compared | false |
 * | baseline.file | adds a baseline: what it expects is no drift, what it does not is | none |
 * | baseline.accept | true: drift is learned as normal, too; drifted code by its digest | false |
 * | baseline.select | LABEL=VALUE: only containers with that label are learned from, and the baseline speaks of all that have it | none |
 * | exceptions.file | adds a file of approved exceptions | none |
 * | grace | adds a time after a start for a container's own first program to prepare files: SECONDS, or SECONDS:IMAGE with a pattern | none |
 * | grace.label | the same for containers that have a label: SECONDS:LABEL or SECONDS:LABEL=VALUE | none |
 * | runtimes.host | the host's root directory, as this process sees it | / |
 * | runtimes.proc | the host's proc filesystem | /proc |
 * | runtimes.docker | adds a data root of Docker | /var/lib/docker |
 * | runtimes.containerd | adds a containerd: STATE:ROOT | where distributions put it |
 * | runtimes.storage | adds a root of containers/storage | where distributions put it |
 * | scope.events | drift, or all: also events that are no drift | drift |
 * | events.kinds | adds a kind of events that is watched beside execs: file, network or code | what the rules speak of |
 * | files.memory | true: operations on files count also on filesystems in memory, as secrets are | false |
 * | files.volumes | true: and on volumes, and whatever else is mounted | false |
 * | code.libraries | false: what is mapped executable is never looked at | true |
 * | code.scripts | false: what interpreters read is never looked at | true |
 * | code.interpreter | adds a program that runs scripts, without a version | those that are known |
 * | packages.watch | false: package databases are not compared when they change | true |
 * | config.interval | seconds between two comparisons of how a container is set up with what was declared; 0: never | 0 |
 * | config.secret | adds a file, directory or mount of containers, as these see it, whose files are compared as secrets are | what the kubelet mounts, /run/secrets |
 * | config.pods | a file of pods as `kubectl get pods -o json` prints them, with which their containers are compared, too; read again when it changed | none |
 * | scope.container | adds a container (id, its beginning, or name) | all containers |
 * | rules.matching | first, or all: how many rules may match an event | first |
 * | rules.least_priority | emergency to debug | debug |
 * | rules.suggested_output | true: container, image and pod behind each output | true |
 * | digest.approved | adds a file that says which images were approved: Kubernetes manifests, or a list | nothing is verified |
 * | digest.layout | adds an OCI image layout that holds the content of images | containerd's content stores |
 * | digest.deep | true: a verifier holds the layers on disk of containers of this node against their image, too | false |
 * | scan.times | true: a time of modification alone counts as a change, too | false |
 * | scan.max_bytes | the most bytes of a file that a scan reads | 4294967296 |
 * | scan.threads | how many threads read large files; 0: none is started | one for each processor |
 * | scan.packages | false: packages are not compared | true |
 * | scan.whiteout_files | true: files named .wh.NAME are whiteouts | false |
 * | scan.user_xattrs | true: the overlay of the directories has its marks in user.overlay.* | false |
 *
 * The empty value empties what is added to.
 */
enum driftcore_status driftcore_options_set(struct driftcore_options *options,
                                            const char *name,
                                            const char *value,
                                            struct driftcore_error **error);

/**
 * Frees options and sets the pointer to them to NULL; engines made with them stay as they are.
 * NULL, or a pointer to NULL: nothing. Any thread, while no
 * other uses it. Since 0.1.0.
 */
void driftcore_options_free(struct driftcore_options **options);

/**
 * How many there are. NULL: 0. Any thread. Since 0.1.0.
 */
size_t driftcore_diagnostics_count(const struct driftcore_diagnostics *diagnostics);

/**
 * Fills a record, whose size is set, with the diagnostic of that index. NULL anywhere but in
 * `error`, or no such index: refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_diagnostics_get(const struct driftcore_diagnostics *diagnostics,
                                                size_t index,
                                                struct driftcore_diagnostic *diagnostic,
                                                struct driftcore_error **error);

/**
 * Frees diagnostics and sets the pointer to them to NULL. NULL, or a pointer to NULL: nothing. Any
 * thread. Since 0.1.0.
 */
void driftcore_diagnostics_free(struct driftcore_diagnostics **diagnostics);

/**
 * How many rules were loaded, those that are not matched too. NULL: 0. Any thread. Since 0.1.0.
 */
size_t driftcore_rules_count(const struct driftcore_rules *rules);

/**
 * Fills a record, whose size is set, with the rule of that index. NULL anywhere but in `error`, or
 * no such index: refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_rules_get(const struct driftcore_rules *rules,
                                          size_t index,
                                          struct driftcore_rule *rule,
                                          struct driftcore_error **error);

/**
 * A tag of a rule, borrowed from the rules. NULL, or no such rule or tag: absent. Any thread. Since
 * 0.1.0.
 */
struct driftcore_text driftcore_rules_tag(const struct driftcore_rules *rules,
                                          size_t index,
                                          size_t tag);

/**
 * All rules as a JSON array, with the event types that each may match and what the sensor cannot
 * give it; borrowed from the rules. NULL: absent. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_rules_json(const struct driftcore_rules *rules);

/**
 * Loads and compiles rules. `options` may be NULL: the defaults.
 *
 * `rules` gets the rules, for `driftcore_rules_free`, or NULL when there are errors among the
 * diagnostics; then the status is `DRIFTCORE_STATUS_RULES`, and the error is about the first of
 * them. `diagnostics` (NULL: not wanted) gets everything that is to be said, warnings too, for
 * `driftcore_diagnostics_free`; warnings about the shipped rules are left out. Other arguments must
 * not be NULL. `sources` may be used again. Any thread, while no other changes `sources` or
 * `options`. Since 0.1.0.
 */
enum driftcore_status driftcore_rules_load(const struct driftcore_sources *sources,
                                           const struct driftcore_options *options,
                                           struct driftcore_rules **rules,
                                           struct driftcore_diagnostics **diagnostics,
                                           struct driftcore_error **error);

/**
 * Frees rules and sets the pointer to them to NULL. Engines and matchers that use them go on to.
 * NULL, or a pointer to NULL: nothing. Any thread. Since 0.1.0.
 */
void driftcore_rules_free(struct driftcore_rules **rules);

/**
 * No sources yet; for `driftcore_sources_free`. Any thread. Since 0.1.0.
 */
struct driftcore_sources *driftcore_sources_new(void);

/**
 * Adds the rules that come with the library. NULL: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_sources_add_shipped(struct driftcore_sources *sources,
                                                    struct driftcore_error **error);

/**
 * Adds a file, or the files of a directory that end in .yaml or .yml, in the order of their names.
 * They are read now. NULL anywhere but in `error`: refused. What cannot be read is
 * `DRIFTCORE_STATUS_IO`, and rules that are loaded from these sources all the same will lack it.
 * One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_sources_add_path(struct driftcore_sources *sources,
                                                 const char *path,
                                                 struct driftcore_error **error);

/**
 * Adds text, which is copied. `name` stands for it in diagnostics. It should be UTF-8; where it is
 * not, loading says so. NULL anywhere but in `error`: refused, but for `text` when `length` is 0.
 * One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_sources_add_text(struct driftcore_sources *sources,
                                                 const char *name,
                                                 const char *text,
                                                 size_t length,
                                                 struct driftcore_error **error);

/**
 * Frees sources and sets the pointer to them to NULL; rules and diagnostics made of them stay.
 * NULL, or a pointer to NULL: nothing. Any thread, while no
 * other uses it. Since 0.1.0.
 */
void driftcore_sources_free(struct driftcore_sources **sources);

/**
 * Fills a record, whose size is set, with the item of a container's configuration that the event is about, and
 * returns 1; 0 when it is about none, or for NULL or a wrong size; then the record is all zero behind its size. Any
 * thread. Since 0.1.0.
 */
uint32_t driftcore_event_config(const struct driftcore_event *event,
                                struct driftcore_config *config);

/**
 * Fills a record, whose size is set, with the event's container, and returns 1; 0 when the event
 * has none, or for NULL or a wrong size; then the record
 * is all zero behind its size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_event_container(const struct driftcore_event *event,
                                   struct driftcore_container *container);

/**
 * A label of the event's container, by index in the order of their keys: the value, and in `key`
 * (NULL: not wanted) the key. NULL, or no such index: absent, the key too. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_event_label(const struct driftcore_event *event,
                                            size_t index,
                                            struct driftcore_text *key);

/**
 * Fills a record, whose size is set, with the digests of an event about an image, and returns 1; 0 when the event
 * is about none, or for NULL or a wrong size; then the record is all zero behind its size. Any thread.
 * Since 0.1.0.
 */
uint32_t driftcore_event_digests(const struct driftcore_event *event,
                                 struct driftcore_digests *digests);

/**
 * A digest that was approved, by its index; borrowed from the event. NULL, or no such index: absent. Any thread.
 * Since 0.1.0.
 */
struct driftcore_text driftcore_event_approved(const struct driftcore_event *event,
                                               size_t index);

/**
 * Fills a record, whose size is set, with the event's file, and returns 1; 0 when the event has
 * none, or for NULL or a wrong size; then the record
 * is all zero behind its size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_event_file(const struct driftcore_event *event, struct driftcore_file *file);

/**
 * Fills a record, whose size is set, with the last writer of the event's file, and returns 1; 0 when
 * the event says nothing of one, or for NULL or a wrong size; then the record is all zero behind its
 * size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_event_writer(const struct driftcore_event *event,
                                struct driftcore_writer *writer);

/**
 * Fills a record, whose size is set, with what every event has. NULL anywhere but in `error`:
 * refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_event_get(const struct driftcore_event *event,
                                          struct driftcore_event_info *info,
                                          struct driftcore_error **error);

/**
 * How many events were lost for one reason, of an event that reports losses. `reason` (NULL: not
 * wanted) gets its name, which is always there. NULL, or no such index: 0, and no name. Any thread. Since 0.1.0.
 */
uint64_t driftcore_event_lost(const struct driftcore_event *event,
                              size_t index,
                              struct driftcore_text *reason);

/**
 * The name of a `driftcore_verdict` in events and rules, a C string that is always there; of other
 * numbers, `none` or `other`. Any thread, signal handlers too. Since 0.1.0.
 */
const char *driftcore_verdict_name(uint32_t verdict);

/**
 * Fills a record, whose size is set, with the event's socket, and returns 1; 0 when the event has
 * none, or for NULL or a wrong size; then the record
 * is all zero behind its size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_event_network(const struct driftcore_event *event,
                                 struct driftcore_network *network);

/**
 * The event as a JSON object (docs/events.md), one line without its end; borrowed from the event,
 * made at the first call. NULL: absent. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_event_json(const struct driftcore_event *event);

/**
 * A copy that outlives the callback, for `driftcore_event_free`. NULL: NULL. Any thread. Since
 * 0.1.0.
 */
struct driftcore_event *driftcore_event_copy(const struct driftcore_event *event);

/**
 * Reads an event from the JSON object that `driftcore_event_json` or driftd writes. `event` gets
 * it, for `driftcore_event_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_event_parse(const char *json,
                                            size_t length,
                                            struct driftcore_event **event,
                                            struct driftcore_error **error);

/**
 * Frees a copied or parsed event and sets the pointer to it to NULL. NULL, or a pointer to NULL:
 * nothing. Not for the event of a callback. Any thread. Since 0.1.0.
 */
void driftcore_event_free(struct driftcore_event **event);

/**
 * Fills a record, whose size is set, with the event's package, and returns 1; 0 when the event has none, or for
 * NULL or a wrong size; then the record is all zero behind its size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_event_package(const struct driftcore_event *event,
                                 struct driftcore_package *package);

/**
 * Fills a record, whose size is set, with the event's process, and returns 1; 0 when the event has
 * none, or for NULL or a wrong size; then the record
 * is all zero behind its size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_event_process(const struct driftcore_event *event,
                                 struct driftcore_process *process);

/**
 * An argument of the event's process, the program's name at index 0. NULL, or no such index:
 * absent. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_event_argument(const struct driftcore_event *event, size_t index);

/**
 * Fills a record, whose size is set, with an ancestor, the parent at index 0, and returns 1; 0 when
 * there is no such one, or for NULL or a wrong size; then the record
 * is all zero behind its size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_event_ancestor(const struct driftcore_event *event,
                                  size_t index,
                                  struct driftcore_ancestor *ancestor);

/**
 * An argument of an ancestor. NULL, or no such ancestor or argument: absent. Any thread. Since
 * 0.1.0.
 */
struct driftcore_text driftcore_event_ancestor_argument(const struct driftcore_event *event,
                                                        size_t ancestor,
                                                        size_t index);

/**
 * Fills a record, whose size is set, with what an alert says. NULL anywhere but in `error`:
 * refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_alert_get(const struct driftcore_alert *alert,
                                          struct driftcore_alert_info *info,
                                          struct driftcore_error **error);

/**
 * A tag of the alert's rule. NULL, or no such index: absent. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_alert_tag(const struct driftcore_alert *alert, size_t index);

/**
 * The event that the alert is about, borrowed from the alert; NULL where the event has no such
 * form (a flat event), and for NULL. Any thread. Since 0.1.0.
 */
const struct driftcore_event *driftcore_alert_event(const struct driftcore_alert *alert);

/**
 * The alert as Falco's JSON object, with `uuid` and `drift` added, one line without its end;
 * borrowed from the alert, made at the first call. NULL: absent. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_alert_json(const struct driftcore_alert *alert);

/**
 * The alert as Falco's text line, `HH:MM:SS.nnnnnnnnn: Priority message` in UTC, control characters
 * escaped; borrowed from the alert, made at the first call. NULL: absent. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_alert_line(const struct driftcore_alert *alert);

/**
 * A copy that outlives the callback, with its event, for `driftcore_alert_free`. NULL: NULL. Any
 * thread. Since 0.1.0.
 */
struct driftcore_alert *driftcore_alert_copy(const struct driftcore_alert *alert);

/**
 * Frees a copied alert and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Not
 * for the alert of a callback. Any thread. Since 0.1.0.
 */
void driftcore_alert_free(struct driftcore_alert **alert);

/**
 * Loads and attaches the sensor, proves that it sees, and takes in the containers that run.
 *
 * `options` may be NULL: the defaults. `rules` may be NULL: no alerts; the engine shares them, free
 * yours whenever you like. `callbacks` is copied, its context must be there until the engine is
 * destroyed. Processes that run drifted code already are reported before this returns: those
 * callbacks come while `engine` is still NULL. Signals are blocked in this thread meanwhile, so that
 * the library's own threads never take one of yours; three children are started and waited for.
 * `engine` gets the engine, for `driftcore_engine_destroy`; NULL where this fails:
 * `DRIFTCORE_STATUS_PERMISSION` (a capability is missing), `_UNSUPPORTED` (the kernel),
 * `_BLIND` (the self-test), `_IO`, `_INVALID_ARGUMENT` (a baseline or exceptions that cannot be read: the error
 * has file, line and column; or pods: the message has them). Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_engine_new(const struct driftcore_options *options,
                                           const struct driftcore_rules *rules,
                                           const struct driftcore_callbacks *callbacks,
                                           struct driftcore_engine **engine,
                                           struct driftcore_error **error);

/**
 * A descriptor that is readable when `driftcore_engine_poll` has something to do, for poll, epoll,
 * select and event loops over them. The engine's own: never read, write or close it. NULL: -1. Any
 * thread. Since 0.1.0.
 */
int driftcore_engine_fd(const struct driftcore_engine *engine);

/**
 * Waits at most `timeout_ms` milliseconds (0: not at all, negative: as long as it takes) for
 * something to do, and does it: callbacks come from here. Returns early on a signal. One thread at
 * a time; others, and callbacks, are refused with `DRIFTCORE_STATUS_BUSY`. NULL: refused. Since
 * 0.1.0.
 */
enum driftcore_status driftcore_engine_poll(struct driftcore_engine *engine,
                                            int timeout_ms,
                                            struct driftcore_error **error);

/**
 * Runs until `driftcore_engine_stop`, reports what is still under way as `driftcore_engine_finish`
 * does, and returns. One thread at a time, as for poll: nobody else polls until it returns. NULL: refused. Since 0.1.0.
 */
enum driftcore_status driftcore_engine_run(struct driftcore_engine *engine,
                                           struct driftcore_error **error);

/**
 * Takes in what waits and reports what is being proved, as far as that takes no more than three
 * seconds. For those who poll, before they destroy. One thread at a time, as for poll. NULL:
 * refused. Since 0.1.0.
 */
enum driftcore_status driftcore_engine_finish(struct driftcore_engine *engine,
                                              struct driftcore_error **error);

/**
 * Makes `driftcore_engine_run` return, and ends the wait of a poll. For good: a later run returns
 * at once. Takes no lock, allocates nothing and leaves errno alone but for an error that the kernel
 * never gives. NULL: nothing. Any thread, callbacks, and signal handlers; a handler that may run
 * while `driftcore_engine_new` does finds no engine yet, and has to leave a mark of its own. Since
 * 0.1.0.
 */
void driftcore_engine_stop(const struct driftcore_engine *engine);

/**
 * Matches other rules from the next event on, without losing one. The engine shares them, free
 * yours whenever you like. NULL anywhere but in `error`: refused. Any thread, callbacks too. Since
 * 0.1.0.
 */
enum driftcore_status driftcore_engine_set_rules(struct driftcore_engine *engine,
                                                 const struct driftcore_rules *rules,
                                                 struct driftcore_error **error);

/**
 * Reads the files that `digest.approved` of the options names, and verifies all containers by them from now on:
 * each is reported where the answer is another one than before. Where they are bad, what was approved stays.
 * `DRIFTCORE_STATUS_UNSUPPORTED`: the engine was made without any. NULL anywhere but in `error`: refused.
 * Any thread, callbacks too. Since 0.1.0.
 */
enum driftcore_status driftcore_engine_set_approved(struct driftcore_engine *engine,
                                                    const struct driftcore_options *options,
                                                    struct driftcore_error **error);

/**
 * Reads the files that `baseline.file` and `exceptions.file` of the options name, and takes what they and the times of
 * `grace` and `grace.label` say for normal from the next event on, without losing one, and nothing else any more. Where
 * they are bad, what was normal stays: `DRIFTCORE_STATUS_INVALID_ARGUMENT`, and the error has file, line and column.
 * Ask `driftcore_engine_exceptions` before: exceptions are counted anew.
 *
 * Most of it takes digests of drifted code: an engine that was made without baselines and exceptions has them only with
 * the option `proof.digests`. NULL anywhere but in `error`: refused. Any thread, callbacks too. Since 0.1.0.
 */
enum driftcore_status driftcore_engine_set_normality(struct driftcore_engine *engine,
                                                     const struct driftcore_options *options,
                                                     struct driftcore_error **error);

/**
 * Calls back with each exception that the engine has, in the order of the documents, and how often each was used.
 * NULL anywhere but in `context` and `error`: refused. Any thread, callbacks too. Since 0.1.0.
 */
enum driftcore_status driftcore_engine_exceptions(const struct driftcore_engine *engine,
                                                  driftcore_exception_function callback,
                                                  void *context,
                                                  struct driftcore_error **error);

/**
 * Fills a record, whose size is set, with what the engine did up to the end of the last poll. NULL
 * anywhere but in `error`: refused. Any thread, callbacks too. Since 0.1.0.
 */
enum driftcore_status driftcore_engine_counters(const struct driftcore_engine *engine,
                                                struct driftcore_counters *counters,
                                                struct driftcore_error **error);

/**
 * Stops and detaches everything, frees the engine and sets the pointer to it to NULL first, so that
 * a second call does nothing and returns at once, even while the first one still waits. NULL, or a
 * pointer to NULL: nothing.
 *
 * Waits for a poll or run of another thread to end; afterwards no callback comes. In a callback it
 * returns at once, that callback is the last one, and everything ends when the poll or run does.
 * What was not reported is not: call finish before. But for that one poll or run, no call on the
 * engine may be under way or begin later, also none of `driftcore_engine_stop` in a signal handler
 * of another thread. Hold no lock that a callback or the log function takes. Any thread, callbacks
 * too; not signal handlers. Since 0.1.0.
 */
void driftcore_engine_destroy(struct driftcore_engine **engine);

/**
 * Finds a field by its name, such as `proc.name`; `driftd rules fields` and docs/fields.md list
 * them. `field` gets it, for `driftcore_field_free`. NULL anywhere but in `error`: refused. Any
 * thread. Since 0.1.0.
 */
enum driftcore_status driftcore_field_find(const char *name,
                                           struct driftcore_field **field,
                                           struct driftcore_error **error);

/**
 * All fields as a JSON array: names, types, arguments, descriptions, and what the sensor cannot give.
 * Always there, made at the first call. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_fields_json(void);

/**
 * Frees a field and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any
 * thread. Since 0.1.0.
 */
void driftcore_field_free(struct driftcore_field **field);

/**
 * Makes an event of a type, such as `execve`, without fields. `event` gets it, for
 * `driftcore_flat_event_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_new(const char *event_type,
                                               struct driftcore_flat_event **event,
                                               struct driftcore_error **error);

/**
 * Makes an event of a JSON object of field names and values (docs/fields.md). `event` gets it, for
 * `driftcore_flat_event_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_parse(const char *json,
                                                 size_t length,
                                                 struct driftcore_flat_event **event,
                                                 struct driftcore_error **error);

/**
 * Forgets all fields and takes a type, NULL: the one that it has. NULL for the event: refused. One
 * thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_reset(struct driftcore_flat_event *event,
                                                 const char *event_type,
                                                 struct driftcore_error **error);

/**
 * Frees an event and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no
 * other uses it. Since 0.1.0.
 */
void driftcore_flat_event_free(struct driftcore_flat_event **event);

/**
 * Sets a text or path, or bytes; the text is copied, and may hold any byte but NUL (bytes: NUL
 * too). NULL anywhere but in `error`: refused, but for `text` when `length` is 0. A field of
 * another type: `DRIFTCORE_STATUS_WRONG_TYPE`. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_set_text(struct driftcore_flat_event *event,
                                                    const struct driftcore_field *field,
                                                    const char *text,
                                                    size_t length,
                                                    struct driftcore_error **error);

/**
 * Sets a number: a count, an id, a port, a time or duration in nanoseconds. NULL anywhere but in
 * `error`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_set_unsigned(struct driftcore_flat_event *event,
                                                        const struct driftcore_field *field,
                                                        uint64_t value,
                                                        struct driftcore_error **error);

/**
 * Sets a number that may be negative. NULL anywhere but in `error`: refused. One thread at a time.
 * Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_set_signed(struct driftcore_flat_event *event,
                                                      const struct driftcore_field *field,
                                                      int64_t value,
                                                      struct driftcore_error **error);

/**
 * Sets a truth value: false for 0, true for all others. NULL anywhere but in `error`: refused. One
 * thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_set_bool(struct driftcore_flat_event *event,
                                                    const struct driftcore_field *field,
                                                    uint32_t value,
                                                    struct driftcore_error **error);

/**
 * Sets an IP address, 4 or 16 bytes in network order. NULL anywhere but in `error`: refused. One
 * thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_set_address(struct driftcore_flat_event *event,
                                                       const struct driftcore_field *field,
                                                       const uint8_t *address,
                                                       size_t length,
                                                       struct driftcore_error **error);

/**
 * Appends a text to a field that holds a list; ancestors from the parent upwards. Otherwise as
 * `driftcore_flat_event_set_text`. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_add_text(struct driftcore_flat_event *event,
                                                    const struct driftcore_field *field,
                                                    const char *text,
                                                    size_t length,
                                                    struct driftcore_error **error);

/**
 * Appends a number to a field that holds a list. Otherwise as `driftcore_flat_event_set_unsigned`.
 * Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_add_unsigned(struct driftcore_flat_event *event,
                                                        const struct driftcore_field *field,
                                                        uint64_t value,
                                                        struct driftcore_error **error);

/**
 * Appends a number that may be negative to a field that holds a list. Otherwise as
 * `driftcore_flat_event_set_signed`. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_add_signed(struct driftcore_flat_event *event,
                                                      const struct driftcore_field *field,
                                                      int64_t value,
                                                      struct driftcore_error **error);

/**
 * Appends an IP address to a field that holds a list. Otherwise as
 * `driftcore_flat_event_set_address`. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_add_address(struct driftcore_flat_event *event,
                                                       const struct driftcore_field *field,
                                                       const uint8_t *address,
                                                       size_t length,
                                                       struct driftcore_error **error);

/**
 * Appends an ancestor of which this is not known; the chain goes on above it. Otherwise as
 * `driftcore_flat_event_add_text`. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_add_missing(struct driftcore_flat_event *event,
                                                       const struct driftcore_field *field,
                                                       struct driftcore_error **error);

/**
 * Takes a field away, but for `evt.type`. NULL anywhere but in `error`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_flat_event_clear(struct driftcore_flat_event *event,
                                                 const struct driftcore_field *field,
                                                 struct driftcore_error **error);

/**
 * Makes a matcher of rules, which it shares: free yours whenever you like. `matcher` gets it, for
 * `driftcore_matcher_free`. NULL anywhere but in `error`: refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_matcher_new(const struct driftcore_rules *rules,
                                            struct driftcore_matcher **matcher,
                                            struct driftcore_error **error);

/**
 * Matches other rules from the next call on, and waits for none that goes on; until then the rules
 * of before stay. NULL anywhere but in `error`: refused. Any thread, while another matches too.
 * Since 0.1.0.
 */
enum driftcore_status driftcore_matcher_set_rules(struct driftcore_matcher *matcher,
                                                  const struct driftcore_rules *rules,
                                                  struct driftcore_error **error);

/**
 * Matches one event. `found` gets how many rules match; the first `capacity` of their indexes
 * (`driftcore_rules_get`) are written to `rules`, in the order of their definition. NULL anywhere
 * but in `error`: refused, but for `rules` when `capacity` is 0. Allocates nothing once warm. Any
 * thread, while no other changes `event`. Since 0.1.0.
 */
enum driftcore_status driftcore_matcher_match(struct driftcore_matcher *matcher,
                                              const struct driftcore_flat_event *event,
                                              size_t *rules,
                                              size_t capacity,
                                              size_t *found,
                                              struct driftcore_error **error);

/**
 * Matches `count` events, one after the other. `found` gets how many matches there are; the first
 * `capacity` of them are written to `matches`. NULL anywhere but in `error`: refused, an event too,
 * but for `events` when `count` is 0 and `matches` when `capacity` is 0. Allocates nothing once
 * warm. Any thread, while no other changes the events. Since 0.1.0.
 */
enum driftcore_status driftcore_matcher_match_batch(struct driftcore_matcher *matcher,
                                                    const struct driftcore_flat_event *const *events,
                                                    size_t count,
                                                    struct driftcore_match *matches,
                                                    size_t capacity,
                                                    size_t *found,
                                                    struct driftcore_error **error);

/**
 * Matches one event and calls back with an alert for each rule that matches, on this thread, before
 * this returns; the context is handed to each. The time is the event's `evt.rawtime`, or now. NULL
 * anywhere but in `context` and `error`: refused. Any thread, while no other changes `event`; a
 * callback may use, change and free both the matcher and the event. Since 0.1.0.
 */
enum driftcore_status driftcore_matcher_alerts(struct driftcore_matcher *matcher,
                                               const struct driftcore_flat_event *event,
                                               driftcore_alert_function callback,
                                               void *context,
                                               struct driftcore_error **error);

/**
 * As `driftcore_matcher_alerts`, for an event of an engine or of a file, which a callback must not
 * free. Since 0.1.0.
 */
enum driftcore_status driftcore_matcher_event_alerts(struct driftcore_matcher *matcher,
                                                     const struct driftcore_event *event,
                                                     driftcore_alert_function callback,
                                                     void *context,
                                                     struct driftcore_error **error);

/**
 * Frees a matcher and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no
 * other uses it. Since 0.1.0.
 */
void driftcore_matcher_free(struct driftcore_matcher **matcher);

/**
 * Names the layer directories of a container: the upper one, and `count` lower ones, the topmost
 * first. `started_at_ns` is when the container started, in nanoseconds since the epoch; 0 when that
 * is not known. Strings are copied, nothing is opened. `layers` gets them, for
 * `driftcore_layers_free`. NULL anywhere but in `error`: refused, but for `lowers` when `count` is
 * 0. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_layers_new(const char *upper,
                                           const char *const *lowers,
                                           size_t count,
                                           int64_t started_at_ns,
                                           struct driftcore_layers **layers,
                                           struct driftcore_error **error);

/**
 * Frees layers and sets the pointer to them to NULL. NULL, or a pointer to NULL: nothing. Any
 * thread. Since 0.1.0.
 */
void driftcore_layers_free(struct driftcore_layers **layers);

/**
 * Judges a file by evidence. What the evidence leaves open is looked up in the layers, by comparing
 * contents, within the bounds of `options` (NULL: the defaults); where `layers` is NULL it stays
 * open. `path` is the file's path as the container sees it, any bytes but NUL. `classified` gets
 * the verdict, for `driftcore_classified_free`. Other arguments must not be NULL, but for `path`
 * when `length` is 0. Reads files: blocks as long as the bounds allow. Any thread, while no other
 * changes `options`. Since 0.1.0.
 */
enum driftcore_status driftcore_classify(const struct driftcore_evidence *evidence,
                                         const char *path,
                                         size_t length,
                                         const struct driftcore_layers *layers,
                                         const struct driftcore_options *options,
                                         struct driftcore_classified **classified,
                                         struct driftcore_error **error);

/**
 * Makes an inspector; the options `runtimes.*` and `proof.*` count, NULL: the defaults. `inspector`
 * gets it, for `driftcore_inspector_free`, and must not be NULL. Any thread, while no other changes
 * `options`. Since 0.1.0.
 */
enum driftcore_status driftcore_inspector_new(const struct driftcore_options *options,
                                              struct driftcore_inspector **inspector,
                                              struct driftcore_error **error);

/**
 * Judges the file that process `pid` (on the host) would find at `path`, which may be relative to
 * its working directory. Symbolic links are followed inside the process's root, never out of it.
 * `classified` gets the verdict, for `driftcore_classified_free`. NULL anywhere but in `error`:
 * refused. `DRIFTCORE_STATUS_NOT_FOUND`, `_UNSUPPORTED` (no regular file), `_CHANGED` (under our
 * eyes), `_PERMISSION`, `_IO`. Reads files: blocks as long as the bounds allow. Any thread. Since
 * 0.1.0.
 */
enum driftcore_status driftcore_inspector_file(const struct driftcore_inspector *inspector,
                                               uint32_t pid,
                                               const char *path,
                                               struct driftcore_classified **classified,
                                               struct driftcore_error **error);

/**
 * Judges the file behind an open descriptor, whoever opened it, which stays as it is. The rest is
 * as for `driftcore_inspector_file`. Since 0.1.0.
 */
enum driftcore_status driftcore_inspector_descriptor(const struct driftcore_inspector *inspector,
                                                     int descriptor,
                                                     struct driftcore_classified **classified,
                                                     struct driftcore_error **error);

/**
 * Frees an inspector and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no
 * other uses it. Since 0.1.0.
 */
void driftcore_inspector_free(struct driftcore_inspector **inspector);

/**
 * Fills a record, whose size is set, with what a verdict says. NULL anywhere but in `error`:
 * refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_classified_get(const struct driftcore_classified *classified,
                                               struct driftcore_classified_info *info,
                                               struct driftcore_error **error);

/**
 * Fills a record, whose size is set, with the file's container, and returns 1; 0 when there is
 * none, or for NULL or a wrong size; then the record
 * is all zero behind its size. Texts are borrowed from the verdict. Any thread. Since 0.1.0.
 */
uint32_t driftcore_classified_container(const struct driftcore_classified *classified,
                                        struct driftcore_container *container);

/**
 * A label of the file's container, by index in the order of their keys: the value, and in `key`
 * (NULL: not wanted) the key. NULL, or no such index: absent, the key too. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_classified_label(const struct driftcore_classified *classified,
                                                 size_t index,
                                                 struct driftcore_text *key);

/**
 * Frees a verdict and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any
 * thread. Since 0.1.0.
 */
void driftcore_classified_free(struct driftcore_classified **classified);

/**
 * Fills a record, whose size is set, with what an entry is. NULL anywhere but in `error`: refused.
 * The thread of the callback. Since 0.1.0.
 */
enum driftcore_status driftcore_entry_get(const struct driftcore_entry *entry,
                                          struct driftcore_entry_info *info,
                                          struct driftcore_error **error);

/**
 * Fills a record, whose size is set, with the file of an entry on a side, a `driftcore_side`, and
 * returns 1; 0 when there is none on that side, or for NULL, another side or a wrong size; then
 * the record is all zero behind its size. The thread of the callback. Since 0.1.0.
 */
uint32_t driftcore_entry_state(const struct driftcore_entry *entry,
                               uint32_t side,
                               struct driftcore_file_state *state);

/**
 * Fills a record, whose size is set, with the process of that index that uses the file of an entry,
 * and returns 1; 0 when there is none, or for NULL or a wrong size; then the record is all zero
 * behind its size. The thread of the callback. Since 0.1.0.
 */
uint32_t driftcore_entry_user(const struct driftcore_entry *entry,
                              size_t index,
                              struct driftcore_file_user *user);

/**
 * The entry as a JSON object, as `driftd scan --format json` prints it (docs/scan.schema.json), with
 * the package that claims its file. Borrowed from the entry, made at the first call. NULL: absent. The
 * thread of the callback. Since 0.1.0.
 */
struct driftcore_text driftcore_entry_json(const struct driftcore_entry *entry);

/**
 * A copy of an entry that outlives the callback, for `driftcore_entry_free`. NULL: NULL. The thread of
 * the callback, or whoever has the copy. Since 0.1.0.
 */
struct driftcore_entry *driftcore_entry_copy(const struct driftcore_entry *entry);

/**
 * Frees a copy and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread,
 * while no other uses it. Since 0.1.0.
 */
void driftcore_entry_free(struct driftcore_entry **entry);

/**
 * A scan of a container, running or stopped, by its id, its name or a prefix of its id: what the
 * runtimes keep on disk says where its layers are, the options `runtimes.*` where that is.
 *
 * `options` may be NULL: the defaults; they are copied. `scan` gets it, for `driftcore_scan_free`.
 * NULL anywhere else but in `error`: refused. `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container;
 * `_INVALID_ARGUMENT`: it means several; `_UNSUPPORTED`: its root is no overlay whose layers are
 * known. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_scan_container(const char *container,
                                               const struct driftcore_options *options,
                                               struct driftcore_scan **scan,
                                               struct driftcore_error **error);

/**
 * A scan of the directories of an overlay, mounted or not: the upper one, and `count` lower ones, the
 * topmost first. Strings are copied, nothing is opened.
 *
 * `options` may be NULL: the defaults; they are copied. `scan` gets it, for `driftcore_scan_free`.
 * NULL anywhere else but in `error`: refused, but for `lowers` when `count` is 0. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_scan_directories(const char *upper,
                                                 const char *const *lowers,
                                                 size_t count,
                                                 const struct driftcore_options *options,
                                                 struct driftcore_scan **scan,
                                                 struct driftcore_error **error);

/**
 * Scans, and calls back for each path at which the container differs and for each that could not be
 * read. A directory comes before what is in it. Then it calls back for each package that is not as in
 * the image, and for each package database that was written to. `callbacks` is copied. `summary`, whose size is set, is filled,
 * also when a callback ends the scan, which is no failure.
 *
 * NULL for `scan` or `callbacks`: refused; for `summary`: it is not wanted. `DRIFTCORE_STATUS_NOT_FOUND`, `_PERMISSION` and `_IO`:
 * a layer cannot be opened, there is no answer. Needs the rights to read the layers and their extended
 * attributes in `trusted.*`. Any thread, callbacks too; several at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_scan_run(const struct driftcore_scan *scan,
                                         const struct driftcore_scan_callbacks *callbacks,
                                         struct driftcore_scan_summary *summary,
                                         struct driftcore_error **error);

/**
 * Frees a scan and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread,
 * while it does not run. Since 0.1.0.
 */
void driftcore_scan_free(struct driftcore_scan **scan);

/**
 * The name of a `driftcore_entry_kind` in reports, a C string that is always there; of other
 * numbers `other`. Any thread, signal handlers too. Since 0.1.0.
 */
const char *driftcore_entry_kind_name(uint32_t kind);

/**
 * The name of a `driftcore_package_change` in reports, a C string that is always there; of other numbers
 * `other`. Any thread, signal handlers too. Since 0.1.0.
 */
const char *driftcore_package_change_name(uint32_t kind);

/**
 * Fills a record, whose size is set, with the package that claims the file of an entry, and returns 1; 0 when
 * none does, or for NULL or a wrong size; then the record is all zero behind its size. The thread of the
 * callback. Since 0.1.0.
 */
uint32_t driftcore_entry_owner(const struct driftcore_entry *entry,
                               struct driftcore_owner *owner);

/**
 * Reads pods, as `kubectl get pods -o json` prints them: a pod, a list of pods, or several of such one
 * after another. Calls back for each pod, when it is read: what comes before an error was told. Objects
 * that are no pods are counted. `summary`, whose size is set, is filled, also when a callback ends the
 * reading, which is no failure.
 *
 * NULL for `json` when its length is not 0, and for `callback`: refused; for `summary`: it is not wanted.
 * `DRIFTCORE_STATUS_WRONG_TYPE`: the text is not what it should be; the message has line and column. Any
 * thread, callbacks too. Since 0.1.0.
 */
enum driftcore_status driftcore_posture_pods(const char *json,
                                             size_t length,
                                             driftcore_posture_function callback,
                                             void *context,
                                             struct driftcore_posture_summary *summary,
                                             struct driftcore_error **error);

/**
 * Calls back once, with the posture of a container of this node, running or stopped, by its id, its name
 * or a prefix of its id: by what its runtime was told, which the options `runtimes.*` say where to find.
 *
 * `options` may be NULL: the defaults. NULL for `container` or `callback`: refused.
 * `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container; `_INVALID_ARGUMENT`: it means several;
 * `_UNSUPPORTED`: what its runtime was told is not known. Any thread, the callback too. Since 0.1.0.
 */
enum driftcore_status driftcore_posture_container(const char *container,
                                                  const struct driftcore_options *options,
                                                  driftcore_posture_function callback,
                                                  void *context,
                                                  struct driftcore_error **error);

/**
 * The version of the Pod Security Standards that is held: `v1.37`. A C string that is always there. Any
 * thread. Since 0.1.0.
 */
const char *driftcore_posture_standard(void);

/**
 * The name of a level: `privileged`, `baseline` or `restricted`; `other` of any other number. A C string
 * that is always there. Any thread. Since 0.1.0.
 */
const char *driftcore_level_name(uint32_t level);

/**
 * Makes a behaviour, of a container of this node, running or stopped, by its id, its name or a prefix of
 * its id; the options `runtimes.*` say where to find it.
 *
 * NULL for `container`: of whatever container events are given of, and known by these alone. `options` may
 * be NULL: the defaults. `behaviour` gets it, for `driftcore_behaviour_free`.
 * `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container; `_INVALID_ARGUMENT`: it means several;
 * `_UNSUPPORTED`: what its runtime was told is not known. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_behaviour_new(const char *container,
                                              const struct driftcore_options *options,
                                              struct driftcore_behaviour **behaviour,
                                              struct driftcore_error **error);

/**
 * Takes an event in: operations on files, programs, listening sockets, system calls. An event of another
 * container than the behaviour is of is passed over. The event may be that of a callback. NULL anywhere
 * but in `error`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_behaviour_add(struct driftcore_behaviour *behaviour,
                                              const struct driftcore_event *event,
                                              struct driftcore_error **error);

/**
 * A security context, with the mounts that it takes, that would have allowed what was taken in, and, of a
 * container of this node, what is in its upper layer by now: that is read, all of it, at each call.
 *
 * `yaml` gets it for a container of a pod, with a comment why at each line; `json` the same as an object
 * in one line, as docs/posture.md says. Both are borrowed from the behaviour until the next call or its
 * end, and may be NULL: not wanted. `DRIFTCORE_STATUS_IO`, `_NOT_FOUND` and `_PERMISSION`: the layers cannot be
 * read. NULL for `behaviour`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_behaviour_suggest(struct driftcore_behaviour *behaviour,
                                                  struct driftcore_text *yaml,
                                                  struct driftcore_text *json,
                                                  struct driftcore_error **error);

/**
 * Frees a behaviour and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread,
 * while no other uses it. Since 0.1.0.
 */
void driftcore_behaviour_free(struct driftcore_behaviour **behaviour);

/**
 * Makes a learner that has seen nothing. The options `baseline.accept` and `baseline.select` say what it
 * learns; `options` may be NULL: the defaults. `learner` gets it, for `driftcore_learner_free`. NULL anywhere
 * else but in `error`: refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_learner_new(const struct driftcore_options *options,
                                            struct driftcore_learner **learner,
                                            struct driftcore_error **error);

/**
 * Learns from an event: give it all events, not only drift (option `scope.events`). What is drift is refused,
 * and counted, unless `baseline.accept` says otherwise. The event may be that of a callback. NULL anywhere but
 * in `error`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_learner_learn(struct driftcore_learner *learner,
                                              const struct driftcore_event *event,
                                              struct driftcore_error **error);

/**
 * Adds a baseline that was learned elsewhere, or before: its document. Baselines may be added in any order,
 * with the same result. NULL for `yaml` when its length is not 0, and for `learner`: refused.
 * `DRIFTCORE_STATUS_INVALID_ARGUMENT`: the document is not what it should be, or no UTF-8; the error has line
 * and column, and nothing was added. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_learner_add(struct driftcore_learner *learner,
                                            const char *yaml,
                                            size_t length,
                                            struct driftcore_error **error);

/**
 * What was learned and added so far, as the document that the option `baseline.file` and driftd take; and what
 * became of the events. More may be learned afterwards.
 *
 * `yaml` gets the document, `report` a JSON object in one line, which docs/baselines.md describes. Both are
 * borrowed from the learner until the next call or its end, and may be NULL: not wanted. NULL for `learner`:
 * refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_learner_baseline(struct driftcore_learner *learner,
                                                 struct driftcore_text *yaml,
                                                 struct driftcore_text *report,
                                                 struct driftcore_error **error);

/**
 * How much was learned and added so far, of which containers: as `driftd baseline show --format json` prints it.
 *
 * `json` gets an object in one line, which docs/baselines.md describes; borrowed from the learner until the next call or
 * its end. NULL anywhere but in `error`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_learner_show(struct driftcore_learner *learner,
                                             struct driftcore_text *json,
                                             struct driftcore_error **error);

/**
 * Frees a learner and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while
 * no other uses it. Since 0.1.0.
 */
void driftcore_learner_free(struct driftcore_learner **learner);

/**
 * Makes a judge of what the options `baseline.file` and `exceptions.file` name. Without a baseline, what departs is
 * what is drift by the event itself. Time of grace is not asked for: events do not say enough.
 *
 * `options` may be NULL: the defaults. `judge` gets it, for `driftcore_judge_free`; NULL: refused.
 * `DRIFTCORE_STATUS_INVALID_ARGUMENT`: a file is not what it should be: the error has file, line and column; `_IO`,
 * `_NOT_FOUND` and `_PERMISSION`: it cannot be read. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_judge_new(const struct driftcore_options *options,
                                          struct driftcore_judge **judge,
                                          struct driftcore_error **error);

/**
 * What an event comes to: `answer` gets a `driftcore_judged`, `what` in words for people what the event says that its
 * container did, as baselines see it; absent where they say nothing of such events. That is borrowed from the judge
 * until the next call or its end, and may be NULL: not wanted. The event may be that of a callback. NULL for `judge`,
 * `event` or `answer`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_judge_event(struct driftcore_judge *judge,
                                            const struct driftcore_event *event,
                                            uint32_t *answer,
                                            struct driftcore_text *what,
                                            struct driftcore_error **error);

/**
 * What all events came to so far, as a JSON object in one line: the summary of `driftd baseline check`, which
 * docs/baselines.md describes. `json` gets it, borrowed from the judge until the next call or its end. NULL anywhere
 * but in `error`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_judge_summary(struct driftcore_judge *judge,
                                              struct driftcore_text *json,
                                              struct driftcore_error **error);

/**
 * Calls back with each exception, in the order of the documents. NULL anywhere but in `context` and `error`: refused.
 * One thread at a time; the callback must not use the judge. Since 0.1.0.
 */
enum driftcore_status driftcore_judge_exceptions(const struct driftcore_judge *judge,
                                                 driftcore_exception_function callback,
                                                 void *context,
                                                 struct driftcore_error **error);

/**
 * Frees a judge and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no other
 * uses it. Since 0.1.0.
 */
void driftcore_judge_free(struct driftcore_judge **judge);

/**
 * Makes a suggester that has seen nothing. What departs is what `driftcore_judge_new` says, with the same options and
 * the same statuses. `options` may be NULL: the defaults. `suggester` gets it, for `driftcore_suggester_free`; NULL:
 * refused. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_suggester_new(const struct driftcore_options *options,
                                              struct driftcore_suggester **suggester,
                                              struct driftcore_error **error);

/**
 * Takes an event in: one that departs is to be silenced, of the others it is said how many an exception would silence
 * besides: give it all events, not only drift (option `scope.events`). The event may be that of a callback. NULL
 * anywhere but in `error`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_suggester_see(struct driftcore_suggester *suggester,
                                              const struct driftcore_event *event,
                                              struct driftcore_error **error);

/**
 * The exceptions. More may be taken in afterwards.
 *
 * `yaml` gets a document of exceptions with empty reasons, as the option `exceptions.file` and driftd take it once each
 * has a reason; comments say what each silences. `json` gets the same as an object in one line: docs/baselines.md says
 * what is in it. Both are borrowed from the suggester until the next call or its end, and may be NULL: not wanted. NULL
 * for `suggester`: refused. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_suggester_suggest(struct driftcore_suggester *suggester,
                                                  struct driftcore_text *yaml,
                                                  struct driftcore_text *json,
                                                  struct driftcore_error **error);

/**
 * Frees a suggester and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no other
 * uses it. Since 0.1.0.
 */
void driftcore_suggester_free(struct driftcore_suggester **suggester);

/**
 * Looks at a container of this node that runs, by its id, its name or a prefix of its id: what its runtime wrote
 * down, and its pod where the option `config.pods` names a file that has it, against what the kernel shows. The
 * options `runtimes.*` say where to find it, `config.secret` what is compared as secrets besides.
 *
 * `options` may be NULL: the defaults. `configuration` gets it, for `driftcore_configuration_free`. NULL for
 * `container` or `configuration`: refused. `DRIFTCORE_STATUS_NOT_FOUND`: there is no such container, or it does not
 * run; `_CHANGED`: it is being started; `_INVALID_ARGUMENT`: it means several, or the pods cannot be read: the message
 * has line and column; `_UNSUPPORTED`: what its runtime was told is not known. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_configuration_new(const char *container,
                                                  const struct driftcore_options *options,
                                                  struct driftcore_configuration **configuration,
                                                  struct driftcore_error **error);

/**
 * All of it as a JSON object in one line, as `driftd config show --format json` prints it: docs/config-drift.md says
 * what is in it. Borrowed. NULL: absent. Any thread. Since 0.1.0.
 */
struct driftcore_text driftcore_configuration_json(const struct driftcore_configuration *configuration);

/**
 * How many items there are. NULL: 0. Any thread. Since 0.1.0.
 */
size_t driftcore_configuration_count(const struct driftcore_configuration *configuration);

/**
 * How many of them differ. NULL: 0. Any thread. Since 0.1.0.
 */
size_t driftcore_configuration_differences(const struct driftcore_configuration *configuration);

/**
 * Fills a record, whose size is set, with the item of an index, in the order of their parts, and returns 1; 0 for
 * NULL, a wrong size, or no such index; then the record is all zero behind its size. Any thread. Since 0.1.0.
 */
uint32_t driftcore_configuration_item(const struct driftcore_configuration *configuration,
                                      size_t index,
                                      struct driftcore_config_item *item);

/**
 * What could not be told, and why, by its index, in one line; borrowed. NULL, or no such index: absent. Any thread.
 * Since 0.1.0.
 */
struct driftcore_text driftcore_configuration_problem(const struct driftcore_configuration *configuration,
                                                      size_t index);

/**
 * Frees a configuration and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while
 * no other uses it. Since 0.1.0.
 */
void driftcore_configuration_free(struct driftcore_configuration **configuration);

/**
 * Makes a verifier of what the files of `digest.approved` of the options approve; `digest.layout` and
 * `runtimes.containerd` say where the content of images is. Without a file, nothing is approved so far.
 *
 * `options` may be NULL: the defaults. `verifier` gets it, for `driftcore_verifier_free`; NULL: refused.
 * `DRIFTCORE_STATUS_WRONG_TYPE`: a file is not what it should be; the message has its place; `_IO`, `_NOT_FOUND` and
 * `_PERMISSION`: it cannot be read. Any thread. Since 0.1.0.
 */
enum driftcore_status driftcore_verifier_new(const struct driftcore_options *options,
                                             struct driftcore_verifier **verifier,
                                             struct driftcore_error **error);

/**
 * Approves, besides, what a text approves: Kubernetes manifests in YAML or JSON, or a list of image references, a line
 * each. `name` is for messages and reasons. NULL for `text` when its length is not 0, and anywhere else but in
 * `error`: refused. `DRIFTCORE_STATUS_WRONG_TYPE`: the text is not what it should be; the message has name, line and
 * column, and nothing was added; `_INVALID_ARGUMENT`: it is no UTF-8. One thread at a time. Since 0.1.0.
 */
enum driftcore_status driftcore_verifier_add(struct driftcore_verifier *verifier,
                                             const char *name,
                                             const char *text,
                                             size_t length,
                                             struct driftcore_error **error);

/**
 * Verifies the containers of pods, as `kubectl get pods -o json` prints them: a pod, a list of pods, or several of such
 * one after another. Calls back for each container, when its pod is read: what comes before an error was told.
 * `summary`, whose size is set, is filled, also when a callback ends the reading, which is no failure.
 *
 * NULL for `json` when its length is not 0, for `verifier` and for `callback`: refused; for `summary`: it is not
 * wanted. `DRIFTCORE_STATUS_WRONG_TYPE`: the text is not what it should be; the message has line and column. Any
 * thread, callbacks too. Since 0.1.0.
 */
enum driftcore_status driftcore_verifier_pods(const struct driftcore_verifier *verifier,
                                              const char *json,
                                              size_t length,
                                              driftcore_verified_function callback,
                                              void *context,
                                              struct driftcore_verify_summary *summary,
                                              struct driftcore_error **error);

/**
 * Verifies the containers that run on this node, in the order of their names: each that has a process, by what its
 * runtime's files say which image it is. The options `runtimes.*` say where these are. With `digest.deep`, the layers on
 * disk are held against the image, too: all of them are read, which takes the disk's time. The sensor's probes are
 * loaded for as long as the list is made, so that the rights of an engine are needed.
 *
 * `options` may be NULL: the defaults. `summary`, whose size is set, is filled, also when a callback ends it, which is
 * no failure. NULL for `verifier` and for `callback`: refused; for `summary`: it is not wanted. Statuses as of
 * `driftcore_engine_new`. Any thread, callbacks too. Since 0.1.0.
 */
enum driftcore_status driftcore_verifier_containers(const struct driftcore_verifier *verifier,
                                                    const struct driftcore_options *options,
                                                    driftcore_verified_function callback,
                                                    void *context,
                                                    struct driftcore_verify_summary *summary,
                                                    struct driftcore_error **error);

/**
 * Frees a verifier and sets the pointer to it to NULL. NULL, or a pointer to NULL: nothing. Any thread, while no other
 * uses it. Since 0.1.0.
 */
void driftcore_verifier_free(struct driftcore_verifier **verifier);

/**
 * Sends what the library, and the libbpf in it, have to say to a function, up to a level
 * (`driftcore_log_level`); NULL, or the level 0, ends that. Until it is called the library is
 * silent, but for libbpf, which warns on standard error. For the whole process. When this returns,
 * the function before is called no more. `DRIFTCORE_STATUS_BUSY`: the library is linked into a Rust
 * program that receives its messages already. Any thread, but not from the function itself. Since
 * 0.1.0.
 */
enum driftcore_status driftcore_log_set(driftcore_log_function function,
                                        void *context,
                                        uint32_t level,
                                        struct driftcore_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DRIFTCORE_H */
