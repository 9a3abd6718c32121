/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Who a process that came from outside its container comes from. */
#ifndef DRIFTCORE_ANCESTORS_H
#define DRIFTCORE_ANCESTORS_H

#include "container.h"
#include "extract.h"

/* Into the tail of a record; false when the task's parent is of a container, as mostly. */
static __always_inline bool store_ancestors(struct dc_scratch *s, struct task_struct *task)
{
	struct task_struct *next = BPF_CORE_READ(task, real_parent);

	if (member(BPF_CORE_READ(next, tgid), leader_start(next)))
		return false;
#pragma clang loop unroll(disable)
	for (int i = 0; i < DC_ANCESTORS; i++) {
		__u32 end = *(volatile __u32 *)&s->end;
		struct dc_ancestor ancestor = {
			.start_ns = leader_start(next),
			.pid = BPF_CORE_READ(next, tgid),
		};

		/* The kernel's own, from which all come. */
		if (!ancestor.pid || end > DC_TAIL_SIZE - sizeof(ancestor))
			break;
		BPF_CORE_READ_STR_INTO(&ancestor.comm, next, comm);
		if (bpf_probe_read_kernel(&s->tail[end], sizeof(ancestor), &ancestor))
			break;
		*(volatile __u32 *)&s->end = end + sizeof(ancestor);
		next = BPF_CORE_READ(next, real_parent);
	}
	return true;
}

#endif
