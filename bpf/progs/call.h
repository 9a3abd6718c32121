/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The tracepoint set: entries and exits of system calls. Attached only while something asks for what
 * they see, because any program here puts every task of the host on the slow path. What comes first
 * is what every call of the host pays: the class of the call, then whether the task may be a
 * container's.
 */
#include "../include/act.h"
#include "../include/call.h"
#include "../include/code.h"
#include "../include/entry.h"
#include "../include/mapping.h"
#include "../include/written.h"

#include <bpf/bpf_tracing.h>

#define FICLONE 0x40049409
#define FICLONERANGE 0x4020940d

static __always_inline bool is_open(__u32 class)
{
	return class == DC_CLASS_OPEN_1 || class == DC_CLASS_OPEN_2 || class == DC_CLASS_OPENAT2 ||
	       class == DC_CLASS_CREAT;
}

/*
 * The flags that a file is opened with. From a register they are what the kernel took. Those of
 * openat2 are read again from the caller's memory, and only what the opened file no longer tells
 * is taken from there.
 */
static __always_inline __u64 open_flags(struct pt_regs *regs, const struct dc_called *call)
{
	if (call->class == DC_CLASS_OPEN_1)
		return (__u32)call_argument_1(regs, call->compat);
	if (call->class == DC_CLASS_OPEN_2)
		return (__u32)call_argument_2(regs, call->compat);
	if (call->class == DC_CLASS_CREAT)
		return O_CREAT | O_TRUNC | 1 /* O_WRONLY */;

	__u64 flags = 0;

	bpf_probe_read_user(&flags, sizeof(flags), (void *)call_argument_2(regs, call->compat));
	return flags & (O_CREAT | O_EXCL | O_TRUNC);
}

/* Whether the flags, from a register, say that nothing can be written or made. */
static __always_inline bool only_reads(const struct dc_called *call, __u64 flags)
{
	return call->class != DC_CLASS_OPENAT2 &&
	       !(flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE_BIT));
}

/* The opened file, from the kernel's own object: no name is read from the caller's memory. */
static __always_inline bool fill_opened(struct task_struct *task, struct pt_regs *regs,
					const struct dc_called *call, long ret, struct dc_act *act)
{
	struct file *file = file_of(task, ret);

	if (!file || is_hosts_own(task, BPF_CORE_READ(file, f_inode, i_sb, s_magic)))
		return false;
	if (BPF_CORE_READ(file, f_mode) & FMODE_WRITE && may_be_contained(task))
		forget_written(task, file);
	fill_open(file, open_flags(regs, call), act);
	return true;
}

/* The descriptor that a call wrote to; -1 where it wrote nothing. */
static __always_inline long written_by(struct pt_regs *regs, const struct dc_called *call, long ret)
{
	if (call->class == DC_CLASS_WRITE_0)
		return ret > 0 ? (__s32)call_argument_0(regs, call->compat) : -1;
	if (call->class == DC_CLASS_WRITE_2)
		return ret > 0 ? (__s32)call_argument_2(regs, call->compat) : -1;
	if (call->class == DC_CLASS_CLONE) {
		__u32 request = call_argument_1(regs, call->compat);

		if (request == FICLONE || request == FICLONERANGE)
			return (__s32)call_argument_0(regs, call->compat);
	}
	return -1;
}

/* The descriptor of a file that is mapped shared and writable, from where on its content changes
 * without a call; -1 of another mapping. */
static __always_inline long mapped_by(const struct dc_mapping *map, struct dc_act *act)
{
	__u64 type = map->flags & MAP_TYPE;

	if (!(map->prot & PROT_WRITE) || map->flags & MAP_ANONYMOUS ||
	    (type != MAP_SHARED && type != MAP_SHARED_VALIDATE))
		return -1;
	act->value = map->prot | map->flags << 32;
	return map->fd;
}

/* Copies of it do the same again. */
static __always_inline void enter_call(struct pt_regs *regs)
{
	struct dc_called call = get_call(regs, DC_CLASS_ENTRY);
	const struct dc_shape *shape = shape_of(call.class);
	struct task_struct *task;
	struct dc_scratch *s;

	if (!shape)
		return;
	task = current_task();
	if (!may_be_contained(task))
		return;
	s = take_scratch(DC_SLOT_CALL);
	if (!s)
		return;

	struct dc_entry *entry = (void *)s->tail;
	__u64 thread = bpf_get_current_pid_tgid();

	read_entry(task, regs, &call, shape, entry);
	/* Without it, the exit's reading alone is reported, as unproved. */
	bpf_map_update_elem(&entries, &thread, entry, BPF_ANY);
	give_scratch(s);
}

static __always_inline void exit_open(void *ctx, struct pt_regs *regs, const struct dc_called *call,
				      long ret)
{
	bool script, opened;

	if (ret < 0)
		return;
	/* Most opens only read, which mostly nobody asks for: told from the registers. */
	opened = !has_hooks &&
		 (!only_reads(call, open_flags(regs, call)) || is_wanted(DC_OP_READ));
	script = is_wanted(DC_OP_SCRIPT) && may_interpret();
	if (!opened && !script)
		return;

	struct task_struct *task = current_task();
	struct dc_act act = {.result = ret, .call = call->number};

	opened = opened && fill_opened(task, regs, call, ret, &act);
	if ((!opened && !script) || is_handled())
		return;
	if (opened)
		report_act(task, &act, DC_SLOT_CALL);
	if (script)
		bpf_tail_call(ctx, &exits, DC_EXIT_SCRIPT);
}

