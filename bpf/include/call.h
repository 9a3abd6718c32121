/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* System calls: their numbers and arguments, and what their descriptors stand for. */
#ifndef DRIFTCORE_CALL_H
#define DRIFTCORE_CALL_H

#include "container.h"

#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000
#define FMODE_NOACCOUNT 0x20000000
/* FMODE_BACKING from 6.14 and, with another meaning there, before. */
#define FMODE_BACKING_BITS 0x3000000

#define O_ACCMODE 0x3
#define O_CREAT 0x40
#define O_EXCL 0x80
#define O_TRUNC 0x200
#define O_TMPFILE_BIT 0x400000

#define PF_KTHREAD 0x200000
/* Of x86-64 and arm64. */
#define IO_URING_ENTER 426
/* Of x86-64. */
#define WRITE 1
#define OPEN 2
#define MMAP 9
#define PWRITE 18
#define CREAT 85
#define OPENAT 257
#define OPEN_BY_HANDLE_AT 304
#define OPENAT2 437
#define FALLOCATE 285
#define KERNEL_STACK 16384

#define TS_COMPAT 0x2
#define TIF_32BIT 22
#define X32_SYSCALL_BIT 0x40000000

/* A system call of the current task. */
struct dc_called {
	__u32 class; /* enum dc_class; 0 when nobody asks for it */
	__u16 number; /* on this architecture, also of a 32-bit call */
	bool compat; /* a 32-bit call */
};

/* x32 has numbers of its own from here on, for calls that have another one in 64 bits. */
#define X32_FIRST 512
#define X32_CALLS 64
static const __u16 x32_calls[X32_CALLS] = {
	13,  15,  16,  19,  20,	 45,  46,  47,	59,  101, 127, 128, 129, 131, 222, 244, 246, 247,
	273, 274, 278, 279, 295, 296, 297, 299, 307, 310, 311, 54,  55,	 206, 209, 322, 327, 328,
};

/* Whether the current call is one of 32 bits, which has other numbers and arguments elsewhere. */
static __always_inline bool is_compat(struct task_struct *task)
{
	if (bpf_core_field_exists(struct thread_info___x86_64, status)) {
		struct task_struct___x86_64 *x86 = (void *)task;

		return BPF_CORE_READ(x86, thread_info.status) & TS_COMPAT;
	}
	struct task_struct___arm64 *arm = (void *)task;

	return BPF_CORE_READ(arm, thread_info.flags) & 1UL << TIF_32BIT;
}

/* The class that a table has for a number. */
static __always_inline __u32 class_in(const __u8 *table, __u32 number)
{
	__u32 index = number & (DC_CALLS - 1);

	if (index != number)
		return 0;
	/* The compiler takes the two for one, and the verifier then knows no bound. */
	asm volatile("" : "+r"(index));
	return table[index & (DC_CALLS - 1)];
}

static __always_inline __u32 call_number(struct pt_regs *regs)
{
	if (bpf_core_field_exists(struct pt_regs___x86_64, orig_ax))
		return ((struct pt_regs___x86_64 *)regs)->orig_ax;
	return ((struct pt_regs___arm64 *)regs)->syscallno;
}

/* Calls of classes below `least`, and what nobody asks for, are told from a 64-bit number alone, unless
 * that is asked for as another one's of 32 bits. */
static __always_inline struct dc_called get_call(struct pt_regs *regs, __u32 least)
{
	const struct dc_settings *set = get_settings();
	__u32 number = call_number(regs);
	struct dc_called call = {};
	__u32 native, compat;

	if (!set)
		return call;
	if (bpf_core_field_exists(struct pt_regs___x86_64, orig_ax) && number & X32_SYSCALL_BIT) {
		number &= ~X32_SYSCALL_BIT;
		if (number >= X32_FIRST)
			number = x32_calls[(number - X32_FIRST) & (X32_CALLS - 1)];
	}
	native = class_in(set->calls, number);
	compat = class_in(set->compat, number);
	if (native < least && compat < least)
		return call;
	call.compat = is_compat(current_task());
	call.class = call.compat ? compat : native;
	call.number = call.compat ? set->native[number & (DC_CALLS - 1)] : number;
	return call;
}

/* An argument of the call: from its registers, which no other thread can change. */
#define CALL_ARGUMENT(index, x86, x86_compat)                                                      \
	static __always_inline __u64 call_argument_##index(struct pt_regs *regs, bool compat)      \
	{                                                                                          \
		if (bpf_core_field_exists(struct pt_regs___x86_64, orig_ax)) {                     \
			struct pt_regs___x86_64 *r = (void *)regs;                                 \
                                                                                                   \
			return compat ? (__u32)r->x86_compat : r->x86;                             \
		}                                                                                  \
		struct pt_regs___arm64 *r = (void *)regs;                                          \
                                                                                                   \
		/* At the exit the first register has the result. */                               \
		return index ? r->regs[index] : r->orig_x0;                                        \
	}

CALL_ARGUMENT(0, di, bx)
CALL_ARGUMENT(1, si, cx)
CALL_ARGUMENT(2, dx, dx)
CALL_ARGUMENT(3, r10, si)
CALL_ARGUMENT(4, r8, di)
CALL_ARGUMENT(5, r9, bp)
#undef CALL_ARGUMENT

/* What a descriptor of the task stands for. */
static __always_inline struct file *file_of(struct task_struct *task, long fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	return DC_DEREF(&files[fd]);
}

/* The socket that an open file is; NULL of another file. */
static __always_inline struct socket *socket_of(struct file *file)
{
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return BPF_CORE_READ(file, private_data);
}

#endif
