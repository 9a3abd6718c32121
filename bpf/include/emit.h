/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Bulk events into their ring, within their container's budget.
 *
 * Each container has a bucket of tokens, one an event, that fills at a steady rate. What comes when it
 * is empty is counted there and goes nowhere: a flood costs the container that makes it its own bulk
 * events, never an exec, and never another container's.
 */
#ifndef DRIFTCORE_EMIT_H
#define DRIFTCORE_EMIT_H

#include "record.h"

/* Tokens are kept in nanoseconds of the rate, so that none is lost between two events. */
static __always_inline bool may_emit(__u64 container, __u32 kind, __u64 now)
{
	const struct dc_settings *set = get_settings();
	struct dc_budget *budget;
	__u64 full, tokens, passed;

	if (!set || !set->budget_rate)
		return true;
	full = set->budget_burst * NSEC_PER_SEC;
	budget = bpf_map_lookup_elem(&budgets, &container);
	if (!budget) {
		struct dc_budget new = {.tokens = full, .filled_ns = now};

		bpf_map_update_elem(&budgets, &container, &new, BPF_NOEXIST);
		budget = bpf_map_lookup_elem(&budgets, &container);
		/* More containers than there are budgets: better too much than nothing. */
		if (!budget)
			return true;
	}
	/* Two processors may take the same token: a budget need not be exact, its counts are. */
	tokens = budget->tokens;
	if (now > budget->filled_ns) {
		passed = now - budget->filled_ns;
		/* Asked this way round, nothing is too large to be multiplied. */
		tokens = passed > full / set->budget_rate ? full :
							    tokens + passed * set->budget_rate;
		if (tokens > full)
			tokens = full;
		budget->filled_ns = now;
	}
	if (tokens < NSEC_PER_SEC) {
		budget->tokens = tokens;
		if (kind <= DC_KIND_CALL)
			__sync_fetch_and_add(&budget->suppressed[kind], 1);
		return false;
	}
	budget->tokens = tokens - NSEC_PER_SEC;
	return true;
}

/* Whom a record wakes: a reader that is at the rings, nobody; one that has promised to come by itself,
 * when the ring is a quarter full; any other, the first event that it has not read. A wake-up is an
 * interrupt to another processor, and costs more than all the rest. */
static __always_inline __u64 bulk_wakeup(__u64 now)
{
	__u32 zero = 0;
	__u64 *until = bpf_map_lookup_elem(&promise, &zero);

	if (!until || now >= *until)
		return 0;
	if (*until == DC_PROMISE_READING)
		return BPF_RB_NO_WAKEUP;
	return bpf_ringbuf_query(&bulk_ring, BPF_RB_AVAIL_DATA) >
			       bpf_ringbuf_query(&bulk_ring, BPF_RB_RING_SIZE) / 4 ?
		       BPF_RB_FORCE_WAKEUP :
		       BPF_RB_NO_WAKEUP;
}

static __always_inline void emit_bulk(void *record, __u32 size, __u64 now)
{
	if (bpf_ringbuf_output(&bulk_ring, record, size, bulk_wakeup(now)))
		count_loss(DC_LOSS_BULK_RING);
}

#endif