static __always_inline void exit_call(void *ctx, struct pt_regs *regs, long ret)
{
	struct dc_called call = get_call(regs, 1);

	if (!call.class)
		return;
	if (is_open(call.class)) {
		exit_open(ctx, regs, &call, ret);
		return;
	}

	struct task_struct *task = current_task();
	struct dc_act act = {.result = ret, .call = call.number};
	struct dc_mapping map = {};
	long fd;

	if (!may_be_contained(task) || is_handled())
		return;
	if (call.class >= DC_CLASS_ENTRY)
		bpf_tail_call(ctx, &exits, DC_EXIT_NAMED);
	if (call.class >= DC_CLASS_CALL)
		bpf_tail_call(ctx, &exits, DC_EXIT_OTHER);
	if (call.class == DC_CLASS_MAP) {
		/* What fails has a result that is no address. */
		if ((__u64)ret >= -4095ULL)
			return;
		map = get_mapping(regs, &call);
		fd = mapped_by(&map, &act);
	} else {
		if (ret < 0)
			return;
		if (call.class == DC_CLASS_PROTECT)
			bpf_tail_call(ctx, &exits, DC_EXIT_PROTECT);
		if (call.class == DC_CLASS_CONNECT)
			bpf_tail_call(ctx, &exits, DC_EXIT_UNIX);
		fd = written_by(regs, &call, ret);
	}
	if (fd >= 0 && !has_hooks && is_first_write(task, file_of(task, fd), &act))
		report_act(task, &act, DC_SLOT_CALL);
	if (map.prot & PROT_EXEC && !(map.flags & MAP_ANONYMOUS) && is_wanted(DC_OP_MAP))
		bpf_tail_call(ctx, &exits, DC_EXIT_MAP);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(call__enter, struct pt_regs *regs, long id)
{
	enter_call(regs);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call__exit, struct pt_regs *regs, long ret)
{
	exit_call(ctx, regs, ret);
	return 0;
}

/* The exit of a call that was read at its entry. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__named, struct pt_regs *regs, long ret)
{
	struct task_struct *task = current_task();
	struct dc_called call = get_call(regs, 1);
	const struct dc_shape *shape = shape_of(call.class);
	__u64 thread = bpf_get_current_pid_tgid();
	struct dc_entry *entry, *again;
	struct dc_act act = {};
	struct dc_scratch *s;

	if (!shape)
		return 0;
	if (ret < 0)
		goto forget;
	s = take_scratch(DC_SLOT_CALL);
	if (!s)
		goto forget;
	again = (void *)s->tail;
	read_entry(task, regs, &call, shape, again);
	entry = bpf_map_lookup_elem(&entries, &thread);
	if (!entry || entry_differs(entry, again))
		act.flags |= DC_FILE_EVENT_UNPROVED;
	/* A page that was not there at the entry is there now. */
	if (!entry || !entry->string[0].size || !entry->string[1].size) {
		bpf_map_update_elem(&entries, &thread, again, BPF_ANY);
		entry = bpf_map_lookup_elem(&entries, &thread);
	}
	give_scratch(s);
	if (!entry) {
		count_loss(DC_LOSS_SCRATCH);
		return 0;
	}
	act.result = ret;
	act.call = call.number;
	fill_act(task, shape, entry, &act);
	/* From memory that the verifier does not follow: to it, all acts are one from here on. */
	entry->act = act;
	barrier();
	report_act(task, &entry->act, DC_SLOT_CALL);
forget:
	bpf_map_delete_elem(&entries, &thread);
	return 0;
}

/* The exit of mprotect(): a shared mapping of a file becomes writable. Kernels before 5.17 give no way
 * to find the mapping: there it is not loaded. */
SEC("tp_btf/sys_exit")
int BPF_PROG(call__protect, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dc_called call = get_call(regs, 1);
	struct dc_act act = {.result = ret, .call = call.number};
	__u64 prot = call_argument_2(regs, call.compat);
	__u64 at = call_argument_0(regs, call.compat);
	__u64 end = at + call_argument_1(regs, call.compat);

	struct dc_found found = {};
	bool first = false;

	act.value = (__u32)prot | (__u64)MAP_SHARED << 32;
	at = go_on_at(at);
	for (int i = 0; i < DC_PROTECTED && prot & PROT_WRITE && !has_hooks && !first; i++) {
		if (at >= end || bpf_find_vma(task, at, look_at_mapping, &found, 0)) {
			at = end;
			break;
		}
		at = found.end;
		first = found.flags & VM_SHARED && found.flags & VM_WRITE && found.file &&
			is_first_write(task, found.file, &act);
	}
	if (first)
		report_act(task, &act, DC_SLOT_CALL);
	if (prot & PROT_WRITE && !has_hooks)
		go_on(ctx, DC_EXIT_PROTECT, at, end);
	if (prot & PROT_EXEC && is_wanted(DC_OP_MAP))
		bpf_tail_call(ctx, &exits, DC_EXIT_PROTECT_CODE);
	return 0;
}
