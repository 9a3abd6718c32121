/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From kernel objects to the values of the wire. */
#ifndef DRIFTCORE_EXTRACT_H
#define DRIFTCORE_EXTRACT_H

#include "container.h"

#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define SB_RDONLY (1 << 0)
#define SB_KERNMOUNT (1 << 22)
#define S_IMMUTABLE (1 << 3)

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

/* The inodes behind an overlay inode; false when they could not be read. */
static __always_inline bool overlay_layers(struct inode *inode, struct inode **upper,
					   struct inode **lower, unsigned long *flags)
{
	struct dentry *upper_dentry = NULL;

	if (bpf_core_field_exists(struct ovl_inode, __upperdentry)) {
		struct ovl_inode *ovl =
			(void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);

		upper_dentry = BPF_CORE_READ(ovl, __upperdentry);
		*flags = BPF_CORE_READ(ovl, flags);
		*lower = overlay_lower(inode);
	} else {
		/* The word before the VFS inode is `flags`, the one after it the upper dentry:
		 * so from 4.19 to today. */
		void *after = (void *)inode + bpf_core_type_size(struct inode);

		if (bpf_probe_read_kernel(&upper_dentry, sizeof(upper_dentry), after) ||
		    bpf_probe_read_kernel(flags, sizeof(*flags), (void *)inode - sizeof(*flags)))
			return false;
		*lower = overlay_lower_raw(after + sizeof(upper_dentry));
	}
	*upper = upper_dentry ? BPF_CORE_READ(upper_dentry, d_inode) : NULL;
	return true;
}

