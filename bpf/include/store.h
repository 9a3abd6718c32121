/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Strings into the tail of a record. Where the tail ends is kept in the scratch, not in a
 * register: a value read from memory is the same unknown on every path, so that the verifier
 * walks each loop once an iteration instead of once a history.
 */
#ifndef DRIFTCORE_STORE_H
#define DRIFTCORE_STORE_H

#include "container.h"

/* Numbers one after the other, for loops. */
struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym __weak;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym __weak;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym __weak;

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

/* What became of a step up a path. */
enum dc_step {
	DC_STEP_ON = 0,
	DC_STEP_TOP, /* there is nothing above */
	DC_STEP_CUT, /* what was there could not be stored */
};

/* From a dentry to the one above, across mounts, with the name of the former. */
static __always_inline enum dc_step store_step(struct dc_scratch *s, struct vfsmount **mnt,
					       struct dentry **dentry, __u64 root_dentry,
					       __u32 limit)
{
	struct vfsmount *m = *mnt;
	struct dentry *d = *dentry, *parent;

	if ((__u64)d == root_dentry)
		return DC_STEP_TOP;
	if (d == BPF_CORE_READ(m, mnt_root)) {
		struct mount *mount = mount_of(m);
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount)
			return DC_STEP_TOP;
		*dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		*mnt = vfsmount_of(above);
		return DC_STEP_ON;
	}
	if (!store_name(s, BPF_CORE_READ(d, d_name.name)) ||
	    *(volatile __u32 *)&s->end > limit)
		return DC_STEP_CUT;
	parent = BPF_CORE_READ(d, d_parent);
	if (parent == d)
		return DC_STEP_TOP;
	*dentry = parent;
	return DC_STEP_ON;
}

/*
 * The path from the dentry up to the container's root, across mounts. A file with no place in
 * any tree (a memfd) has its own name alone. From 6.4 on the verifier walks the loop until it has
 * learned all there is to it, which is after a few steps; before, each step once.
 */
static __always_inline void store_path(struct dc_scratch *s, struct vfsmount *mnt,
				       struct dentry *dentry, __u64 root_dentry)
{
	__u32 limit = *(volatile __u32 *)&s->end + DC_PATH_MAX;
	enum dc_step step = DC_STEP_ON;

	if (bpf_ksym_exists(bpf_iter_num_new)) {
		struct bpf_iter_num it;

		bpf_iter_num_new(&it, 0, DC_PATH_COMPONENTS);
		while (bpf_iter_num_next(&it)) {
			step = store_step(s, &mnt, &dentry, root_dentry, limit);
			if (step != DC_STEP_ON)
				break;
		}
		bpf_iter_num_destroy(&it);
	} else {
#pragma clang loop unroll(disable)
		for (int i = 0; i < DC_PATH_COMPONENTS && step == DC_STEP_ON; i++)
			step = store_step(s, &mnt, &dentry, root_dentry, limit);
	}
	if (step != DC_STEP_TOP)
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
