/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The processes that already run: read by user space at start, and again after a loss. Records
 * come through the iterator's own file, which waits for its reader, so none is lost.
 */
#include "../include/extract.h"
#include "../include/record.h"

/* The first process is recognised by its number in the initial pid namespace; as a parent (whichever
 * of its threads forked) too, for machines that keep it out of the iterator. */
static __always_inline void learn_host(struct task_struct *task)
{
	if (BPF_CORE_READ(task, tgid) != 1 || !BPF_CORE_READ(task, nsproxy))
		return;

	struct mount *mount = mount_of(BPF_CORE_READ(task, fs, root.mnt));

	host.mnt_ns = (__u64)BPF_CORE_READ(task, nsproxy, mnt_ns);
	host.root_dentry = (__u64)BPF_CORE_READ(task, fs, root.dentry);
	host.base_dentry = (__u64)BPF_CORE_READ(mount, mnt_parent, mnt.mnt_root);
	host.known = 1;
}

SEC("iter/task")
int process__sweep(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct dc_container container = {};
	__u32 slot = DC_SLOT_SWEEP;
	__u64 id;

	if (!task)
		return 0;
	/* One record a process: of its leader, or, where that thread has ended, of those that go
	 * on (the reader takes the first). */
	if (task->pid != task->tgid && BPF_CORE_READ(task, group_leader, mm))
		return 0;

	if (find_host) {
		learn_host(task);
		learn_host(BPF_CORE_READ(task, real_parent));
		return 0;
	}

	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	if (!file) /* a kernel thread, or on its way out */
		return 0;
	id = container_of_program(task, &container);
	if (!id)
		return 0;

	struct dc_scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return 0;

	__u32 begin = begin_exec(s, DC_KIND_TASK, id, &container, task, file);

	store_writer(s, &s->exec.file);
	end_exec_string(s, DC_STRING_WRITER, 0, begin);
	bpf_seq_write(ctx->meta->seq, &s->exec, end_exec(s));
	return 0;
}
