/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Who created, wrote, renamed or linked a file last: remembered by the inode that holds it in the upper
 * layer, so that whatever is later said of the file can name its writer. What is used least goes when
 * the table is full.
 */
#ifndef DRIFTCORE_WRITER_H
#define DRIFTCORE_WRITER_H

#include "extract.h"
#include "store.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192); /* resized by user space */
	__type(key, struct dc_inode_key);
	__type(value, struct dc_writer);
} writers SEC(".maps");

/* The task's arguments, as far as they fit. */
static __always_inline void writer_args(struct task_struct *task, struct dc_writer *w)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	unsigned long start = BPF_CORE_READ(mm, arg_start);
	unsigned long size = BPF_CORE_READ(mm, arg_end) - start;

	if (size > sizeof(w->args))
		size = sizeof(w->args);
	if (!bpf_probe_read_user(w->args, size, (void *)start))
		w->args_size = size;
}

/* Remembers the task, which runs now, as the writer of the file. */
static __always_inline void note_writer(struct task_struct *task, struct inode *inode,
					__u16 operation, __u32 actor_flags,
					struct dc_scratch *s)
{
	struct dc_inode_key key = {};
	__u64 start_ns = leader_start(task);
	__u64 exec_id = exec_id_of(task);
	struct task_struct *parent;
	const struct cred *cred;
	struct dc_writer *w;

	inode = holding_inode(inode);
	if (!inode)
		return;
	inode_key(inode, &key);

	/* Mostly who created it also writes it. */
	w = bpf_map_lookup_elem(&writers, &key);
	if (w && w->start_ns == start_ns && w->exec_id == exec_id) {
		w->boot_ns = bpf_ktime_get_boot_ns();
		w->operation = operation;
		return;
	}

	w = &s->writer;
	parent = BPF_CORE_READ(task, real_parent);
	cred = BPF_CORE_READ(task, cred);
	__builtin_memset(w, 0, sizeof(*w));
	w->boot_ns = bpf_ktime_get_boot_ns();
	w->start_ns = start_ns;
	w->exec_id = exec_id;
	w->parent_start_ns = leader_start(parent);
	w->pid = BPF_CORE_READ(task, tgid);
	w->ppid = BPF_CORE_READ(parent, tgid);
	w->container_pid = innermost_number(BPF_CORE_READ(task, group_leader, thread_pid));
	w->uid = BPF_CORE_READ(cred, uid.val);
	w->gid = BPF_CORE_READ(cred, gid.val);
	w->loginuid = loginuid_of(task);
	w->flags = actor_flags;
	w->operation = operation;
	BPF_CORE_READ_STR_INTO(&w->comm, task, comm);
	BPF_CORE_READ_STR_INTO(&w->parent_comm, parent, comm);
	writer_args(task, w);
	bpf_map_update_elem(&writers, &key, w, BPF_ANY);
}

/* The writer of a file of the upper layer into the tail of a record, if one is known. */
static __always_inline void store_writer(struct dc_scratch *s, const struct dc_file *file)
{
	__u32 end = *(volatile __u32 *)&s->end;
	struct dc_inode_key key = {
		.ino = file->upper.ino,
		.dev = file->upper.dev,
		.generation = file->upper.generation,
	};
	struct dc_writer *w;

	if (!(file->flags & DC_FILE_HAS_UPPER) || end > DC_TAIL_SIZE - sizeof(*w))
		return;
	w = bpf_map_lookup_elem(&writers, &key);
	if (!w)
		return;
	if (!bpf_probe_read_kernel(&s->tail[end], sizeof(*w), w))
		*(volatile __u32 *)&s->end = end + sizeof(*w);
}

#endif
