/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Code that execve never names, as functions of the kernel show it: the fentry set and the LSM set need no
 * program at system calls for it, which every call of the host would pay for. */
#ifndef DRIFTCORE_LOAD_H
#define DRIFTCORE_LOAD_H

#include "code.h"
#include "pending.h"

/* An open file becomes a descriptor: of an interpreter of a container, perhaps, which may read it. Every
 * open of the host comes here. */
static __always_inline void tell_script(__u32 fd, struct file *file)
{
	struct dc_act act = {.operation = DC_OP_SCRIPT, .result = fd};
	struct task_struct *task;

	if (file->f_mode & FMODE_WRITE || !may_interpret())
		return;
	task = current_task();
	act.call = current_call(task);
	/* Sockets' and pipes' are no files; what is handed on was opened by somebody else. */
	if (act.call != DC_NO_CALL && !opens(act.call))
		return;
	act.value = file->f_flags;
	report_code(task, file, &act, DC_SLOT_HOOK);
}

/* A file has been mapped. */
static __always_inline void tell_mapped(struct file *file, __u64 prot, __u64 flags, __u64 result)
{
	struct dc_act act = {.operation = DC_OP_MAP, .value = (__u32)prot | flags << 32};
	struct task_struct *task;

	/* What fails has a result that is no address. */
	if (!(prot & PROT_EXEC) || !file || flags & MAP_ANONYMOUS || result >= -4095UL)
		return;
	task = current_task();
	if (!may_act(task) || !calls_mmap(task))
		return;
	act.result = result;
	act.call = current_call(task);
	report_code(task, file, &act, DC_SLOT_HOOK);
}

/* A mapping is about to become executable. */
static __always_inline void tell_protected(struct vm_area_struct *vma, __u64 prot)
{
	struct dc_act act = {.operation = DC_OP_MAP, .value = (__u32)prot};
	struct task_struct *task;
	struct file *file;

	if (!(prot & PROT_EXEC))
		return;
	task = current_task();
	file = vma->vm_file;
	if (!file || !may_act(task) || is_shared_memory(file))
		return;
	act.call = current_call(task);
	report_code(task, file, &act, DC_SLOT_HOOK);
}

#endif
