/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Strings into the tail of a record. Where the tail ends is kept in the scratch, not in a
 * register: a value read from memory is the same unknown on every path, so that the verifier
 * walks each loop once an iteration instead of once a history.
 */
#ifndef DRIFTCORE_STORE_H
#define DRIFTCORE_STORE_H

#include "container.h"

/* Path components that are walked. Longer paths are cut and marked. */
#define DC_PATH_COMPONENTS 512
#define DC_CGROUP_COMPONENTS 32

/* One component with its NUL byte; false when it could not be read or there is no room. */
static __always_inline bool store_name(struct dc_scratch *s, const void *name)
{
	__u32 end = *(volatile __u32 *)&s->end;

	if (end > DC_TAIL_SIZE - DC_NAME_MAX)
		return false;

	long size = bpf_probe_read_kernel_str(&s->tail[end], DC_NAME_MAX, name);

	if (size <= 0)
		return false;
	*(volatile __u32 *)&s->end = end + size;
	return true;
}

/* Ends a string of the record: its size is what came since `begin`; the bit `cut` is set in `flags`
 * when not all of it fitted. Returns the new beginning. */
static __always_inline __u32 end_string(struct dc_scratch *s, __u16 *size, __u32 *flags, __u32 cut,
					__u32 begin)
{
	__u32 end = *(volatile __u32 *)&s->end;

	*size = end - begin;
	if (s->cut)
		*flags |= cut;
	s->cut = 0;
	return end;
}

/* Where a walk from a dentry up to the container's root has come. */
struct dc_climb {
	struct dc_scratch *s;
	struct vfsmount *mnt;
	struct dentry *dentry;
	__u64 root_dentry;
	__u32 limit; /* where the tail may end */
	bool arrived;
};

/* One step up; 1 when there is none to follow. */
static __always_inline long climb(struct dc_climb *at)
{
	/* Not through `at`: what is no type of the kernel's cannot be relocated. */
	struct vfsmount *mnt = at->mnt;
	struct dentry *dentry = at->dentry;

	if ((__u64)dentry == at->root_dentry) {
		at->arrived = true;
		return 1;
	}
	if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
		struct mount *mount = mount_of(mnt);
		struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

		if (parent == mount) {
			at->arrived = true;
			return 1;
		}
		at->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		at->mnt = vfsmount_of(parent);
		return 0;
	}
	if (!store_name(at->s, BPF_CORE_READ(dentry, d_name.name)))
		return 1;
	if (*(volatile __u32 *)&at->s->end > at->limit)
		return 1;

	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	if (parent == dentry) {
		at->arrived = true;
		return 1;
	}
	at->dentry = parent;
	return 0;
}

static long climb_in_loop(__u32 step, struct dc_climb *at)
{
	return climb(at);
}

/*
 * The path from the dentry up to the container's root, across mounts. A file with no place in
 * any tree (a memfd) has its own name alone. With bpf_loop the verifier walks a step once instead of
 * once an iteration, which is most of what loading the probes takes. It came with 5.17, but only since
 * 6.0 may a program on arm64 have functions beside tail calls.
 */
static __always_inline void store_path(struct dc_scratch *s, struct vfsmount *mnt,
				       struct dentry *dentry, __u64 root_dentry)
{
	struct dc_climb at = {
		.s = s,
		.mnt = mnt,
		.dentry = dentry,
		.root_dentry = root_dentry,
		.limit = *(volatile __u32 *)&s->end + DC_PATH_MAX,
	};

	if (bpf_core_enum_value_exists(enum bpf_func_id___later, BPF_FUNC_user_ringbuf_drain___later)) {
		bpf_loop(DC_PATH_COMPONENTS, climb_in_loop, &at, 0);
	} else {
#pragma clang loop unroll(disable)
		for (int i = 0; i < DC_PATH_COMPONENTS; i++)
			if (climb(&at))
				break;
	}
	if (!at.arrived)
		s->cut = 1;
}

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	if (bpf_core_field_exists(struct kernfs_node___parent, parent))
		return BPF_CORE_READ((struct kernfs_node___parent *)node, parent);
	return BPF_CORE_READ((struct kernfs_node___rcu_parent *)node, __parent);
}

static __always_inline void store_cgroup(struct dc_scratch *s, struct kernfs_node *node)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < DC_CGROUP_COMPONENTS; i++) {
		struct kernfs_node *parent = kernfs_parent(node);

		if (!parent)
			return;
		if (!store_name(s, BPF_CORE_READ(node, name)))
			break;
		node = parent;
	}
	s->cut = 1;
}

/* A kernel string without its NUL byte. */
static __always_inline void store_string(struct dc_scratch *s, const void *string)
{
	__u32 end = *(volatile __u32 *)&s->end;

	if (end > DC_TAIL_SIZE - DC_PATH_MAX)
		return;

	long size = bpf_probe_read_kernel_str(&s->tail[end], DC_PATH_MAX, string);

	if (size > 1)
		*(volatile __u32 *)&s->end = end + size - 1;
}

/* Bytes of the kernel's, at most DC_PATH_MAX. */
static __always_inline void store_bytes(struct dc_scratch *s, const void *bytes, __u64 size)
{
	__u32 end = *(volatile __u32 *)&s->end;

	/* What is compared must be what is used. */
	asm volatile("" : "+r"(size));
	if (end > DC_TAIL_SIZE - DC_PATH_MAX || size > DC_PATH_MAX) {
		s->cut = 1;
		return;
	}
	if (size && !bpf_probe_read_kernel(&s->tail[end], size, bytes))
		*(volatile __u32 *)&s->end = end + size;
}

/* The arguments of the current process, from its own memory. */
static __always_inline void store_args(struct dc_scratch *s, struct mm_struct *mm)
{
	__u32 end = *(volatile __u32 *)&s->end;
	unsigned long start = BPF_CORE_READ(mm, arg_start);
	unsigned long size = BPF_CORE_READ(mm, arg_end) - start;

	if (end > DC_TAIL_SIZE - DC_ARGS_MAX)
		return;
	if (size > DC_ARGS_MAX) {
		size = DC_ARGS_MAX;
		s->cut = 1;
	}
	/* A page that is not there any more: say so, never pass it off as no arguments. */
	if (bpf_probe_read_user(&s->tail[end], size, (void *)start))
		s->cut = 1;
	else
		*(volatile __u32 *)&s->end = end + size;
}

#endif
