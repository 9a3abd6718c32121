/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Code that execve never names, and who wrote it, as functions of the kernel show it: the fentry set and the
 * LSM set need no program at system calls for it, which every call of the host would pay for. */
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

	if (!may_interpret())
		return;
	task = current_task();
	act.call = current_call(task);
	/* Sockets' and pipes' are no files; what is handed on was opened by somebody else. */
	if ((act.call != DC_NO_CALL && !opens(act.call)) || is_handled())
		return;
	act.value = file->f_flags;
	report_code(task, file, &act, DC_SLOT_HOOK);
	note_handled();
}

/* Whether opens to write are reported by themselves, which makes whoever opens or writes the writer. */
static __always_inline bool reports_opens(void)
{
	const __u64 opens = 1ULL << DC_OP_OPEN | 1ULL << DC_OP_CREATE | 1ULL << DC_OP_READ |
			    1ULL << DC_OP_WRITE;
	const struct dc_settings *set = get_settings();

	return !set || set->operations & opens;
}

/* A file that was opened to write, or made, becomes a descriptor: what it holds may be code later. Where
 * nobody asks for opens and writes, the open makes the writer. Every such open of the host comes here. */
static __always_inline void tell_writer(struct file *file)
{
	struct inode *inode = file->f_inode;
	struct dc_container container = {};
	struct task_struct *task;
	struct dentry *dentry;
	struct dc_scratch *s;
	bool outside;
	__u32 actor;
	__u16 call;

	if (reports_opens())
		return;
	task = current_task();
	if (is_hosts_own(task, inode->i_sb->s_magic))
		return;
	call = current_call(task);
	if (call != DC_NO_CALL && !opens(call))
		return;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	if (!container_of_act(task, dentry, true, &container, &outside) ||
	    (!outside && !is_watched(dentry, &container)) || is_handled())
		return;
	actor = outside ? DC_ACTOR_OUTSIDE : 0;
	if (BPF_CORE_READ(task, flags) & PF_IO_WORKER)
		actor |= DC_ACTOR_IO_URING;
	s = take_scratch(DC_SLOT_HOOK);
	if (!s)
		return;
	note_writer(task, inode, file->f_mode & FMODE_CREATED ? DC_OP_CREATE : DC_OP_OPEN, actor, s);
	note_handled();
	give_scratch(s);
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
	if (!may_act(task) || !calls_mmap(task) || is_handled())
		return;
	act.result = result;
	act.call = current_call(task);
	report_code(task, file, &act, DC_SLOT_HOOK);
	note_handled();
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
	if (!file || !may_act(task) || is_shared_memory(file) || is_asked())
		return;
	act.call = current_call(task);
	report_code(task, file, &act, DC_SLOT_HOOK);
	note_asked();
}

#endif
