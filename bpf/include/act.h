/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * File events, built in one place for every hook set. A hook set is only where an act is filled in
 * from: the exit of a system call, a function of the VFS, a hook of the LSM, io_uring.
 */
#ifndef DRIFTCORE_ACT_H
#define DRIFTCORE_ACT_H

#include "emit.h"
#include "handled.h"
#include "watched.h"

#define PF_IO_WORKER 0x10

/* As struct path, which is the kernel's. */
struct dc_path {
	struct vfsmount *mnt; /* may be NULL where only the dentry is known */
	struct dentry *dentry;
};

/* Bytes of the kernel's. */
struct dc_text {
	const void *at;
	__u32 size; /* without a NUL byte; 0: there is none */
};

/* A file: by its own path or, with a name, by the path that the name is relative to. */
struct dc_place {
	struct dc_path path;
	struct dc_text name;
	const char *last; /* a component below `path` that has no entry any more; NULL: none */
};

/* What a hook knows of an operation on a file. */
struct dc_act {
	struct dc_place place;
	struct dc_place old; /* of a rename, exchange or link, the other one; no dentry: there is none */
	struct dc_text text;
	struct dentry *file; /* what the evidence is taken from; NULL where no object is at hand */
	const struct dc_file *gone; /* evidence of what is no more; NULL: there is none */
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
	begin_record(s, &s->file.header, DC_KIND_FILE, now);
	s->file.operation = act->operation;
	s->file.call = act->call;
	s->file.value = act->value;
	s->file.before = act->before;
	s->file.result = act->result;
	s->file.flags = act->flags;
	extract_actor(task, id, container->root_dev, &s->file.actor);

	struct dentry *dentry = act->file;
	struct inode *inode = dentry ? BPF_CORE_READ(dentry, d_inode) : NULL;

	if (inode) {
		extract_file(task, act->place.path.mnt, dentry, inode, container, &s->file.file);
		s->file.flags |= DC_FILE_EVENT_HAS_FILE;
	} else if (act->gone) {
		bpf_probe_read_kernel(&s->file.file, sizeof(s->file.file), act->gone);
		s->file.flags |= DC_FILE_EVENT_HAS_FILE;
	}
}

static __always_inline void emit_file(struct dc_scratch *s)
{
	__u64 now = s->file.header.boot_ns;

	emit_bulk(&s->file, end_record(s, &s->file.header, sizeof(s->file)), now);
}

/* Path and name, as two strings of which the first is number `string`. */
static __always_inline __u32 store_place(struct dc_scratch *s, const struct dc_place *place,
					 const struct dc_container *container,
					 enum dc_file_string string, __u32 begin)
{
	if (place->last)
		store_name(s, place->last);
	if (place->path.dentry)
		store_path(s, place->path.mnt, place->path.dentry, container->root_dentry);
	begin = end_file_string(s, string, begin);
	if (place->name.size)
		store_bytes(s, place->name.at, place->name.size);
	return end_file_string(s, string + 1, begin);
}

/* Whose an act on a file is: the container of the task's or, where it has a file opened to write that a
 * process of the host opens, or one at work on its behalf, the one on whose root that is. 0: nobody's. */
static __always_inline __u64 container_of_act(struct task_struct *task, struct dentry *dentry,
					      bool opens, struct dc_container *container,
					      bool *outside)
{
	__u64 id = 0;

	*outside = false;
	if (may_be_contained(task))
		id = container_of_task(task, container);
	if (id || !opens)
		return id;
	*outside = true;
	return container_of_super(BPF_CORE_READ(dentry, d_sb), container);
}

/* An act of which is known whose it is, if somebody asks for it. `actor` is of enum dc_actor_flag. */
static __always_inline void report_act_of(struct task_struct *task, const struct dc_act *act,
					  __u64 id, const struct dc_container *container,
					  __u32 actor, enum dc_slot slot)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct dc_scratch *s;
	__u32 begin = 0;
	struct dentry *dentry = act->place.path.dentry;
	struct dentry *file = act->file;
	bool outside = actor & DC_ACTOR_OUTSIDE;
	bool writes, tells;

	/* Where a name leads is for user space to find. */
	if (!act->place.name.size && !is_watched(dentry, container))
		return;
	/* Others ask themselves whether it is said. */
	if (slot == DC_SLOT_CALL)
		note_handled();
	/* Whoever asks for it and whatever the budget says: here a task changes a file. What a process
	 * outside has opened, it writes unseen, and so does any where writes are not watched. */
	writes = file && (is_writing(act->operation) ||
			  (act->operation == DC_OP_OPEN && (outside || !is_wanted(DC_OP_WRITE))));
	tells = is_wanted(act->operation) && may_emit(id, DC_KIND_FILE, now);
	if (!writes && !tells)
		return;
	s = take_scratch(slot);
	if (!s)
		return;
	if (writes)
		note_writer(task, BPF_CORE_READ(file, d_inode), act->operation, actor, s);
	if (!tells)
		goto give;
	begin_file(s, task, id, container, act, now);
	s->file.actor.flags |= actor;
	begin = store_place(s, &act->place, container, DC_FILE_STRING_PATH, begin);
	begin = store_place(s, &act->old, container, DC_FILE_STRING_OLD_PATH, begin);
	if (act->text.size)
		store_bytes(s, act->text.at, act->text.size);
	end_file_string(s, DC_FILE_STRING_TEXT, begin);
	emit_file(s);
give:
	give_scratch(s);
}

/* The act of a task on a file, if that is a container's and somebody asks for it. */
static __always_inline void report_act(struct task_struct *task, const struct dc_act *act,
				       enum dc_slot slot)
{
	struct dc_container container = {};
	bool outside;
	bool opens = act->operation == DC_OP_OPEN || act->operation == DC_OP_CREATE;
	__u64 id = container_of_act(task, act->place.path.dentry, opens, &container, &outside);

	__u32 actor = outside ? DC_ACTOR_OUTSIDE : 0;

	if (slot == DC_SLOT_HOOK && BPF_CORE_READ(task, flags) & PF_IO_WORKER)
		actor |= DC_ACTOR_IO_URING;
	if (id)
		report_act_of(task, act, id, &container, actor, slot);
}

#endif
