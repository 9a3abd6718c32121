/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* System calls: their numbers and arguments, and what their descriptors stand for. */
#ifndef DRIFTCORE_CALL_H
#define DRIFTCORE_CALL_H

#include "container.h"

#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000

static __always_inline __u32 call_number(struct pt_regs *regs)
{
	if (bpf_core_field_exists(struct pt_regs___x86_64, orig_ax))
		return BPF_CORE_READ((struct pt_regs___x86_64 *)regs, orig_ax);
	return BPF_CORE_READ((struct pt_regs___arm64 *)regs, syscallno);
}

/* enum dc_class of the call; 0 when nobody asks for it. */
static __always_inline __u32 call_class(__u32 number)
{
	const struct dc_settings *set = get_settings();
	__u32 index = number & (DC_CALLS - 1);

	if (!set || index != number)
		return 0;
	/* The compiler takes the two for one, and the verifier then knows no bound. */
	asm volatile("" : "+r"(index));
	return set->calls[index & (DC_CALLS - 1)];
}

/* What a descriptor of the task stands for. */
static __always_inline struct file *file_of(struct task_struct *task, long fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

#endif
