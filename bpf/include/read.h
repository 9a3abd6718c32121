/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Reading the kernel's own memory.
 *
 * BPF_CORE_READ calls a helper for each pointer on its way, which is most of what building an event
 * costs. From 6.2 on there is bpf_rdonly_cast, with which a read is a load; one that faults gives 0, as
 * the helper does. What is read is taken for the number at the beginning of a type that every kernel
 * has: so all that is read stays a number to the verifier, as from the helper, and it is indifferent
 * whose type it really is (a module's has no place in the cast). Which of the two it is is settled at
 * load: what the kernel at hand does not have is never walked.
 */
#ifndef DRIFTCORE_READ_H
#define DRIFTCORE_READ_H

#include "flavors.h"

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define dc_load(member)                                                                            \
	(*(typeof(member) volatile *)bpf_rdonly_cast(&(member),                                    \
						     bpf_core_type_id_kernel(struct timespec64)))
#define dc_load1(src, a) dc_load((src)->a)
#define dc_load2(src, a, b) dc_load(dc_load1(src, a)->b)
#define dc_load3(src, a, b, c) dc_load(dc_load2(src, a, b)->c)
#define dc_load4(src, a, b, c, d) dc_load(dc_load3(src, a, b, c)->d)

#define dc_probe(src, a, ...)                                                                      \
	({                                                                                         \
		___type((src), a, ##__VA_ARGS__) __read;                                           \
		BPF_CORE_READ_INTO(&__read, (src), a, ##__VA_ARGS__);                              \
		__read;                                                                            \
	})

#undef BPF_CORE_READ
#define BPF_CORE_READ(src, a, ...)                                                                 \
	(bpf_ksym_exists(bpf_rdonly_cast) ?                                                        \
		 ___apply(dc_load, ___narg(a, ##__VA_ARGS__))((src), a, ##__VA_ARGS__) :           \
		 dc_probe(src, a, ##__VA_ARGS__))

/* What a pointer of the kernel's points to. */
#define DC_DEREF(pointer)                                                                          \
	(bpf_ksym_exists(bpf_rdonly_cast) ? dc_load(*(pointer)) : ({                               \
		typeof(*(pointer)) __read = 0;                                                     \
		bpf_probe_read_kernel(&__read, sizeof(__read), (pointer));                         \
		__read;                                                                            \
	}))

#endif
