/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Operations that the fentry and LSM sets have seen begin. Where the kernel asks its security modules,
 * every object is at hand and as it was before; whether the operation then succeeds shows when the
 * function that does it returns. Between the two it waits here, by thread: overlay does the same to
 * the file of the layer meanwhile, but that is not on the container's root.
 */
#ifndef DRIFTCORE_PENDING_H
#define DRIFTCORE_PENDING_H

#include "act.h"
#include "call.h"
#include "mapping.h"
#include "written.h"

/* Functions whose arguments differ between kernels. */
enum dc_function {
	DC_FUNCTION_OPEN = 0,
	DC_FUNCTION_UNLINK,
	DC_FUNCTION_RENAME,
	DC_FUNCTION_LINK,
	DC_FUNCTION_SYMLINK,
	DC_FUNCTION_MKDIR,
	DC_FUNCTION_MKNOD,
	DC_FUNCTION_CREATE,
	DC_FUNCTION_CHANGE,
	DC_FUNCTION_SET_XATTR,
	DC_FUNCTION_REMOVE_XATTR,
	/* What is asked before a change of attributes. */
	DC_FUNCTION_ASK_CHANGE,
	DC_FUNCTION_ASK_SET_XATTR,
	DC_FUNCTION_ASK_REMOVE_XATTR,
	/* The same as a hook of the LSM, which was given no id mapping at first. */
	DC_FUNCTION_HOOK_CHANGE,
	DC_FUNCTIONS,
};

struct dc_signature {
	__u32 object; /* which argument is the file, directory entry or struct renamedata */
	__u32 arguments; /* how many there are */
	__u32 pointer; /* it returns a pointer, not a number */
};

/* Set by user space before load, from the kernel's BTF. */
const volatile struct dc_signature signatures[DC_FUNCTIONS];

struct dc_pending {
	struct dc_act act;
	__u64 object; /* address of the file or directory entry */
	struct dc_file gone; /* of what is removed, before it is */
	char name[DC_NAME_MAX]; /* one that the operation takes away, or of an extended attribute */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* thread */
	__type(value, struct dc_pending);
} pending SEC(".maps");

/* Argument or result number `index` of a traced function. The compiler must not make one access of it:
 * the verifier follows none whose place is not constant. */
static __always_inline __u64 context_word(__u64 *ctx, __u32 index)
{
	__u64 word = 0;

#define WORD(index, at)                                                                            \
	case index:                                                                                \
		asm volatile("%0 = *(u64 *)(%1 + " at ")" : "=r"(word) : "r"(ctx));                \
		break;
	switch (index) {
		WORD(0, "0")
		WORD(1, "8")
		WORD(2, "16")
		WORD(3, "24")
		WORD(4, "32")
		WORD(5, "40")
		WORD(6, "48")
		WORD(7, "56")
	}
#undef WORD
	return word;
}

/* The registers with which the current task came into the kernel. Where the kernel does not say it, they
 * are at the top of its stack there, which is as large as this on x86-64. */
static __always_inline struct pt_regs___x86_64 *regs_of(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___later, BPF_FUNC_task_pt_regs___later))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return BPF_CORE_READ(task, stack) + KERNEL_STACK -
	       bpf_core_type_size(struct pt_regs___x86_64);
}

/* The number of the system call that the task is in; DC_NO_CALL where that is not known, or io_uring
 * does it. */
static __always_inline __u16 current_call(struct task_struct *task)
{
	struct pt_regs___x86_64 *regs;
	__u32 number;

	if (BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER) ||
	    !bpf_core_field_exists(struct pt_regs___x86_64, orig_ax))
		return DC_NO_CALL;
	regs = regs_of(task);
	number = BPF_CORE_READ(regs, orig_ax);
	if (number & X32_SYSCALL_BIT || is_compat(task) || number >= DC_CALLS ||
	    number == IO_URING_ENTER)
		return DC_NO_CALL;
	return number;
}

/* Whether a call returns the descriptor of a file that it opens. Of x86-64. */
static __always_inline bool opens(__u16 call)
{
	switch (call) {
	case OPEN:
	case CREAT:
	case OPENAT:
	case OPEN_BY_HANDLE_AT:
	case OPENAT2:
		return true;
	}
	return false;
}

/* Whether the current task's call is mmap(): others map on their own account, as execve() does. Where the
 * numbers of calls are not known, all are. */
static __always_inline bool calls_mmap(struct task_struct *task)
{
	struct pt_regs___x86_64 *regs;
	__u32 number;

	if (!bpf_core_field_exists(struct pt_regs___x86_64, orig_ax))
		return true;
	regs = regs_of(task);
	number = BPF_CORE_READ(regs, orig_ax);
	if (is_compat(task))
		return number == OLD_MMAP || number == MMAP2;
	return (number & ~X32_SYSCALL_BIT) == MMAP;
}

/* Whether the task's call is to write no bytes. */
static __always_inline bool writes_nothing(struct task_struct *task, __u16 call)
{
	struct pt_regs___x86_64 *regs;

	if (call != WRITE && call != PWRITE)
		return false;
	regs = regs_of(task);
	return !BPF_CORE_READ(regs, dx);
}

