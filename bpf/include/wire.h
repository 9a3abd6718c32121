/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * THE contract between the probes and the library: what stands in the rings.
 *
 *   record := header  body  tail
 *   header := struct dc_header       size, schema version, kind, time
 *   body   := struct dc_exec | dc_fork | dc_exit | dc_file_event | dc_socket_event | dc_call
 *   tail   := strings, packed, in the order of the body's enum (dc_string, dc_file_string, ...);
 *             the body's string_size[] has the length of each
 *
 * A path stands with its last component first, each component ended by a NUL byte, as the kernel
 * walks it. Integers are in the machine's byte order. There is no implicit padding, and no
 * `packed`. Rust reads this in driftcore/src/wire.rs; a test compares both layouts through BTF.
 * Any change of layout or meaning raises DC_WIRE_VERSION.
 */
#ifndef DRIFTCORE_WIRE_H
#define DRIFTCORE_WIRE_H

#define DC_WIRE_VERSION 4

enum dc_kind {
	DC_KIND_EXEC = 1,
	DC_KIND_FORK = 2,
	DC_KIND_EXIT = 3,
	/* From the task iterator: a process that already runs. Body as for exec. */
	DC_KIND_TASK = 4,
	/* Something was done to a file, or through it. */
	DC_KIND_FILE = 5,
	/* A socket listens, was bound, or reached out. */
	DC_KIND_SOCKET = 6,
	/* Another system call that rules ask for. */
	DC_KIND_CALL = 7,
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
	DC_STRING_WRITER = 6, /* struct dc_writer of the file; empty where nobody is known */
	/* struct dc_ancestor, at most DC_ANCESTORS; empty where the parent is of a container. A runtime's
	 * process that enters one is mostly gone before anybody can read it from /proc. */
	DC_STRING_ANCESTORS = 7,
	DC_STRINGS = 8,
};

#define DC_ANCESTORS 3

