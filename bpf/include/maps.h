/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Every map of the probes, and the globals that user space reads or sets. */
#ifndef DRIFTCORE_MAPS_H
#define DRIFTCORE_MAPS_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "wire.h"

/* Room for the strings of one exec: two paths and a cgroup path (each cut at DC_PATH_MAX), the
 * file name, the interpreter's name and the arguments. A per-CPU map value may have 32 KiB. */
#define DC_PATH_MAX 4096
#define DC_NAME_MAX 256
#define DC_ARGS_MAX 4096
#define DC_TAIL_SIZE (28 * 1024)

/* Execs: rare and decisive. Whom a record wakes: progs/exec.h. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024); /* resized by user space */
} exec_ring SEC(".maps");

/* Forks and exits: many and dispensable. Nobody is woken for them before the ring is half
 * full; they are read when an exec is. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024); /* resized by user space */
} life_ring SEC(".maps");

/* Files, sockets and other calls: many, each with a container that answers for it
 * (include/emit.h). */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024); /* resized by user space */
} bulk_ring SEC(".maps");

/* The reader's promise: the CLOCK_BOOTTIME until which it will have looked at the rings again
 * without being woken; DC_PROMISE_READING while it is at them. */
#define DC_PROMISE_READING (~0ULL)
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} promise SEC(".maps");

enum dc_member_flag {
	/* Runs an interpreter, or was forked by one. */
	DC_MEMBER_INTERPRETER = 1 << 0,
	/* Seen after its exec: what it runs has not been looked at. */
	DC_MEMBER_UNKNOWN = 1 << 1,
};

/* A process of a container. */
struct dc_member {
	__u64 start_ns; /* tells two uses of one pid apart */
	__u64 container;
	__u64 exec_id; /* of the exec that was reported last */
	__u32 flags; /* enum dc_member_flag; of its program */
	__u32 reads; /* files that it has read as an interpreter and that may be scripts by any name */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32); /* thread group id in the initial pid namespace */
	__type(value, struct dc_member);
} members SEC(".maps");

/* An inode, for as long as it exists. */
struct dc_inode_key {
	__u64 ino;
	__u32 dev;
	__u32 generation;
};

/* Names of interpreters, without the version at their end (python3.11: python). */
#define DC_INTERPRETER_SIZE 16

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, char[DC_INTERPRETER_SIZE]);
	__type(value, __u8);
} interpreters SEC(".maps");

/* Endings of the names of scripts and modules, without the dot. */
#define DC_ENDING_SIZE 8

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, char[DC_ENDING_SIZE]);
	__type(value, __u8);
} script_endings SEC(".maps");

/* A container's root, as it was when the container was first seen. */
struct dc_container {
	__u64 root_dentry;
	__u64 root_mount_root; /* the dentry that the root mount shows as its root */
	struct dc_inode_key root_upper; /* its key in `roots`; no inode: it is not there */
	__u32 root_dev;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* identity of the mount namespace */
	__type(value, struct dc_container);
} containers SEC(".maps");

/* Which container a root filesystem belongs to: only where it is an overlay that the host's own root
 * is not on. Tells whose file a process of the host writes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct dc_inode_key); /* of the root, in the upper layer */
	__type(value, __u64); /* container */
} roots SEC(".maps");

/* An open file that a process has changed: said once. Keyed by addresses, which are used again: a
 * new open forgets what was said. */
struct dc_written {
	__u64 file; /* address of the struct file */
	__u64 start_ns; /* of the process */
	__u32 tgid;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct dc_written);
	__type(value, __u8);
} written SEC(".maps");

/* A connection that a process of a container began, until its result is known. */
struct dc_connecting {
	struct dc_actor actor;
	__u64 cgroup_id;
	__u64 began_ns;
	__u8 remote[16];
	__u16 remote_port;
	__u16 reserved[3];
};

/* Full, what is begun is said without its result. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* address of the struct sock */
	__type(value, struct dc_connecting);
} connecting SEC(".maps");

/* Whom a process sent datagrams to: said once. */
struct dc_reached {
	__u64 start_ns; /* of the process */
	__u32 remote[4];
	__u32 tgid;
	__u16 port; /* network byte order */
	__u16 family;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct dc_reached);
	__type(value, __u8);
} reached SEC(".maps");

/* Threads that bind a socket and leave the port to the kernel, until it is bound. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* thread group id and thread id */
	__type(value, __u8);
} auto_ports SEC(".maps");

/* Numbers of system calls that are told apart; there is none above so far. */
#define DC_CALLS 512

