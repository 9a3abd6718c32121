/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which threads a copy of a probe has served (DC_COPIES), where nothing else tells. Copies run one after
 * the other for a task, in an order that is the kernel's. Whoever does the work leaves a mark, with the
 * copies that have run since; the last one takes it away. A copy that finds itself there has come for
 * something else. So where work is left out because of a mark that was left behind, the kernel has left out
 * each of the copies at least once, which is counted.
 */
#ifndef DRIFTCORE_HANDLED_H
#define DRIFTCORE_HANDLED_H

#include "maps.h"

/* Set by user space before load: how many copies of the probes there are, and which of them this is. */
const volatile __u32 copies = 1;
const volatile __u32 this_copy;
/* And: what the kernel asks its security modules comes by hooks of the LSM. Those are never left out, and
 * have no copies. */
const volatile __u32 asks_once;

/* Set by user space before load: what is done to files is seen at functions of the kernel (the fentry
 * and LSM sets), and at system calls only what those do not show. */
const volatile __u32 has_hooks;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* as bpf_get_current_pid_tgid() has it */
	__type(value, __u32); /* a bit for each copy that has run since the work was done */
} handled SEC(".maps");

/* The work for the current thread is done here. Whoever says so asks is_handled() before. */
static __always_inline void note_handled(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 mark = 1 << this_copy;

	if (copies > 1)
		bpf_map_update_elem(&handled, &thread, &mark, BPF_ANY);
}

/* Whether another copy has done it. */
static __always_inline bool is_handled(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 *mark;

	if (copies == 1)
		return false;
	mark = bpf_map_lookup_elem(&handled, &thread);
	if (!mark || *mark & 1 << this_copy)
		return false;
	*mark |= 1 << this_copy;
	if (*mark == (1 << copies) - 1)
		bpf_map_delete_elem(&handled, &thread);
	return true;
}

/* The same where the kernel asks its security modules. */
static __always_inline void note_asked(void)
{
	if (!asks_once)
		note_handled();
}

static __always_inline bool is_asked(void)
{
	return !asks_once && is_handled();
}

#endif
