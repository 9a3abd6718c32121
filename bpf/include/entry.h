/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Calls that give no object back: what their arguments name, read at the entry and once more at the
 * exit. The caller's other threads may change the names in between, before or after the kernel
 * reads them: what differs is marked, and what the entry saw is reported.
 */
#ifndef DRIFTCORE_ENTRY_H
#define DRIFTCORE_ENTRY_H

#include "act.h"
#include "call.h"
#include "shape.h"

#define AT_FDCWD (-100)
#define AT_REMOVEDIR 0x200
#define RENAME_EXCHANGE 0x2

#define DC_ARGUMENTS 8

/* A string of the caller's. */
struct dc_user_string {
	__u32 size; /* with its NUL byte; 0: could not be read */
	__u32 reserved;
	char bytes[DC_PATH_MAX + sizeof(__u64)];
};

/* A call that names files, as it was at its entry. */
struct dc_entry {
	/* Its arguments, and two that are none: AT_FDCWD and 0. */
	__u64 args[DC_ARGUMENTS];
	/* What each name is relative to; where there is no name, the file itself. */
	__u64 mnt[2];
	__u64 dentry[2];
	__u64 before; /* mode or owner of a file that a descriptor stands for */
	/* The name; the other name, or the text. */
	struct dc_user_string string[2];
	/* What became of it at the exit. */
	struct dc_act act;
};

/* Calls at work, by thread; each ends with its call. Not allocated before: its values are big, and few
 * of them are there at any time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct dc_entry);
} entries SEC(".maps");

static __always_inline __u64 argument(const struct dc_entry *entry, __u8 index)
{
	return entry->args[index & (DC_ARGUMENTS - 1)];
}

static __always_inline struct inode *inode_at(const struct dc_entry *entry, __u32 which)
{
	/* A copy: the entry is ours, and a relocation against it would never resolve. */
	struct dentry *dentry = (void *)entry->dentry[which];

	return BPF_CORE_READ(dentry, d_inode);
}

/* A string of the caller's; nothing at all for an address that is none. */
static __always_inline void read_string(struct dc_entry *entry, __u32 which, __u64 address)
{
	struct dc_user_string *string = &entry->string[which];
	long size = 1;

	string->bytes[0] = 0;
	if (address)
		size = bpf_probe_read_user_str(string->bytes, DC_PATH_MAX, (void *)address);
	/* Older kernels (6.12 is one) do not count the NUL byte of an empty string. */
	if (!size)
		size = 1;
	if (size < 0 || size > DC_PATH_MAX)
		size = 0;
	string->size = size;
	/* Up to the end of a word, so that words can be compared. */
	__builtin_memset(&string->bytes[size], 0, sizeof(__u64));
}

/* A name, and what it is relative to: the root of the task, its working directory or a descriptor. */
static __always_inline void read_place(struct task_struct *task, struct dc_entry *entry,
				       __u32 which, __u64 dir, __u64 name)
{
	read_string(entry, which, name);
	if (entry->string[which].bytes[0] == '/') {
		entry->mnt[which] = (__u64)BPF_CORE_READ(task, fs, root.mnt);
		entry->dentry[which] = (__u64)BPF_CORE_READ(task, fs, root.dentry);
	} else if ((__s32)dir == AT_FDCWD) {
		entry->mnt[which] = (__u64)BPF_CORE_READ(task, fs, pwd.mnt);
		entry->dentry[which] = (__u64)BPF_CORE_READ(task, fs, pwd.dentry);
	} else {
		struct file *file = file_of(task, (__s32)dir);

		entry->mnt[which] = file ? (__u64)BPF_CORE_READ(file, f_path.mnt) : 0;
		entry->dentry[which] = file ? (__u64)BPF_CORE_READ(file, f_path.dentry) : 0;
	}
}

/* What the call says at this moment. */
static __always_inline void read_entry(struct task_struct *task, struct pt_regs *regs,
				       const struct dc_called *call, const struct dc_shape *shape,
				       struct dc_entry *entry)
{
	entry->args[0] = call_argument_0(regs, call->compat);
	entry->args[1] = call_argument_1(regs, call->compat);
	entry->args[2] = call_argument_2(regs, call->compat);
	entry->args[3] = call_argument_3(regs, call->compat);
	entry->args[4] = call_argument_4(regs, call->compat);
	entry->args[5] = call_argument_5(regs, call->compat);
	entry->args[DC_ARG_CWD] = AT_FDCWD;
	entry->args[DC_ARG_NONE] = 0;
	entry->before = 0;
	entry->mnt[1] = 0;
	entry->dentry[1] = 0;

	read_place(task, entry, 0, argument(entry, shape->dir), argument(entry, shape->name));
	if (shape->old_name != DC_ARG_NONE)
		read_place(task, entry, 1, argument(entry, shape->old_dir),
			   argument(entry, shape->old_name));
	else
		read_string(entry, 1, argument(entry, shape->text));

