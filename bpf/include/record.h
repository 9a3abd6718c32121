/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The parts of an exec record that the probe and the iterator share. */
#ifndef DRIFTCORE_RECORD_H
#define DRIFTCORE_RECORD_H

#include "extract.h"
#include "store.h"

/* Everything but what only the exec itself knows (file name, interpreter, arguments). Returns
 * where the tail goes on. */
static __always_inline __u32 begin_exec(struct dc_scratch *s, __u16 kind, __u64 id,
					struct dc_container *container, struct task_struct *task,
					struct file *file)
{
	__u32 begin = 0;

	__builtin_memset(&s->exec, 0, sizeof(s->exec));
	s->end = 0;
	s->exec.header.version = DC_WIRE_VERSION;
	s->exec.header.kind = kind;
	s->exec.header.boot_ns = bpf_ktime_get_boot_ns();
	s->exec.task.container = id;
	s->exec.task.root_dev = container->root_dev;
	extract_task(task, &s->exec.task);
	extract_file(task, file, container, &s->exec.file);

	store_path(s, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry),
		   container->root_dentry, DC_EXEC_EXE_TRUNCATED);
	begin = end_string(s, DC_STRING_EXE, begin);
	store_path(s, BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry),
		   container->root_dentry, DC_EXEC_CWD_TRUNCATED);
	begin = end_string(s, DC_STRING_CWD, begin);

	struct cgroup *cgroup = extract_cgroup(task);

	s->exec.task.cgroup_id = BPF_CORE_READ(cgroup, kn, id);
	store_cgroup(s, BPF_CORE_READ(cgroup, kn));
	return end_string(s, DC_STRING_CGROUP, begin);
}

/* Completes the header; the size of the whole record, never more than the scratch has. */
static __always_inline __u32 end_exec(struct dc_scratch *s)
{
	__u32 end = *(volatile __u32 *)&s->end;

	if (end > DC_TAIL_SIZE)
		end = DC_TAIL_SIZE;

	__u32 size = sizeof(s->exec) + end;

	s->exec.header.size = size;
	return size;
}

#endif