/* Whether the task may do something for a container. Before 5.12 the workers of io_uring are threads of the
 * kernel that take on what belongs to a process, of any container in turn: whose they are now is not told
 * by them. */
static __always_inline bool may_act(struct task_struct *task)
{
	return may_be_contained(task) && !(BPF_CORE_READ(task, flags) & PF_KTHREAD);
}

/* Whether the entry is on the root of the task's container. */
static __always_inline bool is_on_root(struct task_struct *task, struct dentry *dentry,
				       struct dc_container *container)
{
	return may_act(task) && container_of_task(task, container) &&
	       BPF_CORE_READ(dentry, d_sb, s_dev) == container->root_dev;
}

/* Begins an operation on an entry of the container's root: where it is to be filled in. To be ended by
 * keep_pending(). NULL: a copy before this one has begun it, or there is no room. */
static __always_inline struct dc_scratch *begin_pending(struct task_struct *task, __u16 operation,
							struct dentry *dentry,
							struct dc_pending **pending_act)
{
	struct dc_scratch *s;
	struct dc_pending *p;

	if (is_asked())
		return NULL;
	s = take_scratch(DC_SLOT_HOOK);
	if (!s)
		return NULL;
	p = (void *)s->tail;
	__builtin_memset(p, 0, sizeof(*p));
	p->act.operation = operation;
	p->act.call = current_call(task);
	p->act.place.path.dentry = dentry;
	p->object = (__u64)dentry;
	*pending_act = p;
	return s;
}

static __always_inline void keep_pending(struct dc_scratch *s, struct dc_pending *p)
{
	__u64 thread = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&pending, &thread, p, BPF_ANY);
	note_asked();
	give_scratch(s);
}

/* Whether an open of the file may wait for its end: what every open of the host pays. The file is the
 * argument of a traced function, which is read without a call. */
static __always_inline bool may_wait(struct file *file)
{
	return (file->f_mode & (FMODE_WRITE | FMODE_CREATED) || is_wanted(DC_OP_READ)) &&
	       !is_hosts_own(current_task(), file->f_inode->i_sb->s_magic);
}

/* The operation has ended. What waited is gone when a copy comes to it. */
static __always_inline void confirm(__u64 *ctx, enum dc_function function, __u64 object)
{
	const volatile struct dc_signature *signature = &signatures[function];
	__u64 thread = bpf_get_current_pid_tgid();
	struct dc_pending *p = bpf_map_lookup_elem(&pending, &thread);
	struct task_struct *task;
	__u64 result;

	if (!p || p->object != object)
		return;
	task = current_task();
	result = context_word(ctx, signature->arguments);
	if (signature->pointer ? result < -4095UL : (__s32)result >= 0) {
		struct dentry *dentry = (void *)p->object;

		if (function == DC_FUNCTION_OPEN) {
			struct file *file = (void *)p->object;
			__u32 mode = BPF_CORE_READ(file, f_mode);

			p->act.operation = mode & FMODE_CREATED ? DC_OP_CREATE :
					   mode & FMODE_WRITE	? DC_OP_OPEN :
								  DC_OP_READ;
			p->act.value |= BPF_CORE_READ(file, f_flags);
			if (mode & FMODE_WRITE)
				forget_written(task, file);
			/* Its call has an end of its own: opened(). */
			if (p->act.call != DC_NO_CALL)
				return;
			/* Its content is cut next, as a change of its entry. */
			if (p->act.operation == DC_OP_OPEN && p->act.value & O_TRUNC) {
				p->object = (__u64)p->act.file;
				return;
			}
		} else if (function == DC_FUNCTION_UNLINK) {
			p->act.gone = &p->gone;
		} else {
			p->act.file = dentry;
			if (function == DC_FUNCTION_RENAME)
				p->act.old.last = p->name;
			if (function == DC_FUNCTION_SET_XATTR ||
			    function == DC_FUNCTION_REMOVE_XATTR)
				p->act.text.at = p->name;
		}
		barrier();
		report_act(task, &p->act, DC_SLOT_HOOK);
	}
	bpf_map_delete_elem(&pending, &thread);
}

/* An entry leaves the tree: of a directory that was to be removed. */
static __always_inline void confirm_removed(struct dentry *dentry)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct dc_pending *p = bpf_map_lookup_elem(&pending, &thread);

	if (!p || p->object != (__u64)dentry || p->act.operation != DC_OP_RMDIR)
		return;
	p->act.gone = &p->gone;
	barrier();
	report_act(current_task(), &p->act, DC_SLOT_HOOK);
	bpf_map_delete_elem(&pending, &thread);
}

/* An open file becomes a descriptor: of the call that opened it, if there was one. */
static __always_inline void confirm_open(__u32 fd, struct file *file)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct dc_pending *p;

	if (!may_wait(file))
		return;
	p = bpf_map_lookup_elem(&pending, &thread);
	/* Where the open has failed in between, its address may be another's. */
	if (!p || p->object != (__u64)file || p->act.call == DC_NO_CALL ||
	    BPF_CORE_READ(file, f_path.dentry) != p->act.file)
		return;
	p->act.result = fd;
	barrier();
	report_act(current_task(), &p->act, DC_SLOT_HOOK);
	bpf_map_delete_elem(&pending, &thread);
}

#endif
