/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From kernel objects to the values of the wire. */
#ifndef DRIFTCORE_EXTRACT_H
#define DRIFTCORE_EXTRACT_H

#include "container.h"

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define SB_KERNMOUNT (1 << 22)

/* Bit of ovl_inode.flags: the data are in the upper layer (enum ovl_inode_flag, 4.19). */
#define OVL_UPPERDATA 3

#define NSEC_PER_SEC 1000000000LL
/* From 6.13 the top bit of a ctime's nanoseconds says that somebody asked for it
 * (I_CTIME_QUERIED, 4e40eff0b573). */
#define NSEC_MASK 0x7fffffff

#define INODE_TIME(name)                                                                           \
	static __always_inline __s64 inode_##name##_ns(struct inode *inode)                       \
	{                                                                                          \
		if (bpf_core_field_exists(struct inode___time_6_11, i_##name##_sec)) {             \
			struct inode___time_6_11 *i = (void *)inode;                               \
                                                                                                   \
			return BPF_CORE_READ(i, i_##name##_sec) * NSEC_PER_SEC +                   \
			       (BPF_CORE_READ(i, i_##name##_nsec) & NSEC_MASK);                    \
		}                                                                                  \
		if (bpf_core_field_exists(struct inode___time_6_6, __i_##name)) {                  \
			struct inode___time_6_6 *i = (void *)inode;                                \
                                                                                                   \
			return BPF_CORE_READ(i, __i_##name.tv_sec) * NSEC_PER_SEC +                \
			       BPF_CORE_READ(i, __i_##name.tv_nsec);                               \
		}                                                                                  \
		struct inode___time_before_6_6 *i = (void *)inode;                                 \
                                                                                                   \
		return BPF_CORE_READ(i, i_##name.tv_sec) * NSEC_PER_SEC +                          \
		       BPF_CORE_READ(i, i_##name.tv_nsec);                                         \
	}

INODE_TIME(mtime)
INODE_TIME(ctime)

static __always_inline void extract_inode(struct inode *inode, struct dc_inode *out)
{
	out->ino = BPF_CORE_READ(inode, i_ino);
	out->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	out->generation = BPF_CORE_READ(inode, i_generation);
	out->size = BPF_CORE_READ(inode, i_size);
	out->mtime_ns = inode_mtime_ns(inode);
	out->ctime_ns = inode_ctime_ns(inode);
}

/* The inode behind an overlay inode in the topmost lower layer; NULL when it has none. */
static __always_inline struct inode *overlay_lower(struct inode *inode)
{
	void *ovl = (void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);

	if (bpf_core_field_exists(struct ovl_inode___oe, oe)) {
		struct ovl_entry *entry = BPF_CORE_READ((struct ovl_inode___oe *)ovl, oe);

		if (!entry || !BPF_CORE_READ(entry, __numlower))
			return NULL;

		void *stack = (void *)entry + bpf_core_field_offset(struct ovl_entry, __lowerstack);

		return BPF_CORE_READ((struct ovl_path *)stack, dentry, d_inode);
	}
	if (bpf_core_field_exists(struct ovl_inode___lowerpath, lowerpath))
		return BPF_CORE_READ((struct ovl_inode___lowerpath *)ovl, lowerpath.dentry,
				     d_inode);
	return BPF_CORE_READ((struct ovl_inode___lower *)ovl, lower);
}

/*
 * Which kernel's layout of ovl_inode to take where the overlay module has no BTF (or came after
 * the probes): told by the kernel's release. What follows the upper dentry is then, in this
 * order of history, an inode, a (layer, dentry) pair, or a pointer to an entry.
 */
enum dc_overlay_layout {
	DC_OVERLAY_INODE = 1, /* until 5.18 */
	DC_OVERLAY_PATH = 2, /* 5.19 to 6.4 */
	DC_OVERLAY_ENTRY = 3, /* from 6.5 */
};

/* Set by user space before load. */
const volatile __u32 overlay_layout;

struct dc_raw_entry {
	unsigned int numlower;
	unsigned int pad;
	void *layer;
	struct dentry *dentry;
};

static __always_inline struct inode *overlay_lower_raw(void *after_upper)
{
	void *words[2] = {};

	if (bpf_probe_read_kernel(words, sizeof(words), after_upper))
		return NULL;
	if (overlay_layout == DC_OVERLAY_INODE)
		return words[0];
	if (overlay_layout == DC_OVERLAY_PATH)
		return words[1] ? BPF_CORE_READ((struct dentry *)words[1], d_inode) : NULL;

	struct dc_raw_entry entry = {};

	if (!words[0] || bpf_probe_read_kernel(&entry, sizeof(entry), words[0]) || !entry.numlower)
		return NULL;
	/* A copy: entry is ours, and a relocation against it would never resolve. */
	struct dentry *dentry = entry.dentry;

	return BPF_CORE_READ(dentry, d_inode);
}

static __always_inline void extract_overlay(struct inode *inode, struct dc_file *out)
{
	struct dentry *upper_dentry = NULL;
	struct inode *lower, *upper = NULL;
	unsigned long flags = 0;

	out->flags |= DC_FILE_OVERLAY;
	if (bpf_core_field_exists(struct ovl_inode, __upperdentry)) {
		struct ovl_inode *ovl =
			(void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);

		upper_dentry = BPF_CORE_READ(ovl, __upperdentry);
		flags = BPF_CORE_READ(ovl, flags);
		lower = overlay_lower(inode);
	} else {
		/* The word before the VFS inode is `flags`, the one after it the upper dentry:
		 * so from 4.19 to today. */
		void *after = (void *)inode + bpf_core_type_size(struct inode);

		if (bpf_probe_read_kernel(&upper_dentry, sizeof(upper_dentry), after) ||
		    bpf_probe_read_kernel(&flags, sizeof(flags), (void *)inode - sizeof(flags)))
			return;
		lower = overlay_lower_raw(after + sizeof(upper_dentry));
	}

	if (upper_dentry)
		upper = BPF_CORE_READ(upper_dentry, d_inode);
	if (upper) {
		extract_inode(upper, &out->upper);
		out->flags |= DC_FILE_HAS_UPPER;
		if (flags & (1UL << OVL_UPPERDATA))
			out->flags |= DC_FILE_UPPER_DATA;
		if (BPF_CORE_READ(upper, i_writecount.counter) > 0 ||
		    BPF_CORE_READ(upper, i_mapping, i_mmap_writable.counter) > 0)
			out->flags |= DC_FILE_WRITERS;
	}
	if (lower) {
		extract_inode(lower, &out->lower);
		out->flags |= DC_FILE_HAS_LOWER;
	}
	/* An overlay inode has at least one of the two; with none, we read the wrong words. */
	if (upper || lower)
		out->flags |= DC_FILE_LAYERS_KNOWN;
}

static __always_inline void extract_file(struct task_struct *task, struct file *file,
					 const struct dc_container *container, struct dc_file *out)
{
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	__u64 magic = BPF_CORE_READ(sb, s_magic);

	extract_inode(inode, &out->inode);
	out->fs_magic = magic;
	out->mode = BPF_CORE_READ(inode, i_mode);
	out->uid = BPF_CORE_READ(inode, i_uid.val);
	out->gid = BPF_CORE_READ(inode, i_gid.val);
	out->nlink = BPF_CORE_READ(inode, i_nlink);

	if (out->inode.dev == container->root_dev) {
		out->flags |= DC_FILE_ON_ROOT_SUPERBLOCK;
		if ((__u64)BPF_CORE_READ(mnt, mnt_root) == container->root_mount_root)
			out->flags |= DC_FILE_ON_ROOT_MOUNT;
	}
	if (!BPF_CORE_READ(dentry, d_hash.pprev))
		out->flags |= DC_FILE_UNHASHED;
	if ((magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) &&
	    BPF_CORE_READ(sb, s_flags) & SB_KERNMOUNT)
		out->flags |= DC_FILE_ANONYMOUS;
	else if (magic == OVERLAYFS_SUPER_MAGIC)
		extract_overlay(inode, out);

	/* A container's process that went to the host's namespace and runs what it found there. */
	if ((__u64)BPF_CORE_READ(task, nsproxy, mnt_ns) == host.mnt_ns &&
	    (__u64)BPF_CORE_READ(mount_of(mnt), mnt_ns) == host.mnt_ns)
		out->flags |= DC_FILE_HOST;
}

static __always_inline __u32 extract_tty(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

	if (!tty)
		return 0;

	__u32 major = BPF_CORE_READ(tty, driver, major);
	__u32 minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);

	/* new_encode_dev(), what /proc/PID/stat shows */
	return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

static __always_inline __u64 extract_capabilities(const struct cred *cred)
{
	if (bpf_core_field_exists(struct cred___cap_one, cap_effective.val))
		return BPF_CORE_READ((struct cred___cap_one *)cred, cap_effective.val);

	struct cred___cap_words *words = (void *)cred;

	return BPF_CORE_READ(words, cap_effective.cap[0]) |
	       (__u64)BPF_CORE_READ(words, cap_effective.cap[1]) << 32;
}

/* The innermost number of a pid and the namespace that gave it. */
static __always_inline void extract_own_pid(struct task_struct *task, struct dc_task *out)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid *upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			    level * bpf_core_type_size(struct upid);

	out->container_pid = BPF_CORE_READ(upid, nr);
	out->pid_ns = BPF_CORE_READ(upid, ns, ns.inum);
}

static __always_inline __u32 pid_number(struct task_struct *task, __u32 type)
{
	return BPF_CORE_READ(task, signal, pids[type], numbers[0].nr);
}

static __always_inline void extract_task(struct task_struct *task, struct dc_task *out)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct nsproxy *ns = BPF_CORE_READ(task, nsproxy);

	out->start_ns = leader_start(task);
	out->parent_start_ns = leader_start(parent);
	if (bpf_core_field_size(task->self_exec_id) == sizeof(__u64))
		out->exec_id = BPF_CORE_READ((struct task_struct___exec_id_64 *)task, self_exec_id);
	else
		out->exec_id = BPF_CORE_READ(task, self_exec_id);
	out->pid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->ppid = BPF_CORE_READ(parent, tgid);
	extract_own_pid(task, out);

	out->uid = BPF_CORE_READ(cred, uid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	out->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	out->cap_effective = extract_capabilities(cred);

	out->loginuid = -1;
	out->audit_session = -1;
	if (bpf_core_field_exists(task->loginuid)) { /* CONFIG_AUDIT */
		out->loginuid = BPF_CORE_READ(task, loginuid.val);
		out->audit_session = BPF_CORE_READ(task, sessionid);
	}
	out->sid = pid_number(task, PIDTYPE_SID);
	out->pgid = pid_number(task, PIDTYPE_PGID);
	out->tty = extract_tty(task);

	out->mnt_ns = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	out->net_ns = BPF_CORE_READ(ns, net_ns, ns.inum);
	out->uts_ns = BPF_CORE_READ(ns, uts_ns, ns.inum);
	out->ipc_ns = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	out->cgroup_ns = BPF_CORE_READ(ns, cgroup_ns, ns.inum);
	BPF_CORE_READ_STR_INTO(&out->comm, task, comm);
}

/*
 * The cgroup that says most: of the unified hierarchy, or, where the task is in its root (v1 and
 * hybrid with the cgroupfs driver), of the first version 1 controller that has it elsewhere.
 */
static __always_inline struct cgroup *extract_cgroup(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *unified = BPF_CORE_READ(set, dfl_cgrp);

	if (BPF_CORE_READ(unified, level) > 0)
		return unified;

#define TRY_CONTROLLER(controller)                                                                 \
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, controller)) {                       \
		__u32 index = bpf_core_enum_value(enum cgroup_subsys_id, controller);              \
		struct cgroup_subsys_state *css = NULL;                                            \
                                                                                                   \
		bpf_core_read(&css, sizeof(css), &set->subsys[index]);                             \
		if (css) {                                                                         \
			struct cgroup *cgroup = BPF_CORE_READ(css, cgroup);                        \
                                                                                                   \
			if (BPF_CORE_READ(cgroup, level) > 0)                                      \
				return cgroup;                                                     \
		}                                                                                  \
	}
	TRY_CONTROLLER(pids_cgrp_id)
	TRY_CONTROLLER(devices_cgrp_id)
	TRY_CONTROLLER(cpuset_cgrp_id)
	TRY_CONTROLLER(memory_cgrp_id)
	TRY_CONTROLLER(cpu_cgrp_id)
#undef TRY_CONTROLLER
	return unified;
}

#endif
