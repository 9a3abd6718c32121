/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Mappings, by the call that made them and by the kernel's own object. */
#ifndef DRIFTCORE_MAPPING_H
#define DRIFTCORE_MAPPING_H

#include "call.h"

#define PROT_WRITE 0x2
#define PROT_EXEC 0x4
#define MAP_SHARED 0x1
#define MAP_SHARED_VALIDATE 0x3
#define MAP_TYPE 0xf
#define MAP_ANONYMOUS 0x20
#define VM_WRITE 0x2
#define VM_EXEC 0x4
#define VM_SHARED 0x8
/* mmap of the first 32-bit programs: its arguments are in the caller's memory. */
#define OLD_MMAP 90
/* And of later ones. */
#define MMAP2 192

/* Mappings that one mprotect() changes and that a program looks at before it is run again. */
#define DC_PROTECTED 16

/* A mapping, by its call. */
struct dc_mapping {
	__u64 prot;
	__u64 flags;
	long fd;
};

static __always_inline struct dc_mapping get_mapping(struct pt_regs *regs,
						     const struct dc_called *call)
{
	struct dc_mapping map = {
		.prot = (__u32)call_argument_2(regs, call->compat),
		.flags = (__u32)call_argument_3(regs, call->compat),
		.fd = (__s32)call_argument_4(regs, call->compat),
	};

	if (call->compat && call_number(regs) == OLD_MMAP) {
		__u32 args[6] = {};

		bpf_probe_read_user(args, sizeof(args), (void *)call_argument_0(regs, true));
		map.prot = args[2];
		map.flags = args[3];
		map.fd = (__s32)args[4];
	}
	return map;
}

struct dc_found {
	struct file *file;
	__u64 end;
	__u64 flags;
};

static long look_at_mapping(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	struct dc_found *found = data;

	found->file = BPF_CORE_READ(vma, vm_file);
	found->end = BPF_CORE_READ(vma, vm_end);
	found->flags = BPF_CORE_READ(vma, vm_flags);
	return 0;
}

/* Where a program that looks at the mappings of a call goes on when it is run again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* thread */
	__type(value, __u64); /* address */
} protecting SEC(".maps");

/* The address at which to go on, of a call that begins at `at`. */
static __always_inline __u64 go_on_at(__u64 at)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u64 *next = bpf_map_lookup_elem(&protecting, &thread);

	return next ? *next : at;
}

/* Runs the program again, from `at` on, as often as the kernel lets it: it finds 500 mappings at least.
 * Returns when all is done. */
static __always_inline void go_on(void *ctx, enum dc_exit_program program, __u64 at, __u64 end)
{
	__u64 thread = bpf_get_current_pid_tgid();

	if (at < end && !bpf_map_update_elem(&protecting, &thread, &at, BPF_ANY))
		bpf_tail_call(ctx, &exits, program);
	bpf_map_delete_elem(&protecting, &thread);
}

#endif