	/* Without a name the descriptor's file is at hand as it is before the call. */
	if (entry->string[0].size == 1) {
		struct inode *inode = inode_at(entry, 0);

		if (shape->operation == DC_OP_MODE)
			entry->before = BPF_CORE_READ(inode, i_mode);
		else if (shape->operation == DC_OP_OWNER)
			entry->before = (__u64)BPF_CORE_READ(inode, i_uid.val) << 32 |
					BPF_CORE_READ(inode, i_gid.val);
	}
}

/* Whether two readings of a string differ. */
static __always_inline bool string_differs(const struct dc_entry *a, const struct dc_entry *b,
					   __u32 which)
{
	__u32 size = a->string[which].size;

	if (size != b->string[which].size || !size)
		return true;
#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < DC_PATH_MAX; at += sizeof(__u64)) {
		if (at >= size)
			return false;
		if (*(__u64 *)&a->string[which].bytes[at] !=
		    *(__u64 *)&b->string[which].bytes[at])
			return true;
	}
	return false;
}

static __always_inline bool entry_differs(const struct dc_entry *a, const struct dc_entry *b)
{
	return string_differs(a, b, 0) || string_differs(a, b, 1) ||
	       a->mnt[0] != b->mnt[0] || a->dentry[0] != b->dentry[0] ||
	       a->mnt[1] != b->mnt[1] || a->dentry[1] != b->dentry[1];
}

static __always_inline struct dc_place place_at(const struct dc_entry *entry, __u32 which)
{
	struct dc_place place = {
		.path.mnt = (void *)entry->mnt[which],
		.path.dentry = (void *)entry->dentry[which],
		.name.at = entry->string[which].bytes,
		.name.size = entry->string[which].size ? entry->string[which].size - 1 : 0,
	};

	return place;
}

/* The number that ends a name such as /proc/self/fd/7, by which an unnamed file is linked; -1 of any
 * other name. */
static __always_inline long descriptor_in(const char *name)
{
	static const char prefix[] = "/proc/self/fd/";
	long number = 0;

	for (__u32 i = 0; i < sizeof(prefix) - 1; i++)
		if (name[i] != prefix[i])
			return -1;
	for (__u32 i = sizeof(prefix) - 1; i < sizeof(prefix) + 9; i++) {
		char digit = name[i];

		if (!digit)
			return number;
		if (digit < '0' || digit > '9')
			return -1;
		number = number * 10 + digit - '0';
	}
	return -1;
}

/* The unnamed file that a link gives its first name; NULL where it is another file. */
static __always_inline struct file *unnamed_file(struct task_struct *task,
						 const struct dc_shape *shape,
						 const struct dc_entry *entry)
{
	long fd = entry->string[1].size == 1 ? (__s32)argument(entry, shape->old_dir) :
					descriptor_in(entry->string[1].bytes);
	struct file *file = fd < 0 ? NULL : file_of(task, fd);

	return file && BPF_CORE_READ(file, f_flags) & O_TMPFILE_BIT ? file : NULL;
}

/* What the arguments ask for, by the operation. */
static __always_inline __u64 value_of(const struct dc_shape *shape, const struct dc_entry *entry)
{
	__u64 low = argument(entry, shape->low);

	if (shape->high != DC_ARG_NONE)
		return argument(entry, shape->high) << 32 | (__u32)low;
	return shape->operation == DC_OP_TRUNCATE ? low : (__u32)low;
}

static __always_inline void fill_act(struct task_struct *task, const struct dc_shape *shape,
				     const struct dc_entry *entry, struct dc_act *act)
{
	__u32 flags = argument(entry, shape->flags);

	act->operation = shape->operation;
	act->value = value_of(shape, entry);
	act->place = place_at(entry, 0);
	if (shape->old_name != DC_ARG_NONE)
		act->old = place_at(entry, 1);
	else
		act->text = place_at(entry, 1).name;

	if (!act->place.name.size) {
		act->file = act->place.path.dentry;

		struct inode *inode = inode_at(entry, 0);

		if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFDIR)
			act->flags |= DC_FILE_EVENT_DIRECTORY;
		if (act->operation == DC_OP_MODE || act->operation == DC_OP_OWNER) {
			act->before = entry->before;
			act->flags |= DC_FILE_EVENT_HAS_BEFORE;
		}
	}
	if (act->operation == DC_OP_UNLINK && flags & AT_REMOVEDIR)
		act->operation = DC_OP_RMDIR;
	if (act->operation == DC_OP_RMDIR || act->operation == DC_OP_MKDIR)
		act->flags |= DC_FILE_EVENT_DIRECTORY;
	if (act->operation == DC_OP_RENAME && flags & RENAME_EXCHANGE)
		act->operation = DC_OP_EXCHANGE;
	if (act->operation == DC_OP_LINK) {
		struct file *file = unnamed_file(task, shape, entry);

		if (file) {
			struct dc_place none = {};

			act->operation = DC_OP_CREATE;
			act->old = none;
			act->file = BPF_CORE_READ(file, f_path.dentry);
			act->value = BPF_CORE_READ(file, f_flags);
		}
	}
}

#endif
