/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which threads an earlier copy of a probe has served (DC_COPIES), where nothing else tells: copies
 * run one after the other for a task, so that a mark is there from the one that did the work to the
 * last one, which takes it away.
 */
#ifndef DRIFTCORE_HANDLED_H
#define DRIFTCORE_HANDLED_H

#include "maps.h"

/* Set by user space before load: the probes have copies. */
const volatile __u32 has_copies;

/* Set by user space before load: what is done to files is seen at functions of the kernel (the fentry
 * and LSM sets), and at system calls only what those do not show. */
const volatile __u32 has_hooks;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* as bpf_get_current_pid_tgid() has it */
	__type(value, __u8);
} handled SEC(".maps");

/* The work for the current thread is done here. */
static __always_inline void note_handled(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u8 yes = 1;

	if (has_copies)
		bpf_map_update_elem(&handled, &thread, &yes, BPF_ANY);
}

/* Whether a copy before this one has done it. */
static __always_inline bool is_handled(__u32 copy)
{
	__u64 thread = bpf_get_current_pid_tgid();
	bool found = copy && bpf_map_lookup_elem(&handled, &thread);

	if (found && copy == DC_COPIES - 1)
		bpf_map_delete_elem(&handled, &thread);
	return found;
}

#endif