/* A process outside all containers that another one comes from: its parent first, then its. */
struct dc_ancestor {
	__u64 start_ns;
	__u32 pid; /* thread group id in the initial pid namespace */
	__u32 reserved;
	char comm[16];
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
	__u32 reserved;
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

/* dc_actor.flags */
enum dc_actor_flag {
	/* A process outside the container whose file or socket this is about. */
	DC_ACTOR_OUTSIDE = 1 << 0,
	/* Done by io_uring on the process's behalf. */
	DC_ACTOR_IO_URING = 1 << 1,
	/* Runs an interpreter (the `interpreters` map of include/code.h). */
	DC_ACTOR_INTERPRETER = 1 << 2,
	/* Runs drifted code, or was started by what did. */
	DC_ACTOR_TAINTED = 1 << 3,
	/* In another mount namespace than its container's: names lead elsewhere there. */
	DC_ACTOR_ELSEWHERE = 1 << 4,
};

/* Who did it: what may have changed since the process's exec, or tells which process it is. The
 * rest is what that exec's record said. */
struct dc_actor {
	__u64 container; /* whose event it is; of an actor outside, that of the file or socket */
	__u64 start_ns;
	__u64 parent_start_ns;
	__u64 exec_id;
	__u64 cap_effective;
	__u32 root_dev; /* of that container */
	__u32 pid; /* thread group id in the initial pid namespace */
	__u32 tid;
	__u32 ppid;
	__u32 container_pid;
	__u32 container_tid;
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 loginuid;
	__u32 flags; /* enum dc_actor_flag */
	char comm[16];
};

/* What was done. */
enum dc_operation {
	DC_OP_READ = 1, /* opened for reading alone; only where something asks for it */
	DC_OP_OPEN = 2, /* an existing file opened for writing */
	DC_OP_CREATE = 3, /* an open that made the file, O_TMPFILE + linkat */
	DC_OP_WRITE = 4, /* the first real write of an open file; value of a mapping: as for DC_OP_MAP */
	DC_OP_TRUNCATE = 5, /* value: the size */
	DC_OP_ALLOCATE = 6, /* value: FALLOC_FL_ bits */
	DC_OP_UNLINK = 7,
	DC_OP_RMDIR = 8,
	DC_OP_RENAME = 9, /* value: RENAME_ bits */
	DC_OP_EXCHANGE = 10,
	DC_OP_LINK = 11, /* value: AT_ bits */
	DC_OP_SYMLINK = 12,
	DC_OP_MKDIR = 13, /* value: the mode asked for */
	DC_OP_MKNOD = 14, /* value: the mode and, above bit 32, the device */
	DC_OP_MODE = 15, /* value: the mode asked for; before: the mode it had */
	DC_OP_OWNER = 16, /* value, before: uid in the upper 32 bits, gid in the lower */
	DC_OP_SET_XATTR = 17, /* text: the name */
	DC_OP_REMOVE_XATTR = 18,
	DC_OP_MAP = 19, /* mapped executable; value: PROT_ bits and, above bit 32, MAP_ bits */
	/* A file that is not the image's, opened by an interpreter to read it; value: as of an open.
	 * With DC_SCRIPT_STDIN, its standard input when it was executed. */
	DC_OP_SCRIPT = 20,
};

#define DC_SCRIPT_STDIN (1ULL << 32)

enum dc_file_string {
	/* The file, from kernel objects; where only a name was given, what the name is relative to. */
	DC_FILE_STRING_PATH = 0, /* path */
	DC_FILE_STRING_NAME = 1, /* the name as it was given; empty where the path is the file's own */
	/* The same of the other file: of a rename or a link, where it came from. */
	DC_FILE_STRING_OLD_PATH = 2, /* path */
	DC_FILE_STRING_OLD_NAME = 3,
	DC_FILE_STRING_TEXT = 4, /* name of an extended attribute, target of a symlink */
	DC_FILE_STRING_WRITER = 5, /* struct dc_writer; empty where nobody is known */
	DC_FILE_STRINGS = 6,
	DC_FILE_STRING_ROOM = 8, /* two are free, so that the struct has no padding */
};

/* dc_file_event.flags; DC_FILE_EVENT_CUT << n: string n is cut. */
enum dc_file_event_flag {
	DC_FILE_EVENT_CUT = 1 << 0,
	DC_FILE_EVENT_HAS_FILE = 1 << 8, /* `file` is filled in */
	DC_FILE_EVENT_HAS_BEFORE = 1 << 9, /* `before` is filled in */
	/* Names that were read from the caller's memory, and the two readings differ or the result
	 * does not confirm them. */
	DC_FILE_EVENT_UNPROVED = 1 << 10,
	DC_FILE_EVENT_DIRECTORY = 1 << 11,
};

/* dc_file_event.call where no system call is behind it. */
#define DC_NO_CALL 0xffff

struct dc_file_event {
	struct dc_header header;
	struct dc_actor actor;
	struct dc_file file; /* after the operation; of one that is gone, before it */
	__u64 value; /* of an open, its flags; see enum dc_operation */
	__u64 before;
	__s64 result; /* what the call returned */
	__u32 flags; /* enum dc_file_event_flag */
	__u16 operation; /* enum dc_operation */
	__u16 call; /* number of the system call on this architecture */
	__u16 string_size[DC_FILE_STRING_ROOM];
};

/* Who created, wrote or renamed a file last. */
struct dc_writer {
	__u64 boot_ns; /* when */
	__u64 start_ns;
	__u64 parent_start_ns;
	__u64 exec_id;
	__u32 pid;
	__u32 ppid;
	__u32 container_pid;
	__u32 uid;
	__u32 gid;
	__u32 loginuid;
	__u32 flags; /* enum dc_actor_flag */
	__u16 operation; /* enum dc_operation */
	__u16 args_size; /* of args, as far as they fit */
	char comm[16];
	char parent_comm[16];
	char args[176];
};

enum dc_socket_operation {
	DC_SOCKET_LISTEN = 1,
	DC_SOCKET_BIND = 2,
	DC_SOCKET_CONNECT = 3, /* TCP: with its result, once there is one; UDP: the first datagram */
	DC_SOCKET_ACCEPT = 4,
	DC_SOCKET_SEND = 5,
};

/* dc_socket_event.flags */
enum dc_socket_flag {
	/* An IPv6 socket that takes IPv4 too. */
	DC_SOCKET_DUAL = 1 << 0,
	/* The kernel chose the local port: the caller had asked for none. */
	DC_SOCKET_AUTO_PORT = 1 << 1,
	/* Seen when a datagram was sent, not when the socket was connected. */
	DC_SOCKET_DATAGRAM = 1 << 2,
	/* The path of a Unix socket is cut. */
	DC_SOCKET_CUT = 1 << 3,
};

enum dc_socket_string {
	DC_SOCKET_STRING_LOCAL = 0, /* path of a Unix socket */
	DC_SOCKET_STRING_REMOTE = 1,
	DC_SOCKET_STRINGS = 2,
	DC_SOCKET_STRING_ROOM = 4,
};

struct dc_socket_event {
	struct dc_header header;
	struct dc_actor actor;
	__u64 cookie; /* of TCP the socket's inode number; 0: not known */
	__u64 cgroup_id;
	__s64 result; /* 0, -errno */
	__u8 local[16]; /* network byte order; version 4 in the first four bytes */
	__u8 remote[16];
	__u32 net_ns;
	__u32 flags; /* enum dc_socket_flag */
	__u16 local_port; /* host byte order */
	__u16 remote_port;
	__u16 family; /* AF_INET, AF_INET6, AF_UNIX */
	__u16 protocol; /* IPPROTO_TCP, IPPROTO_UDP, ...; of a Unix socket its type */
	__u16 operation; /* enum dc_socket_operation */
	__u16 call;
	__u32 reserved;
	__u16 string_size[DC_SOCKET_STRING_ROOM];
};

enum dc_call_string {
	DC_CALL_STRING_FIRST = 0, /* texts that arguments point to, in their order */
	DC_CALL_STRING_SECOND = 1,
	DC_CALL_STRING_THIRD = 2, /* of a call on a socket: struct dc_call_socket */
	DC_CALL_STRING_PATH = 3, /* path of the file that a descriptor argument stands for */
	DC_CALL_STRINGS = 4,
};

/* dc_call.flags; DC_CALL_CUT << n: string n is cut. */
enum dc_call_flag {
	DC_CALL_CUT = 1 << 0,
	/* An io_uring was made, and what is done through it cannot be seen. */
	DC_CALL_UNSEEN_RING = 1 << 8,
	DC_CALL_HAS_SOCKET = 1 << 9,
};

/* The socket that a descriptor stands for. */
struct dc_call_socket {
	__u8 local[16]; /* network byte order; version 4 in the first four bytes */
	__u8 remote[16];
	__u16 local_port; /* host byte order */
	__u16 remote_port;
	__u16 family;
	__u16 protocol; /* IPPROTO_; of a Unix socket its type */
};

struct dc_call {
	struct dc_header header;
	struct dc_actor actor;
	__u64 args[6];
	__s64 result;
	__u32 flags; /* enum dc_call_flag */
	__u16 call;
	__u16 reserved;
	__u16 string_size[DC_CALL_STRINGS];
};

/* Why something is not in the rings; index of the `losses` map. */
enum dc_loss {
	DC_LOSS_EXEC_RING = 0,
	DC_LOSS_LIFE_RING = 1,
	DC_LOSS_TASK_TABLE = 2,
	DC_LOSS_CONTAINER_TABLE = 3,
	DC_LOSS_BULK_RING = 4,
	DC_LOSS_SCRATCH = 5, /* a probe found another one at work on its memory */
	DC_LOSSES = 6,
};

_Static_assert(sizeof(struct dc_header) == 16, "dc_header has padding");
_Static_assert(sizeof(struct dc_inode) == 40, "dc_inode has padding");
_Static_assert(sizeof(struct dc_file) == 152, "dc_file has padding");
_Static_assert(sizeof(struct dc_task) == 208, "dc_task has padding");
_Static_assert(sizeof(struct dc_exec) == 400, "dc_exec has padding");
_Static_assert(sizeof(struct dc_ancestor) == 32, "dc_ancestor has padding");
_Static_assert(sizeof(struct dc_fork) == 48, "dc_fork has padding");
_Static_assert(sizeof(struct dc_exit) == 40, "dc_exit has padding");
_Static_assert(sizeof(struct dc_actor) == 104, "dc_actor has padding");
_Static_assert(sizeof(struct dc_file_event) == 320, "dc_file_event has padding");
_Static_assert(sizeof(struct dc_writer) == 272, "dc_writer has padding");
_Static_assert(sizeof(struct dc_socket_event) == 208, "dc_socket_event has padding");
_Static_assert(sizeof(struct dc_call_socket) == 40, "dc_call_socket has padding");
_Static_assert(sizeof(struct dc_call) == 192, "dc_call has padding");

#endif
