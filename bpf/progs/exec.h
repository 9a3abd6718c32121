/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Execs, as they happen. */
#include "../include/ancestors.h"
#include "../include/extract.h"
#include "../include/handled.h"
#include "../include/interpreter.h"
#include "../include/record.h"

#include <bpf/bpf_tracing.h>

/* The promise counts only as long as it takes to finish a record after having looked at it. */
#define DC_PROMISE_MARGIN_NS 200000

/* An image file, on kernel evidence alone. */
static __always_inline bool is_image(const struct dc_file *file)
{
	const __u32 needed =
		DC_FILE_ON_ROOT_SUPERBLOCK | DC_FILE_OVERLAY | DC_FILE_LAYERS_KNOWN | DC_FILE_HAS_LOWER;
	const __u32 refused = DC_FILE_HAS_UPPER | DC_FILE_UNHASHED;

	return (file->flags & needed) == needed && !(file->flags & refused) && file->nlink;
}

/*
 * A wake-up costs the exec more than all the rest (an interrupt to another processor; 20 us in a
 * virtual machine). What may be drift is worth it, and who enters a container: the runtime's process
 * that let it in ends at once. Other code from the image waits for a reader that has promised to come
 * by itself, which it does for a millisecond after each event it found.
 */
static __always_inline __u64 exec_wakeup(const struct dc_file *file, bool enters, __u64 now)
{
	__u32 zero = 0;
	__u64 *until = bpf_map_lookup_elem(&promise, &zero);

	if (is_image(file) && !enters && until && now + DC_PROMISE_MARGIN_NS < *until)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

/* Whether a copy before this one has reported the exec. */
static __always_inline bool is_reported(struct task_struct *task)
{
	struct dc_member *known = member(BPF_CORE_READ(task, tgid), leader_start(task));
	__u64 exec_id = exec_id_of(task);

	/* There was no room to remember it: one copy has to do. */
	if (!known)
		return this_copy;
	if (known->exec_id == exec_id)
		return true;
	known->exec_id = exec_id;
	return false;
}

static __always_inline void report_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	struct dc_container container = {};
	__u64 id = container_of_program(task, &container);
	/* A copy is never at work twice on a processor. */
	__u32 index = this_copy * DC_SLOTS + DC_SLOT_EXEC;

	if (!id || is_reported(task))
		return;

	struct dc_scratch *s = bpf_map_lookup_elem(&scratch, &index);

	if (!s)
		return;

	struct file *file = BPF_CORE_READ(bprm, file);
	__u32 begin = begin_exec(s, DC_KIND_EXEC, id, &container, task, file);

	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		s->exec.flags |= DC_EXEC_SECURE;
	store_string(s, BPF_CORE_READ(bprm, filename));
	begin = end_exec_string(s, DC_STRING_FILENAME, 0, begin);
	store_string(s, BPF_CORE_READ(bprm, interp));
	begin = end_exec_string(s, DC_STRING_INTERP, 0, begin);
	store_args(s, BPF_CORE_READ(task, mm));
	begin = end_exec_string(s, DC_STRING_ARGS, DC_EXEC_ARGS_TRUNCATED, begin);
	store_writer(s, &s->exec.file);
	begin = end_exec_string(s, DC_STRING_WRITER, 0, begin);

	bool enters = store_ancestors(s, task);

	end_exec_string(s, DC_STRING_ANCESTORS, 0, begin);

	__u64 wakeup = exec_wakeup(&s->exec.file, enters, s->exec.header.boot_ns);

	if (bpf_ringbuf_output(&exec_ring, &s->exec, end_exec(s), wakeup))
		count_loss(DC_LOSS_EXEC_RING);

	struct dc_member *known = member(BPF_CORE_READ(task, tgid), leader_start(task));

	if (known) {
		learn_program(known, file);
		known->reads = 0;
	}
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process__exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	report_exec(task, bprm);
	return 0;
}
