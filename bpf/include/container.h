/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which container a process belongs to.
 *
 * A process is a container's when its mount namespace is not the initial one and its root is not
 * the initial root. That is settled when the process is first seen and inherited by fork from
 * then on: no cgroup move, nested namespace, chroot or pivot_root changes it.
 */
#ifndef DRIFTCORE_CONTAINER_H
#define DRIFTCORE_CONTAINER_H

#include "maps.h"

#include "flavors.h"
#include "read.h"

#define OVERLAYFS_SUPER_MAGIC 0x794c7630

/* A container was seen whose root is not in `roots`. */
__u32 has_other_roots;

/* Longest chain of mounts from a process's root up to the root of its namespace. */
#define DC_MOUNT_DEPTH 32

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline struct vfsmount *vfsmount_of(struct mount *mount)
{
	return (void *)mount + bpf_core_field_offset(struct mount, mnt);
}

/* An identity that no other mount namespace gets until the next boot. */
static __always_inline __u64 mnt_namespace_id(struct mnt_namespace *ns)
{
	if (bpf_core_field_exists(struct mnt_namespace___seq, seq))
		return BPF_CORE_READ((struct mnt_namespace___seq *)ns, seq);
	if (bpf_core_field_exists(struct ns_common___id, ns_id)) {
		void *common = (void *)ns + bpf_core_field_offset(struct mnt_namespace, ns);

		return BPF_CORE_READ((struct ns_common___id *)common, ns_id);
	}
	/* Not seen on any kernel so far: reused, but never while the namespace lives. */
	return BPF_CORE_READ(ns, ns.inum);
}

/*
 * Finds the root of the namespace that the path belongs to: the mount that lies directly on what
 * the host's own root lies on (the initial rootfs, which nobody sees; from 7.x there is one more
 * below it). A process that a chroot took elsewhere leads there all the same. Where that mount
 * shows the host's root, the namespace is a copy of the host's and the path itself is the root.
 */
static __always_inline void find_root(struct path *root, struct dc_container *found)
{
	struct vfsmount *mnt = root->mnt;
	struct mount *mount = mount_of(mnt);
	struct dentry *dentry = root->dentry;

	for (int i = 0; i < DC_MOUNT_DEPTH; i++) {
		struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

		if (parent == mount || parent == BPF_CORE_READ(parent, mnt_parent) ||
		    (__u64)BPF_CORE_READ(parent, mnt.mnt_root) == host.base_dentry)
			break;
		mount = parent;
	}

	struct dentry *top = BPF_CORE_READ(mount, mnt.mnt_root);

	if (mount != mount_of(mnt) && (__u64)top != host.root_dentry) {
		mnt = vfsmount_of(mount);
		dentry = top;
	}
	found->root_dentry = (__u64)dentry;
	found->root_mount_root = (__u64)BPF_CORE_READ(mnt, mnt_root);
	found->root_dev = BPF_CORE_READ(mnt, mnt_sb, s_dev);
}

static __always_inline __u64 leader_start(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

static __always_inline struct dc_member *member(__u32 tgid, __u64 start_ns)
{
	struct dc_member *found = bpf_map_lookup_elem(&members, &tgid);

	return found && found->start_ns == start_ns ? found : NULL;
}

static __always_inline void remember(__u32 tgid, __u64 start_ns, __u64 container, __u32 flags,
				     __u32 reads)
{
	struct dc_member new = {
		.start_ns = start_ns,
		.container = container,
		.flags = flags,
		.reads = reads,
	};

	if (bpf_map_update_elem(&members, &tgid, &new, BPF_ANY))
		count_loss(DC_LOSS_TASK_TABLE);
}

static __always_inline struct task_struct *current_task(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___later,
				       BPF_FUNC_get_current_task_btf___later))
		return bpf_get_current_task_btf();
	return (void *)bpf_get_current_task();
}

static __always_inline bool may_be_of(__u64 ns, __u64 root, __u32 tgid)
{
	if (ns != host.mnt_ns && root != host.root_dentry)
		return true;
	return bpf_map_lookup_elem(&members, &tgid);
}

/* Whether a task of which the address is at hand, perhaps one that ends, may be a container's. */
static __always_inline bool may_be_contained_task(struct task_struct *task)
{
	return may_be_of((__u64)BPF_CORE_READ(task, nsproxy, mnt_ns),
			 (__u64)BPF_CORE_READ(task, fs, root.dentry), BPF_CORE_READ(task, tgid));
}

/*
 * The same of the current task, from current_task(): false is sure but for a child, in the host's
 * namespace, of a process whose fork found the table full. What most tasks pay.
 */
static __always_inline bool may_be_contained(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___later,
				       BPF_FUNC_get_current_task_btf___later))
		return may_be_of((__u64)task->nsproxy->mnt_ns, (__u64)task->fs->root.dentry,
				 bpf_get_current_pid_tgid() >> 32);
	return may_be_contained_task(task);
}

/* Whether the current task, from current_task(), is in the host's namespace. */
static __always_inline bool is_in_hosts_namespace(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___later,
				       BPF_FUNC_get_current_task_btf___later))
		return (__u64)task->nsproxy->mnt_ns == host.mnt_ns;
	return (__u64)BPF_CORE_READ(task, nsproxy, mnt_ns) == host.mnt_ns;
}

/* Whether, for certain, a file is none that counts, told by what costs next to nothing: opened by a process
 * in the host's namespace, on no overlay, while every root is one and no other mounts are asked for. */