static __always_inline void extract_overlay(struct inode *inode, struct dc_file *out)
{
	struct inode *lower = NULL, *upper = NULL;
	unsigned long flags = 0;

	out->flags |= DC_FILE_OVERLAY;
	if (!overlay_layers(inode, &upper, &lower, &flags))
		return;
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

/* `mnt` may be NULL where only the dentry is known. */
static __always_inline void extract_file(struct task_struct *task, struct vfsmount *mnt,
					 struct dentry *dentry, struct inode *inode,
					 const struct dc_container *container, struct dc_file *out)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	__u64 magic = BPF_CORE_READ(sb, s_magic);
	unsigned long sb_flags = BPF_CORE_READ(sb, s_flags);

	extract_inode(inode, &out->inode);
	out->fs_magic = magic;
	out->mode = BPF_CORE_READ(inode, i_mode);
	out->uid = BPF_CORE_READ(inode, i_uid.val);
	out->gid = BPF_CORE_READ(inode, i_gid.val);
	out->nlink = BPF_CORE_READ(inode, i_nlink);

	if (out->inode.dev == container->root_dev) {
		out->flags |= DC_FILE_ON_ROOT_SUPERBLOCK;
		if (!mnt || (__u64)BPF_CORE_READ(mnt, mnt_root) == container->root_mount_root)
			out->flags |= DC_FILE_ON_ROOT_MOUNT;
	}
	if (!BPF_CORE_READ(dentry, d_hash.pprev))
		out->flags |= DC_FILE_UNHASHED;
	if (sb_flags & SB_RDONLY)
		out->flags |= DC_FILE_READ_ONLY;
	if (BPF_CORE_READ(inode, i_flags) & S_IMMUTABLE)
		out->flags |= DC_FILE_IMMUTABLE;
	if ((magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) &&
	    sb_flags & SB_KERNMOUNT)
		out->flags |= DC_FILE_ANONYMOUS;
	else if (magic == OVERLAYFS_SUPER_MAGIC)
		extract_overlay(inode, out);

	/* A container's process that went to the host's namespace and runs what it found there. */
	if (mnt && (__u64)BPF_CORE_READ(task, nsproxy, mnt_ns) == host.mnt_ns &&
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

#define CAPABILITIES(set)                                                                          \
	static __always_inline __u64 capabilities_##set(const struct cred *cred)                   \
	{                                                                                          \
		if (bpf_core_field_exists(struct cred___cap_one, cap_##set.val))                   \
			return BPF_CORE_READ((struct cred___cap_one *)cred, cap_##set.val);        \
                                                                                                   \
		struct cred___cap_words *words = (void *)cred;                                     \
                                                                                                   \
		return BPF_CORE_READ(words, cap_##set.cap[0]) |                                    \
		       (__u64)BPF_CORE_READ(words, cap_##set.cap[1]) << 32;                        \
	}

CAPABILITIES(effective)
CAPABILITIES(permitted)
CAPABILITIES(inheritable)

/* Where a pid keeps what the namespace at `level` knows it by. */
static __always_inline struct upid *upid_at(struct pid *pid, __u32 level)
{
	return (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       level * bpf_core_type_size(struct upid);
}

/* The number that its innermost namespace gave it. */
static __always_inline __u32 innermost_number(struct pid *pid)
{
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid *upid = upid_at(pid, level);

	return BPF_CORE_READ(upid, nr);
}

/* The number that a pid has in a namespace; 0 when it comes from further out (as a session does
 * that began on the host). */
static __always_inline __u32 number_in(struct pid *pid, struct pid_namespace *ns, __u32 level)
{
	struct upid *upid = upid_at(pid, level);

	if (BPF_CORE_READ(pid, level) < level || BPF_CORE_READ(upid, ns) != ns)
		return 0;
	return BPF_CORE_READ(upid, nr);
}

/* When the process of this number started; 0 when it is gone. The number itself is not given
 * away again while a session or a group has it. */
static __always_inline __u64 start_of(struct pid *pid)
{
	struct hlist_node *link = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);

	if (!link)
		return 0;
	/* The first of pid_links: PIDTYPE_PID. */
	return leader_start((void *)link - bpf_core_field_offset(struct task_struct, pid_links));
}

/* Process, session and group, by their host numbers and by those of the process's own pid
 * namespace. */
static __always_inline void extract_pids(struct task_struct *task, struct task_struct *parent,
					 struct dc_task *out)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	struct pid *session = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]);
	struct pid *group = BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid *upid = upid_at(pid, level);
	struct pid_namespace *ns = BPF_CORE_READ(upid, ns);

	out->pid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->ppid = BPF_CORE_READ(parent, tgid);
	out->sid = BPF_CORE_READ(session, numbers[0].nr);
	out->pgid = BPF_CORE_READ(group, numbers[0].nr);

	out->pid_ns = BPF_CORE_READ(ns, ns.inum);
	out->pid_ns_start_ns = leader_start(BPF_CORE_READ(ns, child_reaper));
	out->container_pid = BPF_CORE_READ(upid, nr);
	out->container_tid = innermost_number(BPF_CORE_READ(task, thread_pid));
	out->container_sid = number_in(session, ns, level);
	out->container_pgid = number_in(group, ns, level);
	out->parent_container_pid =
		innermost_number(BPF_CORE_READ(parent, group_leader, thread_pid));

	/* Mostly the process leads them itself. */
	out->session_start_ns = session == pid ? out->start_ns : start_of(session);
	out->group_start_ns = group == session ? out->session_start_ns :
			      group == pid     ? out->start_ns :
						 start_of(group);
}

static __always_inline __u64 exec_id_of(struct task_struct *task)
{
	if (bpf_core_field_size(task->self_exec_id) == sizeof(__u64))
		return BPF_CORE_READ((struct task_struct___exec_id_64 *)task, self_exec_id);
	return BPF_CORE_READ(task, self_exec_id);
}

static __always_inline __u32 loginuid_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->loginuid)) /* CONFIG_AUDIT */
		return BPF_CORE_READ(task, loginuid.val);
	return -1;
}

static __always_inline void extract_task(struct task_struct *task, struct dc_task *out)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct nsproxy *ns = BPF_CORE_READ(task, nsproxy);

	out->start_ns = leader_start(task);
	out->parent_start_ns = leader_start(parent);
	out->exec_id = exec_id_of(task);
	extract_pids(task, parent, out);

	out->uid = BPF_CORE_READ(cred, uid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	out->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	out->cap_effective = capabilities_effective(cred);
	out->cap_permitted = capabilities_permitted(cred);
	out->cap_inheritable = capabilities_inheritable(cred);

	out->loginuid = loginuid_of(task);
	out->audit_session = -1;
	if (bpf_core_field_exists(task->sessionid)) /* CONFIG_AUDIT */
		out->audit_session = BPF_CORE_READ(task, sessionid);
	out->tty = extract_tty(task);

	out->mnt_ns = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	out->net_ns = BPF_CORE_READ(ns, net_ns, ns.inum);
	out->uts_ns = BPF_CORE_READ(ns, uts_ns, ns.inum);
	out->ipc_ns = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	out->cgroup_ns = BPF_CORE_READ(ns, cgroup_ns, ns.inum);
	BPF_CORE_READ_STR_INTO(&out->comm, task, comm);
}

/* Of an event that is not an exec: what the process's exec did not tell, or may have changed since. */
static __always_inline void extract_actor(struct task_struct *task, __u64 container,
					  __u32 root_dev, struct dc_actor *out)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	const struct cred *cred = BPF_CORE_READ(task, cred);

	out->container = container;
	out->root_dev = root_dev;
	out->start_ns = BPF_CORE_READ(leader, start_boottime);
	out->parent_start_ns = leader_start(parent);
	out->exec_id = exec_id_of(task);
	out->pid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->ppid = BPF_CORE_READ(parent, tgid);
	out->container_pid = innermost_number(BPF_CORE_READ(leader, thread_pid));
	out->container_tid = innermost_number(BPF_CORE_READ(task, thread_pid));
	out->cap_effective = capabilities_effective(cred);
	out->uid = BPF_CORE_READ(cred, uid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	out->loginuid = loginuid_of(task);
	if (mnt_namespace_id(BPF_CORE_READ(task, nsproxy, mnt_ns)) != container)
		out->flags |= DC_ACTOR_ELSEWHERE;
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
