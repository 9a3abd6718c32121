/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Mapped code and scripts, at system calls. progs/call.h hands over to these programs. */
#include "../include/code.h"
#include "../include/mapping.h"

#include <bpf/bpf_tracing.h>

static __always_inline void report_mapping(struct task_struct *task, struct pt_regs *regs,
					   const struct dc_called *call, long ret, struct file *file)
{
	struct dc_mapping map = get_mapping(regs, call);
	struct dc_act act = {
		.operation = DC_OP_MAP,
		.value = map.prot | map.flags << 32,
		.result = ret,
		.call = call->number,
	};

	/* What the kernel shows is the truth; the descriptor may be another's by now. */
	if (!file)
		file = file_of(task, map.fd);
	if (file)
		report_code(task, file, &act, DC_SLOT_CALL);
}

/* The exit of mmap(): a file was mapped executable. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__mapped, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dc_called call = get_call(regs, 1);
	struct dc_found found = {};

	bpf_find_vma(task, ret, look_at_mapping, &found, 0);
	report_mapping(task, regs, &call, ret, found.file);
	return 0;
}

/* The same where the kernel gives no way to find the mapping: before 5.17. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__mapped_fd, struct pt_regs *regs, long ret)
{
	struct task_struct *task = current_task();
	struct dc_called call = get_call(regs, 1);

	report_mapping(task, regs, &call, ret, NULL);
	return 0;
}

/* The exit of mprotect(): mappings of files become executable. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__protect_code, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dc_called call = get_call(regs, 1);
	struct dc_act act = {.operation = DC_OP_MAP, .result = ret, .call = call.number};
	__u64 at = call_argument_0(regs, call.compat);
	__u64 end = at + call_argument_1(regs, call.compat);
	struct dc_found found = {};
	struct file *file = NULL;

	at = go_on_at(at);
	for (int i = 0; i < DC_PROTECTED && !file; i++) {
		if (at >= end || bpf_find_vma(task, at, look_at_mapping, &found, 0)) {
			at = end;
			break;
		}
		at = found.end;
		if (found.file && found.flags & VM_EXEC && !is_shared_memory(found.file))
			file = found.file;
	}
	act.value = (__u32)call_argument_2(regs, call.compat);
	if (file)
		report_code(task, file, &act, DC_SLOT_CALL);
	go_on(ctx, DC_EXIT_PROTECT_CODE, at, end);
	return 0;
}

/* The exit of an open by an interpreter of a container, to read. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__script, struct pt_regs *regs, long ret)
{
	struct task_struct *task = current_task();
	struct dc_called call = get_call(regs, 1);
	struct file *file = file_of(task, ret);
	struct dc_act act = {.operation = DC_OP_SCRIPT, .result = ret, .call = call.number};

	if (!file || BPF_CORE_READ(file, f_mode) & FMODE_WRITE)
		return 0;
	act.value = BPF_CORE_READ(file, f_flags);
	report_code(task, file, &act, DC_SLOT_CALL);
	return 0;
}

/* What an interpreter has as its standard input when it is executed. Behind process__exec, which
 * settles what an interpreter is. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process__stdin, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct dc_act act = {
		.operation = DC_OP_SCRIPT,
		.value = DC_SCRIPT_STDIN,
		.call = DC_NO_CALL,
	};
	struct file *file;

	if (!may_interpret() || is_handled())
		return 0;
	file = file_of(task, 0);
	if (!file)
		return 0;
	act.value |= BPF_CORE_READ(file, f_flags);
	report_code(task, file, &act, DC_SLOT_CALL);
	return 0;
}