static __always_inline bool is_hosts_own(struct task_struct *task, unsigned long magic)
{
	const struct dc_settings *set = get_settings();

	return !has_other_roots && magic != OVERLAYFS_SUPER_MAGIC && set && !set->mounts &&
	       is_in_hosts_namespace(task);
}

/* The inode that holds the file: on overlay that of the upper layer, elsewhere its own. */
static __always_inline struct inode *holding_inode(struct inode *inode)
{
	struct dentry *upper = NULL;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return inode;
	if (bpf_core_field_exists(struct ovl_inode, __upperdentry)) {
		struct ovl_inode *ovl =
			(void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode);

		upper = BPF_CORE_READ(ovl, __upperdentry);
	} else {
		bpf_probe_read_kernel(&upper, sizeof(upper),
				      (void *)inode + bpf_core_type_size(struct inode));
	}
	return upper ? BPF_CORE_READ(upper, d_inode) : NULL;
}

static __always_inline void inode_key(struct inode *inode, struct dc_inode_key *key)
{
	key->ino = BPF_CORE_READ(inode, i_ino);
	key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
}

/* The inode of the upper layer that is the root of a filesystem: no other root has it while that layer
 * is there, whereas device numbers are used again at once. */
static __always_inline bool root_key(struct super_block *sb, struct dc_inode_key *key)
{
	struct inode *inode;

	if (BPF_CORE_READ(sb, s_magic) != OVERLAYFS_SUPER_MAGIC)
		return false;
	inode = holding_inode(BPF_CORE_READ(sb, s_root, d_inode));
	if (!inode)
		return false;
	inode_key(inode, key);
	return true;
}

/* Whose root filesystem it is, where that tells. */
static __always_inline void find_root_upper(struct dc_container *found)
{
	struct dentry *root = (void *)found->root_mount_root;
	struct dentry *host_root = (void *)host.root_dentry;
	struct super_block *sb = BPF_CORE_READ(root, d_sb);

	if (sb != BPF_CORE_READ(host_root, d_sb) && root == BPF_CORE_READ(sb, s_root))
		root_key(sb, &found->root_upper);
}

/* The container on whose root filesystem a file is; 0 where there is none. */
static __always_inline __u64 container_of_super(struct super_block *sb, struct dc_container *found)
{
	struct dc_container *container;
	struct dc_inode_key key = {};
	__u64 *id;

	if (!root_key(sb, &key))
		return 0;
	id = bpf_map_lookup_elem(&roots, &key);
	container = id ? bpf_map_lookup_elem(&containers, id) : NULL;
	if (!container)
		return 0;
	*found = *container;
	return *id;
}

/*
 * Whether a process whose root is not the host's is at work there on the host's behalf, as `docker cp`
 * and whoever unpacks an image are: in the host's pid namespace and in the control groups of its parent,
 * which is the host's. Once it executes something there, that is a container's.
 */
static __always_inline bool is_helper(struct task_struct *task, struct task_struct *parent)
{
	return !BPF_CORE_READ(task, thread_pid, level) &&
	       BPF_CORE_READ(task, cgroups) == BPF_CORE_READ(parent, cgroups);
}

/*
 * The container of a process; 0 for a host process. Fills in `found`: from the table, or, where
 * that is full, from what can be seen now. `executes`: it runs a program that it executed there.
 */
static __always_inline __u64 find_container(struct task_struct *task, struct dc_container *found,
					    bool executes)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u64 start_ns = leader_start(task);
	struct dc_member *known = member(tgid, start_ns);
	bool is_new = !known;
	struct path root = {};
	__u64 id;

	/* Born before the probes, or its fork did not fit: what its parent is, it is. */
	if (!known)
		known = member(BPF_CORE_READ(parent, tgid), leader_start(parent));
	if (known) {
		id = known->container;
	} else {
		struct mnt_namespace *ns = BPF_CORE_READ(task, nsproxy, mnt_ns);

		if (!ns || (__u64)ns == host.mnt_ns)
			return 0;
		root.dentry = BPF_CORE_READ(task, fs, root.dentry);
		if (!root.dentry || (__u64)root.dentry == host.root_dentry)
			return 0;
		if (!executes && is_helper(task, parent))
			return 0;
		id = mnt_namespace_id(ns);
	}
	if (is_new)
		remember(tgid, start_ns, id, DC_MEMBER_UNKNOWN, 0);

	struct dc_container *container = bpf_map_lookup_elem(&containers, &id);

	if (container) {
		*found = *container;
		return id;
	}

	root.dentry = BPF_CORE_READ(task, fs, root.dentry);
	root.mnt = BPF_CORE_READ(task, fs, root.mnt);
	find_root(&root, found);
	find_root_upper(found);
	if (!found->root_upper.ino)
		has_other_roots = 1;
	if (bpf_map_update_elem(&containers, &id, found, BPF_NOEXIST)) {
		count_loss(DC_LOSS_CONTAINER_TABLE);
	} else if (found->root_upper.ino) {
		/* Of several that share a root, the last that came: the one that runs when a container is
		 * started again. Full: then nobody is told of what the host writes there. */
		bpf_map_update_elem(&roots, &found->root_upper, &id, BPF_ANY);
	}
	return id;
}

/* Of a process that does something. */
static __always_inline __u64 container_of_task(struct task_struct *task, struct dc_container *found)
{
	return find_container(task, found, false);
}

/* Of a process that executes a program, or runs one. */
static __always_inline __u64 container_of_program(struct task_struct *task,
						  struct dc_container *found)
{
	return find_container(task, found, true);
}

#endif