/*
 * What a system call is to the probes: which numbers are which is for user space to know. From
 * DC_CLASS_ENTRY on the call is read at its entry too; include/shape.h says what its arguments are.
 */
enum dc_class {
	DC_CLASS_OPEN_1 = 1, /* opens a file, with the flags in argument 1 */
	DC_CLASS_OPEN_2 = 2,
	DC_CLASS_OPENAT2 = 3, /* the flags in the caller's memory */
	DC_CLASS_WRITE_0 = 4, /* writes to the descriptor in argument 0 */
	DC_CLASS_WRITE_2 = 5,
	DC_CLASS_CLONE = 6, /* ioctl: FICLONE and FICLONERANGE write to the descriptor in argument 0 */
	DC_CLASS_MAP = 7, /* mmap */
	DC_CLASS_PROTECT = 8, /* mprotect */
	DC_CLASS_CREAT = 9, /* opens a file, with flags that go without saying */
	DC_CLASS_CONNECT = 10, /* connects the socket in argument 0 */

	/* From here on, and below DC_CLASS_ENTRY: a call that is on no file; what is read of it beside
	 * its arguments are the bits of enum dc_call_reads. */
	DC_CLASS_CALL = 32,

	DC_CLASS_ENTRY = 64,
	DC_CLASS_UNLINK = DC_CLASS_ENTRY,
	DC_CLASS_UNLINKAT,
	DC_CLASS_RMDIR,
	DC_CLASS_RENAME,
	DC_CLASS_RENAMEAT,
	DC_CLASS_RENAMEAT2,
	DC_CLASS_LINK,
	DC_CLASS_LINKAT,
	DC_CLASS_SYMLINK,
	DC_CLASS_SYMLINKAT,
	DC_CLASS_MKDIR,
	DC_CLASS_MKDIRAT,
	DC_CLASS_MKNOD,
	DC_CLASS_MKNODAT,
	DC_CLASS_TRUNCATE,
	DC_CLASS_TRUNCATE64, /* of 32 bits: the size in two arguments */
	DC_CLASS_FTRUNCATE,
	DC_CLASS_FTRUNCATE64,
	DC_CLASS_FALLOCATE,
	DC_CLASS_CHMOD,
	DC_CLASS_FCHMOD,
	DC_CLASS_FCHMODAT,
	DC_CLASS_FCHMODAT2,
	DC_CLASS_CHOWN,
	DC_CLASS_FCHOWN,
	DC_CLASS_FCHOWNAT,
	DC_CLASS_SETXATTR,
	DC_CLASS_FSETXATTR,
	DC_CLASS_SETXATTRAT,
	DC_CLASS_REMOVEXATTR,
	DC_CLASS_FREMOVEXATTR,
	DC_CLASS_REMOVEXATTRAT,
	DC_CLASSES,
};

/* What is read of a call on no file. */
enum dc_call_reads {
	DC_READS_FIRST = 1 << 0, /* argument 0 is a text */
	DC_READS_SECOND = 1 << 1,
	DC_READS_THIRD = 1 << 2,
	DC_READS_SOCKET = 1 << 3, /* argument 0 is a descriptor: if of a socket, what that is */
	DC_READS_CAPABILITIES = 1 << 4, /* those of the process after it, in arguments 3 to 5 */
};

/* What is asked for; changed by user space while the probes run. */
/* Mounts other than the container's root. */
enum dc_mount {
	DC_MOUNT_MEMORY = 1, /* tmpfs */
	DC_MOUNT_VOLUME = 2,
};

struct dc_settings {
	__u64 operations; /* 1 << enum dc_operation */
	__u64 sockets; /* 1 << enum dc_socket_operation */
	__u64 mounts; /* enum dc_mount: on which files count beside those of the container's root */
	__u64 budget_rate; /* bulk events a second that a container may cause; 0: any number */
	__u64 budget_burst; /* and at once */
	/* enum dc_class of each system call by its number on this architecture; 0: not asked for. */
	__u8 calls[DC_CALLS];
	/* The same of the 32-bit calls, and what number each of them has on this architecture. */
	__u8 compat[DC_CALLS];
	__u16 native[DC_CALLS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dc_settings);
} settings SEC(".maps");

/* What a container may still cause, and what was kept back. */
struct dc_budget {
	__u64 tokens;
	__u64 filled_ns;
	__u64 suppressed[DC_KIND_CALL + 1]; /* by enum dc_kind, since it was first seen */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* container */
	__type(value, struct dc_budget);
} budgets SEC(".maps");

