/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Records of other system calls. */
#ifndef DRIFTCORE_EMIT_CALL_H
#define DRIFTCORE_EMIT_CALL_H

#include "emit.h"

/* The same number on every architecture. */
#define DC_CALL_IO_URING_SETUP 425

/* Who did it. The caller has asked the budget. */
static __always_inline void begin_call(struct dc_scratch *s, struct task_struct *task, __u64 id,
				       const struct dc_container *container, __u64 now)
{
	__builtin_memset(&s->call, 0, sizeof(s->call));
	begin_record(s, &s->call.header, DC_KIND_CALL, now);
	extract_actor(task, id, container->root_dev, &s->call.actor);
}

static __always_inline __u32 end_call_string(struct dc_scratch *s, enum dc_call_string string,
					     __u32 begin)
{
	return end_string(s, &s->call.string_size[string], &s->call.flags, DC_CALL_CUT << string,
			  begin);
}

static __always_inline void emit_call(struct dc_scratch *s)
{
	__u64 now = s->call.header.boot_ns;

	emit_bulk(&s->call, end_record(s, &s->call.header, sizeof(s->call)), now);
}

#endif
