/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * THE contract between the probes and the library: what stands in the rings.
 *
 *   record := header  body  tail
 *   header := struct dc_header       size, schema version, kind, time
 *   body   := struct dc_exec | struct dc_fork | struct dc_exit
 *   tail   := strings, packed, in the order of enum dc_string; dc_exec.string_size[] has the
 *             length of each (exec only)
 *
 * A path stands with its last component first, each component ended by a NUL byte, as the kernel
 * walks it. Integers are in the machine's byte order. There is no implicit padding, and no
 * `packed`. Rust reads this in driftcore/src/wire.rs; a test compares both layouts through BTF.
 * Any change of layout or meaning raises DC_WIRE_VERSION.
 */
#ifndef DRIFTCORE_WIRE_H
#define DRIFTCORE_WIRE_H

#define DC_WIRE_VERSION 2

enum dc_kind {
	DC_KIND_EXEC = 1,
	DC_KIND_FORK = 2,
	DC_KIND_EXIT = 3,
	/* From the task iterator: a process that already runs. Body as for exec. */
	DC_KIND_TASK = 4,
};

struct dc_header {
	__u32 size; /* of the whole record */
	__u16 version;
	__u16 kind; /* enum dc_kind */
	__u64 boot_ns; /* CLOCK_BOOTTIME */
};

struct dc_inode {
	__u64 ino;
	__u64 size;
	__s64 mtime_ns;
	__s64 ctime_ns;
	__u32 dev; /* the kernel's encoding: 12 bits major, 20 bits minor */
	__u32 generation;
};

/* dc_file.flags; the first ones are event::EvidenceFlags, bit for bit. */
enum dc_file_flag {
	DC_FILE_ON_ROOT_SUPERBLOCK = 1 << 0,
	DC_FILE_ON_ROOT_MOUNT = 1 << 1,
	DC_FILE_OVERLAY = 1 << 2,
	DC_FILE_UPPER_DATA = 1 << 3,
	DC_FILE_LAYERS_KNOWN = 1 << 4,
	DC_FILE_ANONYMOUS = 1 << 5,
	DC_FILE_UNHASHED = 1 << 6,
	DC_FILE_WRITERS = 1 << 7,
	DC_FILE_HOST = 1 << 8,
	DC_FILE_READ_ONLY = 1 << 9,
	DC_FILE_IMMUTABLE = 1 << 10,
	/* Not for the library's user: which of the two layer inodes below are filled in. */
	DC_FILE_HAS_UPPER = 1 << 16,
	DC_FILE_HAS_LOWER = 1 << 17,
};

struct dc_file {
	struct dc_inode inode;
	struct dc_inode upper;
	struct dc_inode lower;
	__u64 fs_magic;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 nlink;
	__u32 flags; /* enum dc_file_flag */
	__u32 reserved;
};

struct dc_task {
	__u64 container; /* identity of the mount namespace it was first seen in */
	__u64 start_ns;
	__u64 parent_start_ns;
	__u64 exec_id;
	__u64 cap_effective;
	__u64 cap_permitted;
	__u64 cap_inheritable;
	__u64 cgroup_id;
	/* Of the processes that lead the session and the process group; 0 when they are gone. */
	__u64 session_start_ns;
	__u64 group_start_ns;
	__u64 pid_ns_start_ns; /* of the first process of the pid namespace */
	__u32 root_dev;
	__u32 pid; /* thread group id in the initial pid namespace */
	__u32 tid;
	__u32 ppid;
	/* In the process's own pid namespace; 0 for what that does not see. */
	__u32 container_pid; /* thread group id */
	__u32 container_tid;
	__u32 container_sid;
	__u32 container_pgid;
	__u32 parent_container_pid; /* the parent's thread group id in its own pid namespace */
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 loginuid;
	__u32 audit_session;
	__u32 sid;
	__u32 pgid;
	__u32 tty;
	__u32 mnt_ns;
	__u32 pid_ns;
	__u32 net_ns;
	__u32 user_ns;
	__u32 uts_ns;
	__u32 ipc_ns;
	__u32 cgroup_ns;
	__u32 reserved;
	char comm[16];
};

enum dc_string {
	DC_STRING_EXE = 0, /* path */
	DC_STRING_CWD = 1, /* path */
	DC_STRING_CGROUP = 2, /* path */
	DC_STRING_FILENAME = 3,
	DC_STRING_INTERP = 4,
	DC_STRING_ARGS = 5,
	DC_STRINGS = 6,
};

/* dc_exec.flags */
enum dc_exec_flag {
	DC_EXEC_SECURE = 1 << 0,
	DC_EXEC_ARGS_TRUNCATED = 1 << 1,
	DC_EXEC_EXE_TRUNCATED = 1 << 2,
	DC_EXEC_CWD_TRUNCATED = 1 << 3,
	DC_EXEC_CGROUP_TRUNCATED = 1 << 4,
};

struct dc_exec {
	struct dc_header header;
	struct dc_task task;
	struct dc_file file;
	__u32 flags; /* enum dc_exec_flag */
	__u16 string_size[DC_STRINGS];
};

struct dc_fork {
	struct dc_header header;
	__u64 container;
	__u64 start_ns;
	__u64 parent_start_ns;
	__u32 pid;
	__u32 parent_pid;
};

struct dc_exit {
	struct dc_header header;
	__u64 container;
	__u64 start_ns;
	__u32 pid;
	__u32 reserved;
};

/* Why something is not in the rings; index of the `losses` map. */
enum dc_loss {
	DC_LOSS_EXEC_RING = 0,
	DC_LOSS_LIFE_RING = 1,
	DC_LOSS_TASK_TABLE = 2,
	DC_LOSS_CONTAINER_TABLE = 3,
	DC_LOSSES = 4,
};

_Static_assert(sizeof(struct dc_header) == 16, "dc_header has padding");
_Static_assert(sizeof(struct dc_inode) == 40, "dc_inode has padding");
_Static_assert(sizeof(struct dc_file) == 152, "dc_file has padding");
_Static_assert(sizeof(struct dc_task) == 208, "dc_task has padding");
_Static_assert(sizeof(struct dc_exec) == 392, "dc_exec has padding");
_Static_assert(sizeof(struct dc_fork) == 48, "dc_fork has padding");
_Static_assert(sizeof(struct dc_exit) == 40, "dc_exit has padding");

#endif
