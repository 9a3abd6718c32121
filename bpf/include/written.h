/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One event for each open file that a process writes to, however often it does. */
#ifndef DRIFTCORE_WRITTEN_H
#define DRIFTCORE_WRITTEN_H

#include "act.h"
#include "call.h"

static __always_inline struct dc_written written_key(struct task_struct *task, struct file *file)
{
	struct dc_written key = {
		.file = (__u64)file,
		.start_ns = leader_start(task),
		.tgid = BPF_CORE_READ(task, tgid),
	};

	return key;
}

/* A new open: what was said of another file at this address counts no more. */
static __always_inline void forget_written(struct task_struct *task, struct file *file)
{
	struct dc_written key = written_key(task, file);

	/* Mostly nothing was said, and a deletion takes a lock to find that out. */
	if (bpf_map_lookup_elem(&written, &key))
		bpf_map_delete_elem(&written, &key);
}

/* The path of a file as its user opened it: of one that overlay has mapped, the overlay's. */
static __always_inline struct dc_path path_of(struct file *file)
{
	__u32 mode = BPF_CORE_READ(file, f_mode);
	struct dc_path path = {};

	/* The flag has moved; no file that is counted is one. */
	if (bpf_core_field_exists(struct backing_file, user_path) && mode & FMODE_NOACCOUNT &&
	    mode & FMODE_BACKING_BITS) {
		struct backing_file *backing = (void *)file;

		path.mnt = BPF_CORE_READ(backing, user_path.mnt);
		path.dentry = BPF_CORE_READ(backing, user_path.dentry);
		return path;
	}
	path.mnt = BPF_CORE_READ(file, f_path.mnt);
	path.dentry = BPF_CORE_READ(file, f_path.dentry);
	return path;
}

/* Fills in the act of opening a file, from the opened file itself. */
static __always_inline void fill_open(struct file *file, __u64 flags, struct dc_act *act)
{
	__u32 mode = BPF_CORE_READ(file, f_mode);

	if (mode & FMODE_CREATED)
		act->operation = DC_OP_CREATE;
	else if (mode & FMODE_WRITE)
		act->operation = DC_OP_OPEN;
	else
		act->operation = DC_OP_READ;
	act->value = flags | BPF_CORE_READ(file, f_flags);
	act->place.path = path_of(file);
	act->file = act->place.path.dentry;
}

/* Fills in an act when the process writes to the open file for the first time, and that counts. */
static __always_inline bool is_first_write(struct task_struct *task, struct file *file,
					   struct dc_act *act)
{
	struct dc_container container = {};
	struct dc_written key;
	struct dentry *dentry;
	__u8 said = 1;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFREG)
		return false;
	key = written_key(task, file);
	if (bpf_map_lookup_elem(&written, &key))
		return false;
	act->place.path = path_of(file);
	dentry = act->place.path.dentry;
	act->file = dentry;
	if (!container_of_task(task, &container) || !is_watched(dentry, &container))
		return false;
	/* A full table forgets another file, which is then said twice. */
	bpf_map_update_elem(&written, &key, &said, BPF_ANY);
	act->operation = DC_OP_WRITE;
	return true;
}

#endif
