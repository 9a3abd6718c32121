/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Forks and exits of container processes: who belongs to which container, and who made whom. */
#include "../include/container.h"

#include <bpf/bpf_tracing.h>

/* When to wake the reader: seldom. */
static __always_inline __u64 life_wakeup(void)
{
	__u64 waiting = bpf_ringbuf_query(&life_ring, BPF_RB_AVAIL_DATA);
	__u64 size = bpf_ringbuf_query(&life_ring, BPF_RB_RING_SIZE);

	return waiting > size / 2 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void report_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = BPF_CORE_READ(child, tgid);
	__u32 parent_pid = BPF_CORE_READ(parent, tgid);
	struct dc_member *known;
	struct dc_fork fork = {};

	if (pid != (__u32)BPF_CORE_READ(child, pid)) /* a thread */
		return;
	fork.parent_start_ns = leader_start(parent);
	known = member(parent_pid, fork.parent_start_ns);
	if (!known)
		return;
	fork.start_ns = BPF_CORE_READ(child, start_boottime);
	/* An earlier copy was here. */
	if (member(pid, fork.start_ns))
		return;

	fork.header.size = sizeof(fork);
	fork.header.version = DC_WIRE_VERSION;
	fork.header.kind = DC_KIND_FORK;
	fork.header.boot_ns = bpf_ktime_get_boot_ns();
	fork.container = known->container;
	fork.pid = pid;
	fork.parent_pid = parent_pid;
	remember(pid, fork.start_ns, fork.container, known->flags, known->reads);
	if (bpf_ringbuf_output(&life_ring, &fork, sizeof(fork), life_wakeup()))
		count_loss(DC_LOSS_LIFE_RING);
}

static __always_inline void report_exit(struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid);
	struct dc_member *known;
	struct dc_exit exit = {};

	/* `live` has already been counted down: 0 for the last thread of the process. */
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return;
	exit.start_ns = leader_start(task);
	/* A host's, or an earlier copy was here. */
	known = member(pid, exit.start_ns);
	if (!known)
		return;

	exit.header.size = sizeof(exit);
	exit.header.version = DC_WIRE_VERSION;
	exit.header.kind = DC_KIND_EXIT;
	exit.header.boot_ns = bpf_ktime_get_boot_ns();
	exit.container = known->container;
	exit.pid = pid;
	bpf_map_delete_elem(&members, &pid);
	if (bpf_ringbuf_output(&life_ring, &exit, sizeof(exit), life_wakeup()))
		count_loss(DC_LOSS_LIFE_RING);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process__fork, struct task_struct *parent, struct task_struct *child)
{
	report_fork(parent, child);
	return 0;
}

/* The tracepoint grew a second argument in 6.16; it is not needed. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process__exit, struct task_struct *task)
{
	report_exit(task);
	return 0;
}