/* Room for the fixed part of any record. */
#define DC_HEAD_SIZE 512

/* A record while it is built. Its fixed part, whatever the kind, ends where the tail begins. */
struct dc_scratch {
	__u32 end; /* of what stands in the tail so far */
	__u32 cut; /* what was stored last did not fit */
	__u32 users; /* who is at work on it; see take_scratch() */
	__u32 reserved;
	struct dc_writer writer; /* one that is about to be remembered */
	union {
		struct {
			char before_exec[DC_HEAD_SIZE - sizeof(struct dc_exec)];
			struct dc_exec exec;
		};
		struct {
			char before_file[DC_HEAD_SIZE - sizeof(struct dc_file_event)];
			struct dc_file_event file;
		};
		struct {
			char before_call[DC_HEAD_SIZE - sizeof(struct dc_call)];
			struct dc_call call;
		};
		struct {
			char before_socket[DC_HEAD_SIZE - sizeof(struct dc_socket_event)];
			struct dc_socket_event socket;
		};
	};
	char tail[DC_TAIL_SIZE];
};

/* Who builds in which slot. What may interrupt another has a slot of its own. */
enum dc_slot {
	DC_SLOT_EXEC = 0,
	DC_SLOT_SWEEP = 1,
	DC_SLOT_CALL = 2, /* exits and entries of system calls */
	DC_SLOT_HOOK = 3, /* what the fentry and LSM sets call */
	DC_SLOT_URING = 4, /* submissions and completions of io_uring */
	DC_SLOTS = 5,
};

/*
 * From 7.0 on tasks may preempt probes. The kernel then leaves a probe out for a task while another
 * task, on the same processor, is within it. So each probe that is watched that way is attached several
 * times over: a later copy sees whether an earlier one ran for the task, and does its work where not.
 * Each copy is another program to the kernel: the same one, loaded again with the same maps. Older
 * kernels load the first alone.
 */
#define DC_COPIES 4

/* All slots once for each copy; user space makes do with one level where no copies are loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DC_SLOTS * DC_COPIES);
	__type(key, __u32);
	__type(value, struct dc_scratch);
} scratch SEC(".maps");

/* Programs that take over from the one at the exit of system calls: what it does itself is short. */
enum dc_exit_program {
	DC_EXIT_NAMED = 0, /* classes from DC_CLASS_ENTRY on */
	DC_EXIT_PROTECT = 1,
	DC_EXIT_OTHER = 2, /* classes from DC_CLASS_CALL on */
	DC_EXIT_MAP = 3, /* a file was mapped executable */
	DC_EXIT_PROTECT_CODE = 4, /* a mapping became executable */
	DC_EXIT_SCRIPT = 5, /* an interpreter opened a file to read it */
	DC_EXIT_UNIX = 6, /* a socket was connected */
	DC_EXIT_PROGRAMS = 7,
};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, DC_EXIT_PROGRAMS);
	__type(key, __u32); /* enum dc_exit_program */
	__type(value, __u32);
} exits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DC_LOSSES);
	__type(key, __u32); /* enum dc_loss */
	__type(value, __u64);
} losses SEC(".maps");

/* What the initial mount namespace and its root are, found by the iterator's first pass: no
 * probe is attached before. */
struct dc_host {
	__u64 mnt_ns; /* address of the struct mnt_namespace */
	__u64 root_dentry;
	__u64 base_dentry; /* root of the mount that the root is mounted on */
	__u64 known;
};

struct dc_host host;

/* Set by user space: the iterator's next pass looks for the host instead of containers. */
__u32 find_host;

static __always_inline struct dc_settings *get_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

static __always_inline void count_loss(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &reason);

	if (count)
		(*count)++;
}

/*
 * The scratch of a slot, for one user at a time. A kernel that lets tasks preempt probes has two of
 * them meet here: whoever finds another at work goes one level up.
 */
static __always_inline struct dc_scratch *take_scratch(__u32 slot)
{
	for (__u32 level = 0; level < DC_COPIES; level++) {
		__u32 index = level * DC_SLOTS + slot;
		struct dc_scratch *s = bpf_map_lookup_elem(&scratch, &index);

		if (!s)
			break;
		__sync_fetch_and_add(&s->users, 1);
		if (*(volatile __u32 *)&s->users == 1)
			return s;
		__sync_fetch_and_add(&s->users, -1);
	}
	count_loss(DC_LOSS_SCRATCH);
	return NULL;
}

static __always_inline void give_scratch(struct dc_scratch *s)
{
	__sync_fetch_and_add(&s->users, -1);
}

#endif
