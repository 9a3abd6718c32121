/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * File events, built in one place for every hook set. A hook set is only where an act is filled in
 * from: the exit of a system call, a function of the VFS, a hook of the LSM, io_uring.
 */
#ifndef DRIFTCORE_ACT_H
#define DRIFTCORE_ACT_H

#include "emit.h"

/* As struct path, which is the kernel's. */
struct dc_path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

/* What a hook knows of an operation on a file. */
struct dc_act {
	struct dc_path path; /* the file; `mnt` may be NULL where only the dentry is known */
	struct dc_path old_path; /* of a rename or link, the other one; NULL where there is none */
	__u64 value;
	__u64 before;
	__s64 result;
	__u32 flags; /* enum dc_file_event_flag: HAS_BEFORE, UNPROVED, DIRECTORY */
	__u16 operation; /* enum dc_operation */
	__u16 call;
};

static __always_inline bool is_wanted(__u16 operation)
{
	const struct dc_settings *set = get_settings();

	return set && set->operations & 1ULL << operation;
}

static __always_inline __u32 end_file_string(struct dc_scratch *s, enum dc_file_string string,
					     __u32 begin)
{
	return end_string(s, &s->file.string_size[string], &s->file.flags,
			  DC_FILE_EVENT_CUT << string, begin);
}

/* Whether the operation makes its task the file's writer. */
static __always_inline bool is_writing(__u16 operation)
{
	switch (operation) {
	case DC_OP_CREATE:
	case DC_OP_WRITE:
	case DC_OP_TRUNCATE:
	case DC_OP_ALLOCATE:
	case DC_OP_RENAME:
	case DC_OP_EXCHANGE:
	case DC_OP_LINK:
		return true;
	}
	return false;
}

/* Everything but the strings. The caller has asked the budget. */
static __always_inline void begin_file(struct dc_scratch *s, struct task_struct *task, __u64 id,
				       const struct dc_container *container,
				       const struct dc_act *act, __u64 now)
{
	__builtin_memset(&s->file, 0, sizeof(s->file));
	s->end = 0;
	s->cut = 0;
	s->file.header.version = DC_WIRE_VERSION;
	s->file.header.kind = DC_KIND_FILE;
	s->file.header.boot_ns = now;
	s->file.operation = act->operation;
	s->file.call = act->call;
	s->file.value = act->value;
	s->file.before = act->before;
	s->file.result = act->result;
	s->file.flags = act->flags;
	extract_actor(task, id, container->root_dev, &s->file.actor);

	struct dentry *dentry = act->path.dentry;
	struct inode *inode = dentry ? BPF_CORE_READ(dentry, d_inode) : NULL;

	if (inode) {
		extract_file(task, act->path.mnt, dentry, inode, container, &s->file.file);
		s->file.flags |= DC_FILE_EVENT_HAS_FILE;
	}
}

static __always_inline void emit_file(struct dc_scratch *s)
{
	__u64 now = s->file.header.boot_ns;

	emit_bulk(&s->file, end_record(s, &s->file.header, sizeof(s->file)), now);
}

/* The act of a task on a file that a kernel object stands for, if it is a container's and somebody
 * asks for it. */
static __always_inline void report_act(struct task_struct *task, const struct dc_act *act,
				       enum dc_slot slot)
{
	struct dc_container container = {};
	__u64 now = bpf_ktime_get_boot_ns();
	struct dentry *dentry = act->path.dentry;
	struct dc_scratch *s;
	__u32 begin = 0;
	__u32 key = slot;
	__u64 id;

	if (!is_wanted(act->operation))
		return;
	id = container_of_task(task, &container);
	if (!id)
		return;
	/* The container's own filesystem: no volume, tmpfs, pipe or device. */
	if (BPF_CORE_READ(dentry, d_sb, s_dev) != container.root_dev)
		return;
	/* Before the budget: what a flood keeps back must still be known of its files. */
	if (is_writing(act->operation))
		note_writer(task, BPF_CORE_READ(dentry, d_inode), act->operation, 0, slot);
	if (!may_emit(id, DC_KIND_FILE, now))
		return;
	s = bpf_map_lookup_elem(&scratch, &key);
	if (!s)
		return;
	begin_file(s, task, id, &container, act, now);
	store_path(s, act->path.mnt, dentry, container.root_dentry);
	begin = end_file_string(s, DC_FILE_STRING_PATH, begin);
	begin = end_file_string(s, DC_FILE_STRING_NAME, begin);
	if (act->old_path.dentry)
		store_path(s, act->old_path.mnt, act->old_path.dentry, container.root_dentry);
	end_file_string(s, DC_FILE_STRING_OLD_PATH, begin);
	emit_file(s);
}

#endif
