/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which processes run interpreters, by the name of the file that was executed. What loops over names is
 * a function that the verifier looks at once, whoever calls it; a program that makes tail calls must
 * not call it (arm64 before 6.0).
 */
#ifndef DRIFTCORE_INTERPRETER_H
#define DRIFTCORE_INTERPRETER_H

#include "container.h"

/* Whether a program is an interpreter, by the address of its dentry. */
__noinline int is_interpreter(__u64 address)
{
	struct dentry *dentry = (void *)address;
	char name[DC_INTERPRETER_SIZE] = {};
	long size = bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));

	if (size <= 1)
		return 0;
	/* A longer name is cut and never found: none that is known is as long. */
	for (int i = DC_INTERPRETER_SIZE - 1; i >= 0; i--) {
		char c = name[i];

		if (c && !((c >= '0' && c <= '9') || c == '.' || c == '-'))
			break;
		name[i] = 0;
	}
	return bpf_map_lookup_elem(&interpreters, name) ? 1 : 0;
}

/* Whether a name ends as those of scripts and modules do, by the address of its dentry. (Both
 * architectures have the first byte of a number first.) */
__noinline int has_script_ending(__u64 address)
{
	struct dentry *dentry = (void *)address;
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u32 length = BPF_CORE_READ(dentry, d_name.len);
	__u64 end = 0, key = 0;

	/* As a number, in which a byte is found without an address that varies. */
	if (length < DC_ENDING_SIZE) {
		if (bpf_probe_read_kernel_str(&end, sizeof(end), name) < 0)
			return 0;
	} else if (bpf_probe_read_kernel(&end, sizeof(end), name + length - sizeof(end))) {
		return 0;
	}
	for (int i = 0; i < DC_ENDING_SIZE - 1; i++)
		if ((end >> 8 * i & 0xff) == '.')
			key = end >> 8 * (i + 1);
	return key && bpf_map_lookup_elem(&script_endings, &key) ? 1 : 0;
}

static __always_inline void learn_program(struct dc_member *known, struct file *exe)
{
	struct dentry *dentry = exe ? BPF_CORE_READ(exe, f_path.dentry) : NULL;

	known->flags = is_interpreter((__u64)dentry) ? DC_MEMBER_INTERPRETER : 0;
}

/* What is known of the task, which is a container's, with its program looked at; NULL where the table
 * is full. */
static __always_inline struct dc_member *known_member(struct task_struct *task)
{
	struct dc_member *known = member(BPF_CORE_READ(task, tgid), leader_start(task));

	if (known && known->flags & DC_MEMBER_UNKNOWN)
		learn_program(known, BPF_CORE_READ(task, mm, exe_file));
	return known;
}

/* Whether the current task may run an interpreter of a container. What most opens of the host pay. */
static __always_inline bool may_interpret(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct dc_member *known = bpf_map_lookup_elem(&members, &tgid);

	return known && known->flags;
}

#endif
