/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The tracepoint set: exits and entries of system calls. Attached only while something asks for what
 * they see, because any program here puts every task of the host on the slow path.
 */
#include "../include/act.h"
#include "../include/call.h"

#include <bpf/bpf_tracing.h>

/* The opened file, from the kernel's own object: no name is read from the caller's memory. */
static __always_inline void opened(struct task_struct *task, __u32 number, long ret)
{
	struct file *file = file_of(task, ret);
	struct dc_act act = {.call = number, .result = ret};
	__u32 mode;

	if (!file)
		return;
	mode = BPF_CORE_READ(file, f_mode);
	if (mode & FMODE_CREATED)
		act.operation = DC_OP_CREATE;
	else if (mode & FMODE_WRITE)
		act.operation = DC_OP_OPEN;
	else
		act.operation = DC_OP_READ;
	act.value = BPF_CORE_READ(file, f_flags);
	act.path.mnt = BPF_CORE_READ(file, f_path.mnt);
	act.path.dentry = BPF_CORE_READ(file, f_path.dentry);
	report_act(task, &act, DC_SLOT_CALL);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call__exit, struct pt_regs *regs, long ret)
{
	__u32 number = call_number(regs);
	__u32 class = call_class(number);

	if (!class || ret < 0)
		return 0;

	struct task_struct *task = (void *)bpf_get_current_task();

	if (class == DC_CLASS_OPEN)
		opened(task, number, ret);
	return 0;
}
