/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Code that execve never names: files that are mapped executable, and files that an interpreter reads.
 * What is plainly the image's ends here; whether the rest is drift, and whether what an interpreter
 * reads is a script, is for user space to tell. For every hook set, as include/act.h is.
 */
#ifndef DRIFTCORE_CODE_H
#define DRIFTCORE_CODE_H

#include "act.h"
#include "call.h"
#include "interpreter.h"
#include "written.h"

/* Files by any name that an interpreter may read before only those count that are named as scripts
 * are: its script is among the first, and a program that works through many data files must not make
 * an event of each. */
#define DC_READS_BY_ANY_NAME 64

/* A container's code has a budget apart from that of its other events: a flood of those must not hide
 * it. */
#define DC_CODE_BUDGET (1ULL << 63)

#define SB_I_NOEXEC 0x2

/* A file that a program of a process has mapped or read: said once, until it changes. */
struct dc_said {
	__u64 ino;
	__s64 ctime_ns;
	__u64 start_ns;
	__u64 exec_id;
	__u32 dev;
	__u32 generation;
	__u32 tgid;
	__u32 operation;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct dc_said);
	__type(value, __u8);
} said SEC(".maps");

/* Whether the file is an image file on the kernel's evidence alone. */
static __always_inline bool is_plainly_image(struct dentry *dentry, struct inode *inode,
					     const struct dc_container *container)
{
	struct inode *upper = NULL, *lower = NULL;
	unsigned long flags = 0;

	return BPF_CORE_READ(inode, i_sb, s_dev) == container->root_dev &&
	       BPF_CORE_READ(inode, i_sb, s_magic) == OVERLAYFS_SUPER_MAGIC &&
	       overlay_layers(inode, &upper, &lower, &flags) && !upper && lower &&
	       BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(inode, i_nlink);
}

static __always_inline void said_key(struct task_struct *task, struct inode *inode,
				     __u32 operation, struct dc_said *key)
{
	struct inode *holding = holding_inode(inode);

	if (holding)
		inode = holding;
	__builtin_memset(key, 0, sizeof(*key));
	key->ino = BPF_CORE_READ(inode, i_ino);
	key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
	key->ctime_ns = inode_ctime_ns(inode);
	key->start_ns = leader_start(task);
	key->exec_id = exec_id_of(task);
	key->tgid = BPF_CORE_READ(task, tgid);
	key->operation = operation;
}

/* Memory that a process shares with its children, without a name anywhere: where code is made at run
 * time. A file in memory (memfd) has a name that begins otherwise. */
static __always_inline bool is_shared_memory(struct file *file)
{
	static const char shared[] = "dev/zero";
	char name[sizeof(shared)] = {};

	if (!(BPF_CORE_READ(file, f_inode, i_sb, s_flags) & SB_KERNMOUNT))
		return false;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	for (__u32 i = 0; i < sizeof(shared); i++)
		if (name[i] != shared[i])
			return false;
	return true;
}

/* Whether the task runs an interpreter, and may read the file as a script. */
static __always_inline bool may_be_script(struct task_struct *task, struct dentry *dentry)
{
	struct dc_member *known = known_member(task);

	if (!known || !(known->flags & DC_MEMBER_INTERPRETER))
		return false;
	if (has_script_ending((__u64)dentry))
		return true;
	if (known->reads >= DC_READS_BY_ANY_NAME)
		return false;
	known->reads++;
	return true;
}

/* Reports that the task maps or reads the file, unless it is the image's or no container's. The caller
 * has filled in operation, value, result and call. */
static __always_inline void report_code(struct task_struct *task, struct file *file,
					struct dc_act *act, enum dc_slot slot)
{
	struct dc_container container = {};
	__u64 now = bpf_ktime_get_boot_ns();
	struct dc_said key;
	struct dentry *dentry;
	struct dc_scratch *s;
	struct inode *inode;
	__u32 begin = 0;
	__u8 one = 1;
	__u64 id;

	act->place.path = path_of(file);
	dentry = act->place.path.dentry;
	act->file = dentry;
	inode = BPF_CORE_READ(dentry, d_inode);
	if (!inode || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return;
	/* What the kernel fills itself (proc, sysfs, cgroup) holds no code. */
	if (BPF_CORE_READ(inode, i_sb, s_iflags) & SB_I_NOEXEC)
		return;
	id = container_of_task(task, &container);
	if (!id || is_plainly_image(dentry, inode, &container))
		return;
	said_key(task, inode, act->operation, &key);
	if (bpf_map_lookup_elem(&said, &key))
		return;
	/* Others ask themselves whether it is said. */
	if (slot == DC_SLOT_CALL)
		note_handled();
	if (act->operation == DC_OP_SCRIPT && !may_be_script(task, dentry))
		return;
	if (!may_emit(id | DC_CODE_BUDGET, DC_KIND_FILE, now))
		return;
	/* A full table forgets another file, which is then said twice. */
	bpf_map_update_elem(&said, &key, &one, BPF_ANY);
	s = take_scratch(slot);
	if (!s)
		return;
	begin_file(s, task, id, &container, act, now);
	if (act->operation == DC_OP_SCRIPT)
		s->file.actor.flags |= DC_ACTOR_INTERPRETER;
	begin = store_place(s, &act->place, &container, DC_FILE_STRING_PATH, begin);
	store_writer(s, &s->file.file);
	end_file_string(s, DC_FILE_STRING_WRITER, begin);
	emit_file(s);
	give_scratch(s);
}

#endif
