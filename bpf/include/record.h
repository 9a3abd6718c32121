/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The parts of an exec record that the probe and the iterator share. */
#ifndef DRIFTCORE_RECORD_H
#define DRIFTCORE_RECORD_H

#include "extract.h"
#include "store.h"
#include "writer.h"

static __always_inline __u32 end_exec_string(struct dc_scratch *s, enum dc_string string, __u32 cut,
					     __u32 begin)
{
	return end_string(s, &s->exec.string_size[string], &s->exec.flags, cut, begin);
}

/* A record of which nothing is there but when and of what kind it is. */
static __always_inline void begin_record(struct dc_scratch *s, struct dc_header *header, __u16 kind,
					 __u64 now)
{
	s->end = 0;
	s->cut = 0;
	header->version = DC_WIRE_VERSION;
	header->kind = kind;
	header->boot_ns = now;
}

/* Everything but what only the exec itself knows (file name, interpreter, arguments). Returns
 * where the tail goes on. */
static __always_inline __u32 begin_exec(struct dc_scratch *s, __u16 kind, __u64 id,
					struct dc_container *container, struct task_struct *task,
					struct file *file)
{
	__u32 begin = 0;

	__builtin_memset(&s->exec, 0, sizeof(s->exec));
	begin_record(s, &s->exec.header, kind, bpf_ktime_get_boot_ns());
	s->exec.task.container = id;
	s->exec.task.root_dev = container->root_dev;
	extract_task(task, &s->exec.task);
	extract_file(task, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry),
		     BPF_CORE_READ(file, f_inode), container, &s->exec.file);

	store_path(s, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry),
		   container->root_dentry);
	begin = end_exec_string(s, DC_STRING_EXE, DC_EXEC_EXE_TRUNCATED, begin);
	store_path(s, BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry),
		   container->root_dentry);
	begin = end_exec_string(s, DC_STRING_CWD, DC_EXEC_CWD_TRUNCATED, begin);

	struct cgroup *cgroup = extract_cgroup(task);

	s->exec.task.cgroup_id = BPF_CORE_READ(cgroup, kn, id);
	store_cgroup(s, BPF_CORE_READ(cgroup, kn));
	return end_exec_string(s, DC_STRING_CGROUP, DC_EXEC_CGROUP_TRUNCATED, begin);
}

/* Completes the header of a record whose fixed part has `head` bytes; the size of the whole record,
 * never more than the scratch has. */
static __always_inline __u32 end_record(struct dc_scratch *s, struct dc_header *header, __u32 head)
{
	__u32 end = *(volatile __u32 *)&s->end;

	if (end > DC_TAIL_SIZE)
		end = DC_TAIL_SIZE;

	__u32 size = head + end;

	header->size = size;
	return size;
}

static __always_inline __u32 end_exec(struct dc_scratch *s)
{
	return end_record(s, &s->exec.header, sizeof(s->exec));
}

#endif
